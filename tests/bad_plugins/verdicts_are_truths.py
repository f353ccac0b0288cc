"""Its verdicts are True and False."""

from typing import ClassVar

import numpy as np

from pauta import Findings, hookimpl

__version__ = "1.2"


class Bad:
    name = "bad"
    options: ClassVar = {"type": "object"}

    def __init__(self, options, question):
        pass

    def answer_batch(self, batch):  # here
        return Findings(np.ones(batch.size, dtype=bool))


@hookimpl
def register_criteria(register):
    register(Bad)
