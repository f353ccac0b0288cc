"""The pages about plugins: their code runs as it stands there, and what they list is what is there."""

from __future__ import annotations

import importlib
import inspect
import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from pauta.engine import hookspecs
from pauta.engine.codes import codes
from pauta.engine.host import Host

DOCS = Path(__file__).parents[1] / "docs" / "plugins"
BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MOST_LINES = 60
TUTORIALS = {"first-plugin.md": ("criteria", "said_thank_you"), "tutorial-sink.md": ("sinks", "wiki")}


def files_of(page):
    """The files that a page tells its reader to save."""
    blocks = BLOCK.findall((DOCS / page).read_text(encoding="utf-8"))
    return {name: code for language, name, code in blocks if language == "python" and name}


@pytest.fixture(params=TUTORIALS)
def followed(request, tmp_path):
    """A folder in which a reader has done what a page says."""
    for name, code in files_of(request.param).items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(code, encoding="utf-8")
    return request.param, tmp_path


def test_what_the_page_makes_loads(followed):
    page, folder = followed
    kind, name = TUTORIALS[page]
    host = Host(folder=folder / "plugins", installed=False)
    assert host.owner(kind, name).problem is None
    assert host.purpose(kind, name)


@pytest.mark.slow
def test_its_tests_pass(followed):
    """The contract suite among them, run as the page says."""
    page, folder = followed
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "plugins"],
        cwd=folder, capture_output=True, text=True, env={**os.environ, "PYTEST_ADDOPTS": ""}, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert re.search(r"\b\d+ passed", done.stdout)
    if page == "tutorial-sink.md":
        assert "12 passed" in done.stdout, "the page says how many"


BROKEN = {
    '.replace("|", "&#124;")': ("", "everything_arrives"),
    "row[0] is None, ": ("", "everything_arrives"),
    '"additionalProperties": False,': ("", "bad_options_are_refused_with_a_sentence"),
    "self.file.drop()": ("self.file.keep()", "a_run_broken_off_leaves_the_one_before"),
}
"""What the page says that the suite notices: a text, what is written in its place, the test that fails."""


@pytest.mark.parametrize("text", BROKEN)
def test_what_is_broken_is_noticed(text, tmp_path):
    instead, test = BROKEN[text]
    shown = f" `{instead}` " if instead else " "
    assert f"| `{text}` |{shown}| `test_{test}` |" in (DOCS / "tutorial-sink.md").read_text(encoding="utf-8")
    for name, code in files_of("tutorial-sink.md").items():
        assert text in code or "test_" in name
        (tmp_path / Path(name).name).write_text(code.replace(text, instead), encoding="utf-8")
    suite = runpy.run_path(str(tmp_path / "test_wiki.py"))["TestWiki"]()
    (tmp_path / "run").mkdir()
    with pytest.raises(AssertionError):
        getattr(suite, f"test_{test}")(*([] if "options" in test else [tmp_path / "run"]))


@pytest.mark.parametrize("page", TUTORIALS)
def test_the_plugin_is_short(page):
    name = f"plugins/{TUTORIALS[page][1]}.py"
    assert len(files_of(page)[name].splitlines()) < MOST_LINES


def test_every_hook_is_listed_with_its_signature():
    page = (DOCS / "README.md").read_text(encoding="utf-8")
    hooks = {name: hook for name, hook in vars(hookspecs).items() if name.startswith("register_")}
    for name, hook in hooks.items():
        assert f"`{name}({', '.join(inspect.signature(hook).parameters)})`" in page
    assert set(re.findall(r"register_\w+", page)) == set(hooks)


def test_codes_and_names_are_there():
    faces = {name: importlib.import_module(name) for name in ("pauta", "pauta.testing")}
    for page in DOCS.glob("*.md"):
        text = page.read_text(encoding="utf-8")
        assert set(re.findall(r"\b[EW]\d{3}\b", text)) <= set(codes()), page.name
        for module, names in re.findall(r"^from (pauta(?:\.testing)?) import (.+)$", text, re.MULTILINE):
            found = faces[module]
            assert all(hasattr(found, name.strip()) for name in names.split(",")), names


def test_the_fields_of_a_result_are_those_of_a_result():
    from pauta.testing import sample_evaluations

    section = (DOCS / "README.md").read_text(encoding="utf-8").partition("An evaluation is a map")[2]
    table = section.partition("Texts in it")[0]
    listed = {name for row in re.findall(r"^\| (`.+?) \|", table, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)}
    made = sample_evaluations()[0]
    assert listed - {"key"} <= set(made)
