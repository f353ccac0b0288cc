"""Every code has a page, every page a code, and what a page shows as wrong is wrong in that way."""

import re
from pathlib import Path

import pytest

from pauta.engine.codes import codes, page, title
from pauta.engine.host import Host
from pauta.engine.loading.load import card_from_text
from pauta.engine.loading.shape import check_shape
from pauta.engine.loading.text import read_yaml
from pauta.engine.problems import Problem

ROOT = Path(__file__).parents[1]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def host() -> Host:
    return Host(installed=False)


def used_in_source() -> set[str]:
    return {
        code
        for path in (ROOT / "pauta").rglob("*.py")
        for code in re.findall(r'"([EW][1-7]\d\d)"', path.read_text(encoding="utf-8"))
    }


def blocks(code: str) -> list[tuple[str, str]]:
    return BLOCK.findall(page(code) or "")


SHOWN = [code for code in codes() if blocks(code)[:1] and blocks(code)[0][0] == "yaml"]
"""Codes whose page holds what provokes them; the others show the situation, in a block of text."""


def provoked(text: str, host: Host) -> list[Problem]:
    """The problems of a page's block: a card, or the operation's file."""
    if not text.startswith("operation:"):
        return list(card_from_text(text, host, "page.yaml").problems)
    data, problems = read_yaml(text, "page.yaml")
    return problems + (check_shape(data, "operation") if data is not None else [])


def test_every_code_in_the_source_has_a_page():
    assert sorted(used_in_source() - set(codes())) == []


def test_every_page_belongs_to_a_code_in_the_source():
    assert sorted(set(codes()) - used_in_source()) == []


@pytest.mark.parametrize("code", codes())
def test_page_has_its_form(code):
    text = page(code)
    assert text is not None
    first, blank, *rest = text.splitlines()
    assert re.fullmatch(rf"# {code} [A-Z0-9<`'].{{3,70}}", first)
    assert first[-1] not in ".:"
    assert blank == ""
    prose = "\n".join(rest).split("```")[0].strip().splitlines()
    assert 1 <= len([line for line in prose if line]) <= 8
    assert "\n## Instead\n" in text
    before, after = text.split("\n## Instead\n", 1)
    assert re.search(r"^```(yaml|text)$", before, re.MULTILINE)
    assert BLOCK.search(before)
    assert BLOCK.search(after)


@pytest.mark.parametrize("code", SHOWN)
def test_page_provokes_its_code(code, host):
    assert code in [problem.code for problem in provoked(blocks(code)[0][1], host)]


@pytest.mark.parametrize("code", [code for code in SHOWN if code[1] in "12"])
def test_one_fault_of_reading_or_shape_is_one_code(code, host):
    errors = {problem.code for problem in provoked(blocks(code)[0][1], host) if problem.code.startswith("E")}
    assert errors <= {code, "E350"}  # E350: a card alone has no parents to look for


def test_title_and_page_of_a_code():
    assert title("E204") == "Not a number"
    assert page("e204") == page(" E204 ")
    assert page("E999") is None
    assert title("E999") is None
    assert page("../../problems") is None
