"""It ends its process in the midst of a call."""

import os
from typing import ClassVar

from pauta import hookimpl

__version__ = "1.2"


class Bad:
    name = "bad"
    options: ClassVar = {"type": "object"}

    def __init__(self, options, question):
        pass

    def answer(self, call):  # here
        os._exit(9)


@hookimpl
def register_criteria(register):
    register(Bad)
