"""The columns of a table of calls, checked; rows that fail a check go through the door of all records.

A row that fails is made a record (loading/records.py): what can be mended is, and what cannot becomes the very Problem
of the plain path.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from pauta.bulk.columns import (
    Column,
    column_of,
    json_ready,
    moments_of,
    not_data,
    not_within,
    not_words,
)
from pauta.bulk.layout import MAPS, MOMENTS, OF_CALLS, OF_PEOPLE, Layout
from pauta.bulk.turns import TurnsColumn
from pauta.bulk.values import WORDS, array_of, is_no_answer, map_from, needs_look, raw_answer, split, told
from pauta.engine.loading.records import (
    CHANNELS,
    DIRECTIONS,
    FAULTS,
    MODES,
    MOST_SECONDS,
    call_from,
    human_from,
    is_data,
    is_text,
)
from pauta.engine.model.calls import ENGINE, Call, HumanEvaluation
from pauta.engine.problems import Place, Problem

if TYPE_CHECKING:
    import pyarrow as pa

_CHOICES: Final = {"direction": DIRECTIONS, "channel": CHANNELS, "mode": MODES}


AS_RECORDS: Final = {b"pauta": b"records"}
"""What the schema of rows says that were records: a moment is left in the spelling that it has."""


class Checked:
    """A batch of rows. `slow`: (rows,) bool, those that went through the door; what came of them is in `doors`."""

    def __init__(self, layout: Layout, table: pa.RecordBatch, file: str, first_row: int) -> None:
        self.layout, self.table, self.file, self.first_row = layout, table, file, first_row
        self.size = table.num_rows
        self._as_records = (table.schema.metadata or {}) == AS_RECORDS
        self.columns: dict[str, pa.Array] = {name: table.column(at) for name, at in layout.fields.items()}
        self.maps = {name: self._facts_of(name) for name in MAPS}
        self.answers = self._answers()
        self.beside = {key: table.column(at) for key, at in layout.beside.items()}
        self.turns = TurnsColumn(self.columns["turns"]) if "turns" in self.columns else None
        self.moments: dict[str, pa.StringArray] = {}
        self._wrong_call = self._wrong_calls()
        self._wrong_human = self._wrong_humans() & ~self._wrong_call
        self.slow = self._wrong_call | self._wrong_human
        self.refused: list[tuple[int, str | None, Problem]] = []
        self.doors: dict[int, tuple[Call | None, HumanEvaluation | None]] = dict(self._through_the_door())

    def place(self, row: int) -> Place:
        """Where a row stands."""
        return Place(self.file, self.first_row + row, 1)

    def _facts_of(self, name: str) -> dict[str, pa.Array]:
        """The facts of `attributes` or `metrics` that have a column of their own, those of a struct among them."""
        import pyarrow as pa

        facts = {fact: self.table.column(at) for fact, at in self.layout.facts.get(name, {}).items()}
        whole = self.columns.get(name)
        if whole is not None and pa.types.is_struct(whole.type):
            facts |= {field.name: part for field, part in zip(whole.type, whole.flatten(), strict=True)}
        return facts

    @cached_property
    def _whole_maps(self) -> dict[str, Column]:
        """`attributes` and `metrics` that are a map or JSON, each different one parsed once."""
        import pyarrow as pa

        found = {}
        for name in MAPS:
            array = self.columns.get(name)
            if array is None or pa.types.is_struct(array.type):
                continue
            column = column_of(array)
            found[name] = Column(column.codes, [map_from(json_ready(value)) for value in column.values])
        return found

    def _answers(self) -> dict[str, pa.Array]:
        import pyarrow as pa

        answers = {question: self.table.column(at) for question, at in self.layout.answers.items()}
        if self.layout.nested is None:
            return answers
        nested = self.table.column(self.layout.nested)
        if pa.types.is_struct(nested.type):
            return {**{field.name: part for field, part in zip(nested.type, nested.flatten(), strict=True)}, **answers}
        rows = [map_from(json_ready(value)) for value in nested.to_pylist()]
        names = dict.fromkeys(name for row in rows if isinstance(row, dict) for name in row)
        return {
            name: array_of([row.get(name) if isinstance(row, dict) else None for row in rows]) for name in names
        } | answers

    @cached_property
    def people(self) -> NDArray[np.bool_]:
        """(rows,) bool: rows with a person's evaluation."""
        if "evaluator" not in self.columns:
            return np.zeros(self.size, dtype=np.bool_)
        people = self.columns["evaluator"].is_valid().to_numpy(zero_copy_only=False).copy()
        for row, (_, human) in self.doors.items():
            people[row] = human is not None
        return np.asarray(people, dtype=np.bool_)

    @cached_property
    def taken(self) -> NDArray[np.bool_]:
        """(rows,) bool: rows that are calls."""
        taken = np.ones(self.size, dtype=np.bool_)
        taken[[row for row, (call, _) in self.doors.items() if call is None]] = False
        return taken

    # checks

    def _wrong_calls(self) -> NDArray[np.bool_]:
        import pyarrow as pa

        wrong = ~self.columns["call_id"].is_valid().to_numpy(zero_copy_only=False)
        wrong |= self._wrong_among(WORDS[:6])
        if "duration_s" in self.columns:
            wrong |= not_within(self.columns["duration_s"], 0, MOST_SECONDS)
        wrong |= self._wrong_moments("started_at")
        for facts in self.maps.values():
            for array in facts.values():
                wrong |= not_data(array)
        for column in self._whole_maps.values():
            wrong |= column.where(lambda value: not (isinstance(value, dict) and is_data(value)))
        for array in self.columns.values():
            if pa.types.is_struct(array.type) and any(pa.types.is_nested(each.type) for each in array.type):
                wrong |= column_of(array).where(lambda value: not is_data(json_ready(value)))
        if self.turns is not None:
            wrong |= self.turns.wrong
        return np.asarray(wrong, dtype=np.bool_)

    def _wrong_humans(self) -> NDArray[np.bool_]:
        if not self.layout.has_people:
            return np.zeros(self.size, dtype=np.bool_)
        evaluators = self.columns["evaluator"]
        wrong = not_words(evaluators) | column_of(evaluators).where(lambda value: value == ENGINE)
        wrong |= self._wrong_among((*WORDS[6:], "mode"))
        wrong |= self._wrong_moments("evaluated_at")
        automatic = ~evaluators.is_valid().to_numpy(zero_copy_only=False)
        for name, array in self.answers.items():
            wrong |= column_of(array).where(is_no_answer) if needs_look(array) else False
            if automatic.any():
                wrong |= automatic & self.coded_answer(name).where(lambda value: value not in (None, ""))
        for (_, part), array in self.beside.items():
            if part == "at":
                wrong |= not_within(array, 0, MOST_SECONDS)
            elif part == "fault":
                wrong |= column_of(array).where(lambda value: value not in FAULTS)
            else:
                wrong |= column_of(array).where(lambda value: not (isinstance(value, str) and is_text(value)))
        return np.asarray(wrong, dtype=np.bool_)

    def _wrong_among(self, names: Sequence[str]) -> NDArray[np.bool_]:
        wrong = np.zeros(self.size, dtype=np.bool_)
        for name in names:
            if name in self.columns:
                wrong |= not_words(self.columns[name])
        for name, known in _CHOICES.items():
            if name in self.columns and (name == "mode") == ("mode" in names):
                wrong |= column_of(self.columns[name]).where(lambda value, known=known: value not in known)  # type: ignore[misc]
        return wrong

    def _wrong_moments(self, name: str) -> NDArray[np.bool_]:
        import pyarrow as pa

        if name not in self.columns:
            self.moments[name] = pa.nulls(self.size, pa.string())
            return np.zeros(self.size, dtype=np.bool_)
        self.moments[name], wrong = moments_of(self.columns[name])
        return wrong

    # rows that failed

    def _through_the_door(self) -> Iterator[tuple[int, tuple[Call | None, HumanEvaluation | None]]]:
        for row in np.flatnonzero(self.slow).tolist():
            at = self.place(row)
            call = call_from(self._call_record(row), at)
            if isinstance(call, Problem):
                self.refused.append((row, self._id_in(row), call))
                yield row, (None, None)
                continue
            human: HumanEvaluation | Problem | None = None
            record = self._human_record(row)
            if record is not None:
                human = human_from(record, at)
            if isinstance(human, Problem):
                self.refused.append((row, call.call_id, human))
                human = None
            yield row, (call, human and replace(human, call_id=call.call_id, agent=call.agent))

    def _id_in(self, row: int) -> str | None:
        value = self.columns["call_id"][row].as_py()
        return None if value is None else str(value)

    def _call_record(self, row: int) -> dict[str, object]:
        record: dict[str, object] = {}
        for name in (name for name in OF_CALLS if name in self.columns and name not in MAPS):
            value = json_ready(self.columns[name][row].as_py())
            value = value if self._as_records and name in MOMENTS else told(name, value)
            if value is not None:
                record[name] = value
        for name in MAPS:
            facts = {fact: json_ready(array[row].as_py()) for fact, array in self.maps[name].items()}
            whole = self._whole_maps[name].codes[row] if name in self._whole_maps else -1
            given = self._whole_maps[name].values[whole] if whole >= 0 else None
            if isinstance(given, dict):
                facts |= given
            there = {fact: value for fact, value in facts.items() if value is not None}
            if there:
                record[name] = there
            elif given is not None and not isinstance(given, dict):
                record[name] = given
        return record

    def _human_record(self, row: int, *, answers: bool = True) -> dict[str, object] | None:
        """The evaluation of a row as a record, None where there is nothing of one."""
        given: dict[str, dict[str, object]] = {}
        for name, array in self.answers.items() if answers else ():
            value = array[row].as_py()
            if value is not None:
                given.setdefault(name, {})["answer"] = split(json_ready(value))
        for (name, part), array in self.beside.items() if answers else ():
            value = array[row].as_py()
            if value is not None:
                given.setdefault(name, {})[part] = json_ready(value)
        record = {
            name: told(name, json_ready(self.columns[name][row].as_py()))
            for name in ("call_id", "agent", *OF_PEOPLE)
            if name in self.columns
        }
        if record.get("evaluator") is None and not given:
            return None
        return {**record, "answers": given}

    @cached_property
    def _coded(self) -> dict[str, Column]:
        return {}

    def coded_answer(self, question: str) -> Column:
        """The answers to a question as people gave them (RawAnswer), by dictionary."""
        if question not in self._coded:
            column = column_of(self.answers[question])
            self._coded[question] = Column(column.codes, [raw_answer(value) for value in column.values])
        return self._coded[question]
