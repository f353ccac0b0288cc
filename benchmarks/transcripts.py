"""Calls with what was said, from file to file: 300 phrases in 60 questions over 6 KB a call, evidence kept.

python -m benchmarks.transcripts 20000     so many calls; writes nothing
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from itertools import cycle, islice
from pathlib import Path

from benchmarks.clock import spread
from benchmarks.figures import Figure, Part
from benchmarks.phrases import PER_GROUP, SEED, calls, card_of, phrases, words
from pauta.bulk.files import score_files
from pauta.bulk.pieces import ParquetInput
from pauta.bulk.scorer import Setup
from pauta.engine.host import Host
from pauta.engine.loading.load import card_from_text
from pauta.engine.model.calls import Call
from pauta.engine.problems import ProblemsFound

CALLS, QUICK_CALLS = 100_000, 4_000
ROUNDS, QUICK_ROUNDS = 3, 1
DIFFERENT = 4_000
"""So many transcripts differ; further calls say again what an earlier one said."""
WITHIN_S = 120.0
WORKERS = 2


def run(quick: bool) -> Part:
    return measured(*((QUICK_CALLS, QUICK_ROUNDS) if quick else (CALLS, ROUNDS)))


def measured(count: int, rounds: int) -> Part:
    vocabulary = words(random.Random(SEED), "en", 5000)
    written = phrases(random.Random(SEED + 2), vocabulary)
    groups = [written[n : n + PER_GROUP] for n in range(0, len(written), PER_GROUP)]
    loaded = card_from_text(json.dumps(card_of("sixty", groups)), Host(installed=False))
    if loaded.scorecard is None:
        raise ProblemsFound(loaded.problems)
    setup = Setup.of(loaded.scorecard, installed=False)
    took = []
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "calls.parquet"
        size = _write(path, calls(random.Random(SEED + 1), vocabulary, min(DIFFERENT, count)), count) / count
        for _ in range(rounds):
            began = time.perf_counter()
            done = score_files([ParquetInput(str(path))], f"{name}/results.parquet", setup, workers=WORKERS)
            took.append(time.perf_counter() - began)
            if done.evaluations != count:
                raise ValueError(f"{done.evaluations} evaluations of {count} calls")
            Path(f"{name}/results.parquet").unlink()
    whole = spread(took)
    goal = WITHIN_S if count >= CALLS else None
    return Part(
        "Transcripts from file to file",
        f"{count:,} calls of {size / 1000:.1f} KB of text (seed {SEED}, {min(DIFFERENT, count):,} of them different), "
        f"Parquet to Parquet, {WORKERS} workers from their start: 300 phrases in 60 questions, scores, evidence "
        "of every hit. Seconds are those of a clock.",
        (
            Figure(f"{count:,} calls scored", f"{whole:.1f} s", whole.middle, goal, at_least=False, ratio=False),
            Figure("calls a second", f"{spread([count / each for each in took]):,.0f}"),
        ),
    )


def _write(path: Path, different: Sequence[Call], count: int) -> int:
    """The calls as a table; returns how many characters are said in it."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    turn = pa.struct([("speaker", pa.string()), ("start", pa.float64()), ("end", pa.float64()), ("text", pa.string())])
    schema = pa.schema([("call_id", pa.string()), ("language", pa.string()), ("turns", pa.list_(turn))])
    characters = 0
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        said = enumerate(islice(cycle(different), count))
        while some := list(islice(said, 10_000)):
            rows = [{"call_id": f"call-{n}", "language": "en", "turns": list(_turns(call))} for n, call in some]
            characters += sum(len(each["text"]) for row in rows for each in row["turns"])
            writer.write_table(pa.Table.from_pylist(rows, schema=schema))
    return characters


def _turns(call: Call) -> Iterator[dict[str, object]]:
    for each in call.turns:
        yield {"speaker": each.speaker, "start": each.start, "end": each.end, "text": each.text}


if __name__ == "__main__":
    for figure in measured(int(sys.argv[1]) if sys.argv[1:] else CALLS, 1).figures:
        print(f"{figure.what:52} {figure.measured}")
