"""It ends the program in the midst of a call."""

import sys
from typing import ClassVar

from pauta import hookimpl

__version__ = "1.2"


class Bad:
    name = "bad"
    options: ClassVar = {"type": "object"}

    def __init__(self, options, question):
        pass

    def answer(self, call):
        sys.exit(3)  # here


@hookimpl
def register_criteria(register):
    register(Bad)
