"""The answers of many evaluations as one list column: what an answer is worth is looked up, not worked out.

What a record says of an answer follows from its question and its code but for a few things. So each card has a table
with an entry per (question, code), and a column of answers is that table taken by the codes of all rows. What people
wrote beside an answer and what criteria found is filled in only where there is something.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pauta.bulk.card_cells import FAILS, FAULTS, GIVERS, HARMS, NONE, STATES
from pauta.bulk.schema import answer_type, value_type, word_type
from pauta.bulk.together import Answers, within
from pauta.engine.evaluation.records import NOT_LOOKED

if TYPE_CHECKING:
    import pyarrow as pa


class Answered:
    """The answers of some rows of a batch of results as Arrow columns. start, stop: of those rows."""

    def __init__(self, answers: Answers, start: int, stop: int) -> None:
        self.table = answers.table
        self.offsets, own = answers.layout.cut(start, stop)
        self.entries = answers.entries[own]
        self._shares = answers.shares[own]
        self._given = None if answers.given is None else answers.given[own]
        self._suggested = None if answers.proposed is None else answers.proposed[own]
        self._notes = within(answers.notes, own)
        self._reasons_told = answers.reason_words
        self._why, self._found = within(answers.reasons, own), within(answers.evidence, own)

    def names_where(self, chosen: NDArray[np.bool_]) -> pa.ListArray:
        """For each row the questions for which something holds of their entry in the table. chosen: by entry."""
        import pyarrow as pa

        if not chosen.any():
            return pa.ListArray.from_arrays(np.zeros(len(self.offsets), dtype=np.int32), _words([], ()))
        places = np.flatnonzero(chosen.take(self.entries))
        until = np.searchsorted(places, self.offsets).astype(np.int32)
        return pa.ListArray.from_arrays(until, _words(self.table.question[self.entries[places]], self.table.questions))

    def column(self) -> pa.ListArray:
        """One struct an answer, in the order of the questions."""
        import pyarrow as pa

        table, flat = self.table, self.entries
        nothing = answer_type()
        parts = {
            "question": _words(table.question.take(flat), table.questions),
            "answer": self._value(flat, table.text, table.has_value),
            "state": _few(table.state.take(flat), STATES),
            **{name: _numbers(getattr(table, name), flat) for name in ("points", "out_of", "weight", "credit")},
            "share": pa.array(self._shares, from_pandas=True),
            "errors": self._errors(),
            "fault": self._fault(),
            "answered_by": self._givers(),
            "comment": self._noted("comment", pa.string()),
            "at": self._noted("at", pa.float64()),
            "evidence": self._evidence(),
            "reason": self._reasons(),
            "criterion_answer": self._proposed(),
            "more": pa.nulls(len(flat), pa.string()),
        }
        struct = pa.StructArray.from_arrays([parts[field.name] for field in nothing], fields=list(nothing))
        return pa.ListArray.from_arrays(pa.array(self.offsets), struct)

    def _value(self, entries: NDArray[np.intp], text: NDArray[np.int32], there: NDArray[np.bool_]) -> pa.StructArray:
        """Answers as text, number and options, null where `there` is false. An entry of NONE is null."""
        import pyarrow as pa

        table = self.table
        null = ~there.take(entries)
        null |= entries < 0
        number = np.where(null, np.nan, table.number.take(entries)) if not np.isnan(table.number).all() else None
        columns = [
            _words(np.where(null, np.int32(NONE), text.take(entries)), table.words),
            pa.nulls(len(entries), pa.float64()) if number is None else pa.array(number, from_pandas=True),
            self._chosen(entries, null),
        ]
        return pa.StructArray.from_arrays(columns, fields=list(value_type()), mask=pa.array(null))

    def _chosen(self, entries: NDArray[np.intp], null: NDArray[np.bool_]) -> pa.ListArray:
        import pyarrow as pa

        chosen = self.table.chosen
        kind = pa.list_(word_type())
        if all(each is None for each in chosen):
            return pa.nulls(len(entries), kind)
        lists = pa.array([None if each is None else [self.table.words[one] for one in each] for each in chosen], kind)
        return lists.take(pa.array(np.where(null, 0, entries), mask=null))

    def _errors(self) -> pa.ListArray:
        import pyarrow as pa

        errors = self.table.errors
        counts = np.array([len(each) for each in errors], dtype=np.int32)
        taken = counts.take(self.entries)
        offsets = np.zeros(len(taken) + 1, dtype=np.int32)
        np.cumsum(taken, out=offsets[1:])
        first = np.concatenate([[0], np.cumsum(counts)])
        there = np.flatnonzero(taken)
        several = taken[there]
        begins = np.repeat(first[self.entries[there]], several)
        inside = np.arange(len(begins)) - np.repeat(np.cumsum(several) - several, several)
        flat = [pair for each in errors for pair in each]
        pairs = np.array(flat, dtype=np.int8).reshape(len(flat), 2)[begins + inside]
        struct = pa.StructArray.from_arrays(
            [_few(pairs[:, 0], HARMS), _few(pairs[:, 1], FAILS)],
            fields=list(answer_type().field("errors").type.value_type),
        )
        return pa.ListArray.from_arrays(pa.array(offsets), struct)

    def _fault(self) -> pa.DictionaryArray:
        fault = self.table.fault.take(self.entries)
        for place, note in self._notes:
            if note.fault and self.table.missed[self.entries[place]]:
                fault[place] = FAULTS.index(note.fault)
        return _few(fault, FAULTS)

    def _noted(self, name: str, kind: pa.DataType) -> pa.Array:
        import pyarrow as pa

        said = [(place, value) for place, note in self._notes if (value := getattr(note, name)) is not None]
        if not said:
            return pa.nulls(len(self.entries), kind)
        index = np.full(len(self.entries), NONE, dtype=np.int32)
        index[[place for place, _ in said]] = np.arange(len(said))
        return pa.array([value for _, value in said], kind).take(pa.array(index, mask=index < 0))

    def _givers(self) -> pa.DictionaryArray:
        """Who gave each answer: as the results say, else a person wherever there is one."""
        return _few(self.table.given.take(self.entries) if self._given is None else self._given, GIVERS)

    def _proposed(self) -> pa.StructArray:
        """What criteria said, whoever's answer counted."""
        import pyarrow as pa

        if self._suggested is None:
            return pa.nulls(len(self.entries), value_type())
        return self._value(self._suggested, self.table.proposed, np.ones(len(self.table.text), dtype=np.bool_))

    def _reasons(self) -> pa.DictionaryArray:
        index = np.full(len(self.entries), NONE, dtype=np.int32)
        if not self.table.looked.all():
            index[~self.table.looked.take(self.entries)] = self._reasons_told.index(NOT_LOOKED)
        for place, reason in self._why:
            index[place] = reason
        return _words(index, self._reasons_told)

    def _evidence(self) -> pa.ListArray:
        import pyarrow as pa

        counts = np.zeros(len(self.entries) + 1, dtype=np.int32)
        counts[[place + 1 for place, _ in self._found]] = [len(found) for _, found in self._found]
        found = [evidence for _, places in self._found for evidence in places]
        kind = answer_type().field("evidence").type.value_type
        columns = [
            pa.array([one.turn for one in found], pa.int64()),
            pa.array([None if one.start is None else [one.start, one.stop] for one in found], pa.list_(pa.int64())),
            pa.array([one.quote for one in found], pa.string()),
            pa.array([one.from_s for one in found], pa.float64()),
            pa.array([one.to_s for one in found], pa.float64()),
        ]
        struct = pa.StructArray.from_arrays(columns, fields=list(kind))
        return pa.ListArray.from_arrays(pa.array(np.cumsum(counts, dtype=np.int32)), struct)


def _numbers(table: NDArray[np.float64], entries: NDArray[np.intp]) -> pa.Array:
    import pyarrow as pa

    return pa.array(table.take(entries), from_pandas=True)


def _words(index: Any, words: Sequence[str]) -> pa.DictionaryArray:
    """Words by index, NONE is null; a column of nulls keeps no words."""
    return dictionary(np.asarray(index, dtype=np.int32), words)


def _few(index: NDArray[np.int8], words: Sequence[str]) -> pa.DictionaryArray:
    return dictionary(index, words)


def dictionary(index: NDArray[Any], words: Sequence[str]) -> pa.DictionaryArray:
    """Words by index, negative is null; a column of nulls keeps no words."""
    import pyarrow as pa

    null = index < 0
    there = not null.all()
    indices = pa.array(index, mask=null) if null.any() else pa.array(index)
    return pa.DictionaryArray.from_arrays(indices, pa.array(words if there else (), pa.string()), safe=False)
