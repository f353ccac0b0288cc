"""Everything that Acme offers holds to its contract."""

from __future__ import annotations

import json
from pathlib import Path

from pauta.testing import (
    ActionContract,
    CriterionContract,
    MethodContract,
    RuleContract,
    SinkContract,
    SourceContract,
)

PLUGIN = "pauta_acme"


class TestCaseNumber(CriterionContract):
    plugin = PLUGIN
    name = "acme_case_number"
    good_options = ({}, {"digits": 3}, {"digits": 16})
    bad_options = ({"digits": 1}, {"digits": "six"})


class TestRepeatCaller(RuleContract):
    plugin = PLUGIN
    name = "acme_repeat_caller"
    good_options = ({}, {"calls_before": 2})
    bad_options = ({"calls_before": 0},)


class TestGardenVisit(ActionContract):
    plugin = PLUGIN
    name = "acme_garden_visit"
    good_options = ({}, {"within": "3 d", "bring": ["seeds"]})
    bad_options = ({"within": "soon"}, {"bring": ["a cake"]})


class TestHarvest(MethodContract):
    plugin = PLUGIN
    name = "acme_harvest"


class TestAcmeLog(SourceContract):
    plugin = PLUGIN
    name = "acme_log"
    ids = ("c-1", "c-2")

    def target(self, folder: Path) -> str:
        path = folder / "today.acmelog"
        path.write_text("CALL c-1 agent=ana queue=garden\nA Hello.\nC Adiós.\n\nCALL c-2\nA Hi.\n", encoding="utf-8")
        return str(path)


class TestWallboard(SinkContract):
    plugin = PLUGIN
    name = "acme_wallboard"
    good_options = ({}, {"nobody": "nobody's"})
    bad_options = ({"nobody": ""},)

    def arrived(self, folder: Path) -> list[str]:
        teams = json.loads((folder / "results.wallboard").read_text(encoding="utf-8"))["teams"]
        return [evaluation for team in teams for evaluation in team["evaluations"]]
