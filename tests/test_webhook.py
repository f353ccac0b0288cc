"""The webhook: what it sends, to whom it refuses to, and what it makes of answers."""

import hashlib
import hmac
import json
import socket
import threading
import time
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from results_made import evaluation

from pauta.engine.contracts import Delivery, NotTaken, RetryLater
from pauta.engine.endpoints import open_sink
from pauta.engine.host import Host
from pauta.engine.problems import Problem, ProblemsFound
from pauta.plugins.sinks import webhook
from pauta.plugins.sinks.webhook import Webhook, signature

SECRET = "k3y-of-the-crm"
ITEM = Delivery("key-1", {**evaluation(), "revision": 2}, {"call_id": "c-1", "team": "north"}, 1, "")


@contextmanager
def receiver(status=200, headers=(), body=b"{}", before=lambda handler: None):
    """A server that answers in one way; hands over its address and what came."""
    came = []

    class Handler(BaseHTTPRequestHandler):
        disable_nagle_algorithm = True

        def do_POST(self):
            came.append((self.path, dict(self.headers), self.rfile.read(int(self.headers["Content-Length"]))))
            before(self)
            self.send_response(status)
            for name, value in headers:
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *said):
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request, client_address):
            pass

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", came
        finally:
            server.shutdown()
            thread.join()


def made(url, **options):
    near = {"allow_http": True, "allow_private": True, "timeout_s": 2, "secret": SECRET}
    return Webhook({"url": url, **near, **options})


def delivered(sink, item=ITEM):
    try:
        sink.deliver(item)
    finally:
        sink.close()


def test_what_is_sent():
    with receiver() as (url, came):
        delivered(made(f"{url}/hook?team=a", headers={"Authorization": "Bearer abc"}))
    ((path, headers, body),) = came
    assert path == "/hook?team=a"
    assert json.loads(body) == {"key": "key-1", "evaluation": dict(ITEM.evaluation), "call": dict(ITEM.call)}
    assert headers["Idempotency-Key"] == "key-1"
    assert headers["Authorization"] == "Bearer abc"
    assert headers["Content-Type"] == "application/json"
    moment, code = (part.partition("=")[2] for part in headers["X-Pauta-Signature"].split(","))
    assert abs(int(moment) - time.time()) < 10
    assert code == hmac.new(SECRET.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()


def test_nothing_secret_is_logged(caplog):
    caplog.set_level(0)
    with receiver(500) as (url, _), pytest.raises(NotTaken):
        delivered(made(f"{url}/t0ken?key=t0ken", headers={"Authorization": "Bearer t0ken"}))
    assert "t0ken" not in caplog.text
    assert SECRET not in caplog.text


def test_a_signature_as_the_docs_show_it():
    assert signature(b"key", b'{"a":1}', 1767225600) == (
        "t=1767225600,v1=" + hmac.new(b"key", b'1767225600.{"a":1}', hashlib.sha256).hexdigest()
    )


def test_without_a_secret_nothing_is_signed():
    with receiver() as (url, came):
        delivered(made(url, secret=""))
    assert "X-Pauta-Signature" not in came[0][1]


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_taken(status):
    with receiver(status) as (url, came):
        delivered(made(url))
    assert len(came) == 1


@pytest.mark.parametrize("status", [301, 302, 307, 308, 400, 401, 404, 500, 503])
def test_not_taken_and_no_redirection_followed(status):
    with (
        receiver() as (other, elsewhere),
        receiver(status, [("Location", f"{other}/x")]) as (url, came),
        pytest.raises(NotTaken, match=f"the receiver answered {status}"),
    ):
        delivered(made(url))
    assert (len(came), elsewhere) == (1, [])


IN_AN_HOUR = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + 3600))
RETRY_AFTER = {
    "seconds": ("7", 7, 7), "a date": (IN_AN_HOUR, 600, 3601),
    "a date gone by": ("Wed, 21 Oct 2015 07:28:00 GMT", 0, 0),
    "less than nothing": ("-5", 0, 0),
}  # fmt: skip


@pytest.mark.parametrize(("said", "least", "most"), RETRY_AFTER.values(), ids=RETRY_AFTER)
@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_honoured(status, said, least, most):
    with receiver(status, [("Retry-After", said)]) as (url, _), pytest.raises(RetryLater) as later:
        delivered(made(url))
    assert least <= later.value.after_s <= most


