"""Which evaluations count in a report: one for each call, agent and card.

It is the latest final one by a person, else the engine's, else what a person has begun. Which one that is can only be
known at the end of the stream, so it is read twice. A stream that can be read only once is kept in a temporary file
meanwhile; in memory stay 17 bytes for each evaluation.
"""

from __future__ import annotations

import hashlib
import json
import math
import tempfile
from array import array
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pauta.engine.model.calls import ENGINE
from pauta.engine.model.moments import moment_from

Record: TypeAlias = Mapping[str, Any]
BEGUN, BY_ENGINE, FINAL = 0, 1, 2


def counted(evaluations: Iterable[Record]) -> Iterator[Record]:
    """The evaluations that count, in the order they came."""
    with _readable_twice(evaluations) as readings:
        counts = _counts(readings)
        for index, record in enumerate(readings):
            if counts[index]:
                yield record


@contextmanager
def _readable_twice(records: Iterable[Record]) -> Iterator[Iterable[Record]]:
    if not isinstance(records, Iterator):
        yield records
        return
    with tempfile.TemporaryFile(mode="w+", encoding="utf-8") as file:
        for record in records:
            file.write(json.dumps(record) + "\n")
        yield _Lines(file)


@dataclass(frozen=True, slots=True)
class _Lines:
    """The records of a file of JSON lines, from its beginning at each reading."""

    file: IO[str]

    def __iter__(self) -> Iterator[Record]:
        self.file.seek(0)
        return map(json.loads, self.file)


def _counts(records: Iterable[Record]) -> NDArray[np.bool_]:
    """(evaluations,) bool. Of equals the last in the stream counts."""
    keys, finality, moments = array("Q"), array("b"), array("d")
    for record in records:
        parts = json.dumps([str(record.get(key)) for key in ("call_id", "agent", "scorecard")])
        keys.append(int.from_bytes(hashlib.blake2b(parts.encode(), digest_size=8).digest(), "big"))
        finality.append(_finality(record))
        moments.append(_moment(record.get("evaluated_at")))
    by_key = np.array(keys, dtype=np.uint64)
    order = np.lexsort((np.arange(len(keys)), np.array(moments), np.array(finality), by_key))
    sorted_keys = by_key[order]
    last = np.ones(len(keys), dtype=np.bool_)
    last[:-1] = sorted_keys[1:] != sorted_keys[:-1]
    counts = np.zeros(len(keys), dtype=np.bool_)
    counts[order[last]] = True
    return counts


def _finality(record: Record) -> int:
    if record.get("evaluator", ENGINE) == ENGINE:
        return BY_ENGINE
    return BEGUN if record.get("status") == "incomplete" else FINAL


def _moment(text: object) -> float:
    moment = moment_from(text) if isinstance(text, str) else None
    return moment.timestamp() if moment else -math.inf
