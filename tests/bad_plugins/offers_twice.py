"""It offers the same name twice, and swallows what it is told."""

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


@hookimpl
def register_criteria(register):
    register(Bad)
    try:
        register(Bad)  # here
    except Exception:
        print("never mind")
