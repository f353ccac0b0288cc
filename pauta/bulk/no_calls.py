"""Rows of a table that are no calls: labels or other results in a folder of calls.

Such a row holds nothing of a call but whose it is, and something that calls do not have. The rule is that of records
(`engine/loading/records.py`), where rows with a person's evaluation or answers are no such rows: they are taken here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from pauta.bulk.layout import OF_CALLS, Layout
from pauta.bulk.pieces import Taken
from pauta.engine.loading.records import MOST_NAMED, Strangers, folded
from pauta.engine.problems import Place, did_you_mean

if TYPE_CHECKING:
    import pyarrow as pa

TELLING: Final = ({*OF_CALLS} - {"call_id", "agent"}) | {"evaluator"}
"""Fields that make a row a call, or a person's evaluation of one."""


def calls_only(taken: Taken, layout: Layout, file: str, first_row: int) -> Taken:
    """What was read of a table without rows that are no calls, which are counted. first_row: of the piece."""
    if taken.lines is not None:  # records: they went through the door that leaves them out
        return taken
    telling = {place for name, place in layout.fields.items() if name in TELLING}
    telling |= {place for facts in layout.facts.values() for place in facts.values()}
    telling |= {*layout.answers.values(), *layout.beside.values(), *([] if layout.nested is None else [layout.nested])}
    others = {*range(taken.batch.num_columns)} - telling - {*layout.fields.values()}
    if not others or any(taken.batch.column(place).null_count == 0 for place in telling):
        return taken
    misspelt = {place for place in others if _is_like_a_field(taken.batch.schema.names[place])}
    strange = _filled(taken.batch, others - misspelt) & ~_filled(taken.batch, telling | misspelt)
    return _without(taken, strange, sorted(others - misspelt), Place(file, first_row, 1)) if strange.any() else taken


@lru_cache
def _is_like_a_field(name: str) -> bool:
    return folded(name) in OF_CALLS or did_you_mean(folded(name), OF_CALLS) is not None


def _filled(batch: pa.RecordBatch, places: Iterable[int]) -> NDArray[np.bool_]:
    """(rows,) bool: where any of some columns holds anything."""
    filled = np.zeros(batch.num_rows, dtype=np.bool_)
    for place in places:
        filled |= batch.column(place).is_valid().to_numpy(zero_copy_only=False)
    return filled


def _without(taken: Taken, strange: NDArray[np.bool_], others: Iterable[int], first: Place) -> Taken:
    """What was read without some rows. others: columns that calls do not have; first: the place of the first row."""
    import pyarrow as pa

    rows = np.flatnonzero(strange)
    left_out = taken.batch.select(list(others)).filter(pa.array(strange))
    begins = {}
    for name, column in zip(left_out.schema.names, left_out.columns, strict=True):
        if column.null_count < len(column):
            begins[name] = int(np.argmax(column.is_valid().to_numpy(zero_copy_only=False)))
    named = sorted(begins, key=lambda name: begins[name])[:MOST_NAMED]
    return replace(
        taken,
        batch=taken.batch.filter(pa.array(~strange)),
        lines=first.line + np.flatnonzero(~strange),
        strangers=Strangers(len(rows), named, replace(first, line=first.line + int(rows[0]))),
    )
