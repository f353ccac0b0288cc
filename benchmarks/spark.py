"""Spark on this machine: scoring a table of calls beside the same job without any Python.

The calls are those of the card of 40 questions, answered by people, in Parquet. Beside scoring stand two jobs that only
read, pass on and write: one the calls, one the results, which are what scoring has to write.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.clock import in_turn, ratios, spread
from benchmarks.figures import Figure, Part, times

CALLS, ROUNDS = 5_000_000, 3
PART_ROWS = 250_000
TIMES_WITHOUT_PYTHON = 3.0
"""At most so many times the job without Python."""


def run(quick: bool, calls: int = 0) -> Part:
    title = "Spark"
    if quick:
        return Part(title, "Not part of the quick form: starting Spark takes longer than all of that.")
    missing = _missing()
    if missing:
        return Part(title, skipped=missing)
    calls = calls or int(os.environ.get("PAUTA_SPARK_CALLS", CALLS))
    with tempfile.TemporaryDirectory() as name, _session(Path(name)) as session:
        folder = Path(name)
        _tables(folder / "calls", calls)
        return Part(title, _compared(calls), tuple(_figures(session, folder, calls)))
