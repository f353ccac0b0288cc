"""People's evaluations and the calls that they are of: held until those come, each filled in by one card.

People           the evaluations of a run
card_filled_in   which card a person filled in
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TypeAlias

from pauta.engine.model.calls import Call, HumanEvaluation
from pauta.engine.model.scorecard import Scorecard
from pauta.engine.problems import Problem
from pauta.engine.routing import Router

Row: TypeAlias = tuple[Call, Scorecard, HumanEvaluation | None]
"""What is evaluated: a call, a card, and whoever filled it in."""


class People:
    """The evaluations of a run, in memory because they come in any order."""

    def __init__(self, router: Router, tell: Callable[[Problem], None]) -> None:
        self._router, self._tell = router, tell
        self._of: dict[str, list[HumanEvaluation]] = {}
        self._used: dict[int, str | None] = {}

    def add(self, human: HumanEvaluation) -> None:
        """Hold an evaluation until its call comes."""
        self._of.setdefault(human.call_id, []).append(human)

    def left(self) -> Iterator[HumanEvaluation]:
        """Those whose call did not come."""
        return (each for several in self._of.values() for each in several if id(each) not in self._used)

    def rows(self, call: Call, cards: Sequence[Scorecard]) -> list[Row]:
        """What is to be evaluated about one call: by people where they did, else automatically, card by card.

        cards: those that claim the call.
        """
        people = self._of.get(call.call_id)
        if people is None:
            return [(call, card, None) for card in cards]
        if len(people) == len(cards) == 1 and self._is_plainly_of(people[0], call, cards[0]):
            self._used[id(people[0])] = call.agent
            return [(call, cards[0], people[0])]
        given = list(self._given(call, people, cards))
        rows: list[Row] = []
        for card in cards:
            by_people = [(call, *each) for each in given if each[0].id == card.id]
            rows += by_people or [(call, card, None)]
        claimed = {card.id for card in cards}
        rows += [(call, *each) for each in given if each[0].id not in claimed]
        return rows

    def _is_plainly_of(self, human: HumanEvaluation, call: Call, card: Scorecard) -> bool:
        """Whether an evaluation is of a call and a card without a word about it, as nearly all are."""
        return (
            (human.scorecard is None or (human.scorecard == card.id and human.version in (None, card.version)))
            and (human.agent is None or human.agent == call.agent)
            and (human.digest is None or human.digest == card.digest)
            and id(human) not in self._used
        )

    def _given(
        self, call: Call, people: Sequence[HumanEvaluation], cards: Sequence[Scorecard]
    ) -> Iterator[tuple[Scorecard, HumanEvaluation]]:
        """People's evaluations of a call, each with its card."""
        taken: set[tuple[str, str]] = set()
        for human in people:
            if human.agent is not None and human.agent != call.agent:
                continue
            if id(human) in self._used:
                self._tell(no_agent(human, self._used[id(human)]))
                continue
            self._used[id(human)] = call.agent
            card = card_filled_in(self._router, human, call, cards)
            if isinstance(card, Problem):
                self._tell(card)
            elif len(people) > 1 and (card.name, human.evaluator) in taken:
                self._tell(second_time(human, card))
            else:
                if len(people) > 1:
                    taken.add((card.name, human.evaluator))
                if human.digest is not None and human.digest != card.digest:
                    self._tell(_another_state(human, card))
                yield card, human


def card_filled_in(
    router: Router, human: HumanEvaluation, call: Call, cards: Sequence[Scorecard]
) -> Scorecard | Problem:
    """The card that a person filled in, in the version that the record names, else in that of the call's day.

    cards: those that claim the call.
    """
    if human.scorecard is None:
        if len(cards) == 1:
            return cards[0]
        which = f"{len(cards)} cards claim it: {', '.join(card.id for card in cards)}" if cards else "no card claims it"
        message = f"the evaluation of call '{call.call_id}' names no scorecard, and {which}"
        return Problem("E533", message, human.at, "add the field scorecard")
    for card in cards:
        if card.id == human.scorecard:
            if human.version in (None, card.version):
                return card
            break
    of = f"the evaluation of call '{call.call_id}' is by"
    by = f"{human.scorecard}@{human.version}" if human.version else human.scorecard
    named = [card.name if isinstance(card, Scorecard) else card for card in router.named]
    same_card = [name for name in named if name.partition("@")[0] == human.scorecard]
    if named and not same_card:
        return Problem("W502", f"{of} {by}, and {', '.join(named)} was asked for", human.at, "it is left out")
    if any("@" in name for name in same_card):
        hint = "answers to one version do not answer another"
        return Problem("E534", f"{of} {by}, and {', '.join(same_card)} was asked for", human.at, hint)
    found = router.version(by, router.day(call))
    return found if isinstance(found, Scorecard) else replace(found, place=human.at)


def _another_state(human: HumanEvaluation, card: Scorecard) -> Problem:
    message = f"the sheet of call '{human.call_id}' was made from {card.name} as it was before it changed"
    hint = "its answers are taken by the ids of questions and answers; publish a card before sheets of it go out"
    return Problem("W562", message, human.at, hint)


def unmatched(human: HumanEvaluation) -> Problem:
    """An evaluation whose call did not come."""
    of = f"call '{human.call_id}'" + (f" of agent '{human.agent}'" if human.agent else "")
    hint = "is the record of the call in another file, or the id written another way?"
    return Problem("E530", f"{human.evaluator} evaluated {of}, which is not among the calls", human.at, hint)


def second_time(human: HumanEvaluation, card: Scorecard) -> Problem:
    """An evaluation of a call that its evaluator has evaluated by the same card before."""
    message = f"{human.evaluator} evaluated call '{human.call_id}' by {card.name} a second time"
    return Problem("E532", message, human.at, "keep one of the two records")


def no_agent(human: HumanEvaluation, agent: str | None) -> Problem:
    """An evaluation without an agent, of a call that several handled. agent: for whom it was taken."""
    message = f"the evaluation of call '{human.call_id}' names no agent, and several handled the call"
    return Problem("E535", message, human.at, f"it was taken for agent '{agent}': add the field agent")
