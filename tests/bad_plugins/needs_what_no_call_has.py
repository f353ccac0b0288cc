"""It reads a field that no call has."""

from typing import ClassVar

from pauta import Finding, Verdict, hookimpl

__version__ = "1.2"


class Bad:
    name = "bad"
    needs = ("transcript",)
    options: ClassVar = {"type": "object"}

    def __init__(self, options, question):
        pass

    def answer(self, call):
        return Finding(Verdict.MET)


@hookimpl
def register_criteria(register):
    register(Bad)  # here
