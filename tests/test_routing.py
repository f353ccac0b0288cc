"""Which card scores which call: the cases of tests/cases/routing.yaml, days, and the report."""

from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml

from pauta.engine import routing
from pauta.engine.host import Host
from pauta.engine.loading.load import card_from_text
from pauta.engine.loading.records import call_from
from pauta.engine.model.calls import Call
from pauta.engine.model.scorecard import Scorecard
from pauta.engine.problems import Problem
from pauta.engine.routing import Router, claimed_by, routes_report, why_not

CASES = yaml.safe_load((Path(__file__).parent / "cases" / "routing.yaml").read_text(encoding="utf-8"))
TODAY = date(2026, 6, 1)


@pytest.fixture(scope="module")
def host():
    return Host(installed=False)


class Versions:
    """Cards that are in effect from a day on."""

    def __init__(self, cards, since=date.min):
        self.cards = cards
        self.since = since
        self.asked = []

    @property
    def ids(self):
        return [card.id for card in self.cards]

    def in_effect(self, day):
        self.asked.append(day)
        return [card for card in self.cards if day >= self.since]

    def resolve(self, card_id, wanted=None, day=None):
        self.asked.append(day)
        found = [card for card in self.cards if card.id == card_id and wanted in (None, card.version)]
        return found[0] if found else Problem("E712", f"there is no card '{card_id}'")


def card_of(card_id, said, host):
    document = {
        "scorecard": card_id,
        "version": "1.0.0",
        "sections": [{"section": "s", "questions": [{"question": "q", "text": "Was it good", "answers": "yes_no"}]}],
        **said,
    }
    loaded = card_from_text(yaml.safe_dump(document, allow_unicode=True, sort_keys=False), host)
    assert loaded.scorecard is not None, loaded.problems
    return loaded.scorecard


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["case"])
def test_routes(case, host):
    cards = [card_of(card_id, said, host) for card_id, said in case["cards"].items()]
    router = Router(Versions(cards), today=TODAY)
    for entry in case["calls"]:
        call = call_from(entry["call"], default_id="c")
        assert [card.id for card in router.route(call).cards] == entry["by"]
        for card_id, reason in entry.get("why", {}).items():
            (card,) = (card for card in cards if card.id == card_id)
            assert why_not(card.applies_to, call) == reason
        for card in cards:
            if card.id in entry["by"] and card.applies_to:
                assert why_not(card.applies_to, call) == ""


def test_the_day_is_that_of_the_operation_else_of_the_record_else_today():
    call = Call("c", started_at="2026-01-01T03:00:00Z")
    assert Router(Versions([]), today=TODAY).day(call) == date(2026, 1, 1)
    assert Router(Versions([]), timezone=ZoneInfo("America/Bogota"), today=TODAY).day(call) == date(2025, 12, 31)
    assert Router(Versions([]), today=TODAY).day(Call("c")) == TODAY
    assert Router(Versions([])).day(Call("c")) is not None


def test_versions_are_asked_once_a_day():
    versions = Versions([Scorecard("a", "1.0.0", ())])
    router = Router(versions, today=TODAY)
    for _ in range(3):
        router.route(Call("c", started_at="2026-01-01T03:00:00Z"))
        router.route(Call("d"))
    assert versions.asked == [date(2026, 1, 1), TODAY]


def test_conditions_are_asked_once_of_calls_that_are_alike(host, monkeypatch):
    asked = []
    monkeypatch.setattr(
        routing, "claimed_by", lambda call, cards: asked.append(call.call_id) or claimed_by(call, cards)
    )
    cards = [
        card_of("in", {"applies_to": {"call.direction": "inbound"}}, host),
        card_of("rest", {"fallback": True}, host),
    ]
    router = Router(Versions(cards, since=date(2026, 1, 1)), today=TODAY)
    several = [("1", "inbound"), ("2", "outbound"), ("3", "inbound"), ("4", None), ("5", None)]
    found = [router.route(Call(name, direction=direction, agent=name)).cards for name, direction in several]
    assert [card.id for (card,) in found] == ["in", "rest", "in", "rest", "rest"]
    assert asked == ["1", "2", "4"]
    assert router.route(Call("6", started_at="2025-06-01T00:00:00Z", direction="inbound")).cards == ()


@pytest.mark.parametrize("order", [(1, True), (True, 1)])
def test_what_is_equal_and_not_the_same_is_asked_each_time(order, host):
    router = Router(Versions([card_of("yes", {"applies_to": {"call.attributes.vip": True}}, host)]), today=TODAY)
    for value in (*order, *order):
        assert bool(router.route(Call("c", attributes={"vip": value})).cards) is (value is True)


def test_named_cards_score_what_they_are_given():
    fixed = Scorecard("fixed", "2.0.0", ())
    versions = Versions([Scorecard("a", "1.0.0", ())])
    route = Router(versions, named=[fixed, "a", "a@1.0.0", "b"], today=TODAY).route(Call("c"))
    assert [card.name for card in route.cards] == ["fixed@2.0.0", "a@1.0.0", "a@1.0.0"]
    assert [problem.code for problem in route.problems] == ["E712"]


def test_report(host):
    cards = [card_of("in", {"applies_to": {"call.direction": "inbound"}}, host),
             card_of("chat", {"applies_to": {"call.channel": "chat"}}, host)]  # fmt: skip
    router = Router(Versions(cards, since=date(2026, 1, 1)), today=TODAY)
    calls = [
        Call("1", direction="inbound"),
        Call("2", direction="inbound", channel="chat"),
        *(Call(f"x{n}", direction="outbound") for n in range(4)),
        Call("old", started_at="2020-01-01T00:00:00Z", direction="inbound"),
    ]
    report = routes_report(calls, router, examples=3)
    assert (report.calls, report.by_card) == (7, {"in@1.0.0": 2, "chat@1.0.0": 1})
    assert (report.unclaimed_calls, len(report.unclaimed)) == (5, 3)
    assert (report.several_calls, [(call.call_id, names) for call, names in report.several]) == (
        1,
        [("2", ("in@1.0.0", "chat@1.0.0"))],
    )
    assert report.unclaimed[0][1] == {
        "in@1.0.0": "call.direction is outbound and must be inbound",
        "chat@1.0.0": "call.channel is not given and must be chat",
    }
    (_, reasons), *_ = routes_report([calls[-1]], router).unclaimed
    assert reasons == dict.fromkeys(("in", "chat"), "no version of it was in effect on 2020-01-01")
