"""A message in a chat room, or wherever else Apprise reaches (Slack, Teams, Telegram and some hundred more).

    - apprise:
        urls: ["${env:QUALITY_ROOM}"]         such as slack://... or msteams://..., see Apprise's list
        when: {critical_errors: {at_least: 1}}

An address holds a secret, so it is never shown: problems name its kind and its place in the list.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from pauta import Delivery, Message as Told, NotTaken, Problem, ProblemsFound, hookimpl
from pauta.plugins.sinks.messages import NO_CALL, OPTIONS, Message, Writer


class Apprise:
    """Chat rooms and pagers."""

    name: ClassVar[str] = "apprise"
    purpose: ClassVar[str] = "Sends results to chat rooms and other services that Apprise reaches."
    endings: ClassVar[tuple[str, ...]] = ()
    delivers: ClassVar[bool] = True
    options: ClassVar[Mapping[str, object]] = {
        "type": "object",
        "properties": {
            "urls": {
                "type": "array",
                "items": {"type": "string"},
                "minItems": 1,
                "description": "Where to send, as Apprise writes it; as `${env:NAME}`, since addresses hold secrets.",
            },
            **OPTIONS,
        },
        "required": ["urls"],
        "additionalProperties": False,
    }

    def __init__(self, options: Mapping[str, object]) -> None:
        """Check the addresses; raises ProblemsFound where one is none, or where the extra is missing."""
        try:
            import apprise
        except ImportError as error:
            message = "messages cannot be sent to chat rooms: Apprise is not installed"
            raise ProblemsFound([Problem("E570", message, None, "pip install 'pauta[notify]'")]) from error
        logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)  # its log shows addresses, and they hold secrets
        self._writer = Writer(options)
        self.gathers = self._writer.digest
        self._rooms: list[Any] = []
        urls = options["urls"]
        for number, url in enumerate(urls if isinstance(urls, list | tuple) else [], 1):
            room = apprise.Apprise()
            if not room.add(str(url)):
                kind = str(url).partition("://")[0] if "://" in str(url) else "?"
                message = f"address {number} of 'apprise' ({kind}://...) is none that Apprise takes"
                raise ProblemsFound([Problem("E574", message, None, "its list of services says how each is written")])
            self._rooms.append(room)
        self._have: dict[str, set[int]] = {}

    def wants(self, evaluation: Mapping[str, object], call: Mapping[str, object] = NO_CALL) -> bool:
        """Whether a result is worth a message."""
        return self._writer.wants(evaluation, call)

    def deliver(self, item: Delivery) -> None:
        """Send the message about one evaluation; a room that has it already gets it no second time."""
        self._send(self._writer.about(item.evaluation, item.call), item.key)

    def deliver_all(self, key: str, items: Sequence[Delivery]) -> None:
        """Send the message about a run; a room that has it already gets it no second time."""
        self._send(self._writer.about_all(items), key)

    def notify(self, message: Told) -> None:
        """Send a message to people, by name: a room has no addresses."""
        body = "\n".join([", ".join(message.to), *message.lines])
        self._send(Message(message.title, body, html=False), message.key)

    def _send(self, message: Message, key: str) -> None:
        have = self._have.setdefault(key, set())
        kind = "html" if message.html else "text"
        for number, room in enumerate(self._rooms, 1):
            if number not in have and _told(room, message, kind):
                have.add(number)
        left = [str(number) for number in range(1, len(self._rooms) + 1) if number not in have]
        if left:
            raise NotTaken(f"address {', '.join(left)} of apprise did not take the message")
        del self._have[key]


def _told(room: Any, message: Message, kind: str) -> bool:
    """Whether a room took a message; what its service raises may show its address, and is not told."""
    try:
        return bool(room.notify(title=message.subject, body=message.body, body_format=kind))
    except Exception:  # a service of Apprise may raise anything
        return False


@hookimpl
def register_sinks(register: Callable[[type[Apprise]], None]) -> None:
    """Offer the sink."""
    register(Apprise)
