"""It answers with True and False and not with Findings."""

from typing import ClassVar

from pauta import hookimpl

__version__ = "1.2"


class Bad:
    name = "bad"
    options: ClassVar = {"type": "object"}

    def __init__(self, options, question):
        pass

    def answer_batch(self, batch):  # here
        return [True] * batch.size


@hookimpl
def register_criteria(register):
    register(Bad)
