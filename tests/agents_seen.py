"""Operations with an agent to make a page of: few or many evaluations, long names, hostile words."""

import random
from datetime import timedelta

from follow_ups import FIRST, by_person, call, card_of, write

from pauta import Answer, HumanEvaluation
from pauta.store import Store

HOSTILE = "</q><script>alert(1)</script>\u202eevil\x00 & 'quoted' \"twice\" " + "w" * 300
LONG = "Maximiliano-Alejandro " * 8 + "X" * 90
CARD = """\
scorecard: retail
version: 1.0.0
language: es
sections:
  - section: all
    answers: yes_no
    questions:
      - {question: greeting, text: {en: Greeted the customer, es: Saludó al cliente}, error: non_critical}
      - {question: name, text: Asked for the name and used it at least once, weight: 2}
      - {question: identity, text: Verified who is calling, error: {critical: compliance, fails: card}}
      - {question: offer, text: Made a suitable offer, fault: process}
scoring: {pass_mark: 60}
"""
PEOPLE = """\
operation: small
timezone: Etc/UTC
languages: [en]
scorecards: cards
sinks: [p.db]
people:
  ana: {name: "%s", team: north, leader: luis, roles: [agent], language: %s}
  ben: {name: Ben, team: north, leader: luis, roles: [agent]}
  luis: {name: Luis Paz, leader: marta, roles: [supervisor]}
  rosa: {name: Rosa, roles: [supervisor]}
  marta: {name: Marta, roles: [manager]}
  petra: {name: Petra, roles: [quality]}
"""


def folder_of(folder, count, *, name="Ana Mora", language="en", hostile=False, seed=1):
    """An operation's folder with so many evaluated calls of one agent, who slips at first and gets better."""
    (folder / "pauta.yaml").write_text(PEOPLE % (name, language), encoding="utf-8")
    (folder / "cards").mkdir()
    (folder / "cards" / "retail.yaml").write_text(CARD, encoding="utf-8")
    chance = random.Random(seed)
    card = card_of(CARD)
    calls, humans = [], []
    for place in range(count):
        comment = HOSTILE if hostile else "She sounded hurried and did not wait for the answer."
        said = call(f"c-{place:03}", day=place * 60 // max(count, 1), minute=place % 50)
        slips = 0.7 * (1 - place / max(count, 1))
        given = {
            "greeting": Answer("no" if chance.random() < slips else "yes", comment=comment, at=3.0 + place),
            "name": Answer("yes"),
            "identity": Answer("no" if chance.random() < 0.08 else "yes", comment=comment, at=61.0),
            "offer": Answer("no" if chance.random() < 0.3 else "yes"),
        }
        at = (FIRST + timedelta(days=place % 60, hours=5)).isoformat()
        calls.append(said)
        humans.append(HumanEvaluation(said.call_id, "retail", "eva", given, agent="ana", evaluated_at=at))
    with Store(folder / "p.db") as store:
        if calls:
            write(store, calls, humans, card)
        else:
            write(store, [call("b", agent="ben")], [by_person(call("b", agent="ben"), agent="ben")], card_of())
    return folder


def with_duties(folder, *, words="I forget it when they shout"):
    """Duties of every kind for the agent: a plan, a held session with agreements, one to come, one overdue."""
    at = (FIRST + timedelta(days=20)).isoformat()
    plain = {"raised_key": "r", "kind": "coach", "agent": "ana", "team": "north", "owner": "luis", "due": at,
             "state": "open", "opened_at": at, "message": "Critical error", "escalated": 0, "details": {}}  # fmt: skip
    plan = {"expect": "Every call begins with a greeting", "target": "95 % of calls", "measured_by": "retail/greeting"}
    held = {"agreed": "Greet before anything else", "words": words, "reached": "yes"}
    with Store(folder / "p.db") as store:
        ledger = store.ledger()
        with ledger.writing():
            ledger.put("duties", [
                {**plain, "id": "a" * 32, "kind": "plan", "message": "", "details": plan},
                {**plain, "id": "b" * 32, "state": "closed", "details": held},
                {**plain, "id": "c" * 32, "state": "overdue"},
                {**plain, "id": "d" * 32, "state": "scheduled", "message": "Monthly session"},
            ])  # fmt: skip
            asked = {"scorecard": "retail", "question": "greeting", "agent": "ana", "team": "north", "asked": 10}
            days = [{**asked, "day": "2026-03-05", "missed": 5}, {**asked, "day": "2026-04-05", "missed": 1}]
            ledger.put("asked", days)
    return folder
