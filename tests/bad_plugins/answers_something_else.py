"""It answers with an answer that the question does not have."""

from typing import ClassVar

from pauta import Finding, Verdict, hookimpl

__version__ = "1.2"


class Bad:
    name = "bad"
    options: ClassVar = {"type": "object"}

    def __init__(self, options, question):
        pass

    def answer(self, call):  # here
        return Finding(Verdict.ANSWER, answer="perhaps")


@hookimpl
def register_criteria(register):
    register(Bad)
