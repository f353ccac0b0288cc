"""What it offers has no method that answers."""

from typing import ClassVar

from pauta import hookimpl

__version__ = "1.2"


class Bad:
    name = "bad"
    options: ClassVar = {"type": "object"}

    def __init__(self, options, question):
        pass

    def anwser(self, call):
        return None


@hookimpl
def register_criteria(register):
    register(Bad)  # here
