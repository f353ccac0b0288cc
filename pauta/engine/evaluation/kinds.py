"""Which questions of a card are answered alike, so that a few rows of them can be worked on together."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pauta.engine.evaluation.binding import BoundCriterion
from pauta.engine.evaluation.cells import Coding
from pauta.engine.evaluation.hear import Cells
from pauta.engine.model.calls import RawAnswer
from pauta.engine.model.findings import Verdict
from pauta.engine.model.results import Cell


@dataclass(frozen=True)
class Kinds:
    """Positions of questions, by who answers them.

    by_criterion: their criterion waits for no answer; answers: (by_criterion, 1) bool, whether it does so without a
    person; codes_of_verdicts: (by_criterion, verdicts). by_default: the card fills in; by_person: all others without a
    criterion that is asked; only_persons: (by_person, 1) bool, those without any criterion. waiting: their criterion
    asks about answers. stepwise: these and those not asked everywhere, in an order in which nothing is asked about
    before it is known. open: without options of which one is the answer. reading: of all questions the id, what
    codes stand for, and the code of an answer that needs no reading. cells: of all questions, as far as they are known
    before there are answers.
    """

    by_criterion: NDArray[np.intp]
    answers: NDArray[np.bool_]
    codes_of_verdicts: NDArray[np.intp]
    by_default: NDArray[np.intp]
    by_person: NDArray[np.intp]
    only_persons: NDArray[np.bool_]
    waiting: frozenset[int]
    stepwise: tuple[int, ...]
    open: tuple[int, ...]
    reading: tuple[tuple[str, tuple[str, ...], Callable[[RawAnswer | None], int]], ...]
    cells: tuple[Sequence[Cell], ...]


def kinds_of(
    codings: Sequence[Coding],
    criteria: Mapping[int, BoundCriterion],
    order: Sequence[int],
    conditional: Collection[int],
) -> Kinds:
    """The questions of a plan by who answers them."""
    questions = [coding.question for coding in codings]
    waiting = frozenset(n for n, criterion in criteria.items() if criterion.waits)
    asked = [n for n in range(len(codings)) if n in criteria and n not in waiting]
    others = [n for n in range(len(codings)) if n not in criteria]
    by_person = [n for n in others if questions[n].default is None]
    return Kinds(
        by_criterion=np.array(asked, dtype=np.intp),
        answers=_column([_answers(codings[n]) for n in asked]),
        codes_of_verdicts=codes_of_verdicts([codings[n] for n in asked]),
        by_default=np.array([n for n in others if questions[n].default is not None], dtype=np.intp),
        by_person=np.array(by_person, dtype=np.intp),
        only_persons=_column([questions[n].criterion is None for n in by_person]),
        waiting=waiting,
        stepwise=tuple(n for n in order if n in waiting or n in conditional),
        open=tuple(n for n, coding in enumerate(codings) if not coding.closed),
        reading=tuple((coding.question.id, coding.vocabulary, coding.code_of_plain.__getitem__) for coding in codings),
        cells=tuple(coding.cells for coding in codings),
    )


def codes_of_verdicts(codings: Sequence[Coding]) -> NDArray[np.intp]:
    """(codings, verdicts): what the verdicts of closed questions' criteria come to; 0 for open questions."""
    found = np.zeros((len(codings), len(Verdict)), dtype=np.intp)
    for n, coding in enumerate(codings):
        if coding.closed and coding.question.criterion is not None:
            found[n] = Cells(coding).of_verdicts(coding.question.criterion)
    return found


def _answers(coding: Coding) -> bool:
    criterion = coding.question.criterion
    return criterion is not None and not criterion.confirm


def _column(flags: Sequence[bool]) -> NDArray[np.bool_]:
    return np.array(flags, dtype=np.bool_)[:, np.newaxis]
