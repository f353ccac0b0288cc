"""A message by e-mail for each result that is worth one, or one for all of a run.

    - email:
        host: smtp.example.org
        username: quality
        password: ${env:SMTP_PASSWORD}
        from: Quality <quality@example.org>
        to: [supervisors@example.org]
        when: {critical_errors: {at_least: 1}}

Messages wait in the outbox until the server has them, and carry the same Message-ID however often they are sent; one
for a run (`each: run`) is sent at its end. The connection is encrypted (`starttls`, or `tls` from the first byte); a
password is never sent without. What callers and agents said cannot become a header.
"""

import smtplib
import socket
import ssl
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate, getaddresses
from typing import ClassVar, Final

from pauta import Delivery, Message as Told, NotTaken, Problem, ProblemsFound, hookimpl
from pauta.plugins.sinks.messages import NO_CALL, OPTIONS, Message, Writer

PORTS: Final = {"starttls": 587, "tls": 465, "none": 25}
LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")


class Email:
    """E-mail over SMTP."""

    name: ClassVar[str] = "email"
    purpose: ClassVar[str] = "Sends results by e-mail: those that meet a condition, one by one or once a run."
    endings: ClassVar[tuple[str, ...]] = ()
    delivers: ClassVar[bool] = True
    options: ClassVar[Mapping[str, object]] = {
        "type": "object",
        "properties": {
            "host": {"type": "string", "description": "The mail server."},
            "port": {"type": "integer", "minimum": 1, "maximum": 65535, "description": "587, 465 or 25 by `security`."},
            "security": {"enum": list(PORTS), "default": "starttls", "description": "How the connection is encrypted."},
            "username": {"type": "string"},
            "password": {"type": "string", "description": "As `${env:NAME}` or `${file:path}`."},
            "from": {"type": "string", "description": "Who sends it."},
            "to": {
                "type": ["string", "array"],
                "items": {"type": "string"},
                "minItems": 1,
                "description": "Who gets it.",
            },
            "timeout": {"type": "number", "exclusiveMinimum": 0, "default": 30, "description": "Seconds."},
            **OPTIONS,
        },
        "required": ["host", "from", "to"],
        "additionalProperties": False,
    }

    def __init__(self, options: Mapping[str, object]) -> None:
        """Check everything that can be without the server; raises ProblemsFound where something is wrong."""
        self._host = str(options["host"])
        self._security = str(options.get("security", "starttls"))
        self._port = int(str(options.get("port", PORTS[self._security])))
        self._user, self._password = options.get("username"), options.get("password")
        self._timeout = float(str(options.get("timeout", 30)))
        listed = options["to"]
        self._to = [str(each) for each in listed] if isinstance(listed, list | tuple) else [str(listed)]
        self._from = str(options["from"])
        self._refuse_what_is_wrong()
        self._writer = Writer(options)
        self.gathers = self._writer.digest
        self._server: smtplib.SMTP | None = None
        self._left: dict[str, list[str]] = {}

    def _refuse_what_is_wrong(self) -> None:
        for text in (self._from, *self._to):
            if not _is_address(text):
                hint = "write it as name@example.org, or Name <name@example.org>"
                raise ProblemsFound([Problem("E573", f"'{text}' is no address for e-mail", None, hint)])
        if self._security == "none" and self._password and self._host not in LOOPBACK:
            message = f"the password for '{self._host}' would go over the net for everybody to read"
            raise ProblemsFound([Problem("E573", message, None, "say `security: starttls` or `security: tls`")])

    def wants(self, evaluation: Mapping[str, object], call: Mapping[str, object] = NO_CALL) -> bool:
        """Whether a result is worth a message."""
        return self._writer.wants(evaluation, call)

    def deliver(self, item: Delivery) -> None:
        """Send the message about one evaluation; of several receivers those who have it get it no second time."""
        self._send(self._letter(self._writer.about(item.evaluation, item.call), item.key), item.key)

    def deliver_all(self, key: str, items: Sequence[Delivery]) -> None:
        """Send the message about a run."""
        self._send(self._letter(self._writer.about_all(items), key), key)

    def notify(self, message: Told) -> None:
        """Send a message to people: to their own addresses where they are known, else to those of the sink."""
        to = [each for each in message.addresses if _is_address(each)] or self._to
        body = "\n".join([*message.to, "", *message.lines])
        letter = self._letter(Message(" ".join(message.title.split()), body, html=False), message.key)
        letter.replace_header("To", ", ".join(to))
        self._left.setdefault(message.key, to)
        self._send(letter, message.key)

    def close(self) -> None:
        """Hang up."""
        server, self._server = self._server, None
        if server is not None:
            with suppress(smtplib.SMTPException, OSError):
                server.quit()

    def _letter(self, message: Message, key: str) -> EmailMessage:
        letter = EmailMessage(policy=SMTP)
        letter["From"], letter["To"], letter["Subject"] = self._from, ", ".join(self._to), message.subject
        letter["Date"], letter["Message-ID"] = formatdate(), f"<{key}@pauta>"
        letter["Auto-Submitted"] = "auto-generated"
        letter.set_content(message.body, subtype="html" if message.html else "plain")
        return letter

    def _send(self, letter: EmailMessage, key: str) -> None:
        to = self._left.pop(key, self._to)
        try:
            if self._server is None:
                self._server = self._connected()
            refused = self._server.send_message(letter, to_addrs=[address for _, address in getaddresses(to)])
        except (smtplib.SMTPException, OSError, UnicodeError) as error:
            self.close()
            self._left[key] = to
            raise NotTaken(_why(error)) from None
        if refused:
            self._left[key] = sorted(refused)
            raise NotTaken(f"the mail server refuses {', '.join(self._left[key])}")

    def _connected(self) -> smtplib.SMTP:
        context = ssl.create_default_context()
        if self._security == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(self._host, self._port, timeout=self._timeout, context=context)
        else:
            server = smtplib.SMTP(self._host, self._port, timeout=self._timeout)
        try:
            if self._security == "starttls":
                server.starttls(context=context)
            if self._user is not None and self._password is not None:
                server.login(str(self._user), str(self._password))
        except BaseException:
            server.close()
            raise
        return server


