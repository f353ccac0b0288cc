"""Its hook has another name, so that nobody would call it."""

from typing import ClassVar

from pauta import Finding, Verdict

__version__ = "1.2"


class Bad:
    name = "bad"
    options: ClassVar = {"type": "object"}

    def __init__(self, options, question):
        pass

    def answer(self, call):
        return Finding(Verdict.MET)


def register_criterias(register):  # here
    register(Bad)
