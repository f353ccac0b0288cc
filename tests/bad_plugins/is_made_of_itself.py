"""It is made of itself, and so on."""

from typing import ClassVar

from pauta import hookimpl

__version__ = "1.2"


class Bad:
    name = "bad"
    options: ClassVar = {"type": "object"}

    def __init__(self, options, question):
        pass

    def parts(self):
        return [{"bad": {}}]

    def combine(self, batch, parts):
        return parts[0]


@hookimpl
def register_criteria(register):
    register(Bad)
