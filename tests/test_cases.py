"""Cards with examples are cases: those of this folder, and the conformance cards where they lie beside the project."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from pauta.engine.host import Host
from pauta.engine.loading.load import card_from_text, load_card
from pauta.testing import run_examples

HERE = Path(__file__).parent
SHARED = HERE.parents[0].parent / "shared"
CARDS = sorted((HERE / "cases" / "scoring").glob("*.yaml"))
CONFORMANCE = sorted((SHARED / "conformance").glob("*.yaml"))


@pytest.fixture(scope="module")
def host():
    return Host(installed=False)


def failures(loaded, host):
    assert loaded.scorecard is not None, "\n".join(map(str, loaded.problems))
    outcomes, _ = run_examples(loaded.scorecard, host)
    assert outcomes, "a card without examples proves nothing"
    return [
        f"{each.example.name}: {', '.join(map(str, each.differences)) or each.problem}"
        for each in outcomes
        if not each.passed
    ]


@pytest.mark.parametrize("path", CARDS, ids=lambda path: path.stem)
def test_case(path, host):
    assert failures(load_card(path, host), host) == []


@pytest.mark.skipif(not CONFORMANCE, reason="the conformance cards are not beside this checkout")
def test_conformance_has_all_its_examples():
    assert sum(len(yaml.safe_load(path.read_text(encoding="utf-8"))["examples"]) for path in CONFORMANCE) == 62


@pytest.mark.parametrize(
    "path",
    CONFORMANCE or [pytest.param(None, marks=pytest.mark.skip("no conformance cards"))],
    ids=lambda path: path.stem if path else "none",
)
def test_conformance(path, host):
    assert failures(load_card(path, host), host) == []


@pytest.mark.parametrize(
    "path",
    CONFORMANCE or [pytest.param(None, marks=pytest.mark.skip("no conformance cards"))],
    ids=lambda path: path.stem if path else "none",
)
def test_any_changed_number_fails(path, host):
    card = yaml.safe_load(path.read_text(encoding="utf-8"))
    text = path.read_text(encoding="utf-8")
    loaded = card_from_text(text, host, file=str(path))
    outcomes, _ = run_examples(loaded.scorecard, host)
    for example in loaded.scorecard.examples:
        for key, value in example.expect.items():
            if isinstance(value, bool) or not isinstance(value, int | float):
                continue
            import dataclasses

            changed = dataclasses.replace(example, expect={**example.expect, key: float(value) + 0.01})
            (outcome,), _ = run_examples(loaded.scorecard, host, [changed])
            assert not outcome.passed, f"{example.name}: {key} may be anything"
    assert len(outcomes) == len(card["examples"])
