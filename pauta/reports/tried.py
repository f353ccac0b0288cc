"""What `pauta try` found, as text and as data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from pauta.plugins.criteria.phrases.near_misses import TriedHit
from pauta.reports.explanation import clock


def tried_text(tried: Sequence[TriedHit], most: int) -> str:
    """Where a phrase is said and where it nearly is, hits first, at most so many of each."""
    lines: list[str] = []
    for title, found in (
        ("Said", [each for each in tried if each.near is None]),
        ("Nearly said", [each for each in tried if each.near is not None]),
    ):
        calls = len({each.call_id for each in found})
        lines.append(f"{title}: {len(found)} places in {calls} calls")
        lines += [f"  {line}" for each in found[:most] for line in _lines(each)]
        if len(found) > most:
            lines.append(f"  and {len(found) - most} more (--most)")
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def _lines(hit: TriedHit) -> list[str]:
    when = f" at {clock(hit.at)}" if hit.at is not None else ""
    said = f"{hit.before}[{hit.quote}]{hit.after}".replace("\n", " ")
    lines = [f"{hit.call_id}, turn {hit.turn + 1}, {hit.speaker}{when}: {said}"]
    return lines + ([f"    {hit.near}"] if hit.near else [])


def tried_map(hit: TriedHit) -> dict[str, Any]:
    """One place as data."""
    return asdict(hit)
