"""The answers of many evaluations as one list column: what an answer is worth is looked up, not worked out.

What a record says of an answer follows from its question and its code but for a few things. So each card has a table
with an entry per (question, code), and a column of answers is that table taken by the codes of all rows. What people
wrote beside an answer and what criteria found is filled in only where there is something.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pauta.bulk.schema import answer_type, value_type, word_type
from pauta.engine.evaluation.records import NOT_LOOKED
from pauta.engine.model.calls import Note
from pauta.engine.model.findings import Evidence
from pauta.engine.model.results import Results

if TYPE_CHECKING:
    import pyarrow as pa

from pauta.bulk.card_cells import FAILS, FAULTS, GIVERS, HARMS, NONE, STATES, CardCells, WordList, cells_of, joined

__all__ = ["NONE", "STATES", "Answers", "CardCells", "Group", "Ragged", "cells_of", "dictionary"]


@dataclass(frozen=True)
class Group:
    """The rows of one card.

    rows: (n,) the row of the table that each is about. order: (n,) where each stands in the result, None where the
    group is all of it, in its order. by_person: (n,) bool.
    """

    results: Results
    rows: NDArray[np.intp]
    order: NDArray[np.intp] | None
    by_person: NDArray[np.bool_]


class Ragged:
    """A list column in the making: each row of a group has as many entries as its card has of something."""

    def __init__(self, groups: Sequence[Group], lengths: Sequence[int], size: int) -> None:
        self.groups, self.lengths = groups, lengths
        counts = np.zeros(size, dtype=np.int32)
        for group, length in zip(groups, lengths, strict=True):
            counts[slice(None) if group.order is None else group.order] = length
        self.offsets = np.zeros(size + 1, dtype=np.int32)
        np.cumsum(counts, out=self.offsets[1:])
        self.total = int(self.offsets[-1])

    def position(self, group: int, row: int, entry: int) -> int:
        """Where an entry of a row stands among all."""
        order = self.groups[group].order
        return int(self.offsets[row if order is None else order[row]]) + entry

    def flat(self, columns: Sequence[Sequence[Any]], dtype: Any) -> NDArray[Any]:
        """(total,): the entries of all rows in order. columns: for each group (rows,) or a scalar for each entry."""
        flat = np.empty(self.total, dtype=dtype)
        for group, length, given in zip(self.groups, self.lengths, columns, strict=True):
            rows = len(group.rows)
            if not length:
                continue
            matrix = flat.reshape(rows, length) if group.order is None else np.empty((rows, length), dtype=dtype)
            for n, column in enumerate(given):
                matrix[:, n] = column
            if group.order is not None:
                flat[self.offsets[group.order][:, None] + np.arange(length, dtype=np.intp)] = matrix
        return flat


class Answers:
    """The answers of a batch of results, flat: one entry per row and question."""

    def __init__(self, groups: Sequence[Group], size: int, cells: Sequence[CardCells]) -> None:
        self.table, begins = joined(cells)
        self.groups = groups
        self.asked = [list(group.results.answers.values()) for group in groups]
        self.layout = Ragged(groups, [len(each) for each in self.asked], size)
        self.starts = [[begin + start for start in table.starts] for table, begin in zip(cells, begins, strict=True)]
        self.entries = self.layout.flat(
            [
                [each.codes.astype(np.intp) + start for each, start in zip(asked, starts, strict=True)]
                for asked, starts in zip(self.asked, self.starts, strict=True)
            ],
            np.intp,
        )

    def names_where(self, chosen: NDArray[np.bool_]) -> pa.ListArray:
        """For each row the questions for which something holds of their entry in the table. chosen: by entry."""
        import pyarrow as pa

        offsets = self.layout.offsets
        if not chosen.any():
            return pa.ListArray.from_arrays(np.zeros(len(offsets), dtype=np.int32), _words([], ()))
        places = np.flatnonzero(chosen.take(self.entries))
        until = np.searchsorted(places, offsets).astype(np.int32)
        return pa.ListArray.from_arrays(until, _words(self.table.question[self.entries[places]], self.table.questions))

    def column(self) -> pa.ListArray:
        """One struct an answer, in the order of the questions."""
        import pyarrow as pa

        table, flat = self.table, self.entries
        notes = list(self._notes())
        nothing = answer_type()
        parts = {
            "question": _words(table.question.take(flat), table.questions),
            "answer": self._value(flat, table.text, table.has_value),
            "state": _few(table.state.take(flat), STATES),
            **{name: _numbers(getattr(table, name), flat) for name in ("points", "out_of", "weight", "credit")},
            "share": pa.array(self._shares(), from_pandas=True),
            "errors": self._errors(),
            "fault": self._fault(notes),
            "answered_by": self._givers(),
            "comment": self._noted(notes, "comment", pa.string()),
            "at": self._noted(notes, "at", pa.float64()),
            "evidence": self._evidence(),
            "reason": self._reasons(),
            "criterion_answer": self._proposed(),
            "more": pa.nulls(len(flat), pa.string()),
        }
        struct = pa.StructArray.from_arrays([parts[field.name] for field in nothing], fields=list(nothing))
        return pa.ListArray.from_arrays(pa.array(self.layout.offsets), struct)

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

    def _shares(self) -> NDArray[np.float64]:
        return self.layout.flat([list(group.results.shares.values()) for group in self.groups], np.float64)

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
        within = np.arange(len(begins)) - np.repeat(np.cumsum(several) - several, several)
        flat = [pair for each in errors for pair in each]
        pairs = np.array(flat, dtype=np.int8).reshape(len(flat), 2)[begins + within]
        struct = pa.StructArray.from_arrays(
            [_few(pairs[:, 0], HARMS), _few(pairs[:, 1], FAILS)],
            fields=list(answer_type().field("errors").type.value_type),
        )
        return pa.ListArray.from_arrays(pa.array(offsets), struct)

    def _notes(self) -> Iterator[tuple[int, Note]]:
        """What people wrote beside answers, by the place of the answer."""
        for n, group in enumerate(self.groups):
            position = {name: each for each, name in enumerate(group.results.answers)}
            for (row, question), note in group.results.batch.notes.items():
                if question in position:
                    yield self.layout.position(n, row, position[question]), note

    def _fault(self, notes: Sequence[tuple[int, Note]]) -> pa.DictionaryArray:
        fault = self.table.fault.take(self.entries)
        for place, note in notes:
            if note.fault and self.table.missed[self.entries[place]]:
                fault[place] = FAULTS.index(note.fault)
        return _few(fault, FAULTS)

    def _noted(self, notes: Sequence[tuple[int, Note]], name: str, kind: pa.DataType) -> pa.Array:
        import pyarrow as pa

        said = sorted((place, value) for place, note in notes if (value := getattr(note, name)) is not None)
        if not said:
            return pa.nulls(len(self.entries), kind)
        index = np.full(len(self.entries), NONE, dtype=np.int32)
        index[[place for place, _ in said]] = np.arange(len(said))
        return pa.array([value for _, value in said], kind).take(pa.array(index, mask=index < 0))

    def _givers(self) -> pa.DictionaryArray:
        """Who gave each answer: as the results say, else a person wherever there is one."""
        given = self.table.given
        if all(each.given is None for asked in self.asked for each in asked):
            return _few(given.take(self.entries), GIVERS)
        columns = [
            [
                given.take(each.codes.astype(np.intp) + start) if each.given is None else each.given.astype(np.int8) - 1
                for each, start in zip(asked, starts, strict=True)
            ]
            for asked, starts in zip(self.asked, self.starts, strict=True)
        ]
        return _few(self.layout.flat(columns, np.int8), GIVERS)

    def _proposed(self) -> pa.StructArray:
        """What criteria said, whoever's answer counted."""
        import pyarrow as pa

        if all(each.proposed is None for asked in self.asked for each in asked):
            return pa.nulls(len(self.entries), value_type())
        entries = self.layout.flat(
            [
                [
                    NONE if each.proposed is None else each.proposed.astype(np.int64) + start
                    for each, start in zip(asked, starts, strict=True)
                ]
                for asked, starts in zip(self.asked, self.starts, strict=True)
            ],
            np.intp,
        )
        return self._value(entries, self.table.proposed, np.ones(len(self.table.text), dtype=np.bool_))

    def _reasons(self) -> pa.DictionaryArray:
        reasons = WordList()
        if self.table.looked.all():
            index = np.full(len(self.entries), NONE, dtype=np.int32)
        else:
            index = np.where(self.table.looked.take(self.entries), np.int32(NONE), np.int32(reasons.of(NOT_LOOKED)))
        for n, asked in enumerate(self.asked):
            for entry, each in enumerate(asked):
                for row, reason in each.findings.reasons.items() if each.findings is not None else ():
                    index[self.layout.position(n, row, entry)] = reasons.of(reason or None)
        return _words(index, list(reasons.index))

    def _evidence(self) -> pa.ListArray:
        import pyarrow as pa

        found: list[tuple[int, Sequence[Evidence]]] = []
        for n, asked in enumerate(self.asked):
            for entry, each in enumerate(asked):
                if each.findings is not None:
                    found += [
                        (self.layout.position(n, row, entry), places)
                        for row, places in each.findings.evidence.items()
                        if places
                    ]
        counts = np.zeros(len(self.entries) + 1, dtype=np.int32)
        found.sort(key=lambda each: each[0])
        counts[[place + 1 for place, _ in found]] = [len(places) for _, places in found]
        places_found = [evidence for _, places in found for evidence in places]
        kind = answer_type().field("evidence").type.value_type
        columns = [
            pa.array([one.turn for one in places_found], pa.int64()),
            pa.array(
                [None if one.start is None else [one.start, one.stop] for one in places_found], pa.list_(pa.int64())
            ),
            pa.array([one.quote for one in places_found], pa.string()),
            pa.array([one.from_s for one in places_found], pa.float64()),
            pa.array([one.to_s for one in places_found], pa.float64()),
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
