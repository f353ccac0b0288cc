"""room: messages as lines of a file, as a team's chat room would show them."""

from pathlib import Path
from typing import ClassVar

from pauta import hookimpl

pauta_api = 1


class Room:
    """A sink that carries messages and keeps no results."""

    name = "room"
    purpose = "Writes messages to people into messages.txt."
    endings = ()
    options: ClassVar = {"type": "object", "additionalProperties": False, "properties": {}}

    def __init__(self, options):
        """Take no options."""

    def write(self, evaluations):
        """Results are kept elsewhere."""

    def notify(self, message):
        """A line a message, and one for each thing that it is about."""
        with Path("messages.txt").open("a", encoding="utf-8") as stream:
            for line in (f"to {', '.join(message.to)}: {message.title}", *(f"    {each}" for each in message.lines)):
                stream.write(line + "\n")

    def close(self):
        """Nothing is open."""


@hookimpl
def register_sinks(register):
    """Offer the room."""
    register(Room)
