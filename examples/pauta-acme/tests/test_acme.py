"""What Acme's plugins do beyond their contracts, and that they are found where they are installed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from click.testing import CliRunner
from pauta import Call, Problem, Turn, Verdict
from pauta.engine.host import Host
from pauta.engine.loading.load import cases_beside, load_card, load_cases
from pauta.testing import CriterionContract, run_examples, sample_sheet, unreached

import pauta_acme
from pauta_acme.acme_log import AcmeLog
from pauta_acme.commands import acme_teams
from pauta_acme.harvest import Harvest


class CaseNumber(CriterionContract):
    plugin = "pauta_acme"
    name = "acme_case_number"


def test_the_installed_package_is_found() -> None:
    host = Host()
    assert host.owner("criteria", "acme_case_number").name == "acme"
    assert host.owner("criteria", "acme_case_number").version == "1.2.0"
    assert "acme-teams" in host.commands
    assert [str(problem) for problem in host.problems] == []


def test_the_cases_of_the_card_come_out(pauta_host: Host) -> None:
    pauta_host.register(pauta_acme, "acme")
    (folder,) = (path for plugin, path in pauta_host.scorecards if plugin == "acme")
    file = folder / "acme-care.yaml"
    card = load_card(file, pauta_host)
    assert card.scorecard is not None, [str(problem) for problem in card.problems]
    assert card.problems == ()
    beside = cases_beside(file)
    assert beside is not None
    cases, problems = load_cases(beside, card.scorecard)
    assert problems == []
    outcomes, results = run_examples(card.scorecard, pauta_host, cases)
    assert [(each.example.name, each.differences, each.problem) for each in outcomes if not each.passed] == []
    assert [each.what for each in unreached(card.scorecard, results) if each.kind == "escalation"] == []


def test_a_case_number_is_single_digits_in_a_row(sample_calls: list[Call]) -> None:
    said = {"Your case is 4 0 7, 2 2 9.": Verdict.MET, "Call 0800 407229.": Verdict.NOT_MET}
    calls = [Call(text, turns=(Turn("agent", text),)) for text in said]
    found = CaseNumber().findings({"digits": 6}, [*calls, *sample_calls])
    assert [finding.verdict for finding in found[:2]] == list(said.values())
    assert found[0].evidence[0].quote == "4 0 7, 2 2 9"


def test_the_better_half_counts() -> None:
    sheet = sample_sheet(questions=4, rows=3)
    scores = Harvest({}).score(sheet)
    assert np.isnan(scores[0])
    assert scores[1] == 100.0


def test_an_event_of_no_call_costs_its_line(tmp_path: Path) -> None:
    path = tmp_path / "today.acmelog"
    path.write_text("A Hello?\nCALL c-1\nX y\nA Hello.\n", encoding="utf-8")
    first, second, call = AcmeLog({}).calls(str(path))
    assert isinstance(first, Problem)
    assert isinstance(second, Problem)
    assert second.place is not None
    assert second.place.line == 3
    assert isinstance(call, Call)
    assert call.turns == (Turn("agent", "Hello."),)


def test_the_command_prints_a_line_a_team(tmp_path: Path) -> None:
    board = tmp_path / "today.wallboard"
    board.write_text(
        '{"teams": [{"team": "north", "mean": 71.5, "scored": 1, "evaluations": ["e"]}]}', encoding="utf-8"
    )
    assert CliRunner().invoke(acme_teams, [str(board)]).output == "north: 71.5, 1 evaluations\n"
