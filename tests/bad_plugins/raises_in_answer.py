"""It fails on every call."""

from typing import ClassVar

from pauta import hookimpl

__version__ = "1.2"


class Bad:
    name = "bad"
    options: ClassVar = {"type": "object"}

    def __init__(self, options, question):
        pass

    def answer(self, call):
        return call.metrics["of a kind that no call has"]  # here


@hookimpl
def register_criteria(register):
    register(Bad)
