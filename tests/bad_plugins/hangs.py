"""It never comes back from a call."""

import time
from typing import ClassVar

from pauta import hookimpl

__version__ = "1.2"


class Bad:
    name = "bad"
    options: ClassVar = {"type": "object"}

    def __init__(self, options, question):
        pass

    def answer(self, call):
        while True:  # here
            time.sleep(0.001)
            print("still here")


@hookimpl
def register_criteria(register):
    register(Bad)
