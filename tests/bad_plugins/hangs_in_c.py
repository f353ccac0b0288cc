"""It never comes back from a library, which lets nobody else work meanwhile."""

import re
from typing import ClassVar

from pauta import hookimpl

__version__ = "1.2"


class Bad:
    name = "bad"
    options: ClassVar = {"type": "object"}

    def __init__(self, options, question):
        pass

    def answer(self, call):  # here
        return re.match("(a+)+$", "a" * 60 + "b")


@hookimpl
def register_criteria(register):
    register(Bad)
