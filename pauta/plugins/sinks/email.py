"""A message by e-mail for each result that is worth one, or one for all of a run.

    - email:
        host: smtp.example.org
        username: quality
        password: ${env:SMTP_PASSWORD}
        from: Quality <quality@example.org>
        to: [supervisors@example.org]
        when: {critical_errors: {at_least: 1}}

Messages for each evaluation wait in the outbox until the server has them, and carry the same Message-ID however often
they are sent. Those for a run (`each: run`) are sent once, at its end. The connection is encrypted (`starttls`, or
`tls` from the first byte); a password is never sent without. What callers and agents said cannot become a header.
"""

import smtplib
import ssl
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate, getaddresses, make_msgid
from typing import ClassVar, Final

from pauta import Delivery, Problem, ProblemsFound, hookimpl
from pauta.plugins.sinks.messages import OPTIONS, Message, Writer

PORTS: Final = {"starttls": 587, "tls": 465, "none": 25}
LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")


class Email:
    """E-mail over SMTP."""

    name: ClassVar[str] = "email"
    purpose: ClassVar[str] = "Sends results by e-mail: those that meet a condition, one by one or once a run."
    endings: ClassVar[tuple[str, ...]] = ()
    delivers: bool = True
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
        self.delivers = not self._writer.digest
        self._server: smtplib.SMTP | None = None
        self._left: dict[str, list[str]] = {}
        self._found: list[Mapping[str, object]] = []
        self.sent = 0

    def _refuse_what_is_wrong(self) -> None:
        for text in (self._from, *self._to):
            listed = getaddresses([text])
            bad = "\n" in text or "\r" in text or len(listed) != 1 or "@" not in listed[0][1]
            if bad:
                hint = "write it as name@example.org, or Name <name@example.org>"
                raise ProblemsFound([Problem("E573", f"'{text}' is no address for e-mail", None, hint)])
        if self._security == "none" and self._password and self._host not in LOOPBACK:
            message = f"the password for '{self._host}' would go over the net for everybody to read"
            raise ProblemsFound([Problem("E573", message, None, "say `security: starttls` or `security: tls`")])

    @property
    def outcome(self) -> str:
        """What became of the run, for its summary."""
        return f"{self.sent} messages"

    def wants(self, evaluation: Mapping[str, object]) -> bool:
        """Whether a result is worth a message."""
        return self._writer.wants(evaluation)

    def deliver(self, item: Delivery) -> None:
        """Send the message about one evaluation; of several receivers those who have it get it no second time."""
        message = self._letter(self._writer.about(item.evaluation, item.call), f"<{item.key}@pauta>")
        self._send(message, item.key)

    def write(self, evaluations: Sequence[Mapping[str, object]]) -> None:
        """Hold the results that are worth telling until the end of the run."""
        self._found += [each for each in evaluations if self._writer.wants(each)]

    def close(self) -> None:
        """Send the message about the run, where there is something to tell, and hang up."""
        try:
            if self._found:
                self._send(self._letter(self._writer.about_all(self._found), make_msgid(domain="pauta")), "")
        finally:
            self._hang_up()

    def drop(self) -> None:
        """Send nothing about a run that was broken off."""
        self._hang_up()

    def _letter(self, message: Message, message_id: str) -> EmailMessage:
        letter = EmailMessage(policy=SMTP)
        letter["From"], letter["To"], letter["Subject"] = self._from, ", ".join(self._to), message.subject
        letter["Date"], letter["Message-ID"] = formatdate(), message_id
        letter["Auto-Submitted"] = "auto-generated"
        letter.set_content(message.body, subtype="html" if message.html else "plain")
        return letter

    def _send(self, letter: EmailMessage, key: str) -> None:
        to = self._left.pop(key, self._to)
        try:
            if self._server is None:
                self._server = self._connected()
            refused = self._server.send_message(letter, to_addrs=[address for _, address in getaddresses(to)])
        except (smtplib.SMTPException, OSError):
            self._hang_up()
            raise
        if refused:
            self._left[key] = sorted(refused)
            raise smtplib.SMTPRecipientsRefused(refused)
        self.sent += 1

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

    def _hang_up(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            with suppress(smtplib.SMTPException, OSError):
                server.quit()


@hookimpl
def register_sinks(register: Callable[[type[Email]], None]) -> None:
    """Offer the sink."""
    register(Email)
