"""What follows from the answers: scoring, bands and escalations."""

from __future__ import annotations

from collections.abc import Mapping

from pauta.engine.loading.conditions import Subjects, read_condition
from pauta.engine.loading.data import Map, Seq
from pauta.engine.loading.errors_of import error_from
from pauta.engine.loading.pieces import flag_in, map_in, maps_in, number_in, text_in, word_in
from pauta.engine.loading.plugins_used import PluginsUsed
from pauta.engine.loading.questions import check_unique
from pauta.engine.loading.subjects import check_operands
from pauta.engine.model.conditions import Test
from pauta.engine.model.scorecard import (
    Accumulation,
    Answers,
    Band,
    Escalation,
    OnCritical,
    Scoring,
)
from pauta.engine.problems import Problem


def scoring_from(data: Map, plugins: PluginsUsed) -> Scoring:
    """How the card's answers become one score."""
    written = map_in(data, "scoring")
    if written is None:
        return Scoring()
    plain = Scoring()
    method = plugins.method(written["method"], written.at_of("method")) if "method" in written else None
    limits = written.get("on_critical")
    at_most = number_in(limits, "at_most") if isinstance(limits, Map) else None
    on_critical = OnCritical(limits) if limits in (OnCritical.ZERO, OnCritical.KEEP) else OnCritical.ZERO
    decimals = number_in(written, "decimals")
    return Scoring(
        method or plain.method,
        plain.decimals if decimals is None else int(decimals),
        number_in(written, "pass_mark"),
        OnCritical.AT_MOST if at_most is not None else on_critical,
        at_most or 0.0,
        _accumulation(map_in(written, "accumulation")),
        written.get("unverified") == "incomplete",
        flag_in(written, "above_100"),
        flag_in(written, "below_0"),
    )


def _accumulation(written: Map | None) -> Accumulation | None:
    if written is None:
        return None
    count, make = number_in(written, "non_critical"), error_from(written.get("make"))
    return Accumulation(int(count), make) if count is not None and make is not None else None


def bands_from(data: Map, language: str, problems: list[Problem]) -> tuple[Band, ...]:
    """The named parts of the scale, as written."""
    written = list(maps_in(data, "bands"))
    check_unique(written, "band", "band", problems)
    found: list[Band] = []
    for each in written:
        name, start = word_in(each, "band"), number_in(each, "from")
        if name is None or start is None:
            continue
        same = next((band for band in found if band.start == start), None)
        if same is not None and same.id != name:
            message = f"the bands '{same.id}' and '{name}' both start at {start:g}, so one of them is never reached"
            problems.append(Problem("E341", message, each.at_of("from"), "a band reaches up to the next one's from"))
        found.append(Band(name, start, text_in(each, "title", language), each.at))
    return tuple(found)


def escalations_from(
    data: Map,
    language: str,
    subjects: Subjects,
    answers: Mapping[str, Answers | None],
    plugins: PluginsUsed,
    problems: list[Problem],
) -> tuple[Escalation, ...]:
    """What must happen when; `subjects` are those that the card has."""
    written = list(maps_in(data, "escalations"))
    check_unique(written, "escalation", "escalation", problems)
    bands = [name for each in maps_in(data, "bands") if (name := word_in(each, "band")) is not None]
    found = []
    for each in written:
        name = word_in(each, "escalation") or ""
        if ("when" in each) is ("rule" in each):
            said = "both when and rule" if "when" in each else "neither when nor rule"
            hint = "when is a condition on the result, rule a plugin's; one of the two says when it is raised"
            problems.append(Problem("E344", f"the escalation '{name}' has {said}", each.at, hint))
        when = None
        if "when" in each:
            tests: list[Test] = []
            when = read_condition(each["when"], problems, subjects, tests, each.at_of("when"))
            check_operands(tests, answers, bands, problems)
        rule = plugins.rule(each["rule"], each.at_of("rule"), name) if "rule" in each else None
        actions = each.get("do")
        entries = [(value, actions.at_of(n)) for n, value in enumerate(actions)] if isinstance(actions, Seq) else []
        uses = [plugins.action(value, at, name) for value, at in entries]
        do = tuple(use for use in uses if use is not None)
        found.append(Escalation(name, when, rule, do, text_in(each, "title", language), each.at))
    return tuple(found)
