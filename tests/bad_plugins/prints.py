"""It prints wherever it can."""

from typing import ClassVar

from pauta import Finding, Verdict, hookimpl

__version__ = "1.2"

print("while it is imported")


class Bad:
    name = "bad"
    options: ClassVar = {"type": "object"}

    def __init__(self, options, question):
        print("while it is made")

    def answer(self, call):
        print("while it answers")
        return Finding(Verdict.UNVERIFIED, "it only prints")


@hookimpl
def register_criteria(register):
    print("while it registers")
    register(Bad)
