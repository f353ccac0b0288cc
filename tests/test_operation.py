"""The operation's file: found, read, held against its schema; secrets stand in it by reference only."""

import pytest

from pauta.engine.loading.operation import Feed, find_operation, load_operation, revealed
from pauta.engine.problems import ProblemsFound

WHOLE = """
operation: north
timezone: America/Bogota
languages: [es, pt-BR]
scorecards: [scorecards, more/one.yaml]
sources:
  - calls/*.jsonl
  - csv: {answers: [answers/a.csv, /abs/b.csv], calls: https://example.test/calls}
sinks:
  - results.db
  - csv: {path: out/results.csv, delimiter: ';'}
  - warehouse: {token: '${env:TOKEN}'}
"""


@pytest.fixture
def written(tmp_path):
    def write(text):
        path = tmp_path / "pauta.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_a_whole_operation(written, tmp_path):
    operation, problems = load_operation(written(WHOLE))
    assert problems == []
    assert (operation.id, str(operation.timezone), operation.languages) == ("north", "America/Bogota", ("es", "pt-BR"))
    assert operation.folder == tmp_path
    assert operation.scorecards == (tmp_path / "scorecards", tmp_path / "more/one.yaml")
    assert operation.plugins == (tmp_path / "plugins",)
    assert [(feed.target, feed.source) for feed in operation.calls] == [
        (str(tmp_path / "calls/*.jsonl"), ""),
        ("https://example.test/calls", "csv"),
    ]
    assert [feed.target for feed in operation.answers] == [str(tmp_path / "answers/a.csv"), "/abs/b.csv"]
    assert [(sink.name, dict(sink.options)) for sink in operation.sinks] == [
        ("", {"path": str(tmp_path / "results.db")}),
        ("csv", {"path": str(tmp_path / "out/results.csv"), "delimiter": ";"}),
        ("warehouse", {"token": "${env:TOKEN}"}),
    ]
    assert operation.data["operation"] == "north"


def test_the_smallest_operation(written, tmp_path):
    operation, problems = load_operation(written("operation: north\n"))
    assert problems == []
    assert operation.scorecards == (tmp_path / "scorecards",)
    assert (operation.calls, operation.answers, operation.sinks, operation.timezone) == ((), (), (), None)


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("operation: a\ntimezone: Madrid\n", "E731", 2),
        ("operation: a\nsources:\n  - jsonl: {path: x}\n", "E732", 3),
        ("operation: a\nsources:\n  - jsonl\n  - csv: {}\n", "E732", 4),
        ("operation: a\ntimzone: UTC\n", "E201", 2),
        ("timezone: UTC\n", "E202", 1),
        ("operation: [\n", "E110", 1),
    ],
)
def test_what_is_wrong_with_it(text, code, line, written):
    operation, problems = load_operation(written(text))
    assert operation is None
    assert [(problem.code, problem.place.line) for problem in problems] == [(code, line)]


def test_a_time_zone_nearly_right_is_named(written):
    _, (problem,) = load_operation(written("operation: a\ntimezone: Europe/Madird\n"))
    assert problem.hint == "did you mean 'Europe/Madrid'?"


def test_it_is_found_from_below(written, tmp_path):
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    assert find_operation(below) is None
    path = written("operation: a\n")
    assert find_operation(below) == path.resolve()
    assert find_operation(tmp_path) == path.resolve()


def test_secrets_stand_elsewhere(tmp_path):
    secret = tmp_path / "token"
    secret.write_text("s3cret\n", encoding="utf-8")
    options = {"a": "Bearer ${env:TOKEN}", "b": [f"${{file:{secret}}}", 5], "c": {"d": "plain"}, "e": True}
    found = revealed(options, None, environment={"TOKEN": "t0k"})
    assert found == {"a": "Bearer t0k", "b": ["s3cret", 5], "c": {"d": "plain"}, "e": True}


@pytest.mark.parametrize("missing", ["${env:TOKEN}", "${file:/gone/token}", "${file:$BINARY}"])
def test_a_secret_that_is_not_there(missing, tmp_path):
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ProblemsFound) as error:
        revealed({"a": missing.replace("$BINARY", str(binary))}, None, environment={"OTHER": "x"})
    assert error.value.problems[0].code == "E733"


def test_a_bare_feed_says_nothing_of_a_source():
    assert Feed("calls") == Feed("calls", "", {}, None)
