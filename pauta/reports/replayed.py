"""What a replay found, as data and as text. The page is made from the same data (`replay_html`)."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import zip_longest
from typing import Any, Final

from pauta.engine.host import Host
from pauta.engine.model.scorecard import Scorecard
from pauta.replay import Example, Part, Replayed
from pauta.replay.replayed import NOW_FAIL, NOW_PASS, CauseTally
from pauta.replay.tallies import BIN_WIDTH, OUTCOMES, Moved, QuestionReplayed, SideTally, largest_first
from pauta.reports.difference import difference
from pauta.reports.explanation import figure
from pauta.reports.replay_notes import notes_on
from pauta.reports.words import name_of

AGENTS_SHOWN: Final = 15
CALLS_SHOWN: Final = 10
BAR: Final = 30
DIRECTIONS: Final = (NOW_FAIL, NOW_PASS)
_SAID_OF: Final = {
    "pass_mark": ("the pass mark",),
    "on_critical": ("a critical error that fails the card",),
    "accumulation": ("non-critical errors that make a critical one",),
    "unverified": ("an unverified question",),
    "method": ("the scoring method",),
    "bounds": ("scores above 100", "scores below 0"),
    "decimals": ("decimals",),
}
"""How `difference` begins its sentences about the rules of scoring."""


@dataclass(frozen=True, slots=True)
class Shown:
    """How a replay is shown. least: agents and teams with fewer compared evaluations are not ranked.

    explain: what stands behind the call in a command that explains it.
    """

    least: int
    explain: tuple[str, ...]
    host: Host


def replay_map(made: Replayed, shown: Shown, language: str | None = None) -> dict[str, Any]:
    """Everything that a replay found, JSON-ready."""
    main = made.by_before.most_common(1)
    old = made.before_cards[main[0][0]] if main else made.after_card
    agents = largest_first(made.agents, shown.least)
    teams = largest_first(made.teams, shown.least)
    return {
        "before": [{"card": name, "evaluations": count} for name, count in sorted(made.by_before.items())],
        "after": made.after_card.name,
        "title": made.after_card.title.in_language(language, made.after_card.id),
        "stored": made.stored,
        "assumed": dict(made.assumed),
        "calls": made.counts.calls,
        "evaluations": made.evaluations,
        "by_person": made.by_person,
        "first": made.first,
        "last": made.last,
        "only_before": made.lost,
        "only_after": made.gained,
        "left_out": made.counts.left_out,
        "unclaimed": made.counts.unclaimed,
        "refused": made.counts.refused,
        "other_versions": made.counts.other_versions,
        "sides": {"before": _side(made.before, old), "after": _side(made.after, made.after_card)},
        "compared": _moved(made.whole),
        "outcomes": [
            {"was": was, "now": now, "evaluations": made.outcomes[was, now]}
            for was in OUTCOMES
            for now in OUTCOMES
            if made.outcomes[was, now]
        ],
        "causes": _causes(made, old, shown, language),
        "together": {direction: made.together[direction] for direction in DIRECTIONS},
        "flips": {
            direction: [_example(each, made, shown, old, language) for each in _to_hear(made, direction)]
            for direction in DIRECTIONS
        },
        "questions": [_question(each, made, old, language) for each in made.questions.values()],
        "agents": _group(agents, made, "agent"),
        "teams": _group(teams, made, "team"),
        "least": shown.least,
        "too_few": {
            "agents": sum(1 for name in made.agents if name) - len(agents),
            "teams": sum(1 for name in made.teams if name) - len(teams),
        },
        "notes": notes_on(made, old, shown.least),
    }


def _side(side: SideTally, card: Scorecard) -> dict[str, Any]:
    return {
        "evaluations": side.evaluations,
        **dict(zip(OUTCOMES, side.outcomes, strict=True)),
        "pass_rate": side.pass_rate,
        "scored": side.scored,
        "mean_score": side.mean,
        "critical_errors": side.critical,
        "non_critical_errors": side.non_critical,
        "pass_mark": card.scoring.pass_mark,
        "bands": dict(side.bands),
        "escalations": dict(side.escalations),
        "histogram": {"bin_width": BIN_WIDTH, "evaluations": list(side.histogram)},
    }


def _moved(moved: Moved) -> dict[str, Any]:
    return {
        "evaluations": moved.evaluations,
        "compared": moved.compared,
        "before": moved.before,
        "after": moved.after,
        "change": moved.change if moved.compared else None,
        "give_or_take": moved.give_or_take,
        "up": moved.up,
        "down": moved.down,
        "with_verdict": moved.with_verdict,
        "share_passed_before": moved.share_before,
        "share_passed_after": moved.share_after,
        NOW_FAIL: moved.now_fail,
        NOW_PASS: moved.now_pass,
    }


def _group(groups: Sequence[tuple[str, Moved]], made: Replayed, kind: str) -> list[dict[str, Any]]:
    before, after = (_ranks([(name, getattr(moved, side)) for name, moved in groups]) for side in ("before", "after"))
    return [
        {
            kind: name,
            **({"team": made.team_of.get(name)} if kind == "agent" else {}),
            **_moved(moved),
            "unlike_the_others": moved.apart_from(made.whole),
            "rank_before": before[name],
            "rank_after": after[name],
        }
        for name, moved in groups
    ]


def _ranks(means: Sequence[tuple[str, float]]) -> dict[str, int]:
    """1 is the best mean; equal means share a rank."""
    rounded = {name: round(mean, 9) for name, mean in means}
    return {name: 1 + sum(other > mean for other in rounded.values()) for name, mean in rounded.items()}


def _causes(made: Replayed, old: Scorecard, shown: Shown, language: str | None) -> list[dict[str, Any]]:
    """The parts that flip calls, the busiest first; those that flip none at the end of the list are left out."""
    found = []
    said = _said(old, made.after_card, shown.host)
    for key, part in made.parts.items():
        tallies = {direction: made.causes.get((direction, key), CauseTally()) for direction in DIRECTIONS}
        if any(each.either for each in tallies.values()):
            kept = [
                _example(each, made, shown, old, language) | {"direction": direction}
                for direction in DIRECTIONS
                for each in made.examples.get((direction, key), ())
            ]
            found.append(
                {
                    "kind": part.kind,
                    "id": part.id,
                    "change": part.change,
                    "title": part_title(part, old, made.after_card, language),
                    "said": said.get(key, []),
                    **{direction: asdict(tally) for direction, tally in tallies.items()},
                    "examples": kept,
                }
            )
    return sorted(found, key=lambda each: -sum(each[direction]["either"] for direction in DIRECTIONS))


def _said(old: Scorecard, new: Scorecard, host: Host) -> dict[tuple[str, str], list[str]]:
    """What changed in each part, in the sentences of `pauta diff`."""
    found: dict[tuple[str, str], list[str]] = {}
    for change in difference(old, new, host):
        kind, _, name = change.where.partition(" ")
        keys = [(kind, name.strip("'"))]
        if kind == "scoring":
            keys = [("scoring", rule) for rule, heads in _SAID_OF.items() if change.text.startswith(heads)]
        for key in keys if change.kind != "reworded" else []:
            found.setdefault(key, []).append(change.text)
    return found


def part_title(part: Part, old: Scorecard, new: Scorecard, language: str | None) -> str:
    """What a part is called on a page."""
    if part.kind == "question":
        question = new.by_id.get(part.id) or old.by_id.get(part.id)
        return name_of(question, language) if question else part.id
    if part.kind == "scoring":
        return "Rule: " + " and ".join(_SAID_OF[part.id])
    return "The weights of sections" if part.kind == "weights" else f"Section {part.id}"


def _to_hear(made: Replayed, direction: str) -> list[Example]:
    """Calls that flip in one direction: of each cause in turn those that move most, then the rest that moves most."""
    busiest = sorted(made.parts, key=lambda key: -made.causes.get((direction, key), CauseTally()).either)
    of_causes = [list(made.examples.get((direction, key), ())) for key in busiest]
    in_turn = [each for turn in zip_longest(*of_causes) for each in turn if each is not None]
    return list(dict.fromkeys([*in_turn, *made.examples.get((direction, None), ())]))[:CALLS_SHOWN]


def _example(each: Example, made: Replayed, shown: Shown, old: Scorecard, language: str | None) -> dict[str, Any]:
    command = ["pauta", "explain", each.call_id, *(shown.explain or ("--card", made.after_card.name))]
    return {
        "call_id": each.call_id,
        "agent": each.agent,
        "team": each.team,
        "evaluator": each.evaluator,
        "started_at": each.started_at,
        "before": each.before,
        "after": each.after,
        "causes": [part_title(part, old, made.after_card, language) for part in each.causes],
        "cause_ids": [part.id for part in each.causes],
        "explain": shlex.join(command),
    }


def _question(each: QuestionReplayed, made: Replayed, old: Scorecard, language: str | None) -> dict[str, Any]:
    asked = made.after_card.by_id.get(each.id) or old.by_id.get(each.id)
    part = made.parts.get(("question", each.id))
    sides = {}
    for name, tally in (("before", each.before), ("after", each.after)):
        sides[name] = asdict(tally) | {"missed_share": tally.missed_share}
    return {
        "question": each.id,
        "title": name_of(asked, language) if asked else each.id,
        "change": part.change if part else None,
        **sides,
        "differs": each.differs,
    }


def replay_text(made: Replayed, shown: Shown, language: str | None = None) -> str:
    """What a replay found, for a terminal."""
    found = replay_map(made, shown, language)
    lines = [headline(found)]
    if found["evaluations"]:
        lines += ["", *_sides_text(found), "", flips_said(found), *_causes_text(found), *_flips_text(found)]
        lines += ["", *_plot(found), *_movers_text(found, "teams", "team"), *_movers_text(found, "agents", "agent")]
    lines += ["", *(f"- {note}" for note in found["notes"])] if found["notes"] else []
    return "\n".join(lines) + "\n"


def headline(found: Mapping[str, Any]) -> str:
    """From which version to which, over what."""
    before = ", ".join(each["card"] for each in found["before"]) or "nothing"
    days = f", calls of {found['first']} to {found['last']}" if found["first"] else ""
    people = f" ({found['by_person']:,} by people)" if found["by_person"] else ""
    return f"{before} -> {found['after']}: {counted(found['evaluations'], 'evaluation')}{people}{days}"


def flips_said(found: Mapping[str, Any]) -> str:
    """The answer in one sentence."""
    compared = found["compared"]
    if not compared["with_verdict"]:
        return "No evaluation passes or fails by both versions, so none changes sides."
    fail, passed = compared[NOW_FAIL], compared[NOW_PASS]
    if not fail and not passed:
        return f"None of {compared['with_verdict']:,} with a verdict passes or fails differently."
    return (
        f"{fail:,} that passed would fail, {passed:,} that failed would pass, of {compared['with_verdict']:,} "
        "with a verdict by both."
    )


def _sides_text(found: Mapping[str, Any]) -> Iterator[str]:
    before, after = found["sides"]["before"], found["sides"]["after"]
    yield f"{'':22}{'before':>10}{'after':>10}{'change':>10}"
    for name in (*OUTCOMES, "critical_errors", "non_critical_errors"):
        was, now = before[name], after[name]
        if was or now:
            yield f"{name.replace('_', ' '):22}{was:>10,}{now:>10,}{now - was:>+10,}"
    for name, factor in (("mean_score", 1), ("pass_rate", 100)):
        values = [None if side[name] is None else factor * side[name] for side in (before, after)]
        was, now = values
        change = "-" if was is None or now is None else f"{now - was:+.2f}"
        shown = ["-" if value is None else f"{value:.2f}" for value in values]
        unit = " %" if name == "pass_rate" else ""
        yield f"{name.replace('_', ' ') + unit:22}{shown[0]:>10}{shown[1]:>10}{change:>10}"
    for name in dict.fromkeys([*before["escalations"], *after["escalations"]]):
        counts = [side["escalations"].get(name, 0) for side in (before, after)]
        yield f"{'raises ' + name:22}{counts[0]:>10,}{counts[1]:>10,}{counts[1] - counts[0]:>+10,}"


def _causes_text(found: Mapping[str, Any]) -> Iterator[str]:
    if found["causes"]:
        yield f"\n{'Which change does it':44}{'would fail':>16}{'would pass':>16}"
        yield f"{'':44}{'alone':>8}{'needed':>8}{'alone':>8}{'needed':>8}"
    for each in found["causes"]:
        name = f"{each['kind']} {each['id']}" + (f" ({each['change']})" if each["change"] != "changed" else "")
        counts = "".join(f"{each[direction][how]:>8,}" for direction in DIRECTIONS for how in ("alone", "needed"))
        yield f"  {name[:41]:42}{counts}"
        yield from (f"      {sentence}" for sentence in each["said"])
        heard = {one["call_id"]: None for one in each["examples"]}
        yield f"      for example {', '.join(heard)}"
    together = sum(found["together"].values())
    if together:
        yield f"  only several changes together: {together:,}"


def _flips_text(found: Mapping[str, Any]) -> Iterator[str]:
    first = None
    for direction, title in ((NOW_FAIL, "Would fail"), (NOW_PASS, "Would pass")):
        if found["flips"][direction]:
            yield f"\n{title}: calls to listen to, of each change those that move most"
        for each in found["flips"][direction]:
            first = first or each
            causes = ", ".join(each["cause_ids"]) or "several changes together"
            whose = f", {each['agent']}" if each["agent"] else ""
            yield f"  {each['call_id']}{whose}: {figure(each['before'])} -> {figure(each['after'])}, by {causes}"
    if first is not None:
        yield f"\nLine by line: {first['explain']}"


def _plot(found: Mapping[str, Any]) -> Iterator[str]:
    """Both distributions, a line a bin, each as a bar."""
    before, after = (found["sides"][side]["histogram"]["evaluations"] for side in ("before", "after"))
    most = max([1, *before, *after])
    yield f"{'Scores':9}{'before':{BAR + 8}}after"
    for n, (was, now) in enumerate(zip(before, after, strict=True)):
        if was or now:
            bars = [f"{'█' * round(BAR * count / most)} {count:,}" for count in (was, now)]
            yield f"{n * BIN_WIDTH:3g}-{(n + 1) * BIN_WIDTH:<5g}{bars[0]:{BAR + 8}}{bars[1]}"


def _movers_text(found: Mapping[str, Any], groups: str, kind: str) -> Iterator[str]:
    listed = found[groups]
    if not listed:
        return
    title = f"{kind.title()}s, the largest moves first"
    yield f"\n{title:34}{'n':>6}{'before':>9}{'after':>9}{'change':>16}{'rank':>9}"
    for each in listed[:AGENTS_SHOWN]:
        change = f"{each['change']:+.2f}" + (
            f" ±{each['give_or_take']:.2f}" if each["give_or_take"] is not None else ""
        )
        mark = " *" if each["unlike_the_others"] else ""
        ranks = f"{each['rank_before']} -> {each['rank_after']}"
        name = f"  {each[kind]}"[:34]
        yield f"{name:34}{each['compared']:>6,}{each['before']:>9.2f}{each['after']:>9.2f}{change:>16}{ranks:>9}{mark}"
    if len(listed) > AGENTS_SHOWN:
        yield f"  and {len(listed) - AGENTS_SHOWN:,} more (--format json has all)"


def counted(count: int, noun: str) -> str:
    """A number of things."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
