"""A table of calls as what the engine works on, by column; only rows that fail a column's check are read one by one.

A row that fails is made a record and goes through the door that all records come in by (loading/records.py): what can
be mended is, and what cannot becomes the very Problem of the plain path.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, tzinfo
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from pauta.bulk.columns import (
    Column,
    as_dictionary,
    column_of,
    days_of,
    json_ready,
    moments_of,
    not_data,
    not_within,
    not_words,
    numbers_of,
    subject_of,
)
from pauta.bulk.layout import MAPS, OF_CALLS, OF_PEOPLE, Layout
from pauta.bulk.outgoing import Facts
from pauta.bulk.turns import TurnsColumn
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
from pauta.engine.model.calls import ENGINE, Answer, Call, HumanEvaluation, RawAnswer
from pauta.engine.model.columns import Coded, Subject, Words
from pauta.engine.model.conditions import value_at
from pauta.engine.model.moments import moment_from
from pauta.engine.model.turns import Turns
from pauta.engine.problems import Place, Problem

if TYPE_CHECKING:
    import pyarrow as pa

T = TypeVar("T")
_WORDS: Final = ("call_id", "agent", "team", "customer_segment", "call_type", "language", "scorecard", "version")
_CHOICES: Final = {"direction": DIRECTIONS, "channel": CHANNELS, "mode": MODES}
_LISTS: Final = "|"
"""What stands between several answers in one text."""


class Lazy(Sequence[T], Generic[T]):
    """As many things as there are rows, each made when it is asked for, once."""

    def __init__(self, rows: Sequence[int] | NDArray[np.intp], make: Callable[[int], T]) -> None:
        self._rows, self._make = rows, make
        self._made: dict[int, T] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, row: Any) -> Any:
        if isinstance(row, slice):
            return [self[each] for each in range(*row.indices(len(self)))]
        at = int(row) if row >= 0 else int(row) + len(self)
        if not 0 <= at < len(self):
            raise IndexError(row)
        if at not in self._made:
            self._made[at] = self._make(int(self._rows[at]))
        return self._made[at]


class Incoming:
    """A batch of rows. `slow`: (rows,) bool, those that went through the door; what came of them is in `doors`."""

    def __init__(self, layout: Layout, table: pa.RecordBatch, file: str, first_row: int) -> None:
        self.layout, self.table, self.file, self.first_row = layout, table, file, first_row
        self.size = table.num_rows
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

    # what is in the columns

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
            found[name] = Column(column.codes, [_map_from(json_ready(value)) for value in column.values])
        return found

    def _answers(self) -> dict[str, pa.Array]:
        import pyarrow as pa

        answers = {question: self.table.column(at) for question, at in self.layout.answers.items()}
        if self.layout.nested is None:
            return answers
        nested = self.table.column(self.layout.nested)
        if pa.types.is_struct(nested.type):
            return {**{field.name: part for field, part in zip(nested.type, nested.flatten(), strict=True)}, **answers}
        rows = [_map_from(json_ready(value)) for value in nested.to_pylist()]
        names = dict.fromkeys(name for row in rows if isinstance(row, dict) for name in row)
        return {
            name: _array([row.get(name) if isinstance(row, dict) else None for row in rows]) for name in names
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
        wrong |= self._wrong_among(_WORDS[:6])
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
        wrong |= self._wrong_among((*_WORDS[6:], "mode"))
        wrong |= self._wrong_moments("evaluated_at")
        automatic = ~evaluators.is_valid().to_numpy(zero_copy_only=False)
        for name, array in self.answers.items():
            wrong |= column_of(array).where(_no_answer) if _needs_look(array) else False
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
            value = _told(name, json_ready(self.columns[name][row].as_py()))
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

    def _human_record(self, row: int) -> dict[str, object] | None:
        """The evaluation of a row as a record, None where there is nothing of one."""
        answers: dict[str, dict[str, object]] = {}
        for name, array in self.answers.items():
            value = array[row].as_py()
            if value is not None:
                answers.setdefault(name, {})["answer"] = _split(json_ready(value))
        for (name, part), array in self.beside.items():
            value = array[row].as_py()
            if value is not None:
                answers.setdefault(name, {})[part] = json_ready(value)
        record = {
            name: _told(name, json_ready(self.columns[name][row].as_py()))
            for name in ("call_id", "agent", *OF_PEOPLE)
            if name in self.columns
        }
        if record.get("evaluator") is None and not answers:
            return None
        return {**record, "answers": answers}

    # what the engine is given

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

    @cached_property
    def _coded(self) -> dict[str, Column]:
        return {}

    def coded_answer(self, question: str) -> Column:
        """The answers to a question as people gave them (RawAnswer), by dictionary."""
        if question not in self._coded:
            column = column_of(self.answers[question])
            self._coded[question] = Column(column.codes, [_raw(value) for value in column.values])
        return self._coded[question]

    def said(self, rows: NDArray[np.intp] | None) -> Turns:
        """What was said in some rows, None is all of them: they share what criteria find in a text."""
        if self.turns is None:
            self.turns = TurnsColumn(_no_turns(self.size))
        said = self.turns.said
        return said if rows is None else said.of_rows(rows.astype(np.int64))

    def call(self, row: int) -> Call:
        """The call of a row."""
        if row in self.doors:
            call = self.doors[row][0]
            assert call is not None, "a row that was refused is no call"
            return call
        fields: dict[str, Any] = {name: column[row] for name, column in self._lists.items()}
        maps: dict[str, Any] = {name: self._call_map(name, row) for name in MAPS}
        return Call(
            **fields,
            **maps,
            turns=self.turns.turns(row) if self.turns is not None else (),
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
                None if np.isnan(each) else float(each) for each in numbers_of(self.columns["duration_s"])
            ]
        return lists

    def human(self, row: int) -> HumanEvaluation | None:
        """The evaluation of a row, None where it is automatic."""
        if row in self.doors:
            return self.doors[row][1]
        if not self.people[row]:
            return None
        record = self._human_record(row)
        assert record is not None
        human = human_from(record, self.place(row))
        assert isinstance(human, HumanEvaluation), "a row that passed the checks of its columns is an evaluation"
        return human

    def notes(self, question: str, rows: NDArray[np.intp]) -> Iterator[tuple[int, Answer]]:
        """What stands beside the answers to a question: the place in `rows`, and the answer with it."""
        parts = {part: array for (name, part), array in self.beside.items() if name == question}
        there = np.zeros(self.size, dtype=np.bool_)
        for array in parts.values():
            there |= array.is_valid().to_numpy(zero_copy_only=False)
        if not there.any():
            return
        answers = self.coded_answer(question) if question in self.answers else None
        for place in np.flatnonzero(there[rows]).tolist():
            row = int(rows[place])
            code = int(answers.codes[row]) if answers is not None else -1
            raw = answers.values[code] if answers is not None and code >= 0 else None
            given = {part: array[row].as_py() for part, array in parts.items()}
            at = given.get("at")
            note = Answer(raw, given.get("comment") or None, given.get("fault"), None if at is None else float(at))
            if note.comment or note.fault or note.at is not None:
                yield place, note


def _raw(value: Any) -> RawAnswer | None:
    """An answer of a column as `records.typed_answer` takes it, `|` between several; None is none."""
    from pauta.engine.loading.records import typed_answer

    answer = typed_answer(_split(json_ready(value)))
    return None if answer is None else answer.value


def _no_answer(value: Any) -> bool:
    from pauta.engine.loading.records import typed_answer

    return typed_answer(_split(json_ready(value))) is None


def _split(value: Any) -> Any:
    if value == "[]":
        return []
    return [part.strip() for part in value.split(_LISTS)] if isinstance(value, str) and _LISTS in value else value


def _needs_look(array: pa.Array) -> bool:
    """Whether a column may hold what is no answer: numbers that are not finite, lists, maps."""
    import pyarrow as pa

    kind = array.type.value_type if pa.types.is_dictionary(array.type) else array.type
    plain = pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_boolean(kind)
    return not (plain or pa.types.is_null(kind))


def _told(name: str, value: Any) -> Any:
    """A value as the sources of tables hand it on: ids as text, moments with a T, turns without what is null."""
    if name in (*_WORDS, "evaluator") and isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if name in ("started_at", "evaluated_at") and isinstance(value, str):
        moment = moment_from(value.strip()) if "T" not in value else None
        return (moment.isoformat() if moment else value.strip()) or None
    if name == "turns":
        value = _parsed(value)
        if isinstance(value, list):
            return [{key: each for key, each in turn.items() if each is not None} if isinstance(turn, dict) else turn
                    for turn in value]  # fmt: skip
    return value


def _map_from(value: Any) -> Any:
    """A map that comes as such or as JSON; facts that are null are none."""
    value = _parsed(value)
    if value == []:
        return {}
    return {key: each for key, each in value.items() if each is not None} if isinstance(value, dict) else value


def _parsed(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value) if value.strip() else None
    except ValueError:
        return value


def _no_turns(rows: int) -> pa.Array:
    import pyarrow as pa

    turn = pa.struct({"speaker": pa.string(), "text": pa.string()})
    return pa.nulls(rows, pa.list_(turn))


def _array(values: list[Any]) -> pa.Array:
    """Values of any kind as a column; where they are of several kinds, as text."""
    import pyarrow as pa

    try:
        return pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return pa.array([None if each is None else str(each) for each in values], pa.string())
