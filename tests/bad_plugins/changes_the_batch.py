"""It writes into the columns of the batch."""

from typing import ClassVar

import numpy as np

from pauta import Findings, Verdict, hookimpl

__version__ = "1.2"


class Bad:
    name = "bad"
    options: ClassVar = {"type": "object"}

    def __init__(self, options, question):
        pass

    def answer_batch(self, batch):
        batch.size, size = 0, batch.size
        batch.once("phrase.transcripts", list)
        batch.automatic[:] = False  # here
        return Findings(np.full(size, Verdict.MET))


@hookimpl
def register_criteria(register):
    register(Bad)
