"""What people answered in a table, as the plans of the cards take it: looked at once, however many cards there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from pauta.bulk.columns import Column
from pauta.bulk.incoming import Incoming
from pauta.engine.evaluation.cells import Coding, RefusedError, State
from pauta.engine.model.calls import Answer
from pauta.engine.model.columns import Coded

if TYPE_CHECKING:
    from pauta.engine.evaluation.plan import Plan

BYTE: Final = 256
FEW: Final = 8
"""Answers in less than one row of so many are taken for all questions at once: the rest of the columns stays unread."""


class Given:
    """The answers of a batch. values: by question, what its column may hold, in the order of its codes."""

    def __init__(self, incoming: Incoming) -> None:
        self._incoming, self.size = incoming, incoming.size
        self.columns: dict[str, Column] = {name: incoming.coded_answer(name) for name in incoming.answers}
        self.names = tuple(self.columns)
        self.values = {name: tuple(column.values) for name, column in self.columns.items()}
        self._side_by_side: dict[tuple[str, ...], NDArray[np.int32] | None] = {}

    @cached_property
    def _counts(self) -> NDArray[np.int64]:
        """(rows,): how many questions are answered."""
        counts = np.zeros(self.size, dtype=np.int64)
        for column in self.columns.values():
            counts += column.codes >= 0
        return counts

    def answered_beside(self, names: Sequence[str], rows: NDArray[np.intp]) -> list[str]:
        """The questions other than `names` that somebody answered in some rows."""
        own = np.zeros(len(rows), dtype=np.int64)
        for name in names:
            own += self.columns[name].codes[rows] >= 0
        if (own == self._counts[rows]).all():
            return []
        known = set(names)
        return [name for name in self.names if name not in known and (self.columns[name].codes[rows] >= 0).any()]

    def side_by_side(self, names: tuple[str, ...]) -> NDArray[np.int32] | None:
        """(rows, questions): the codes of several questions, for cards that ask the same; None for the first of them.

        Those of a question begin where those of the one before end; the last of each is that of no answer.
        """
        if names not in self._side_by_side:
            self._side_by_side[names] = None
            return None
        made = self._side_by_side[names]
        if made is None:
            made = self._side_by_side[names] = np.empty((self.size, len(names)), dtype=np.int32)
            begin = 0
            for n, name in enumerate(names):
                codes, none = self.columns[name].codes, len(self.values[name])
                made[:, n] = np.where(codes < 0, none, codes) + begin
                begin += none + 1
        return made

    @cached_property
    def _noted(self) -> list[tuple[str, NDArray[np.intp]]]:
        """Questions with something beside an answer, and in which rows."""
        noted = [(name, self._incoming.noted(name)) for name in dict.fromkeys([*self.names, *self._beside])]
        return [(name, rows) for name, rows in noted if len(rows)]

    @property
    def _beside(self) -> list[str]:
        return [question for question, _ in self._incoming.beside]

    def notes(self, rows: NDArray[np.intp], by_person: NDArray[np.bool_]) -> dict[tuple[int, str], Answer]:
        """What people wrote beside their answers in some rows, by the place in `rows` and the question."""
        if not self._beside or not self._noted:
            return {}
        place_of = np.full(self.size, -1, dtype=np.intp)
        place_of[rows[by_person]] = np.flatnonzero(by_person)
        notes: dict[tuple[int, str], Answer] = {}
        for name, noted in self._noted:
            places = place_of[noted]
            for n in np.flatnonzero(places >= 0).tolist():
                note = self._incoming.note(name, int(noted[n]))
                if note.has_note:
                    notes[int(places[n]), name] = note
        return notes


class Reader:
    """Brings what people answered into the vocabulary of a plan."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._own: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
        self._codes: dict[str, tuple[tuple[Any, ...], NDArray[Any] | None]] = {}
        self._all: tuple[tuple[tuple[Any, ...], ...], NDArray[np.uint8] | None] = ((), None)

    def answers(
        self, given: Given, rows: NDArray[np.intp], taken: NDArray[np.intp] | None, by_person: NDArray[np.bool_] | None
    ) -> Mapping[str, Coded[Any]]:
        """The answers in some rows by question. taken: the same rows, None is all of them in order.

        by_person: (rows,) bool, those of which a person's answers count; None is all of them.
        """
        if self._own[0] != given.names:
            self._own = given.names, tuple([name for name in given.names if name in self._plan.position])
        names = self._own[1]
        strange = set(given.answered_beside(names, rows)) if len(names) < len(given.names) else set()
        if not strange and taken is not None and len(rows) * FEW < given.size:
            found = self._together(given, names, rows, by_person)
            if found is not None:
                return found
        if strange:
            names = tuple([name for name in given.names if name in strange or name in self._plan.position])
        answers: dict[str, Coded[Any]] = {}
        for name in names:
            codes = given.columns[name].codes if taken is None else given.columns[name].codes.take(taken)
            if by_person is not None:
                codes = np.where(by_person, codes, -1)
            if name not in strange:
                answers[name] = self._coded(name, codes, given.values[name])
            elif (codes >= 0).any():
                answers[name] = _raw_coded(codes, given.values[name])
        return answers

    def _together(
        self, given: Given, names: tuple[str, ...], rows: NDArray[np.intp], by_person: NDArray[np.bool_] | None
    ) -> Mapping[str, Coded[Any]] | None:
        """The answers in few rows, all questions at once; None where they cannot be taken so."""
        values = tuple([given.values[name] for name in names])
        if self._all[0] != values:
            known = [self._known(name, given.values[name]) for name in names]
            small = [codes for codes in known if codes is not None and codes.dtype == np.uint8]
            self._all = values, np.concatenate(small) if small and len(small) == len(known) else None
        if self._all[1] is None:
            return None
        side_by_side = given.side_by_side(names)
        if side_by_side is None:
            return None
        found = np.ascontiguousarray(self._all[1].take(side_by_side.take(rows, axis=0)).T)
        if by_person is not None:
            found *= by_person  # State.MISSING is 0
        return {name: Coded(found[n], self._plan.vocabulary(name)) for n, name in enumerate(names)}

    def _coded(self, name: str, codes: NDArray[np.int32], values: tuple[Any, ...]) -> Coded[Any]:
        """Answers in the plan's own vocabulary; where one of them is none of it, as they were given."""
        known = self._known(name, values)
        return _raw_coded(codes, values) if known is None else Coded(known.take(codes), self._plan.vocabulary(name))

    def _known(self, name: str, values: tuple[Any, ...]) -> NDArray[Any] | None:
        known = self._codes.get(name)
        if known is None or known[0] != values:
            known = self._codes[name] = values, self._codes_of(name, values)
        return known[1]

    def _codes_of(self, name: str, values: tuple[Any, ...]) -> NDArray[Any] | None:
        """The code of each value, and last that of no answer; None where one of them is no answer of the question."""
        coding = self._plan.codings[self._plan.position[name]]
        if not coding.closed:
            return None
        codes = [_code(coding, value) for value in values]
        if None in codes:
            return None
        return np.array([*codes, State.MISSING], dtype=np.uint8 if len(coding.vocabulary) <= BYTE else np.int32)


def _code(coding: Coding, value: Any) -> int | None:
    """The code of an answer as people gave it, None where it is no answer of the question."""
    plain = coding.code_of_plain.get(value)
    if plain is not None:
        return int(plain)
    try:
        read = coding.read(value)
    except RefusedError:
        return None
    return int(read) if isinstance(read, State) else coding.code_of[str(read)]


def _raw_coded(codes: NDArray[np.int32], values: tuple[Any, ...]) -> Coded[Any]:
    return Coded(np.where(codes < 0, len(values), codes), (*values, None))
