"""The escalations of the operation's file: over many evaluations, by a condition on their figures or by a rule.

standing_escalations(data, host)   what stands under `escalations`, with every problem
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from pauta.engine.host import Host
from pauta.engine.loading.conditions import Subjects, read_condition
from pauta.engine.loading.data import Map, Seq, written
from pauta.engine.loading.pieces import map_in, maps_in, text_in, word_in
from pauta.engine.loading.plugins_used import PluginsUsed
from pauta.engine.loading.questions import check_unique
from pauta.engine.model.followup import OVER_KINDS, Over, StandingEscalation
from pauta.engine.model.scorecard import Use
from pauta.engine.problems import Place, Problem, in_order

_UNITS: Final = {"min": "minutes", "h": "hours", "d": "days"}


def standing_escalations(
    data: Mapping[str, object], host: Host
) -> tuple[tuple[StandingEscalation, ...], list[Problem]]:
    """The escalations that an operation's file holds, those with a problem left out, and the problems in order."""
    if not isinstance(data, Map):
        return (), []
    problems: list[Problem] = []
    written_ones = list(maps_in(data, "escalations"))
    check_unique(written_ones, "escalation", "escalation", problems)
    languages = data.get("languages")
    language = written(languages[0]) if isinstance(languages, Seq) and languages else "en"
    found = [_one(each, language, host, problems) for each in written_ones]
    return tuple(each for each in found if each is not None), in_order(problems)


def _one(each: Map, language: str, host: Host, problems: list[Problem]) -> StandingEscalation | None:
    before = len(problems)
    name = word_in(each, "escalation") or ""
    plugins = PluginsUsed(host, problems)
    over = _over(each, name, problems)
    if ("when" in each) is ("rule" in each):
        said = "both when and rule" if "when" in each else "neither when nor rule"
        hint = "when is a condition on the figures of many evaluations, rule a plugin's; one of the two says when"
        problems.append(Problem("E344", f"the escalation '{name}' has {said}", each.at, hint))
    when = None
    if "when" in each:
        when = read_condition(each["when"], problems, Subjects(windows=True), [], each.at_of("when"))
    rule = plugins.rule(each["rule"], each.at_of("rule"), name) if "rule" in each else None
    if rule is not None and over is not None:
        _check_rule(rule, over, host, name, each.at_of("rule"), problems)
    actions = each.get("do")
    entries = [(value, actions.at_of(n)) for n, value in enumerate(actions)] if isinstance(actions, Seq) else []
    uses = [plugins.action(value, at, name) for value, at in entries]
    if len(problems) > before or over is None:
        return None
    do = tuple(use for use in uses if use is not None)
    return StandingEscalation(name, over, when, rule, do, text_in(each, "title", language), each.at)


def _over(each: Map, name: str, problems: list[Problem]) -> Over | None:
    given = map_in(each, "over")
    if given is None:
        hint = "say which evaluations are looked at together: over: {agent: last 10}, or {team: 14 d}"
        problems.append(Problem("E780", f"the escalation '{name}' does not say over what", each.at, hint))
        return None
    kind, window = next(iter(given.items()), ("", ""))
    text = written(window)
    last = re.fullmatch(r"last ([1-9][0-9]*)", text)
    if kind in OVER_KINDS and last:
        return Over(kind, last=int(last[1]))
    period = re.fullmatch(r"([1-9][0-9]*) ?(min|h|d)", text)
    if kind in OVER_KINDS and period:
        return Over(kind, period=timedelta(**{_UNITS[period[2]]: int(period[1])}))
    return None  # the shape of the file has said so


def _check_rule(rule: Use, over: Over, host: Host, name: str, at: Place | None, problems: list[Problem]) -> None:
    offered = host.rules.get(rule.name)
    if not callable(getattr(offered, "found", None)):
        hint = "it looks at one evaluation: it belongs into a card"
        problems.append(
            Problem("E781", f"the rule '{rule.name}' of '{name}' is not one over many evaluations", at, hint)
        )
        return
    kinds = tuple(getattr(offered, "kinds", OVER_KINDS))
    if over.kind not in kinds:
        message = f"the rule '{rule.name}' of '{name}' does not go over {over.kind}"
        problems.append(Problem("E782", message, at, f"it goes over: {', '.join(kinds)}"))
