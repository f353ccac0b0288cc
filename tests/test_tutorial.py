"""The tutorial is run as it stands: files written, edits made, commands called, output compared."""

from __future__ import annotations

import datetime
import re
import shlex
from pathlib import Path

from click.testing import CliRunner

from pauta.cli import main

TUTORIAL = Path(__file__).parents[1] / "docs" / "tutorial.md"
BLOCK = re.compile(r"^```(\w+)(?: ([^\n]+))?\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def test_the_tutorial_is_what_happens(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for kind, said, body in BLOCK.findall(TUTORIAL.read_text(encoding="utf-8")):
        if kind == "yaml" and said:
            Path(said).write_text(body, encoding="utf-8")
        elif kind == "edit":
            edit(said, body)
        elif kind == "console":
            command, _, expected = body.partition("\n")
            result = CliRunner().invoke(main, shlex.split(command.removeprefix("$ pauta ")))
            assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
            if expected:
                assert told(result.output) == expected.rstrip(), command
            else:
                assert result.output


def edit(said, body):
    """Replace the first part of the block by the second (or by nothing); with an arrow, into another file."""
    source, _, target = said.partition(" -> ")
    old, _, new = body.partition("---\n")
    text = Path(source).read_text(encoding="utf-8")
    old, new = (old, new) if new.endswith("\n") and text.count(old) else (old.rstrip("\n"), new.rstrip("\n"))
    assert text.count(old) == 1, old
    Path(target or source).write_text(text.replace(old, new), encoding="utf-8")


def told(output):
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    return re.sub(r"digest \w{12}", "digest DIGEST", output).replace(today, "TODAY").rstrip()
