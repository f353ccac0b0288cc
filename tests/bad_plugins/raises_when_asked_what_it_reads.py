"""It fails where it is asked what it reads."""

from typing import ClassVar

from pauta import Finding, Verdict, hookimpl

__version__ = "1.2"


class Bad:
    name = "bad"
    options: ClassVar = {"type": "object"}

    def __init__(self, options, question):
        pass

    def reads(self, options):
        return options["there is none"]  # here

    def answer(self, call):
        return Finding(Verdict.MET)


@hookimpl
def register_criteria(register):
    register(Bad)
