"""The project stands alone: nothing in it names where it was made, and what the README says to do can be done."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tomllib
from functools import cache
from pathlib import Path

import pytest
from click.testing import CliRunner

ROOT = Path(__file__).parents[1]
GIT = shutil.which("git")

# Written in pieces, so that this file does not name them itself.
REGISTRIES = (
    "python" + "hosted",
    "pypi" + r"\.org",
    "registry" + r"\.npmjs",
    "deb" + r"\.debian",
    "conda" + r"\.anaconda",
)
PLACES = (
    r"(?<![\w.])/wo" + "rk/",
    r"/fa" + "rm/",
    r"/opt/py" + "pi",
    r"(?<![\w.])/tm" + r"p/\w",
    r"(?<![\w.])/ro" + "ot/",
)
TOOLS = ("fa" + r"rm-\w", "sibling" + "-start", "bash" + "_jobs")


@cache
def tracked() -> tuple[Path, ...]:
    if GIT is None or not (ROOT / ".git").exists():
        pytest.skip("this is no checkout: which files belong to the project cannot be asked")
    listed = subprocess.run([GIT, "-C", str(ROOT), "ls-files", "-z"], check=True, capture_output=True, text=True).stdout
    return tuple(path for name in listed.split("\0") if name and (path := ROOT / name).is_file())


def text_of(path: Path) -> str:
    content = path.read_bytes()
    return "" if b"\0" in content else content.decode("utf-8", errors="replace")


def lines_with(patterns: tuple[str, ...]) -> list[str]:
    wanted = re.compile("|".join(patterns))
    return [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:120]}"
        for path in tracked()
        for number, line in enumerate(text_of(path).splitlines(), start=1)
        if wanted.search(line)
    ]


def test_no_file_names_a_registry():
    assert lines_with(REGISTRIES) == []


def test_no_file_names_a_place_of_the_machine_it_was_made_on():
    here = (re.escape(str(ROOT)) + r"\b",) if len(ROOT.parts) > 2 else ()
    assert lines_with(PLACES + here) == []


def test_no_file_names_a_tool_of_the_workplace():
    assert lines_with(TOOLS) == []


def test_nothing_is_committed_that_a_build_or_a_run_leaves_behind():
    left = re.compile(
        r"(^|/)(__pycache__|\.venv[^/]*|dist|build|htmlcov|pauta-demo|\.pytest_cache|\.hypothesis)/|\.pyc$|\.whl$"
    )
    assert [str(path.relative_to(ROOT)) for path in tracked() if left.search(str(path.relative_to(ROOT)))] == []


@pytest.fixture(scope="module")
def readme() -> str:
    return (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def commands_in(readme: str) -> list[str]:
    """The two commands that do all: indented lines that begin by making a virtual environment."""
    return re.findall(r"^    (python3 -m venv .+)$", readme, flags=re.MULTILINE)


def test_readme_has_one_command_for_the_demo_and_one_for_the_tests(readme):
    demo, tests = commands_in(readme)
    assert demo.endswith("pauta demo")
    assert "pytest" in tests


def test_readme_asks_for_extras_and_groups_that_exist(readme, project):
    for command in commands_in(readme):
        for extras in re.findall(r"\.\[([\w,]+)\]", command):
            assert set(extras.split(",")) <= set(project["project"]["optional-dependencies"])
        for group in re.findall(r"--group (\w+)", command):
            assert group in project["dependency-groups"]


def test_readme_installs_only_into_an_environment_of_its_own(readme):
    for command in commands_in(readme):
        steps = [step.strip() for step in command.split("&&")]
        assert steps[0] == "python3 -m venv .venv"
        assert all(step.startswith(".venv/bin/") for step in steps[1:])


def test_readme_names_only_commands_that_exist(readme):
    from pauta.cli import ROOM_OF

    named = set(re.findall(r"`pauta ([a-z]+)[^`]*`", readme)) | set(re.findall(r"\.venv/bin/pauta ([a-z]+)", readme))
    assert named
    assert named <= set(ROOM_OF)


@pytest.fixture
def readme_card(readme, tmp_path) -> Path:
    """The card that the README shows, in the file that it names."""
    path = tmp_path / "scorecards" / "welcome.yaml"
    path.parent.mkdir()
    path.write_text(re.findall(r"```yaml\n(scorecard:.+?)```", readme, flags=re.DOTALL)[0], encoding="utf-8")
    return path


def pauta(*arguments: str) -> tuple[int, str]:
    from pauta.cli import main

    result = CliRunner().invoke(main, arguments)
    return result.exit_code, result.output


def shown_in(readme: str) -> list[list[str]]:
    """The lines that the README shows of what commands say, block by block."""
    return [block.splitlines() for block in re.findall(r"```text\n(.+?)```", readme, flags=re.DOTALL)]


def test_readme_card_passes_its_own_example(readme_card):
    code, said = pauta("test", str(readme_card))
    assert (code, said.strip()) == (0, "1 example run, 0 failed.")


def test_readme_shows_what_check_says(readme, readme_card, monkeypatch):
    monkeypatch.chdir(readme_card.parents[1])
    written = readme_card.read_text(encoding="utf-8")
    readme_card.write_text(written.replace("error: non_critical", "eror: non_critical"), encoding="utf-8")
    code, said = pauta("check", "scorecards/welcome.yaml")
    assert code == 1
    for line in shown_in(readme)[0]:
        assert line in said.splitlines()


def test_readme_shows_what_explain_says(readme, readme_card, tmp_path):
    turn = {"speaker": "agent", "start": 0.8, "end": 4.1, "text": "Good morning, this is Ana."}
    call = {"call_id": "c-1", "agent": "ana", "channel": "voice", "language": "en", "turns": [turn]}
    human = {"call_id": "c-1", "scorecard": "welcome", "evaluator": "lea", "answers": {"correct": "no"}}
    calls, answers = tmp_path / "calls.jsonl", tmp_path / "answers.jsonl"
    calls.write_text(json.dumps(call), encoding="utf-8")
    answers.write_text(json.dumps(human), encoding="utf-8")
    _, said = pauta("explain", "c-1", str(calls), "--card", str(readme_card), "--answers", str(answers))
    for line in shown_in(readme)[1]:
        assert line in said.splitlines()


def test_licence_is_the_one_the_package_names(project):
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert project["project"]["license"] == "Apache-2.0"
    assert "Apache License" in text
    assert "Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text
