"""What must be said beside the figures of a replay: what was not compared, assumed or could not be known."""

from __future__ import annotations

from collections.abc import Iterator

from pauta.engine.model.scorecard import Scorecard
from pauta.replay import Replayed
from pauta.replay.tallies import INCOMPLETE


def notes_on(made: Replayed, old: Scorecard, least: int) -> list[str]:
    """The notes on one replay, those that change its reading first."""
    return [*_on_answers(made), *_on_calls(made), *_on_reading(made, old, least)]


def _on_answers(made: Replayed) -> Iterator[str]:
    for name, count in made.set_aside.items():
        if count:
            yield (
                f"'{name}' is new, and in {count:,} evaluations by people nobody answered it: it is set aside there, "
                f"its weight goes to the others (`pauta explain` will call these incomplete). "
                f"--assume {name}=ANSWER says what an answer would do."
            )
    for name, answer in made.assumed.items():
        yield f"Where nobody answered '{name}', '{answer}' is assumed in the new version."
    for each in made.questions.values():
        more = each.after.refused - each.before.refused
        if each.id in made.after_card.by_id and more > 0:
            yield (
                f"'{each.id}': {more:,} answers are none of the new version's and count as missing there, "
                "which leaves the evaluations incomplete."
            )
    if made.stored:
        yield (
            "The database does not hold what was said on the calls: criteria are not asked again, they keep what they "
            "found. With files of calls in place of --stored they are asked anew."
        )
    if made.unlike:
        yield f"They would be asked in another way by the new version, and were not: {', '.join(made.unlike)}."
    more = made.after.outcomes[INCOMPLETE] - made.before.outcomes[INCOMPLETE]
    if more > 0:
        yield f"{more:,} evaluations more are incomplete by the new version: they have no verdict to compare."


def _on_calls(made: Replayed) -> Iterator[str]:
    counts = made.counts
    if made.lost or made.gained:
        yield (
            f"{made.lost:,} evaluations are of calls that only the old version applies to, {made.gained:,} of calls "
            "that only the new one does: they count on their own side alone."
        )
    if made.of_other_versions:
        yield f"{made.of_other_versions:,} evaluations by people were filled in by another version than the old one."
    for count, what in (
        (counts.other_versions, "stored evaluations are by another version than the old one and are left out"),
        (counts.unclaimed, "calls are claimed by neither version"),
        (counts.left_out, "calls are left out by the filters"),
        (counts.refused, "records of calls could not be taken"),
    ):
        if count:
            yield f"{count:,} {what}."


def _on_reading(made: Replayed, old: Scorecard, least: int) -> Iterator[str]:
    if made.now_fail or made.now_pass:
        yield (
            "Alone: this change by itself, laid on the old version, changes the verdict. Needed: with everything else "
            "new and this as it was, the verdict is the old one. A call can count under several changes."
        )
    if any(moved.compared >= least for name, moved in made.agents.items() if name):
        yield (
            f"Agents and teams with fewer than {least:,} compared evaluations are not ranked. ±: the 95 % interval of "
            "the mean change, were these calls drawn by chance from many like them. *: moves unlike all others by "
            "more than chance explains 19 times in 20, so of 20 that move alike about one is marked."
        )
