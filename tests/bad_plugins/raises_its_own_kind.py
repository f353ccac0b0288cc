"""It raises an exception that is no Exception."""

from typing import ClassVar

from pauta import hookimpl

__version__ = "1.2"


class Enough(BaseException):
    pass


class Bad:
    name = "bad"
    options: ClassVar = {"type": "object"}

    def __init__(self, options, question):
        pass

    def answer_batch(self, batch):
        raise Enough("enough")  # here


@hookimpl
def register_criteria(register):
    register(Bad)
