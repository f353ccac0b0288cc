"""What a run did and where calls go, as text and as data."""

from __future__ import annotations

from typing import Any

from pauta.engine.pipeline import CardSummary, Summary
from pauta.engine.routing import RoutesReport


def summary_text(summary: Summary) -> str:
    """What a run did, for a terminal."""
    lines = [f"{summary.calls:,} calls, {summary.evaluations:,} evaluations"]
    for name, card in sorted(summary.by_card.items()):
        lines.append(f"  {name}: {_card(card)}")
    if summary.unclaimed:
        lines.append(f"  {summary.unclaimed:,} calls were claimed by no card (`pauta routes` says why)")
    if summary.refused:
        lines.append(f"  {summary.refused:,} records of calls could not be taken")
    lines += [f"  {target}: {outcome}" for target, outcome in summary.outcomes.items() if outcome]
    return "\n".join(lines) + "\n"


def _card(card: CardSummary) -> str:
    parts = [f"{card.evaluations:,} evaluations"]
    if card.by_person:
        parts.append(f"{card.by_person:,} by people")
    if card.scored:
        parts.append(f"mean score {card.score_sum / card.scored:.2f}")
    if card.passed or card.failed:
        parts.append(f"{card.passed:,} passed, {card.failed:,} not")
    others = {status: count for status, count in sorted(card.by_status.items()) if status != "complete"}
    parts += [f"{count:,} {status.replace('_', ' ')}" for status, count in others.items()]
    return ", ".join(parts)


def summary_map(summary: Summary) -> dict[str, Any]:
    """What a run did, as data; its problems are counted, they are printed beside it."""
    return {
        "calls": summary.calls,
        "evaluations": summary.evaluations,
        "unclaimed": summary.unclaimed,
        "refused": summary.refused,
        "errors": summary.errors,
        "warnings": summary.warnings,
        "failures": summary.failures,
        "by_card": {name: {**vars(card), "by_status": dict(card.by_status)} for name, card in summary.by_card.items()},
        "outcomes": summary.outcomes,
    }


def routes_text(report: RoutesReport) -> str:
    """Which cards claim which calls, for a terminal."""
    lines = [f"{report.calls:,} calls"]
    lines += [f"  {name}: {count:,}" for name, count in sorted(report.by_card.items())]
    lines.append(f"  no card: {report.unclaimed_calls:,}")
    lines.append(f"  several cards: {report.several_calls:,}")
    if report.unclaimed:
        lines.append("\nClaimed by no card")
        for call, reasons in report.unclaimed:
            lines.append(f"  {call.call_id}")
            lines += [f"    {name}: {reason}" for name, reason in reasons.items()]
    if report.several:
        lines.append("\nClaimed by several cards, scored by each")
        lines += [f"  {call.call_id}: {', '.join(names)}" for call, names in report.several]
    return "\n".join(lines) + "\n"


def routes_map(report: RoutesReport) -> dict[str, Any]:
    """Which cards claim which calls, as data."""
    return {
        "calls": report.calls,
        "by_card": report.by_card,
        "unclaimed": report.unclaimed_calls,
        "several": report.several_calls,
        "unclaimed_calls": [{"call_id": call.call_id, "reasons": reasons} for call, reasons in report.unclaimed],
        "several_calls": [{"call_id": call.call_id, "cards": list(names)} for call, names in report.several],
    }
