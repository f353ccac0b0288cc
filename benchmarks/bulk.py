"""Tables of calls from file to file: beside the same library that only reads and writes them, and at several lengths.

python -m benchmarks.bulk FILE WORKERS     one run in this process; prints {seconds, wall, megabytes} as JSON
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.clock import in_turn, most_memory, ratios, seconds, spread
from benchmarks.figures import Figure, Part, times
from benchmarks.forty import PRODUCTS, card, evaluations, plan
from pauta.bulk.files import score_files
from pauta.bulk.pieces import ParquetInput
from pauta.bulk.schema import stored_schema
from pauta.bulk.scorer import CardsGiven, Setup
from pauta.bulk.work import written
from pauta.engine.model.conditions import Test

ROWS, QUICK_ROWS = 1_000_000, 32_768
ROUNDS, QUICK_ROUNDS = 5, 1
LENGTHS, QUICK_LENGTHS = (10_000, 500_000, 5_000_000), (10_000, 20_000, 60_000)
CARDS = (1, 10, 100)
AT_ONCE = 131_072
TO_READ_AND_WRITE, TWO_WORKERS, GROWTH, STEADY = 2.0, 1.7, 1.2, 1.1


def table(path: Path, rows: int, lines: int = 1) -> ParquetInput:
    """Calls with their 40 answers, made from a seed. lines: of business, each call of one of them."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    def words(codes: Any, named: Sequence[str]) -> Any:
        return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32)), pa.array(list(named)))

    writer = None
    for start in range(0, rows, AT_ONCE):
        made = evaluations(min(AT_ONCE, rows - start), seed=start + 7)
        number = np.arange(start, start + len(made))
        columns = {
            "call_id": pa.array([f"call-{n:09d}" for n in number]),
            "started_at": pa.array([f"2026-03-{1 + n % 28:02d}T{n % 24:02d}:{n % 60:02d}:00+00:00" for n in number]),
            "duration_s": pa.array(made.duration.astype(np.float64)),
            "agent": words(number % 400, [f"agent-{n}" for n in range(400)]),
            "team": words(number % 20, [f"team-{n}" for n in range(20)]),
            "attributes.product": words(made.product, PRODUCTS),
            "attributes.line": words(number % lines, [f"line-{n}" for n in range(lines)]),
            "evaluator": words(number % 30, [f"evaluator-{n}" for n in range(30)]),
        }
        for n, question in enumerate(card().questions):
            columns[question.id] = words(made.codes[n], plan().vocabulary(question.id))
        batch = pa.table(columns)
        if writer is None:
            writer = pq.ParquetWriter(path, batch.schema, compression="zstd")
        writer.write_table(batch)
    assert writer is not None
    writer.close()
    return ParquetInput(str(path))


def cards_in_play(count: int) -> Setup:
    """So many cards, each for one line of business."""
    cards = []
    for n in range(count):
        test = Test("call.attributes.line", "is", f"line-{n}")
        cards.append(replace(card(), id=f"forty-{n}", applies_to=test))
    return Setup(CardsGiven(tuple(cards)), installed=False)


def read_and_written(source: ParquetInput, setup: Setup, target: Path) -> float:
    """Seconds that reading the calls and writing their results take; what scoring takes is left out."""
    scorer = setup.scorer()
    took = 0.0
    with target.open("wb") as stream:
        for piece in source.pieces(0):
            started = time.process_time()
            batch = source.read(piece).batch
            took += time.process_time() - started
            results = scorer.score(batch, file=source.path, first_row=piece.first_row).results
            started = time.process_time()
            stream.write(written([results], results.schema, stored_schema()))
            took += time.process_time() - started
    return took


def run(quick: bool) -> Part:
    with tempfile.TemporaryDirectory() as folder:
        return Part(
            "Tables of calls",
            "Parquet to Parquet, the card of 40 questions, a person's 40 answers in every row; the results in the "
            "published schema, 40 structs an evaluation. Alone: the same pieces read, and the same results written, by "
            "pyarrow with the same options. Cards in play differ in their names and in the calls that they are for: "
            "others, with weights of their own, share less (docs/decisions/many-cards.md). Seconds are those of the "
            "processor, for two workers those of a clock.",
            (
                *_against_reading_and_writing(Path(folder), quick),
                *_by_cards(Path(folder), quick),
                *_by_length(Path(folder), quick),
                *_by_workers(Path(folder), quick),
            ),
        )


