"""A piece of a file of records as a table: what was read quickly, and all else by the door of the plain path."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from pauta.bulk.checked import Checked
from pauta.bulk.laid import Laid
from pauta.bulk.layout import MAPS, Layout, layout_of
from pauta.bulk.pieces import Taken
from pauta.engine.loading.records import Record, Strangers, calls_from
from pauta.engine.model.calls import Call
from pauta.engine.problems import Place, Problem, Severity

if TYPE_CHECKING:
    import pyarrow as pa

Entry = tuple[Record, Place] | Problem


class RecordsInput:
    """A file of records, which has no schema of its own; other processes read it anew.

    keep_facts: whether what is read says how facts were written: a column has lost whether 2 was 2 or 2.0.
    """

    keep_facts = False

    def __init__(self, path: str) -> None:
        self.path = path

    def __getstate__(self) -> dict[str, Any]:
        return {"path": self.path}

    @property
    def schema(self) -> pa.Schema:
        """What every record of it must have; the other columns are those of each piece."""
        import pyarrow as pa

        return pa.schema({"call_id": pa.string()})


def passing(rows: Mapping[int, Any], laid: Laid, path: str) -> dict[int, Any]:
    """Rows by line without those that fail a check of their columns; `laid` are all of them."""
    layout = layout_of(laid.batch.schema, (), path)
    assert isinstance(layout, Layout), "rows that were laid in columns are a table of calls"
    wrong = Checked(layout, laid.batch, path, 1).slow
    if not wrong.any():
        return dict(rows)
    return {line: row for (line, row), out in zip(rows.items(), wrong.tolist(), strict=True) if not out}


def taken(
    quick: Mapping[int, Any],
    laid: Laid | None,
    others: Iterator[Entry],
    absent: object,
    *,
    keep_facts: bool = False,
) -> Taken:
    """What was read of a piece. quick: rows by line; laid: as a table; others: the records of all other lines."""
    strangers, ids, warnings = Strangers(), dict[int, str](), list[Problem]()
    refused: list[tuple[int, str | None, Problem]] = []
    rows = dict(quick)
    for entry in calls_from(_noted(others, ids), strangers):
        place = entry.at if isinstance(entry, Call) else entry.place
        assert place is not None, "whatever comes of a line says which"
        if isinstance(entry, Call):
            rows[place.line] = entry
        elif entry.severity is Severity.WARNING:
            warnings.append(entry)
        else:
            refused.append((place.line, ids.get(place.line), entry))
    order = sorted(rows)
    if laid is None or len(rows) > len(quick):
        laid = Laid([rows[line] for line in order], absent)
    facts = {name: [_map_of(rows[line], name) for line in order] for name in MAPS} if keep_facts else {}
    return Taken(laid.batch, np.array(order, dtype=np.int64), refused, warnings, strangers, facts)


def _map_of(row: Any, name: str) -> Mapping[str, object]:
    """What a row says under `attributes` or `metrics`; nothing where the field is absent, null or empty."""
    told = getattr(row, name)
    return told if isinstance(told, Mapping) else {}


def _noted(entries: Iterator[Entry], ids: dict[int, str]) -> Iterator[Entry]:
    """Entries, the ids of their calls noted by line as far as they have one."""
    for entry in entries:
        if not isinstance(entry, Problem) and entry[0].get("call_id") is not None:
            ids[entry[1].line] = str(entry[0]["call_id"])
        yield entry
