"""Every command of the follow-up, run for everybody with `--as`: who sees what it shows, who is refused."""

import json
import os

import pytest
from agents_seen import folder_of
from click.testing import CliRunner

from pauta.cli import main
from pauta.store import Store

PEOPLE = """\
operation: small
timezone: America/Bogota
languages: [en]
scorecards: cards
sinks: [p.db]
people:
  ana: {name: Ana Mora, team: north, leader: luis, roles: [agent]}
  ben: {name: Ben, team: north, leader: luis, roles: [agent]}
  luis: {name: Luis Paz, leader: marta, roles: [supervisor]}
  marta: {name: Marta, roles: [manager]}
  gil: {name: Gil, leader: vera, roles: [supervisor]}
  vera: {name: Vera}
  rosa: {name: Rosa, leader: otto, roles: [supervisor]}
  otto: {name: Otto, roles: [manager]}
  petra: {name: Petra, roles: [quality]}
  eva: {name: Eva, leader: petra, roles: [evaluator]}
  ivan: {name: Ivan, roles: [evaluator]}
  dora: {name: Dora, leader: dina}
  dina: {name: Dina}
"""
"""Luis leads ana, gil owes her a talk, eva evaluated her, and dora is to mend a finding."""

EVERYBODY = ("ana", "ben", "luis", "marta", "gil", "vera", "rosa", "otto", "petra", "eva", "ivan", "dora", "dina",
             "stranger")  # fmt: skip
LINE, GIVER = {"luis", "marta"}, {"gil", "vera"}
DUTY, FINDING, EXAMPLE = "d" * 32, "f" * 32, "e" * 32

SHOWN = {
    "coach list": {"ana", "petra", *LINE, *GIVER},
    "coach list --format json": {"ana", "petra", *LINE, *GIVER},
    "coach list --owner gil": {"ana", *LINE, *GIVER},
    "coach show DUTY": {"ana", *LINE, *GIVER},
    "coach show DUTY --format json": {"ana", *LINE, *GIVER},
    "agent ana": {"ana", "petra", *LINE},
    "agent ana --format json": {"ana", "petra", *LINE},
    "dispute list": {"ana", "petra", "eva", "otto", *LINE},
    "dispute list --format json": {"ana", "petra", "eva", "otto", *LINE},
    "findings list": {"dora", "dina", "petra", "marta", "otto", "luis", "gil", "rosa", "eva", "ivan"},
    "findings list --format json": {"dora", "dina", "petra", "marta", "otto", "luis", "gil", "rosa", "eva", "ivan"},
    "examples": set(EVERYBODY),
    "examples consent": {"ana"},
}
"""Command -> who sees by it that there is something of ana's, or the finding."""

SAYS = {
    "coach list": "dddddddddddd", "coach show": "secret talk", "agent ana": "Asked for the name",
    "dispute list": "secret reason", "findings": "secret form", "examples": "Named the worry",
    "examples consent": "Kept his calm",
}  # fmt: skip
"""What there is to see; the longest beginning of a command holds."""

PRIVATE = {
    "coach list": ("secret talk", {"ana", *LINE, *GIVER}),
    "coach list --format json": ("secret words", {"ana", *LINE, *GIVER}),
    "coach show DUTY": ("secret words", {"ana", *LINE, *GIVER}),
    "agent ana": ("secret talk", {"ana", *LINE}),
    "agent ana --format json": ("secret talk", {"ana", *LINE}),
    "findings list --format json": ("evidence-1", {"dora", "dina", "petra", "marta", "otto"}),
}
"""Of what is shown, what fewer see: the words of a talk, the evaluations that a finding is about."""

OWNER = {"petra", *LINE, *GIVER}
MOVED = {
    "coach schedule DUTY --at 2026-03-04T10:00Z": ("open", OWNER),
    "coach hold DUTY --agreed x": ("open", OWNER),
    "coach follow-up DUTY --reached yes": ("held", OWNER),
    "coach close DUTY": ("held", OWNER),
    "coach withdraw DUTY --reason x": ("open", OWNER),
    "findings own FINDING rosa": ("owned", {"dora", "dina", "petra"}),
    "findings fix FINDING --what x": ("owned", {"dora", "dina", "petra"}),
    "findings verify FINDING --helped yes": ("fixed", {"dora", "dina", "petra"}),
    "acknowledge CALL": ("final", {"ana", *LINE}),
    "dispute open CALL --reason x": ("final", {"ana", *LINE}),
    "dispute decide CALL uphold --reason x": ("disputed", {"petra", "marta", "otto"}),
    "examples consent EXAMPLE yes": ("asked", {"ana"}),
}
"""Command -> the state it begins from, and who may; all others are refused (E789)."""


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    folder = folder_of(tmp_path_factory.mktemp("centre"), 3)
    (folder / "pauta.yaml").write_text(PEOPLE, encoding="utf-8")
    before = os.getcwd()  # noqa: PTH109  # as it is
    os.chdir(folder)
    with Store("p.db") as store:
        store.call = str(next(iter(store.evaluations()))["evaluation_id"])
        yield store
    os.chdir(before)


@pytest.fixture
def things(here):
    """The duty, the finding, the examples and the dispute, as they were at first."""
    begin(here, "open", "owned", "disputed", "asked")
    return here


