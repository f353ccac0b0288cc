"""Small operations to follow up: a card, an operation's escalations, days of calls with people's answers."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from pauta import Answer, Call, HumanEvaluation
from pauta.engine.evaluation.evaluate import evaluate
from pauta.engine.evaluation.plan import compile_plan
from pauta.engine.evaluation.records import records
from pauta.engine.host import Host
from pauta.engine.loading.load import card_from_text
from pauta.engine.loading.standing import standing_escalations
from pauta.engine.loading.text import read_yaml
from pauta.engine.model.calls import batch_of
from pauta.followup.calendar import Calendar
from pauta.followup.night import Setting, run_night
from pauta.followup.notices import rows_of_notice
from pauta.followup.people import People
from pauta.store.ledger_tables import LEDGER

FIRST = datetime(2026, 3, 2, 9, tzinfo=UTC)
HOST = Host(installed=False)
CARD = """\
scorecard: retail
version: 1.0.0
sections:
  - section: all
    answers: yes_no
    questions:
      - {question: greeting, error: non_critical}
      - {question: name, weight: 2}
      - {question: identity, error: {critical: compliance, fails: card}}
scoring: {pass_mark: 60}
escalations:
  - {escalation: grave, when: {critical_errors: {above: 0}}, do: [{coach: {due: 24 h}}, {notify: {to: supervisor}}]}
  - {escalation: fine, when: {score: {at_least: 90}}, do: [{recognise: {keep_as_example: true, question: name}}]}
  - {escalation: rest, when: {score: {below: 90}}, do: [{coach: {due: next monthly session}}]}
"""
OPERATION = """\
operation: small
people:
  ana: {name: Ana, team: north, leader: luis, roles: [agent]}
  luis: {name: Luis, team: north, roles: [supervisor]}
  eva: {name: Eva, roles: [evaluator]}
escalations:
"""


def card_of(text=CARD):
    loaded = card_from_text(text, HOST)
    assert loaded.scorecard is not None, loaded.problems
    return loaded.scorecard


def setting_of(escalations="", *, card=None, host=HOST):
    """The setting of a night in an operation with these escalations, YAML as they stand in its file."""
    data, problems = read_yaml(OPERATION + (escalations or "  []\n"), "pauta.yaml")
    assert data is not None, problems
    standing, problems = standing_escalations(data, host)
    assert not problems, problems
    card = card or card_of()
    return Setting("operation small", standing, lambda *_: card, host, Calendar(), People.of(data), rows_of_notice)


def night_of(day):
    """The end of a day."""
    return FIRST + timedelta(days=day, hours=14)


def three_nights_at_once(store, setting, now):
    """The same night by three threads; what one of them raises is raised."""

    def night():
        with store.another() as own:
            run_night(own, setting, now)

    with ThreadPoolExecutor(3) as pool:
        for each in [pool.submit(night) for _ in range(3)]:
            each.result()


def call(name, day=0, minute=0, agent="ana", **facts):
    return Call(name, (FIRST + timedelta(days=day, minutes=minute)).isoformat(), 300.0, agent, "north", **facts)


def by_person(called, missed=(), *, evaluator="eva", hour=5, fault=None, agent="ana", without=()):
    """What a person answered about a call: yes to everything but what was missed."""
    given = {
        name: Answer("no" if name in missed else "yes", fault=fault if name in missed else None)
        for name in ("greeting", "name", "identity")
        if name not in without
    }
    begun = datetime.fromisoformat(called.started_at)
    at = (begun + timedelta(hours=hour)).isoformat()
    return HumanEvaluation(called.call_id, "retail", evaluator, given, agent=called.agent, evaluated_at=at)


def write(store, calls, humans, card=None):
    """Evaluate calls through the engine and keep the results."""
    card = card or card_of()
    found = list(records(evaluate(compile_plan(card, HOST), batch_of(calls, humans))))
    kept = {"scorecard": card.id, "version": str(card.version), "digest": card.digest, "title": None, "document": None}
    store.write(found, calls=calls, cards=[kept])
    return found


def content(store, *without):
    """Everything in the ledger, table by table, in an order that does not depend on the one of writing."""
    ledger = store.ledger()
    return {
        table: sorted(repr(sorted(row.items(), key=str)) for row in ledger.select(table))
        for table in LEDGER
        if table not in without
    }
