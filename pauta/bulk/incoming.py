"""A table of calls as what the engine works on, by column; only rows that fail a column's check are read one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, tzinfo
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pauta.bulk.checked import Checked
from pauta.bulk.columns import (
    Column,
    as_dictionary,
    column_of,
    days_of,
    json_ready,
    subject_of,
)
from pauta.bulk.layout import MAPS, OF_CALLS
from pauta.bulk.outgoing import Facts
from pauta.bulk.turns import TurnsColumn
from pauta.bulk.values import Lazy, no_turns
from pauta.engine.loading.records import (
    call_from,
    human_from,
)
from pauta.engine.model.calls import Answer, Call, HumanEvaluation
from pauta.engine.model.columns import Coded, Subject, Words
from pauta.engine.model.conditions import value_at
from pauta.engine.model.turns import Turns

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Incoming", "Lazy"]


class Incoming(Checked):
    """A batch of rows as columns of the engine, and as records for those who ask for them one by one.

    as_written: see `write_facts`.
    """

    as_written: Mapping[str, Sequence[Mapping[str, object]]] = MappingProxyType({})

    def write_facts(self, facts: Mapping[str, Sequence[Mapping[str, object]]]) -> None:
        """Have calls say their facts as they were written. facts: `attributes`, `metrics` of each row, or neither."""
        self.as_written = facts
        for row, (call, human) in self.doors.items() if facts else ():
            if call is not None:
                told = replace(call, attributes=facts["attributes"][row], metrics=facts["metrics"][row])
                self.doors[row] = told, human

    def row_in_piece(self, row: int) -> int:
        """The row of the piece that a row is; a call that several people evaluated has several."""
        return row

    @cached_property
    def facts(self) -> Facts:
        """What results repeat of the calls; of rows that were mended as they are now."""
        import pyarrow as pa

        mended = {row: pair for row, pair in self.doors.items() if pair[0] is not None}

        def words(name: str, *, of_human: bool = False) -> pa.Array:
            if name not in self.columns:
                return pa.nulls(self.size, pa.dictionary(pa.int32(), pa.string()))
            if not mended:
                return as_dictionary(self.columns[name])
            return as_dictionary(self._mended(self.columns[name], name, mended, of_human=of_human))

        def texts(array: pa.Array, name: str, *, of_human: bool = False) -> pa.Array:
            if pa.types.is_dictionary(array.type):
                array = array.dictionary_decode()
            return self._mended(array, name, mended, of_human=of_human) if mended else array.cast(pa.string())

        return Facts(
            call_id=texts(self.columns["call_id"], "call_id"),
            started_at=texts(self.moments["started_at"], "started_at"),
            evaluated_at=texts(self.moments["evaluated_at"] if "evaluated_at" in self.moments else pa.nulls(self.size),
                               "evaluated_at", of_human=True),
            **{name: words(name) for name in ("agent", "team", "call_type")},
            **{name: words(name, of_human=True) for name in ("evaluator", "mode")},
        )  # fmt: skip

    def _mended(
        self,
        array: pa.Array,
        name: str,
        mended: Mapping[int, tuple[Call | None, HumanEvaluation | None]],
        *,
        of_human: bool,
    ) -> pa.Array:
        import pyarrow as pa

        texts = [None if value is None else str(value) for value in array.to_pylist()]
        for row, pair in mended.items():
            texts[row] = getattr(pair[of_human], name, None)
        return pa.array(texts, pa.string())

    def days(self, zone: tzinfo | None, today: date) -> tuple[NDArray[np.int32], list[date]]:
        """The day of each call: codes and days."""
        return days_of(self.facts.started_at, zone, today)

    def values_of(self, name: str) -> list[Column]:
        """What `attributes` or `metrics` hold, by dictionary: each fact that is a column, or all of them as one."""
        whole = self._whole_maps.get(name)
        return [*map(column_of, self.maps[name].values()), *([] if whole is None else [whole])]

    def column(self, name: str) -> Column | None:
        """A field of the table by dictionary, None where there is no such column."""
        return column_of(self.columns[name]) if name in self.columns else None

    @cached_property
    def _subjects(self) -> dict[str, Subject]:
        return {}

    def subject(self, name: str) -> Subject:
        """The column of `call.<path>` as conditions see it."""
        if name not in self._subjects:
            self._subjects[name] = self._subject(name.removeprefix("call."))
        return self._subjects[name]

    def _subject(self, path: str) -> Subject:
        name, _, rest = path.partition(".")
        if name in MAPS:
            found = self._fact(name, rest)
        elif name == "started_at":
            found = subject_of(self.facts.started_at)
        else:
            found = (
                subject_of(self.columns[name]) if name in self.columns and name in OF_CALLS[:10] and not rest else None
            )
        return found or Words(Coded(np.zeros(self.size, dtype=np.uint8), (None,)))

    def _fact(self, name: str, path: str) -> Subject | None:
        facts, (head, _, rest) = self.maps[name], path.partition(".")
        if name in self._whole_maps:
            whole = self._whole_maps[name]
            values = [value_at(value, path) if isinstance(value, Mapping) else None for value in whole.values]
            return Words(Coded(np.where(whole.codes < 0, len(values), whole.codes), (*values, None)))
        if head not in facts:
            return None
        if not rest:
            return subject_of(facts[head])
        inner = column_of(facts[head])
        values = [value_at({"inner": json_ready(value)}, f"inner.{rest}") for value in inner.values]
        return Words(Coded(np.where(inner.codes < 0, len(values), inner.codes), (*values, None)))

    def said(self, rows: NDArray[np.intp] | None) -> Turns:
        """What was said in some rows, None is all of them: they share what criteria find in a text."""
        if self.turns is None:
            self.turns = TurnsColumn(no_turns(self.size))
        said = self.turns.said
        return said if rows is None else said.of_rows(rows.astype(np.int64))

    def call(self, row: int, *, turns: bool = True) -> Call:
        """The call of a row. turns: whether what was said is asked for."""
        if row in self.doors:
            call = self.doors[row][0]
            assert call is not None, "a row that was refused is no call"
            return call
        fields: dict[str, Any] = {name: column[row] for name, column in self._lists.items()}
        maps: dict[str, Any] = {name: self._call_map(name, row) for name in MAPS}
        return Call(
            **fields,
            **maps,
            turns=self.turns.turns(row) if turns and self.turns is not None else (),
            at=self.place(row),
        )

    def call_alone(self, row: int) -> Call:
        """The call of one row, where those of the others are not asked for."""
        if row in self.doors:
            return self.call(row)
        call = call_from(self._call_record(row), self.place(row))
        assert isinstance(call, Call), "a row that passed the checks of its columns is a call"
        return call

    def _call_map(self, name: str, row: int) -> Mapping[str, object]:
        if name in self.as_written:
            return self.as_written[name][row]
        if name in self._whole_maps:
            whole = self._whole_maps[name]
            value = whole.values[whole.codes[row]] if whole.codes[row] >= 0 else None
            return value or {}
        return {fact: value for fact, array in self._map_lists[name].items() if (value := array[row]) is not None}

    @cached_property
    def _map_lists(self) -> dict[str, dict[str, list[Any]]]:
        return {
            name: {fact: [json_ready(each) for each in array.to_pylist()] for fact, array in facts.items()}
            for name, facts in self.maps.items()
        }

    @cached_property
    def _lists(self) -> dict[str, list[Any]]:
        """The fields of calls as Python values, for those who ask for calls one by one."""
        names = [name for name in OF_CALLS if name in self.columns and name not in (*MAPS, "turns")]
        lists: dict[str, list[Any]] = {name: self.columns[name].to_pylist() for name in names}
        if "started_at" in lists:
            lists["started_at"] = self.moments["started_at"].to_pylist()
        if "duration_s" in lists:
            lists["duration_s"] = [
                None if each is None or isinstance(each, str) or each != each else float(each)
                for each in lists["duration_s"]  # rows with a text go by the door
            ]
        return lists

    def human(self, row: int, *, answers: bool = True) -> HumanEvaluation | None:
        """The evaluation of a row, None where it is automatic. answers: whether those are asked for."""
        if row in self.doors:
            return self.doors[row][1]
        if not self.people[row]:
            return None
        record = self._human_record(row, answers=answers)
        assert record is not None
        human = human_from(record, self.place(row))
        assert isinstance(human, HumanEvaluation), "a row that passed the checks of its columns is an evaluation"
        return human

    def noted(self, question: str) -> NDArray[np.intp]:
        """The rows in which something stands beside the answer to a question."""
        there = np.zeros(self.size, dtype=np.bool_)
        for (name, _), array in self.beside.items():
            if name == question:
                there |= array.is_valid().to_numpy(zero_copy_only=False)
        return np.flatnonzero(there)

    def note(self, question: str, row: int) -> Answer:
        """The answer of a row to a question with what stands beside it."""
        raw = None
        if question in self.answers:
            answers = self.coded_answer(question)
            code = int(answers.codes[row])
            raw = answers.values[code] if code >= 0 else None
        given = {part: array[row].as_py() for (name, part), array in self.beside.items() if name == question}
        at = given.get("at")
        return Answer(raw, given.get("comment") or None, given.get("fault"), None if at is None else float(at))
