"""Results sent to an address of the web: one signed POST with JSON for each new result, at least once, under one key.

    sinks:
      - webhook:
          name: crm
          url: https://crm.example.com/quality
          secret: "${env:CRM_SECRET}"
          when: {passed: false}

The body is `{"key": .., "evaluation": {..}, "call": {..}}`. `Idempotency-Key` holds the same key: who gets it a second
time has it already. `X-Pauta-Signature: t=<seconds>,v1=<hex>` signs `<seconds>.<body>` with the secret (HMAC-SHA256).

Any answer 2xx means taken. `Retry-After` is honoured; a redirection is not followed. The address is looked up once for
each sending and must be public, so that nobody can turn the sink against the house's own network. Needs httpx:
pip install 'pauta[notify]'.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import json
import math
import socket
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, ClassVar, Final
from urllib.parse import SplitResult, urlsplit

from pauta import Delivery, Message, NotTaken, Problem, ProblemsFound, RetryLater, hookimpl, wants_from

if TYPE_CHECKING:
    import httpx

BODY_LIMIT: Final = 64 * 1024
"""So much of an answer is read; what it says counts for nothing."""

TOO_LATE: Final = "the receiver did not answer in time"
NO_CALL: Final[Mapping[str, object]] = {}
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")
_WAYS_INSIDE: Final = (ipaddress.ip_network("fec0::/10"), ipaddress.ip_network("192.88.99.0/24"))
"""Networks that are out of use, but lead inside where somebody still uses them."""

_OWN_HEADERS: Final = frozenset((
    "host", "content-length", "content-type", "transfer-encoding", "connection", "idempotency-key",
    "x-pauta-signature",
))  # fmt: skip


class Webhook:
    """Sends each new result to an address of the web."""

    name: ClassVar[str] = "webhook"
    purpose: ClassVar[str] = "Sends each new result to an https address, signed, at least once under one key."
    endings: ClassVar[tuple[str, ...]] = ()
    delivers: ClassVar[bool] = True
    options: ClassVar[Mapping[str, object]] = {
        "type": "object",
        "properties": {
            "url": {"type": "string", "description": "Where to send: https://host/path."},
            "secret": {"type": "string", "description": "Signs what is sent; write ${env:NAME}."},
            "headers": {
                "type": "object",
                "additionalProperties": {"type": "string"},
                "description": "More headers, such as Authorization.",
            },
            "when": {
                "type": "object",
                "description": "Which results are sent: a condition over the result and its call.",
            },
            "hosts": {
                "type": "array",
                "items": {"type": "string"},
                "description": "The only hosts that may be sent to: host.example.com, *.example.com.",
            },
            "allow_http": {"type": "boolean", "default": False, "description": "Send without encryption too."},
            "allow_private": {
                "type": "boolean",
                "default": False,
                "description": "Send to addresses of the house's own network too.",
            },
            "timeout_s": {
                "type": "number",
                "exclusiveMinimum": 0,
                "maximum": 300,
                "default": 10,
                "description": "So long a sending may take, from the connection to the answer.",
            },
        },
        "required": ["url"],
        "additionalProperties": False,
    }

    def __init__(self, options: Mapping[str, Any]) -> None:
        """Look at the options and send nothing yet; raises ProblemsFound where they cannot work."""
        self._httpx = _httpx()
        self._url = _checked_url(str(options["url"]), options)
        self._secret = str(options.get("secret", "")).encode()
        self._headers = {str(key): str(value) for key, value in (options.get("headers") or {}).items()}
        if any(key.lower() in _OWN_HEADERS or not key.isascii() for key in self._headers) or any(
            set("\r\n\0") & set(value) for value in self._headers.values()
        ):
            raise _wrong("has headers that it sets itself, or that are not one line of text", None)
        self._allow_private = bool(options.get("allow_private", False))
        self._wants = wants_from(options["when"]) if options.get("when") else None
        self._timeout = float(options.get("timeout_s", 10))
        self._transport: httpx.HTTPTransport | None = None
        self._socket: Any = None
        self._late = threading.Event()

    def wants(self, evaluation: Mapping[str, object], call: Mapping[str, object] = NO_CALL) -> bool:
        """Whether a result is to be sent, by `when`."""
        return self._wants is None or self._wants(evaluation, call)

    def deliver(self, item: Delivery) -> None:
        """Send one result; return once the receiver has it."""
        self._send({"key": item.key, "evaluation": dict(item.evaluation), "call": dict(item.call)}, item.key)

    def notify(self, message: Message) -> None:
        """Send a message to people, as data: who is told, the title, a line a thing, and the evaluations."""
        self._send({"key": message.key, "message": asdict(message)}, message.key)

    def _send(self, said: Mapping[str, object], key: str) -> None:
        """Send what is said, signed, under its key."""
        body = json.dumps(said, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
        host = self._url.hostname or ""
        address = _address(host, self._url.port or (443 if self._url.scheme == "https" else 80), self._allow_private)
        headers = {
            **self._headers,
            "Host": self._url.netloc.rpartition("@")[2],
            "Content-Type": "application/json",
            "User-Agent": "pauta",
            "Idempotency-Key": key,
        }
        if self._secret:
            headers["X-Pauta-Signature"] = signature(self._secret, body, int(time.time()))
        try:
            status, retry_after = self._in_time(lambda: self._post(address, body, headers, host))
        except (self._httpx.HTTPError, self._httpx.InvalidURL) as error:
            self.close()
            raise NotTaken(_why(error)) from None
        if 200 <= status < 300:
            return
        wait = _seconds(retry_after)
        if wait is not None:
            raise RetryLater(wait, f"the receiver answered {status} and asks to be tried later")
        more = "; redirections are not followed" if 300 <= status < 400 else ""
        raise NotTaken(f"the receiver answered {status}{more}")

    def close(self) -> None:
        """Let go of the connection."""
        if self._transport is not None:
            self._transport.close()
            self._transport = self._socket = None

    def _in_time(self, post: Callable[[], tuple[int, str | None]]) -> tuple[int, str | None]:
        """What it returns, unless it takes too long as a whole: a receiver may let each byte come just in time."""
        late = self._late = threading.Event()
        clock = threading.Timer(self._timeout, self._cut, [late])
        clock.daemon = True
        clock.start()
        try:
            return post()
        except self._httpx.HTTPError:
            if late.is_set():
                raise NotTaken(TOO_LATE) from None
            raise
        finally:
            clock.cancel()
            if late.is_set():
                self.close()

    def _cut(self, late: threading.Event) -> None:
        """End a connection while another thread reads from it, which then finds it at its end."""
        late.set()
        if self._socket is not None:
            with suppress(OSError):
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def _trace(self, event: str, known: Mapping[str, Any]) -> None:
        """Take note of the connection, so that it can be cut; at once where it is too late already."""
        if event in ("connection.connect_tcp.complete", "connection.start_tls.complete"):
            self._socket = known["return_value"].get_extra_info("socket")
            if self._late.is_set():
                self._cut(self._late)

    def _post(self, address: str, body: bytes, headers: Mapping[str, str], host: str) -> tuple[int, str | None]:
        """The status and `Retry-After` of the answer; of its body no more than the limit is read."""
        if self._transport is None:  # beneath httpx's client: it follows nothing, and logs no address
            self._transport = self._httpx.HTTPTransport(trust_env=False)
        shown = f"[{address}]" if ":" in address else address
        port = f":{self._url.port}" if self._url.port else ""
        query = f"?{self._url.query}" if self._url.query else ""
        url = f"{self._url.scheme}://{shown}{port}{self._url.path or '/'}{query}"
        timeout = self._httpx.Timeout(self._timeout).as_dict()
        how = {"sni_hostname": host, "timeout": timeout, "trace": self._trace}
        request = self._httpx.Request("POST", url, content=body, headers=dict(headers), extensions=how)
        answer = self._transport.handle_request(request)
        read = 0
        try:
            for part in answer.iter_raw():
                read += len(part)
                if read > BODY_LIMIT:
                    break
            answer.close()
        except self._httpx.HTTPError:
            if not self._late.is_set():
                raise
            self.close()  # what it answered came in time; the rest, which did not, counts for nothing
        return answer.status_code, answer.headers.get("retry-after")


def signature(secret: bytes, body: bytes, moment: int) -> str:
    """What `X-Pauta-Signature` holds: the time in seconds, and the HMAC-SHA256 of time, point and body."""
    code = hmac.new(secret, f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={moment},v1={code}"


def _httpx() -> Any:
    try:
        import httpx
    except ImportError as error:
        message = "the sink 'webhook' needs httpx, which is not installed"
        raise ProblemsFound([Problem("E570", message, None, "pip install 'pauta[notify]'")]) from error
    return httpx


def _wrong(sentence: str, hint: str | None) -> ProblemsFound:
    return ProblemsFound([Problem("E632", f"the webhook {sentence}", None, hint)])


def _checked_url(url: str, options: Mapping[str, Any]) -> SplitResult:
    """The address taken apart; no sentence about it shows more of it than the host."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        parts, host = urlsplit(""), None
    if not host or parts.scheme not in ("http", "https") or set(url) & set(" \t\r\n\0\\"):
        raise _wrong("has a url that is none", "write it as https://host/path")
    if "@" in parts.netloc:
        raise _wrong("has a name or a password in its url", "send it in headers: {Authorization: ..}")
    if parts.scheme == "http" and not options.get("allow_http"):
        raise _wrong(f"would send to {host} without encryption", "write https://, or allow_http: true")
    hosts = options.get("hosts")
    if hosts is not None and not any(_is_of(host, str(each).lower()) for each in hosts):
        raise _wrong(f"would send to {host}, which is not among its hosts", "add it to hosts, or mend the url")
    return parts


