"""It names a turn that the call does not have, batch by batch."""

from typing import ClassVar

import numpy as np

from pauta import Evidence, Findings, Verdict, hookimpl

__version__ = "1.2"


class Bad:
    name = "bad"
    options: ClassVar = {"type": "object"}

    def __init__(self, options, question):
        pass

    def answer_batch(self, batch):  # here
        evidence = {row: [Evidence(999)] for row in range(batch.size)}
        return Findings(np.full(batch.size, Verdict.MET), evidence=evidence)


@hookimpl
def register_criteria(register):
    register(Bad)
