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
    from pauta.cli import main

    page = build.commands_page()
    for name in main.commands:
        assert f"## pauta {name}" in page
        assert main.commands[name].help, name
        assert "pauta " + name in main.commands[name].help, f"the help of '{name}' has no example"


def test_links_between_pages_lead_somewhere():
    broken = []
    for page in [ROOT / "README.md", *DOCS.rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            if "://" not in target and not (page.parent / target).exists():
                broken.append(f"{page.relative_to(ROOT)}: {target}")
    assert broken == []
