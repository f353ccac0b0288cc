"""It offers what is there already, after something of its own."""

from typing import ClassVar

from pauta import Finding, Verdict, hookimpl

__version__ = "1.2"


class Bad:
    name = "bad"
    options: ClassVar = {"type": "object"}

    def __init__(self, options, question):
        pass

    def answer(self, call):
        return Finding(Verdict.MET)


class Phrase(Bad):
    name = "phrase"

    def answer(self, call):  # here
        return Finding(Verdict.NOT_MET)


@hookimpl
def register_criteria(register):
    register(Bad)
    register(Phrase)
