"""Scoring of a million evaluations held as columns, beside a kernel written by hand and a general rules engine."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack

import numpy as np

from benchmarks.clock import in_turn, ratios, seconds, spread
from benchmarks.figures import Figure, Part, times
from benchmarks.forty import Evaluations, batch_of, evaluations, plan
from benchmarks.kernels import Scores, by_tables, packed, packed_groups
from benchmarks.zen_peer import FORMS, NotThereError, Zen, version, zen_over
from pauta.engine.evaluation.evaluate import evaluate

ROWS, ZEN_ROWS, CHECKED = 1_000_000, 20_000, 1_000
ROUNDS, QUICK_ROUNDS = 9, 3
KERNELS = {
    "by hand, packed tables": packed,
    "by hand, packed tables, several questions a look-up": packed_groups,
    "by hand, separate tables": by_tables,
}
KERNEL_GOAL, ZEN_GOAL = 0.85, 500.0
ZEN_USUAL = 300.0
PAUTA = "pauta"


def by_pauta(given: Evaluations) -> Scores:
    """What pauta's results say of what the kernels say."""
    results = evaluate(plan(), batch_of(given))
    ascending = sorted(range(len(results.scorecard.bands)), key=lambda n: results.scorecard.bands[n].start)
    return Scores(results.score, results.card_failed, np.argsort(ascending).astype(np.int8)[results.band])


def run(quick: bool) -> Part:
    given = evaluations(ROWS // 10 if quick else ROWS)
    checked = evaluations(CHECKED, seed=1)
    wanted = by_pauta(checked)
    for name, kernel in KERNELS.items():
        _same(name, wanted, kernel(checked))
    with ExitStack() as stack:
        engines, without = {}, ""
        try:
            for form in FORMS:
                with zen_over(checked, form) as zen:
                    _same(f"zen, {form}", wanted, _scores_of(zen))
                engines[form] = stack.enter_context(zen_over(evaluations(ZEN_ROWS // 4 if quick else ZEN_ROWS), form))
        except NotThereError as error:
            without = f" {error}, so it is left out."
        return _measured(given, engines, without, QUICK_ROUNDS if quick else ROUNDS)


def _measured(given: Evaluations, engines: dict[str, Zen], without: str, rounds: int) -> Part:
    batch = batch_of(given)
    rows = len(given)
    zen_rows = ZEN_ROWS if rows == ROWS else ZEN_ROWS // 4
    work: dict[str, Callable[[], float]] = {PAUTA: lambda: seconds(lambda: evaluate(plan(), batch)) / rows}
    for name, kernel in KERNELS.items():
        work[name] = lambda kernel=kernel: seconds(lambda: kernel(given)) / rows  # type: ignore[misc]
    for form, engine in engines.items():
        work[form] = lambda engine=engine: engine.seconds() / zen_rows  # type: ignore[misc]
    took = in_turn(work, rounds)
    figures = [Figure("pauta, `evaluate(plan, batch)`", f"{_millions(took[PAUTA])} million evaluations a second")]
    for name in KERNELS:
        ratio = ratios(took[PAUTA], took[name])
        goal = KERNEL_GOAL if KERNELS[name] is packed else None
        figures.append(
            Figure(name, f"{_millions(took[name])} million a second; pauta {times(ratio)} of it", ratio.middle, goal)
        )
    for form in engines:
        ratio = ratios(took[PAUTA], took[form])
        rate = spread([1 / each / 1e3 for each in took[form]])
        figures.append(
            Figure(
                f"zen-engine, {form}",
                f"{rate:.1f} thousand a second; pauta {times(ratio)} times",
                ratio.middle,
                ZEN_GOAL,
                usual=ZEN_USUAL,
            )
        )
    zen = f"zen-engine {version()} in a process of its own over {zen_rows:,} of them" if engines else "zen-engine"
    return Part(
        "Scoring",
        f"The card of 40 questions (`benchmarks/cards/forty.yaml`) over {rows:,} evaluations held as columns of codes, "
        f"one core; {zen}.{without} All gave the same score, auto-fail and band on {CHECKED:,} evaluations before any "
        "timing. The kernels give these three; pauta also the raw score, the agent's score, the status, the pass, and "
        "what its counts of errors and of missing or unverified answers are read from. Every question is answered in "
        "every row, but for three that are asked on a condition; where answers are missing, pauta's tables are wider, "
        f"and it takes up to a fifth longer. {rounds} rounds in turn.",
        tuple(figures),
    )


def _millions(took: list[float]) -> str:
    return f"{spread([1 / each / 1e6 for each in took]):.2f}"


def _scores_of(zen: Zen) -> Scores:
    score, failed, band = zip(*zen.results(), strict=True)
    return Scores(np.array(score), np.array(failed), np.array(band, dtype=np.int8))


def _same(name: str, wanted: Scores, got: Scores) -> None:
    """Raises ValueError where one engine says otherwise than pauta: then no timing means anything."""
    different = (np.abs(got.score - wanted.score) > 1e-9) | (got.failed != wanted.failed) | (got.band != wanted.band)
    if different.any():
        row = int(np.flatnonzero(different)[0])
        raise ValueError(
            f"'{name}' disagrees on {different.sum()} evaluations: {got.score[row]}, not {wanted.score[row]}"
        )
