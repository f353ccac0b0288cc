"""Replay of tables of calls under two versions of a card, beside scoring the same file once into a table."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path

from benchmarks.bulk import table
from benchmarks.clock import in_turn, ratios, seconds, spread
from benchmarks.figures import Figure, Part, times
from benchmarks.forty import CARD, card
from pauta.bulk.files import score_files
from pauta.bulk.pieces import Input
from pauta.bulk.scorer import Setup
from pauta.engine.host import Host
from pauta.engine.loading.load import card_from_text
from pauta.engine.model.scorecard import Scorecard
from pauta.engine.problems import ProblemsFound
from pauta.replay import Comparison, Replayed
from pauta.replay.files import replay_files

CALLS, QUICK_CALLS = 200_000, 32_768
ROUNDS, QUICK_ROUNDS = 5, 1
TO_SCORING = 2.0
CHANGES = {
    "version: 1.0.0": "version: 2.0.0",
    "pass_mark: 80": "pass_mark: 85",
    "{question: q2, weight: 7}": "{question: q2, weight: 21}",
    "{question: q6, weight: 3}": "{question: q6, weight: 3, error: {critical: business}}",
    "{question: q10, weight: 7, error: non_critical}": "{question: q10, weight: 7}",
}


def run(quick: bool) -> Part:
    calls, rounds = (QUICK_CALLS, QUICK_ROUNDS) if quick else (CALLS, ROUNDS)
    with tempfile.TemporaryDirectory() as folder:
        source, results = table(Path(folder) / "calls.parquet", calls), str(Path(folder) / "results.parquet")
        setup, found = Setup.of(card(), installed=False), replayed([table(Path(folder) / "few.parquet", 5_000)])
        if not (found.now_fail and found.now_pass and len(found.causes) > 2):
            raise ValueError("the new version changes nothing")
        took = in_turn(
            {
                "scored": lambda: seconds(lambda: score_files([source], results, setup)),
                "replayed": lambda: seconds(partial(replayed, [source])),
            },
            rounds,
        )
    ratio = ratios(took["scored"], took["replayed"])
    each = {name: spread([second / calls * 1e6 for second in figures]) for name, figures in took.items()}
    return Part(
        "Replay",
        f"{calls:,} calls with a person's 40 answers each, in Parquet, under the card of 40 questions and under a "
        "version of it with another pass mark, a heavier question, a critical error more and a non-critical one less. "
        "Scored: the same file into a table of results by the one card. Seconds are those of the processor.",
        (
            Figure("Scored once into Parquet", f"{each['scored']:.1f} µs a call"),
            Figure(
                "Replayed, with the causes of every flip",
                f"{each['replayed']:.1f} µs a call; {times(ratio)} times scoring once",
                ratio.middle,
                TO_SCORING,
                at_least=False,
            ),
        ),
    )


def replayed(inputs: list[Input]) -> Replayed:
    """What the new version would have changed."""
    host, asked = Host(installed=False), Comparison(card(), later())
    return replay_files(inputs, asked, Setup.of(card(), installed=False), host=host, answers=True, tell=_refused)


def later() -> Scorecard:
    """The card of 40 questions as its next version has it."""
    text = CARD.read_text(encoding="utf-8")
    for was, now in CHANGES.items():
        if was not in text:
            raise ValueError(f"the card has no '{was}'")
        text = text.replace(was, now)
    loaded = card_from_text(text, Host(installed=False))
    if loaded.scorecard is None:
        raise ProblemsFound(loaded.problems)
    return loaded.scorecard


def _refused(problem: object) -> None:
    raise ValueError(str(problem))