def _against_reading_and_writing(folder: Path, quick: bool) -> list[Figure]:
    rows, rounds = (QUICK_ROWS, QUICK_ROUNDS) if quick else (ROWS, ROUNDS)
    source, setup = table(folder / "calls.parquet", rows), Setup.of(card(), installed=False)
    target = folder / "results.parquet"
    took = in_turn(
        {
            "alone": partial(read_and_written, source, setup, folder / "alone.bin"),
            "scored": lambda: seconds(lambda: score_files([source], str(target), setup)),
        },
        rounds,
    )
    ratio = ratios(took["alone"], took["scored"])
    each = {name: spread([second / rows * 1e6 for second in figures]) for name, figures in took.items()}
    size = target.stat().st_size / rows
    return [
        Figure("Read and written alone", f"{each['alone']:.1f} µs a call; {size:.0f} bytes of results a call"),
        Figure(
            f"Read, scored and written, {rows:,} calls",
            f"{each['scored']:.1f} µs a call; {times(ratio)} times alone",
            ratio.middle,
            TO_READ_AND_WRITE,
            at_least=False,
        ),
    ]


def _by_cards(folder: Path, quick: bool) -> list[Figure]:
    rows, rounds = (QUICK_ROWS, QUICK_ROUNDS) if quick else (ROWS // 4, ROUNDS)
    counts = CARDS[:2] if quick else CARDS  # a hundred cards need more rows than a quick look has
    source = table(folder / "lines.parquet", rows, max(counts))
    one = table(folder / "line.parquet", rows, 1)
    work = {}
    for count in counts:
        inputs = [
            source if count == max(counts) else one if count == 1 else table(folder / "some.parquet", rows, count)
        ]
        work[count] = partial(_scored, inputs, str(folder / f"of-{count}.parquet"), cards_in_play(count))
    took = in_turn({str(count): each for count, each in work.items()}, rounds)
    figures = []
    for count in counts[1:]:
        ratio = ratios(took[str(CARDS[0])], took[str(count)])
        once = min(seconds(partial(_started, cards_in_play(count))) for _ in range(rounds))
        part = once / min(took[str(count)])
        figures.append(
            Figure(
                f"{count} cards in play, each call of one, {rows:,} calls",
                f"{times(ratio)} times one card; {part:.0%} of it is making the cards into plans, once a run",
                ratio.middle,
                STEADY,
                at_least=False,
            )
        )
    return figures


def _scored(inputs: Sequence[ParquetInput], target: str, setup: Setup) -> float:
    return seconds(lambda: score_files(inputs, target, setup))


def _started(setup: Setup) -> None:
    """What is done once, however many calls there are."""
    scorer = setup.scorer()
    for each in scorer.cards:
        assert scorer.plan(each, []).plan.coverage


def _by_length(folder: Path, quick: bool) -> list[Figure]:
    lengths = QUICK_LENGTHS if quick else LENGTHS
    found = []
    for rows in lengths:
        table(folder / "long.parquet", rows)
        found.append(_child(folder / "long.parquet", 1))
    costs = [each["seconds"] / rows * 1e6 for each, rows in zip(found, lengths, strict=True)]
    figures = []
    for rows, each, cost in zip(lengths, found, costs, strict=True):
        ratio = cost / costs[0]
        figures.append(
            Figure(
                f"{rows:,} calls",
                f"{cost:.1f} µs a call, {ratio:.2f} times that of {lengths[0]:,}; {each['megabytes']:.0f} MB",
                ratio if rows != lengths[0] else None,
                STEADY if rows != lengths[0] else None,
                at_least=False,
            )
        )
    growth = found[-1]["megabytes"] / found[-2]["megabytes"]
    what = f"Memory of {lengths[-1]:,} calls"
    figures.append(Figure(what, f"{growth:.2f} times that of {lengths[-2]:,}", growth, GROWTH, at_least=False))
    return figures


def _by_workers(folder: Path, quick: bool) -> list[Figure]:
    rows, rounds = (QUICK_ROWS * 3, QUICK_ROUNDS) if quick else (ROWS, 3)
    table(folder / "shared.parquet", rows)
    took = in_turn(
        {str(count): lambda count=count: _child(folder / "shared.parquet", count)["wall"] for count in (1, 2)},  # type: ignore[misc]
        rounds,
    )
    gain = ratios(took["2"], took["1"])
    return [
        Figure(
            "Two workers, by the clock",
            f"{times(gain)} times as fast as one",
            gain.middle,
            None if quick else TWO_WORKERS,  # of a small table, starting the workers is most of it
        ),
    ]


def one_run(path: str, workers: int) -> dict[str, float]:
    """One run after a small one, which warms what can be warmed."""
    setup = Setup.of(card(), installed=False)
    with tempfile.TemporaryDirectory() as folder:
        score_files([table(Path(folder) / "small.parquet", 1000)], f"{folder}/small.results.parquet", setup)
        began, wall = time.process_time(), time.perf_counter()
        score_files([ParquetInput(path)], f"{folder}/results.parquet", setup, workers=workers)
        took = time.process_time() - began
        return {
            "seconds": took,
            "wall": time.perf_counter() - wall,
            "megabytes": most_memory(),
        }


def _child(path: Path, workers: int) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.bulk", str(path), str(workers)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=Path(__file__).parents[1])
    found: dict[str, float] = json.loads(done.stdout)
    return found


if __name__ == "__main__":
    print(json.dumps(one_run(sys.argv[1], int(sys.argv[2]))))
