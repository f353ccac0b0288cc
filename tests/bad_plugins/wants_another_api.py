"""It is written for a version of the plugin interface that does not exist yet."""

from typing import ClassVar

from pauta import Finding, Verdict, hookimpl

__version__ = "1.2"

pauta_api = 9  # here


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
