"""A web server for tests, in a process of its own, that has bad days: it stalls, resets, answers 429, 500 and garbage.

    python troubled_server.py LOG SECRET TROUBLE     prints its port; LOG gets a line for each request it understood

TROUBLE is the share of requests that go wrong. A line holds: the path, what was done (`ok` where it was taken), the
key, evaluation and revision, a hash of the body, and whether the signature was right.
"""

import hashlib
import hmac
import json
import random
import socket
import struct
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

LOG, SECRET, TROUBLE = sys.argv[1], sys.argv[2], float(sys.argv[3])
STALL_S = 1.5
DEEDS = ("stall", "reset", "taken_then_reset", "cut_off", "garbage", "busy", "busy_date", "error")
dice, lock = random.Random(7), threading.Lock()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with lock:
            deed = dice.choice(DEEDS) if dice.random() < TROUBLE else "ok"
            self.note("ok" if deed == "taken_then_reset" else deed, body)
        getattr(self, deed)()

    def note(self, deed, body):
        said = json.loads(body)
        stamp, code = (part.partition("=")[2] for part in self.headers["X-Pauta-Signature"].split(","))
        right = hmac.new(SECRET.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest() == code
        fresh = abs(int(stamp) - time.time()) < 60 and self.headers["Idempotency-Key"] == said["key"]
        evaluation = said.get("evaluation", {"evaluation_id": "", "revision": 0})  # a message to people has none
        about = evaluation["evaluation_id"], str(evaluation["revision"])
        line = [self.path, deed, said["key"], *about, hashlib.sha256(body).hexdigest(), str(right and fresh)]
        log.write("\t".join(line) + "\n")

    def answer(self, status, headers=(), body=b"{}"):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def ok(self):
        self.answer(200)

    def error(self):
        self.answer(500)

    def busy(self):
        self.answer(429, [("Retry-After", "0")])

    def busy_date(self):
        self.answer(503, [("Retry-After", "Wed, 21 Oct 2015 07:28:00 GMT")])

    def stall(self):
        time.sleep(STALL_S)
        self.close_connection = True

    def garbage(self):
        self.wfile.write(b"\x00\xffI am no HTTP at all\r\n\r\n")
        self.close_connection = True

    def cut_off(self):
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{")
        self.close_connection = True

    def reset(self):
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True

    taken_then_reset = reset

    def finish(self):
        try:
            super().finish()
        except OSError:
            return

    def log_message(self, *said):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request, client_address):
        pass


if __name__ == "__main__":
    with Path(LOG).open("a", encoding="utf-8", buffering=1) as log, Server(("127.0.0.1", 0), Handler) as server:
        print(server.server_port, flush=True)
        server.serve_forever()
