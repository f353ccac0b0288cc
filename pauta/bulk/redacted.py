"""Redaction by column: the results of a batch masked before anything is made of them, as `Redactor` masks records.

redacted          the results of each card masked, without those that could not be
redacted_rejects  what was refused, its reasons masked
may_hold          what there can be in which text of a column

Each different text is masked once. Most texts hold nothing: a column is looked through as a whole for what the shipped
redactions need, and only what may hold something goes through the patterns themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from pauta.bulk.columns import json_ready
from pauta.bulk.incoming import Incoming, Lazy
from pauta.bulk.some_rows import without
from pauta.bulk.together import Group
from pauta.engine.evaluation.cells import State
from pauta.engine.evaluation.records import NOT_LOOKED, record
from pauta.engine.model.calls import Call, Note
from pauta.engine.model.findings import Evidence, Findings
from pauta.engine.model.results import Cell, QuestionAnswers
from pauta.engine.model.scorecard import Question
from pauta.engine.problems import Problem
from pauta.engine.redaction import RedactionError, Redactor, Search, not_masked

if TYPE_CHECKING:
    import pyarrow as pa

HIDDEN: Final = "not shown: it could not be masked"


@dataclass(frozen=True)
class Once(Redactor):
    """Masks each different text once. known: what became of it."""

    known: dict[str, str | RedactionError] = field(default_factory=dict)

    def text(self, text: str) -> str:
        """A text with everything masked that is found. Raises RedactionError, for the same text again."""
        found = self.known.get(text)
        if found is None:
            try:
                found = super().text(text)
            except RedactionError as error:
                found = error
            self.known[text] = found
        if isinstance(found, RedactionError):
            raise found.with_traceback(None)
        return found

    def learn(self, texts: Iterable[str]) -> None:
        """Mask texts together."""
        import pyarrow as pa

        new = [text for text in dict.fromkeys(texts) if text not in self.known]
        self.known.update(zip(new, new, strict=True))
        self.known.update((text, masked) for _, text, masked in masked_in(self, pa.array(new, pa.large_string())))

    def fails(self, value: object) -> bool:
        """Whether a value cannot be masked."""
        try:
            self.inside(value)
        except RedactionError:
            return True
        return False


def may_hold(redactor: Redactor, texts: pa.Array) -> NDArray[np.bool_]:
    """(redactions, texts) bool: what there can be in which text. Nulls hold nothing."""
    import pyarrow.compute as pc

    found: dict[str | None, NDArray[np.bool_]] = {None: texts.is_valid().to_numpy(zero_copy_only=False)}
    needs = [find.needs if isinstance(find, Search) else None for find in redactor.finders.values()]
    for pattern in needs:
        if pattern not in found:
            found[pattern] = pc.match_substring_regex(texts, pattern).fill_null(False).to_numpy(zero_copy_only=False)
    return np.array([found[pattern] for pattern in needs], dtype=np.bool_).reshape(len(needs), len(texts))


def masked_in(redactor: Redactor, texts: pa.Array) -> Iterator[tuple[int, str, str | RedactionError]]:
    """The texts of a column that may hold something, each with its place, and masked; or why it cannot be."""
    import pyarrow as pa

    may = may_hold(redactor, texts)
    places = np.flatnonzero(may.any(axis=0))
    asked: dict[bytes, Redactor] = {}
    finders = [(name, find.find if isinstance(find, Search) else find) for name, find in redactor.finders.items()]
    for place, text in zip(places.tolist(), texts.take(pa.array(places)).to_pylist(), strict=True):
        own = may[:, place]
        if own.tobytes() not in asked:
            asked[own.tobytes()] = Redactor(dict(each for each, is_there in zip(finders, own, strict=True) if is_there))
        try:
            yield place, text, asked[own.tobytes()].text(text)
        except RedactionError as error:
            yield place, text, error


def redacted_rejects(rejects: pa.RecordBatch, redactor: Redactor | None) -> pa.RecordBatch:
    """What was refused with its reasons masked: they quote what is wrong. Ids stay."""
    if redactor is None or not rejects.num_rows:
        return rejects
    import pyarrow as pa

    once = Once(redactor.finders)
    for name in ("message", "hint"):
        texts = rejects.column(name).to_pylist()
        masked = [None if text is None else HIDDEN if once.fails(text) else once.text(text) for text in texts]
        rejects = rejects.set_column(rejects.schema.get_field_index(name), name, pa.array(masked, pa.string()))
    return rejects


def redacted(
    redactor: Redactor | None,
    incoming: Incoming,
    groups: list[Group],
    size: int,
    wrong: list[tuple[int, str, Problem]],
    told: list[Problem],
) -> tuple[list[Group], int]:
    """The results of each card masked, and how many of `size` there are.

    Those that could not be masked are left out, and are problems: in `wrong` with row and call, and in `told`. The
    batches of masked results hold masked calls, without what was said in them.
    """
    if redactor is None or not groups:
        return groups, size
    masked, lost = _Redaction(redactor, incoming, groups).made()
    wrong += lost
    told += [problem for _, _, problem in lost]
    return masked, size - len(lost)


class _Redaction:
    """What is masked in one batch."""

    def __init__(self, redactor: Redactor, incoming: Incoming, groups: list[Group]) -> None:
        self._once, self._incoming, self._groups = Once(redactor.finders), incoming, groups
        self._turns = _Turns(self._once, incoming)
        self._once.learn(chain(_texts_of(groups), _texts_inside(incoming)))

    def made(self) -> tuple[list[Group], list[tuple[int, str, Problem]]]:
        """The groups masked, and what is left out of them."""
        lost: dict[tuple[int, int], tuple[int, int, Problem]] = {}
        groups = self._groups
        if self._turns.wrong or any(isinstance(each, RedactionError) for each in self._once.known.values()):
            lost = dict(self._lost())
            groups = without(groups, lost)
        ids = self._incoming.facts.call_id
        told = sorted(lost.values(), key=lambda each: each[0])
        return [self._group(each) for each in groups], [(row, ids[row].as_py(), problem) for _, row, problem in told]

    def _lost(self) -> Iterator[tuple[tuple[int, int], tuple[int, int, Problem]]]:
        """Group and row of each result that cannot be masked, with its place, its row in the table, and why.

        Everything of the batch is masked as records are: what fails is rare, and must fail alike.
        """
        for n, group in enumerate(self._groups):
            for at, row in enumerate(group.rows.tolist()):
                call = self._incoming.call(row)
                try:
                    masked = self._once.call(call)
                    self._once.record(record(group.results, at), masked)
                except RedactionError as error:
                    place = at if group.order is None else int(group.order[at])
                    yield (n, at), (place, row, not_masked(call, group.results.scorecard.name, error))

    def _group(self, group: Group) -> Group:
        results, once = group.results, self._once
        notes = {key: _masked_note(once, note) for key, note in results.batch.notes.items()}
        calls = Lazy(group.rows, self._call)
        answers = {
            question.id: self._answers(group, question, results.answers[question.id])
            for question in results.scorecard.questions
        }
        own = all(answers[name].cells is each.cells for name, each in results.answers.items())
        batch = replace(results.batch, notes=notes, calls=calls)
        pieces = results.pieces if own else {}  # those were written with the answers as they are
        return replace(group, results=replace(results, batch=batch, answers=answers, pieces=pieces))

    def _call(self, row: int) -> Call:
        return self._once.call(self._incoming.call(row, turns=False))

    def _answers(self, group: Group, question: Question, given: QuestionAnswers) -> QuestionAnswers:
        if question.max_points is None:
            given = self._free(given)
        if given.findings is None:
            return self._not_looked(given)
        found, once = given.findings, self._once
        reasons = found.reasons
        changed = {each: once.text(each) for each in set(reasons.values()) if once.text(each) != each}
        if changed:
            reasons = {row: changed.get(each, each) for row, each in reasons.items()}
        evidence = self._evidence(group.rows, found.evidence)
        if reasons is found.reasons and evidence is found.evidence:
            return given
        return replace(given, findings=replace(found, reasons=reasons, evidence=evidence))

    def _free(self, given: QuestionAnswers) -> QuestionAnswers:
        """Answers that earn no points: what they say is masked, and what a criterion proposed."""
        once, proposed = self._once, given.proposed
        cells = [_masked_cell(once, cell) for cell in given.cells]
        if proposed is not None:  # a state that is proposed is a text of the result as well
            states = {n: said for n, cell in enumerate(cells) if (said := _masked_state(once, cell)) is not None}
            places = np.arange(len(cells))
            places[list(states)] = len(cells) + np.arange(len(states))
            proposed = places[proposed] if states else proposed
            cells += [Cell(cells[n].state, said) for n, said in states.items()]
        if len(cells) == len(given.cells) and all(a is b for a, b in zip(cells, given.cells, strict=True)):
            return given
        return replace(given, cells=cells, proposed=proposed)

    def _not_looked(self, given: QuestionAnswers) -> QuestionAnswers:
        """What is said where nobody looked is a reason like others."""
        rows = np.flatnonzero(given.codes == State.NOT_LOOKED).tolist()
        if not rows or self._once.text(NOT_LOOKED) == NOT_LOOKED:
            return given
        reasons = dict.fromkeys(rows, self._once.text(NOT_LOOKED))
        return replace(given, findings=Findings(np.zeros(len(given.codes), dtype=np.uint8), reasons=reasons))

    def _evidence(
        self, rows: NDArray[np.intp], found: Mapping[int, Sequence[Evidence]]
    ) -> Mapping[int, Sequence[Evidence]]:
        """Places in calls with their quotes masked, as their turns are."""
        if not found:
            return found
        known, turns = self._once.known, self._turns
        quotes = {place.quote for places in found.values() for place in places}
        touched = any(known[each] != each for each in quotes if each is not None)
        marked = turns.rows[rows]
        if not touched and not marked.any():
            return found
        masked = dict(found)
        for at in found if touched else [at for at in np.flatnonzero(marked).tolist() if at in found]:
            row = int(rows[at])
            masked[at] = [self._place(row, place) for place in found[at]]
        return masked

    def _place(self, row: int, place: Evidence) -> Evidence:
        if place.quote is None:
            return place
        masked = self._once.quote(place.quote, self._turns.slice(row, place))
        return place if masked == place.quote else replace(place, quote=masked)


class _Turns:
    """What was said in the calls of a batch, masked where there is something.

    rows: (rows,) bool, those with such a turn. wrong: whether some turn cannot be masked.
    """

    def __init__(self, once: Once, incoming: Incoming) -> None:
        self._incoming, self._once = incoming, once
        self.rows = np.zeros(incoming.size, dtype=np.bool_)
        self._masked: dict[int, str] = {}
        self.wrong = False
        doors = {row: call for row, (call, _) in incoming.doors.items() if call is not None and call.turns}
        self.rows[list(doors)] = True
        self.wrong |= any(once.fails([turn.text for turn in call.turns]) for call in doors.values())
        turns = incoming.turns
        if turns is None or "text" not in turns.parts:
            return
        self._starts = turns.starts
        for place, text, masked in masked_in(once, _plain(turns.parts["text"])):
            if isinstance(masked, RedactionError):
                once.known[text] = masked
                self.wrong = True
            elif masked != text:
                self._masked[place] = masked
        found = np.array(list(self._masked), dtype=np.int64)
        self.rows[np.searchsorted(self._starts, found, side="right") - 1] = True

    def slice(self, row: int, place: Evidence) -> str:
        """The same place in the masked turn; nothing where there is none, or nothing in it is masked."""
        if place.turn is None or place.start is None:
            return ""
        part = slice(place.start, place.stop)
        if row in self._incoming.doors:
            call = self._incoming.doors[row][0]
            return self._once.text(call.turns[place.turn].text)[part] if call and place.turn < len(call.turns) else ""
        first, stop = self._starts[row : row + 2].tolist()
        if place.turn >= stop - first:
            return ""
        return self._masked.get((stop if place.turn < 0 else first) + place.turn, "")[part]


def _plain(texts: pa.Array) -> pa.Array:
    """The texts of a column as they are; none where it holds no texts."""
    import pyarrow as pa

    if pa.types.is_dictionary(texts.type):
        texts = texts.dictionary_decode()
    is_text = pa.types.is_string(texts.type) or pa.types.is_large_string(texts.type)
    return texts if is_text else pa.nulls(len(texts), pa.string())


def _texts_of(groups: Sequence[Group]) -> Iterator[str]:
    """All texts of results that are masked, but for what was said in calls."""
    yield NOT_LOOKED
    for group in groups:
        results = group.results
        yield from (note.comment for note in results.batch.notes.values() if isinstance(note.comment, str))
        for question in results.scorecard.questions:
            given = results.answers[question.id]
            if question.max_points is None:
                for cell in given.cells:
                    yield cell.state
                    yield from _texts_in(cell.value)
            if given.findings is not None:
                yield from set(given.findings.reasons.values())
                quotes = {place.quote for places in given.findings.evidence.values() for place in places}
                yield from (quote for quote in quotes if quote is not None)


def _texts_inside(incoming: Incoming) -> Iterator[str]:
    """All texts in the attributes of calls."""
    written = incoming.as_written.get("attributes")
    for facts in written or ():
        yield from _texts_in(facts)
    for column in () if written else incoming.values_of("attributes"):
        for value in column.values:
            yield from _texts_in(json_ready(value))
    for call, _ in incoming.doors.values():
        if call is not None:
            yield from _texts_in(call.attributes)


def _texts_in(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _texts_in(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _texts_in(each)


def _masked_note(once: Once, note: Note) -> Note:
    return replace(note, comment=once.text(note.comment)) if isinstance(note.comment, str) else note


def _masked_cell(once: Once, cell: Cell) -> Cell:
    """A cell with its answer masked; without one where that failed, for then no result has it any more."""
    if cell.points is not None or not isinstance(cell.value, str | tuple):
        return cell
    value = None if once.fails(cell.value) else once.inside(cell.value)
    masked: Any = tuple(value) if isinstance(value, list) else value
    return cell if masked == cell.value else replace(cell, value=masked)


def _masked_state(once: Once, cell: Cell) -> str | None:
    """The state of a cell without an answer where something in it is masked."""
    if cell.value is not None or cell.points is not None or once.fails(cell.state):
        return None
    return said if (said := once.text(cell.state)) != cell.state else None
