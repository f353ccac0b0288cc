"""It answers with a word and not with a Finding."""

from typing import ClassVar

from pauta import hookimpl

__version__ = "1.2"


class Bad:
    name = "bad"
    options: ClassVar = {"type": "object"}

    def __init__(self, options, question):
        pass

    def answer(self, call):  # here
        return "met"


@hookimpl
def register_criteria(register):
    register(Bad)
