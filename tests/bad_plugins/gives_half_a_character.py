"""Its reason cannot be written to any file."""

from typing import ClassVar

from pauta import Finding, Verdict, hookimpl

__version__ = "1.2"


class Bad:
    name = "bad"
    options: ClassVar = {"type": "object"}

    def __init__(self, options, question):
        pass

    def answer(self, call):  # here
        return Finding(Verdict.MET, "\ud83d")


@hookimpl
def register_criteria(register):
    register(Bad)
