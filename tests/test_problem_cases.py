"""Every code has a case: a page whose card provokes it, or a test that names it; the last few stand here."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from pauta.cli import main
from pauta.engine.codes import codes, page
from pauta.engine.loading.text import read_yaml
from pauta.engine.problems import ProblemsFound
from pauta.plugins.sinks.webhook import Webhook

TESTS = Path(__file__).parent


def test_every_code_has_a_case():
    told = "".join(
        path.read_text(encoding="utf-8") for ending in ("py", "yaml") for path in sorted(TESTS.rglob(f"*.{ending}"))
    )
    assert [code for code in codes() if code not in told and "```yaml" not in (page(code) or "")] == []


def test_reading_stops_after_too_many_problems():
    _, problems = read_yaml("a: 1\n" * 400, "calls.yaml")
    assert problems[-1].code == "E130"
    assert len(problems) <= 201


def test_a_webhook_without_encryption_is_refused():
    with pytest.raises(ProblemsFound) as found:
        Webhook({"url": "http://crm.example.com/quality", "secret": "s" * 32, "hosts": ["crm.example.com"]})
    assert [problem.code for problem in found.value.problems] == ["E632"]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["explain", "three", "calls.jsonl", "--card", "card.yaml"], "E516"),
        (["schema", "cards"], "E742"),
        (["outbox", "drop", "8f3a"], "E754"),
    ],
)
def test_commands_tell_it(words, code, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("pauta.yaml").write_text("operation: x\n", encoding="utf-8")
    Path("calls.jsonl").write_text('{"call_id": "one"}\n', encoding="utf-8")
    Path("card.yaml").write_text(
        "scorecard: c\nversion: 1.0.0\nsections: [{section: s, questions: [{question: q, answers: yes_no}]}]\n",
        encoding="utf-8",
    )
    result = CliRunner().invoke(main, words)
    assert (code in result.output, result.exit_code) == (True, 1)