def begin(store, duty, finding, evaluation, consent):
    at = "2026-03-03T15:00:00.000Z"
    ledger = store.ledger()
    with ledger.writing():
        ledger.put("duties", [{
            "id": DUTY, "raised_key": "r", "kind": "coach", "agent": "ana", "team": "north", "owner": "gil",
            "state": duty, "opened_at": at, "message": "secret talk", "escalated": 0,
            "details": {"words": "secret words", "agreed": "secret words", "when": at, "reached": "yes"},
        }])  # fmt: skip
        ledger.put("findings", [{
            "id": FINDING, "raised_key": "r", "about": "process", "owner": "dora", "state": finding, "opened_at": at,
            "fixed_at": at, "message": "secret form", "details": {"evaluations": ["evidence-1"]},
        }])  # fmt: skip
        kept = {"raised_key": "r", "call_id": "c-1", "agent": "ana", "opened_at": at, "details": {}}
        ledger.put("exemplars", [
            {**kept, "id": EXAMPLE, "why": "Kept his calm", "consent": consent},
            {**kept, "id": "a" * 32, "why": "Named the worry", "consent": "not_needed"},
        ])  # fmt: skip
        details = {"reason": "secret reason", "revision": 1}
        ledger.put("lives", [{"evaluation_id": store.call, "state": evaluation, "at": at, "details": details}])


def run(store, words, who):
    named = {"DUTY": DUTY[:8], "FINDING": FINDING[:8], "EXAMPLE": EXAMPLE[:8], "CALL": store.call}
    given = [named.get(each, each) for each in words.split()]
    result = CliRunner().invoke(main, [*given, *(("--as", who) if who else ())])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def says(command):
    return SAYS[max((each for each in SAYS if command.startswith(each)), key=len)]


@pytest.mark.parametrize("command", SHOWN)
def test_what_a_command_shows_is_seen_by_those_it_is_for_alone(things, command):
    shown = {who: run(things, command, who) for who in EVERYBODY}
    assert {who for who, each in shown.items() if says(command) in each.output} == SHOWN[command]
    whole, private = run(things, command, None).output, PRIVATE.get(command)
    assert says(command) in whole
    if private:
        assert private[0] in whole
        assert {who for who, each in shown.items() if private[0] in each.output} == private[1]
    refused = {"coach show": "E792", "agent ana": "E798"}.get(" ".join(command.split()[:2]))
    for who, each in shown.items():
        assert each.exit_code == int(refused is not None and who not in SHOWN[command]), each.output
        assert refused is None or who in SHOWN[command] or refused in each.output


@pytest.mark.parametrize("command", MOVED)
def test_only_those_who_may_move_a_thing(here, command):
    state, may = MOVED[command]
    moved, private = set(), ("secret talk", "secret words", "secret reason", "secret form")
    for who in [*EVERYBODY, None]:
        begin(here, state, state, state, state)
        done = run(here, command, who)
        assert not [each for each in private if each in done.output], done.output
        if done.exit_code == 0:
            moved.add(who)
        else:
            assert "E789" in done.output, done.output
    assert moved == (may if "consent" in command else may | {None}), "nobody agrees in the agent's place"


def test_who_may_not_look_learns_nothing_of_the_measure_or_the_revisions(here):
    begin(here, "held", "owned", "disputed", "asked")
    assert "E789" in run(here, "coach follow-up DUTY", "ben").output
    assert "E791" in run(here, "coach follow-up DUTY", "gil").output
    assert "E789" in run(here, "dispute decide CALL revise --reason x", "ben").output
    assert "no newer revision" in run(here, "dispute decide CALL revise --reason x", "petra").output


def test_who_may_not_verify_a_finding_learns_nothing_of_its_questions(here):
    begin(here, "open", "fixed", "disputed", "asked")
    ledger = here.ledger()
    (row,) = ledger.select("findings")
    with ledger.writing():
        ledger.put("findings", [{**row, "details": {"questions": ["secret-1", "secret-2"], "evaluations": []}}])
    for words in ("findings verify FINDING", "findings verify FINDING --helped no"):
        said = run(here, words, "ben").output
        assert "E789" in said
        assert "may not verify" in said
        assert "secret" not in said
    assert "secret-1" in run(here, "findings verify FINDING", "dora").output


def test_quality_may_move_a_session_and_reads_nothing_of_it_in_its_calendar_file(things, tmp_path):
    for who, reads in (("petra", False), ("gil", True), (None, True)):
        file = tmp_path / f"{who}.ics"
        assert run(things, f"coach schedule DUTY --at 2026-03-04T10:00Z --ics {file}", who).exit_code == 0
        assert ("secret talk" in file.read_text(encoding="utf-8")) is reads


def test_a_name_before_a_command_of_the_group_is_wrong_use_and_not_passed_over(things):
    for words in ("examples --as ben consent", "findings --as ben list"):
        done = run(things, words, None)
        assert done.exit_code == 2
        assert "--as" in done.output


def test_times_are_the_operations_in_text_and_utc_in_json(things):
    for command in ("coach show DUTY", "dispute list"):
        assert "Tue 2026-03-03 10:00" in run(things, command, None).output
        assert "T15:00" not in run(things, command, None).output
        assert "2026-03-03T15:00:00.000Z" in json.dumps(
            json.loads(run(things, f"{command} --format json", None).output)
        )
