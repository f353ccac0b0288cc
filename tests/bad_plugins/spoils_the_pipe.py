"""It writes to every stream it finds."""

import os
from contextlib import suppress
from typing import ClassVar

from pauta import Finding, Verdict, hookimpl

__version__ = "1.2"


class Bad:
    name = "bad"
    options: ClassVar = {"type": "object"}

    def __init__(self, options, question):
        pass

    def answer(self, call):
        print("noise")
        for stream in range(1, 20):
            with suppress(OSError):
                os.write(stream, b"noise")
        return Finding(Verdict.MET)


@hookimpl
def register_criteria(register):
    register(Bad)
