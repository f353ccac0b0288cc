"""How much memory a long run takes: the whole way from calls to results, with a sink that lets go of them.

python -m benchmarks.memory CALLS     one run in this process; prints {seconds, megabytes} as JSON
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.clock import most_memory, seconds
from benchmarks.figures import Figure, Part
from pauta.engine.host import Host
from pauta.engine.loading.load import load_card
from pauta.engine.model.calls import Call, Turn
from pauta.engine.pipeline import Outlet, score
from pauta.engine.problems import ProblemsFound
from pauta.engine.routing import Router

CARD = Path(__file__).parent / "cards" / "stream.yaml"
FEW, MANY = 100_000, 1_000_000
GROWTH = 1.2
SAID = (
    ("agent", "Good morning, Norvela, this is Ana speaking."),
    ("customer", "Hello. My card was charged twice last week and I would like one of the two back."),
    ("agent", "I am sorry about that. How can I help? Let me look at the payments of the last days."),
    ("customer", "It is the one from Tuesday."),
    ("agent", "I have returned it; it takes three days. Is there anything else?"),
    ("customer", "No, thank you."),
)


class LetGo:
    """A sink that keeps nothing and counts."""

    name = "let_go"
    options: Mapping[str, object] = {}
    endings = ()

    def __init__(self) -> None:
        self.written = 0

    def write(self, evaluations: Sequence[Mapping[str, object]]) -> None:
        """Count them."""
        self.written += len(evaluations)

    def close(self) -> None:
        """Nothing is open."""


def calls(count: int) -> Iterator[Call]:
    for n in range(count):
        pace = 3.0 + n % 7
        turns = tuple(Turn(who, text, at * pace, at * pace + 2.5) for at, (who, text) in enumerate(SAID[: 3 + n % 4]))
        yield Call(
            f"call-{n}",
            started_at="2026-03-02T10:00:00+00:00",
            duration_s=float(60 + n % 300),
            agent=f"agent-{n % 50}",
            channel="voice",
            language="en",
            turns=turns,
        )


def one_run(count: int) -> dict[str, float]:
    host = Host()
    loaded = load_card(CARD, host)
    if loaded.scorecard is None:
        raise ProblemsFound(loaded.problems)
    sink: Any = LetGo()
    router = Router(_NoCatalogue(), named=[loaded.scorecard])
    took = seconds(lambda: score(calls(count), router=router, host=host, outlets=[Outlet("nowhere", sink)]))
    assert sink.written == count
    return {"seconds": took, "megabytes": most_memory()}


class _NoCatalogue:
    """The versions of no card: the run's only card is named."""

    ids: Sequence[str] = ()

    def in_effect(self, day: object) -> Sequence[Any]:
        return ()

    def resolve(self, card_id: str, wanted: str | None = None, day: object = None) -> Any:
        raise LookupError(card_id)


def run(quick: bool) -> Part:
    few, many = (FEW // 20, MANY // 20) if quick else (FEW, MANY)
    first, second = _child(few), _child(many)
    growth = second["megabytes"] / first["megabytes"]
    rates = [count / each["seconds"] for count, each in ((few, first), (many, second))]
    return Part(
        "Memory",
        "Calls of three to six turns, made as they are asked for, through the whole way (routing, three phrase "
        "criteria, silence, a condition, scoring) into a sink that keeps nothing; each run a process of its "
        "own, and the most memory it ever held.",
        (
            Figure(f"{few:,} calls", f"{first['megabytes']:.0f} MB; {rates[0]:,.0f} calls a second"),
            Figure(
                f"{many:,} calls",
                f"{second['megabytes']:.0f} MB, {growth:.2f} times as much; {rates[1]:,.0f} calls a second",
                growth,
                GROWTH,
                at_least=False,
            ),
        ),
    )


def _child(count: int) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.memory", str(count)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=Path(__file__).parents[1])
    found: dict[str, float] = json.loads(done.stdout)
    return found


if __name__ == "__main__":
    print(json.dumps(one_run(int(sys.argv[1]))))
