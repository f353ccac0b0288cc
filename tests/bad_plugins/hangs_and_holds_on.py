"""It never comes back from a call, and does not want to be stopped."""

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
        until = time.monotonic() + 3
        while time.monotonic() < until:
            try:
                time.sleep(0.001)  # here
            except BaseException as error:
                self.ignored = error


@hookimpl
def register_criteria(register):
    register(Bad)
