"""It raises what only a person at the keyboard should."""

from typing import ClassVar

from pauta import hookimpl

__version__ = "1.2"


class Bad:
    name = "bad"
    options: ClassVar = {"type": "object"}

    def __init__(self, options, question):
        pass

    def answer_batch(self, batch):
        raise KeyboardInterrupt  # here


@hookimpl
def register_criteria(register):
    register(Bad)
