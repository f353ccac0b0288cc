"""It takes more memory than there is."""

from typing import ClassVar

from pauta import Finding, Verdict, hookimpl

__version__ = "1.2"


class Bad:
    name = "bad"
    options: ClassVar = {"type": "object"}

    def __init__(self, options, question):
        pass

    def answer(self, call):
        return Finding(Verdict.MET, str(len(bytearray(4 << 30))))  # here


@hookimpl
def register_criteria(register):
    register(Bad)
