"""The build fails when the docs lie."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"


@pytest.fixture(scope="module")
def build():
    spec = importlib.util.spec_from_file_location("docs_build", DOCS / "build.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_generated_pages_are_what_the_code_says(build):
    stale = [
        name
        for name, text in build.pages()
        if not (DOCS / name).is_file() or (DOCS / name).read_text(encoding="utf-8") != build.MADE + text
    ]
    assert stale == [], "run: python docs/build.py"


def test_every_command_is_named_in_the_docs_with_an_example(build):
    from pauta.cli import ROOM_OF, built_in

    page = build.commands_page()
    for name in ROOM_OF:
        assert f"## pauta {name}" in page
        assert "pauta " + name in (built_in(name).help or ""), f"the help of '{name}' has no example"


def test_links_between_pages_lead_somewhere():
    broken = []
    for page in [ROOT / "README.md", *DOCS.rglob("*.md")]:
        targets = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
        lost = [each for each in targets if "://" not in each and not (page.parent / each).exists()]
        broken += [f"{page.relative_to(ROOT)}: {each}" for each in lost]
    assert broken == []


def test_the_card_in_the_readme_is_sound_and_proves_itself():
    from pauta.engine.host import Host
    from pauta.engine.loading.load import card_from_text
    from pauta.testing import run_examples

    text = (ROOT / "README.md").read_text(encoding="utf-8")
    host = Host(installed=False)
    loaded = card_from_text(re.search(r"```yaml\n(.*?)```", text, re.DOTALL)[1], host)
    assert loaded.scorecard is not None, loaded.problems
    outcomes, _ = run_examples(loaded.scorecard, host)
    assert [str(each) for outcome in outcomes for each in outcome.differences] == []
