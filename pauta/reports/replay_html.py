"""The replay as one page: self-contained, without script, everything escaped, legible on a phone and on paper."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from pauta.replay import Replayed
from pauta.replay.tallies import BIN_WIDTH, OUTCOMES
from pauta.reports.explanation import figure
from pauta.reports.pages import page
from pauta.reports.phrasebook import Words
from pauta.reports.replayed import DIRECTIONS, Shown, flips_said, headline, replay_map

_UNPRINTABLE: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
View = dict[str, Any]
WIDEST_MOVE: Final = 5.0
"""The axis of moves spans at least so many points to either side."""


def replay_html(made: Replayed, shown: Shown, language: str | None = None) -> str:
    """The page over a replay."""
    found = replay_map(made, shown, language)
    html = page(
        "replay.html",
        found=found,
        words=Words("en"),
        headline=headline(found),
        said=flips_said(found),
        tiles=_tiles(found),
        sides=_sides(found),
        plot=_plot(found),
        matrix=_matrix(found),
        directions=DIRECTIONS,
        flips=[(title, found["flips"][direction]) for direction, title in
               zip(DIRECTIONS, ("Would fail", "Would pass"), strict=True)],
        most_flips=max([1, *(each[d]["either"] for each in found["causes"] for d in DIRECTIONS)]),
        questions=[each for each in found["questions"] if each["before"]["scored"] or each["after"]["scored"]
                   or each["change"]],
        movers=[(title, kind, _movers(found[groups])) for title, kind, groups in
                (("Teams", "team", "teams"), ("Agents", "agent", "agents")) if found[groups]],
        figure=figure,
    )  # fmt: skip
    return _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", html)


def _tiles(found: Mapping[str, Any]) -> list[View]:
    before, after = found["sides"]["before"], found["sides"]["after"]
    compared = found["compared"]
    return [
        {"name": "Would fail", "value": f"{compared['now_fail']:,}", "said": "passed, and would not"},
        {"name": "Would pass", "value": f"{compared['now_pass']:,}", "said": "failed, and would not"},
        {
            "name": "Passed",
            "value": _percent(after["pass_rate"]),
            "said": f"was {_percent(before['pass_rate'])} of those with a verdict",
        },
        {
            "name": "Mean score",
            "value": _number(after["mean_score"]),
            "said": f"was {_number(before['mean_score'])}, over complete evaluations",
        },
        {
            "name": "Scores move",
            "value": _signed(compared["change"]),
            "said": f"on average; {compared['up']:,} up, {compared['down']:,} down, of {compared['compared']:,}",
        },
    ]


def _sides(found: Mapping[str, Any]) -> list[View]:
    before, after = found["sides"]["before"], found["sides"]["after"]
    rows = [(name.replace("_", " "), before[name], after[name]) for name in
            (*OUTCOMES, "critical_errors", "non_critical_errors")]  # fmt: skip
    for group, said in (("bands", "band"), ("escalations", "raises")):
        names = dict.fromkeys([*before[group], *after[group]])
        rows += [(f"{said} {name}", before[group].get(name, 0), after[group].get(name, 0)) for name in names]
    return [{"name": name, "before": was, "after": now, "change": now - was} for name, was, now in rows if was or now]


def _plot(found: Mapping[str, Any]) -> View:
    """Both distributions over one axis: bars above it before, below it after, with the pass marks."""
    sides = found["sides"]
    counts = [sides[side]["histogram"]["evaluations"] for side in ("before", "after")]
    most = max([1, *counts[0], *counts[1]])
    bins = [
        {"from": n * BIN_WIDTH, "to": (n + 1) * BIN_WIDTH, "before": was, "after": now, "up": was / most,
         "down": now / most}
        for n, (was, now) in enumerate(zip(*counts, strict=True))
    ]  # fmt: skip
    return {"bins": bins, "marks": {side: sides[side]["pass_mark"] for side in ("before", "after")}}


def _matrix(found: Mapping[str, Any]) -> View:
    """What became of what: a row for each outcome before."""
    there = {(each["was"], each["now"]): each["evaluations"] for each in found["outcomes"]}
    used = [name for name in OUTCOMES if any(name in pair for pair in there)]
    return {"names": used, "rows": [(was, [there.get((was, now), 0) for now in used]) for was in used]}


def _movers(groups: Sequence[Mapping[str, Any]]) -> list[View]:
    """Groups with the stretch of the axis that their mean moves over and its interval, as parts of the axis."""
    reach: float = max([WIDEST_MOVE, *(abs(each["change"]) + (each["give_or_take"] or 0.0) for each in groups)])

    def at(change: float) -> float:
        return 50 + 50 * change / reach

    found = []
    for each in groups:
        around = each["give_or_take"] or 0.0
        found.append({
            **each,
            "move": _signed(each["change"]),
            "around": f"±{around:.1f}" if each["give_or_take"] is not None else "",
            "x": min(at(0), at(each["change"])),
            "width": abs(at(each["change"]) - at(0)),
            "low": at(each["change"] - around),
            "high": at(each["change"] + around),
        })  # fmt: skip
    return found


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}"


def _signed(value: float | None) -> str:
    return "–" if value is None else f"{value:+.1f}".replace("-", "\N{MINUS SIGN}")


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f}\N{NARROW NO-BREAK SPACE}%"
