"""Fixtures for tests of plugins: write `pytest_plugins = ["pauta.testing.pytest_plugin"]` in the top conftest.py."""

from __future__ import annotations

import pytest

from pauta.engine.host import Host
from pauta.engine.model.calls import Call
from pauta.testing import samples


@pytest.fixture
def pauta_host() -> Host:
    """A Host of the built-in plugins alone; `pauta_host.register(my_module, "mine")` adds one."""
    return Host(installed=False)


@pytest.fixture
def sample_calls() -> list[Call]:
    """Calls by voice and chat, in several languages, empty ones, hostile text."""
    return samples.sample_calls()
