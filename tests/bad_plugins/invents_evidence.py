"""It quotes what nobody said."""

from typing import ClassVar

from pauta import Evidence, Finding, Verdict, hookimpl

__version__ = "1.2"


class Bad:
    name = "bad"
    options: ClassVar = {"type": "object"}

    def __init__(self, options, question):
        pass

    def answer(self, call):  # here
        return Finding(Verdict.MET, "said", (Evidence(0, 0, 3, "ref"),))


@hookimpl
def register_criteria(register):
    register(Bad)