@pytest.mark.parametrize("said", ["soon", "nan", "inf", ""])
def test_a_retry_after_that_says_nothing(said):
    with receiver(503, [("Retry-After", said)]) as (url, _), pytest.raises(NotTaken, match="answered 503"):
        delivered(made(url))


def garbage(handler):
    handler.wfile.write(b"\x00\xff no http\r\n\r\n")
    handler.wfile.flush()
    handler.connection.shutdown(socket.SHUT_RDWR)


def cut_off(handler):
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{")
    handler.wfile.flush()
    handler.connection.shutdown(socket.SHUT_RDWR)


TROUBLES = {
    "garbage": (garbage, "no HTTP, or broke off"),
    "cut off": (cut_off, "no HTTP, or broke off"),
    "stalls": (lambda handler: time.sleep(1), "did not answer in time"),
    "closes": (lambda handler: handler.connection.shutdown(socket.SHUT_RDWR), "broke"),
}


@pytest.mark.parametrize(("before", "said"), TROUBLES.values(), ids=TROUBLES)
def test_trouble_on_the_way(before, said):
    with receiver(before=before) as (url, _), pytest.raises(NotTaken, match=said):
        delivered(made(url, timeout_s=0.3))


def dripping(handler):
    """An answer that never ends: each byte comes well before anybody loses patience over it."""
    with suppress(OSError):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
        for _ in range(60):
            handler.wfile.write(b"X-More: 1\r\n")
            handler.wfile.flush()
            time.sleep(0.1)


def test_a_receiver_that_drips_is_given_up_in_time():
    with receiver(before=dripping) as (url, _):
        sink = made(url, timeout_s=0.4)
        for _ in range(2):
            began = time.monotonic()
            with pytest.raises(NotTaken, match="did not answer in time"):
                sink.deliver(ITEM)
            assert time.monotonic() - began < 2
        sink.close()


def test_an_answer_that_drips_after_its_status_is_an_answer():
    def before(handler):
        with suppress(OSError):
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n")
            for _ in range(60):
                handler.wfile.write(b"x")
                handler.wfile.flush()
                time.sleep(0.1)

    with receiver(before=before) as (url, _):
        began = time.monotonic()
        delivered(made(url, timeout_s=0.4))
        assert time.monotonic() - began < 2


def test_nobody_there():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(NotTaken, match="cannot be reached"):
            delivered(made(f"http://127.0.0.1:{taken.getsockname()[1]}/t0ken"))


def test_an_endless_answer_is_not_read_to_its_end():
    with receiver(body=b"x" * (webhook.BODY_LIMIT * 20)) as (url, came):
        began = time.monotonic()
        delivered(made(url))
    assert (len(came), time.monotonic() - began < 2) == (1, True)


PRIVATE = [
    "127.0.0.1", "10.0.0.1", "172.16.3.4", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
    "255.255.255.255", "[::1]", "[::]", "[fe80::1]", "[fd00::1]", "[fd00:ec2::254]", "[::ffff:127.0.0.1]",
    "[::ffff:169.254.169.254]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[ff02::1]",
    "[fec0::1]", "192.88.99.1", "0177.0.0.1", "0x7f000001", "[64:ff9b:1::a00:1]", "[::127.0.0.1]", "2130706433",
    "0x7f.1", "127.1", "localhost",
]  # fmt: skip


@pytest.mark.parametrize("host", PRIVATE)
def test_private_addresses_are_refused(host, monkeypatch):
    monkeypatch.setattr(socket.socket, "connect", lambda *given: pytest.fail("it connected"))
    sink = Webhook({"url": f"https://{host}/hook", "secret": SECRET})
    with pytest.raises(NotTaken, match=r"private|no address"):
        delivered(sink)


def looked_up(monkeypatch, *answers):
    """Let a name have these addresses, one list for each time it is asked."""
    told, really = list(answers), socket.getaddrinfo

    def getaddrinfo(host, port, *how, **more):
        if host != "crm.example.com":
            return really(host, port, *how, **more)
        found = told.pop(0) if len(told) > 1 else told[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in found]

    monkeypatch.setattr(webhook.socket, "getaddrinfo", getaddrinfo)


def test_a_host_with_one_private_address_is_refused(monkeypatch):
    looked_up(monkeypatch, ["93.184.216.34", "10.0.0.7"])
    with pytest.raises(NotTaken, match="private"):
        delivered(Webhook({"url": "https://crm.example.com/"}))


def test_a_host_that_changes_its_address_is_reached_at_the_one_that_was_looked_at(monkeypatch):
    asked = []
    with receiver() as (url, came):
        port = int(url.rpartition(":")[2])
        monkeypatch.setattr(webhook, "_is_public", lambda address: asked.append(address) or True)
        looked_up(monkeypatch, ["127.0.0.1"], ["203.0.113.9"])
        delivered(Webhook({"url": f"http://crm.example.com:{port}/x", "allow_http": True, "timeout_s": 1}))
    assert asked == ["127.0.0.1"]
    assert came[0][1]["Host"] == f"crm.example.com:{port}"


def test_public_addresses_are_public():
    assert all(map(webhook._is_public, ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946"]))


REFUSED = {
    "not encrypted": ({"url": "http://crm.example.com/t0ken"}, "without encryption"),
    "no url": ({"url": "crm.example.com/t0ken"}, "has a url that is none"),
    "another kind": ({"url": "ftp://crm.example.com/t0ken"}, "has a url that is none"),
    "a line end": ({"url": "https://crm.example.com/t0ken\r\nX: y"}, "has a url that is none"),
    "a port that is none": ({"url": "https://crm.example.com:port/t0ken"}, "has a url that is none"),
    "a password": ({"url": "https://ana:t0ken@crm.example.com/"}, "has a name or a password in its url"),
    "another host": ({"url": "https://ev.com/t0ken", "hosts": ["crm.example.com", "*.ok.com"]}, "not among its hosts"),
    "a host that looks like it": ({"url": "https://xok.com/t0ken", "hosts": ["*.ok.com"]}, "not among its hosts"),
    "its own headers": ({"url": "https://a.com", "headers": {"host": "t0ken"}}, "has headers"),
    "headers of two lines": ({"url": "https://a.com", "headers": {"X": "a\r\nt0ken: b"}}, "has headers"),
    "a condition that is none": ({"url": "https://a.com", "when": {"scroe": 1}}, "scroe"),
    "a condition on no field of a call": ({"url": "https://a.com", "when": {"call.chanel": "voice"}}, "chanel"),
}  # fmt: skip


@pytest.mark.parametrize(("options", "said"), REFUSED.values(), ids=REFUSED)
def test_options_that_cannot_work(options, said):
    with pytest.raises(ProblemsFound) as error:
        Webhook(options)
    assert said in str(error.value)
    assert "t0ken" not in str(error.value)


def test_hosts_that_are_allowed():
    for host in ("crm.example.com", "a.ok.com", "CRM.example.com"):
        Webhook({"url": f"https://{host}/", "hosts": ["crm.example.com", "*.ok.com"]})


def test_options_are_checked_by_name():
    problem = open_sink("", Host(installed=False), name="webhook", options={"urll": "x"})
    assert isinstance(problem, Problem)


WANTED = {
    "below": ({"score": {"below": 90}}, True),
    "passed": ({"passed": False}, False),
    "band": ({"band": ["poor", "good"]}, True),
    "an answer": ({"answer.greeting": "no"}, True),
    "one of many": ({"answer.offers": "named"}, True),
    "an answer that is not there": ({"answer.empathy": {"exists": False}}, True),
    "a class": ({"critical_errors.business": {"at_least": 1}}, True),
    "a section": ({"section.opening": 1.5}, True),
    "counts": ({"all": [{"unverified": 1}, {"missing": 0}]}, True),
    "the call": ({"call.team": "south"}, False),
    "another field of the call": ({"call.direction": "inbound"}, True),
    "an attribute": ({"call.attributes.tier": ["gold", "silver"]}, True),
    "a measure": ({"call.metrics.hold_s": {"above": 60}}, False),
    "what nobody said": ({"call.language": {"exists": False}}, True),
    "a tree": ({"any": [{"band": "poor"}, {"none": [{"call.team": "south"}]}]}, True),
}


@pytest.mark.parametrize(("when", "wanted"), WANTED.values(), ids=WANTED)
def test_which_results_are_sent(when, wanted):
    call = {"call_id": "c-1", "direction": "inbound", "attributes": {"tier": "gold"}, "metrics": {"hold_s": 60}}
    assert Webhook({"url": "https://a.com", "when": when}).wants(evaluation(), call) is wanted
    assert Webhook({"url": "https://a.com"}).wants(evaluation())


def test_without_httpx_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "httpx", None)
    with pytest.raises(ProblemsFound) as error:
        Webhook({"url": "https://a.com"})
    (problem,) = error.value.problems
    assert (problem.code, problem.hint) == ("E570", "pip install 'pauta[notify]'")