def _is_address(text: str) -> bool:
    listed = getaddresses([text])
    return "\n" not in text and "\r" not in text and len(listed) == 1 and "@" in listed[0][1]


def _why(error: Exception) -> str:
    """Why a message was not taken, in words of our own: the server's may show a password, or what was said."""
    said = next((sentence for kind, sentence in _FAULTS if isinstance(error, kind)), _FAULTS[-1][1])
    return f"{said} (code {error.smtp_code})" if isinstance(error, smtplib.SMTPResponseException) else said


_FAULTS: Final = (
    (smtplib.SMTPAuthenticationError, "the mail server refuses the user or the password"),
    (smtplib.SMTPRecipientsRefused, "the mail server refuses every receiver"),
    (smtplib.SMTPSenderRefused, "the mail server refuses the sender"),
    (smtplib.SMTPNotSupportedError, "the mail server does not offer the encryption, sign-in or letters that are asked"),
    (smtplib.SMTPServerDisconnected, "the mail server broke the connection off"),
    (smtplib.SMTPException, "the mail server did not take the message"),
    (UnicodeError, "the mail server takes no address with such letters"),
    (ssl.SSLCertVerificationError, "the mail server's certificate is not to be trusted"),
    (ssl.SSLError, "the mail server speaks no encryption that is known here"),
    (TimeoutError, "the mail server did not answer in time"),
    (socket.gaierror, "the mail server's name has no address"),
    (OSError, "the mail server cannot be reached"),
)


@hookimpl
def register_sinks(register: Callable[[type[Email]], None]) -> None:
    """Offer the sink."""
    register(Email)
