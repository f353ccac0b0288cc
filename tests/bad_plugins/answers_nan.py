"""It answers with a number that is none."""

from typing import ClassVar

from pauta import Finding, Verdict, hookimpl

__version__ = "1.2"


class Bad:
    name = "bad"
    options: ClassVar = {"type": "object"}

    def __init__(self, options, question):
        pass

    def answer(self, call):  # here
        return Finding(Verdict.ANSWER, answer=float("nan"))


@hookimpl
def register_criteria(register):
    register(Bad)
