"""A simulated centre with planted facts: the rules find all of them, and raise next to nothing else."""

import sys
from itertools import islice
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent / "centre"))

import simulated

SEED = 1


@pytest.fixture
def short(monkeypatch):
    """The first days alone: long enough for the weak agent to be found, too short for anything else."""
    whole = simulated.days
    monkeypatch.setattr(simulated, "days", lambda seed: islice(whole(seed), 12))


@pytest.mark.slow
def test_the_first_days_show_the_weak_agent_and_nobody_else(short, tmp_path):
    seen = simulated.run(SEED, tmp_path / "centre.db")
    assert seen.evaluations == 12 * 223
    assert f"{simulated.name_of(simulated.WEAK)} is weak" in seen.found
    assert seen.not_planted == []


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_all_that_is_planted_is_found_and_little_else(tmp_path):
    seen = simulated.run(SEED, tmp_path / "centre.db")
    assert seen.evaluations == simulated.CALLS
    assert set(seen.found) == set(simulated.wanted())
    assert len(seen.not_planted) <= 0.05 * len(seen.raised), seen.not_planted
    assert max(seen.found.values()) <= 14
