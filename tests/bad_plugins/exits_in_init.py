"""It ends the program where it is made."""

from typing import ClassVar

from pauta import Finding, Verdict, hookimpl

__version__ = "1.2"


class Bad:
    name = "bad"
    options: ClassVar = {"type": "object"}

    def __init__(self, options, question):
        raise SystemExit(5)  # here

    def answer(self, call):
        return Finding(Verdict.MET)


@hookimpl
def register_criteria(register):
    register(Bad)