def _is_of(host: str, allowed: str) -> bool:
    return host.endswith(allowed[1:]) if allowed.startswith("*.") else host == allowed


def _address(host: str, port: int, allow_private: bool) -> str:
    """The address that a host has now, looked up once; raises NotTaken where none of it may be sent to."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise NotTaken("the receiver's host has no address") from None
    addresses = [str(each[4][0]).partition("%")[0] for each in found]
    if not allow_private and not all(_is_public(each) for each in addresses):
        raise NotTaken("the receiver's address is private, and allow_private is not set")
    return addresses[0]


def _is_public(address: str) -> bool:
    """Whether an address is of the open net, also where it is wrapped into another."""
    found = ipaddress.ip_address(address)
    if isinstance(found, ipaddress.IPv6Address):
        inside = found.ipv4_mapped or found.sixtofour or (found.teredo[1] if found.teredo else None)
        if found in _NAT64:
            inside = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
        if inside is not None:
            return _is_public(str(inside))
    inner = any(found.version == each.version and found in each for each in _WAYS_INSIDE)
    return found.is_global and not (found.is_multicast or found.is_reserved or inner)


def _seconds(retry_after: str | None) -> float | None:
    """How long `Retry-After` asks to wait, in seconds or as a date; None where it says nothing that can be read."""
    if retry_after is None:
        return None
    try:
        seconds = float(retry_after)
        return max(0.0, seconds) if math.isfinite(seconds) else None
    except ValueError:
        pass
    try:
        moment = parsedate_to_datetime(retry_after)
    except (TypeError, ValueError):
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


def _why(error: Exception) -> str:
    """A failure of the way there, in words that show nothing of the address."""
    kind = type(error).__name__
    if "Timeout" in kind:
        return TOO_LATE
    if kind == "ConnectError":
        return "the receiver cannot be reached"
    if "Protocol" in kind:
        return "the receiver's answer is no HTTP, or broke off"
    return "the connection to the receiver broke"


@hookimpl
def register_sinks(register: Callable[[type[Webhook]], None]) -> None:
    """Offer the sink."""
    register(Webhook)
