"""JSONL files by column: the very calls, records and problems of the plain path, wherever the file is cut."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from test_quick_lines import HOSTILE
from test_records import ANY_RECORD, GOOD_CALL

from pauta.engine.endpoints import calls_in
from pauta.engine.host import Host
from pauta.engine.loading.load import card_from_text
from pauta.engine.loading.operation import Feed
from pauta.engine.loading.records import Strangers
from pauta.engine.model.calls import Call
from pauta.engine.outlets import Outlet
from pauta.engine.pipeline import Summary, score
from pauta.engine.problems import Problem
from pauta.plugins.sources.jsonl import Jsonl

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

from test_bulk_scorer import Kept, same_summary  # noqa: E402  # needs pyarrow

from pauta.bulk import files, lines  # noqa: E402
from pauta.bulk.files import score_files  # noqa: E402
from pauta.bulk.incoming import Incoming  # noqa: E402
from pauta.bulk.layout import Layout, layout_of  # noqa: E402
from pauta.bulk.lines import LinesInput  # noqa: E402
from pauta.bulk.once import OncePerFile  # noqa: E402
from pauta.bulk.reading import RecordsInput  # noqa: E402
from pauta.bulk.schema import record_from  # noqa: E402
from pauta.bulk.scorer import CardsGiven, Setup  # noqa: E402

SHARED = Path(__file__).parents[1].parent / "shared" / "data" / "calls"
HOST = Host(installed=False)
CARD = """
scorecard: small
version: 1.0.0
title: Small
language: en
applies_to: {call.attributes.tier: {not_in: [none]}}
scoring: {pass_mark: 60}
sections:
  - section: first
    when: {call.metrics.hold_s: {below: 100}}
    answers: yes_no
    error: non_critical
    questions:
      - {question: greet, criterion: {phrase: {speaker: agent, within: {first: 20 s}, any: [good morning, hello]}}}
      - {question: proper, criterion: {phrase: {speaker: agent, none: [damn]}}}
  - section: second
    questions:
      - {question: wait, when: {call.team: north}, answers: yes_no, criterion: {phrase: {any: [wait]}}}
"""


def setup() -> Setup:
    loaded = card_from_text(CARD, HOST, "small.yaml")
    assert loaded.scorecard is not None, loaded.problems
    return Setup(CardsGiven((loaded.scorecard,)), installed=False)


def without_nulls(call: Call) -> tuple[Any, ...]:
    """A call as tables hold it: a fact that is null is none."""
    facts = [
        {name: each for name, each in found.items() if each is not None} for found in (call.metrics, call.attributes)
    ]
    rest = [getattr(call, name) for name in ("call_id", "started_at", "duration_s", "agent", "team", "customer_segment",
                                             "call_type", "direction", "channel", "language", "turns")]  # fmt: skip
    return (call.at, *rest, *facts)


def read(source: RecordsInput, most: int | None) -> tuple[list[Any], list[Problem], list[str]]:
    """The calls and the problems of a file that is read in pieces, and the facts of each call as stores keep them."""
    calls: list[Any] = []
    facts: list[str] = []
    source.keep_facts = True
    told: list[Problem] = []
    once, strangers, line = OncePerFile(), Strangers(), 0
    for piece in source.pieces(0, most):
        assert line in (0, piece.first_row)
        line = piece.first_row + piece.rows
        taken = source.read(piece)
        layout = layout_of(taken.batch.schema, (), source.path)
        assert isinstance(layout, Layout)
        assert taken.lines is not None
        assert not layout.warnings
        incoming = Incoming(layout, taken.batch, source.path, 1)
        assert not incoming.refused
        for row, at in enumerate(taken.lines.tolist()):
            calls.append((at, *without_nulls(incoming.call(row))[1:]))
        incoming.write_facts(taken.facts)
        facts += [facts_of(incoming.call(row)) for row in range(incoming.size)]
        problems = [*(each for each in taken.warnings if once.is_new(each)), *(why for _, _, why in taken.refused)]
        told += sorted(problems, key=lambda each: each.place.line if each.place else 0)
        strangers.add(taken.strangers)
    return calls, [*told, *([strangers.warning()] if strangers.count else [])], facts


def facts_of(call: Call) -> str:
    """The facts of a call with all that equal numbers can differ in: 2, 2.0 and true, 0.0 and -0.0, null and none."""
    return repr((dict(call.attributes), dict(call.metrics), call.duration_s))


def as_plain(entries: Iterable[Call | Problem]) -> tuple[list[Any], list[Problem], list[str]]:
    calls: list[Any] = []
    told: list[Problem] = []
    facts: list[str] = []
    for each in entries:
        if isinstance(each, Problem):
            told.append(each)
        else:
            at, *rest = without_nulls(each)
            calls.append((at.line, *rest))
            facts.append(facts_of(each))
    return calls, told, facts


def assert_same(path: Path, most: int | None = None) -> None:
    expected = as_plain(Jsonl({}).calls(str(path)))
    found = read(LinesInput(str(path)), most)
    assert repr(found[0]) == repr(expected[0]) or found[0] == expected[0]
    assert found[1:] == expected[1:]


@pytest.fixture(autouse=True)
def all_problems(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every problem is told one by one, as on the plain path."""
    monkeypatch.setattr(files, "TOLD", 10**6)


@pytest.fixture(params=[True, False], ids=["quick", "exact"])
def reader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """With msgspec and without it."""
    if request.param:
        pytest.importorskip("msgspec", reason="the typed reader comes with pauta[fast]")
    else:
        monkeypatch.setattr(lines, "_decoder", lambda: None)
        monkeypatch.setattr(lines, "_absent", lambda: None)


def good(n: int, **more: Any) -> bytes:
    return json.dumps({"call_id": f"call-{n}", "duration_s": n, **more}).encode() + b"\n"


@pytest.mark.usefixtures("reader")
@pytest.mark.parametrize("line", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_lines(line: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(good(0) + line + b"\n" + good(1))
    assert_same(path)
    path.write_bytes(line + b"\r\n" + good(1, team="x") + b"\r\n" + line)
    for most in (1, 2, None):
        assert_same(path, most)


NUMBERS = (
    b"1", b"1.0", b"-0", b"-0.0", b"0", b"1e2", b"1E+2", b"100", b"1e-7", b"0.0000001", b"9007199254740993",
    b"9223372036854775807", b"9223372036854775808", b"18446744073709551616", b"123456789012345678901234567890",
    b"-9223372036854775809", b"1e300", b"1e309", b"0.1", b"0.10", b"2.5", b"1e400", b"01", b"1.", b"3",
)  # fmt: skip
ODD = {
    "empty": b"",
    "blank": b"\n\n  \n",
    "no last newline": good(1) + good(2).strip(),
    "bom": b"\xef\xbb\xbf" + good(1) + good(2),
    "bom twice": b"\xef\xbb\xbf\xef\xbb\xbf" + good(1),
    "blank between": good(1) + b"\n\r\n \t\n" + good(2),
    "crlf": good(1).replace(b"\n", b"\r\n") + good(2).replace(b"\n", b"\r\n"),
    "lone cr": good(1).replace(b"\n", b"\r") + good(2),
    "pretty": json.dumps([{"call_id": "a"}], indent=1).encode(),
    "utf-16": good(1).decode().encode("utf-16"),
    "nul": good(1) + b"\x00\n" + b'{"call_id": "a\x00b"}\n' + b'{"call_id": "a\\u0000b"}\n',
    "invalid": good(1) + b'{"call_id": "\xff\xfe"}\n' + good(2),
    "five megabytes": good(1) + good(2, turns=[{"speaker": "agent", "text": "la " * 1_700_000}]) + good(3),
    "labels among": good(1) + b'{"call_id": "call-1", "labels": 3}\n' * 3 + good(2) + b'{"call_id": "x", "other": 1}\n',
    "unknown fields": b"".join(good(n, **{f"strange{n % 30}": 1, "Team ": "north"}) for n in range(90)),
    "nothing given": b'{"call_id": "a", "team": null, "turns": null, "metrics": null, "attributes": {}}\n',
    "twice null": b'{"call_id": "a", "team": null, "team": "x"}\n',
    "ids": good(1) + b'{"call_id": 7}\n{"call_id": "7", "duration_s": "12"}\n{"call_id": true}\n',
    "facts": good(1, attributes={"a.b": 1, "": 2}, metrics={"x": 1}) + good(2, metrics={"x": 1.5, "y": None}),
    "deep facts": good(1, attributes={"x": {"y": [1, {"z": None}]}}) + good(2, attributes={"x": "word"}),
    "numbers in many forms": b"".join(
        b'{"call_id": "a%d", "duration_s": %b, "metrics": {"x": %b, "y": null},' % (n, one, one)
        + b' "attributes": {"z": %b, "b": true}}\n' % two
        for n, (one, two) in enumerate(itertools.pairwise(NUMBERS))
    ),
    "large facts": good(1, metrics={"x": 2**53 + 1, "y": 10**30}) + good(2, metrics={"x": 1e299, "y": 1}),
    "many facts": b"".join(good(n, attributes={f"fact{n}": n}) for n in range(300)),
    "seconds": good(1, duration_s=-5) + good(2, duration_s=1e10) + good(3, duration_s=2.5) + good(4, duration_s=True),
    "half a turn": good(1, turns=[{"speaker": "agent"}])
    + good(2, turns=[{"speaker": "agent", "text": "a", "end": None}]),
    "turns": good(1, turns=[]) + good(2, turns=[{"speaker": "agent", "text": "x", "sentiment": 0.5, "start": 1}]),
    "moments": b"".join(
        good(n, started_at=each)
        for n, each in enumerate(["2026-02-30T10:00:00Z", "2026-02-28T10:00:00Z", "2026-02-28 10:00Z", "2026", ""])
    ),
}  # fmt: skip


@pytest.mark.usefixtures("reader")
@pytest.mark.parametrize("name", ODD)
def test_odd_files(name: str, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(ODD[name])
    for most in (1, 3, None):
        assert_same(path, most)


def test_a_line_that_is_too_long_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pauta.engine.loading import json_lines

    for module in (json_lines, lines):
        monkeypatch.setattr(module, "MOST_BYTES", 2000)
    monkeypatch.setattr(lines, "PIECE_BYTES", 3000)
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"".join(good(n, team="x" * length) for n, length in enumerate((10, 1900, 4000, 10, 90_000, 5))))
    found = [as_plain(Jsonl({}).calls(str(path))), read(LinesInput(str(path)), None)]
    for calls, told, _ in found:
        assert [each[0] for each in calls] == [1, 2, 4, 6]
        assert [(each.code, each.place and each.place.line) for each in told] == [("E508", 3), ("E508", 5)]
    path.write_bytes(
        good(0, team="x" * (2000 - len(good(0, team="")))) + good(1, team="x" * (2001 - len(good(1, team=""))))
    )
    assert [len(each) for each in as_plain(Jsonl({}).calls(str(path)))] == [1, 1, 1]
    assert [len(each) for each in read(LinesInput(str(path)), None)] == [1, 1, 1]
    path.write_bytes(good(0) + b" " * 3000 + good(1) + good(2) + b" " * 3000 + b"\n" + b" \n" + good(3) + b" " * 2001)
    for calls, told, _ in (as_plain(Jsonl({}).calls(str(path))), read(LinesInput(str(path)), None)):
        assert [each[0] for each in calls] == [1, 3, 6]
        assert [(each.code, each.place and each.place.line) for each in told] == [("E508", 2), ("E508", 4), ("E508", 7)]


LINES = st.one_of(
    st.one_of(GOOD_CALL, ANY_RECORD).map(lambda each: json.dumps(each, ensure_ascii=len(each) % 2 == 0)),
    st.sampled_from(["", " ", "{", "[]", '{"call_id": "a", "call_id": "b"}', '{"call_id": "a", "labels": 1}']),
)


@settings(deadline=None, max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(LINES, max_size=8), st.sampled_from(["\n", "\r\n"]), st.booleans(), st.integers(1, 9))
def test_any_lines(
    tmp_path_factory: pytest.TempPathFactory, written: list[str], end: str, last: bool, most: int
) -> None:
    path = tmp_path_factory.mktemp("lines") / "a.jsonl"
    path.write_bytes((end.join(written) + (end if last else "")).encode("utf-8", "surrogatepass"))
    assert_same(path, most)


def scored_plainly(paths: Iterable[Path], made: Setup, host: Host = HOST) -> tuple[list[Any], list[Problem], Summary]:
    sink, told = Kept(), list[Problem]()
    feeds = [Feed(str(each), "jsonl") for each in paths]
    source_host = Host(installed=False)
    summary = score(
        calls_in(feeds, source_host),
        router=made.router,
        host=host,
        outlets=[Outlet("kept", sink)],
        on_problem=told.append,
    )
    return sink.records, told, summary


def scored_by_column(
    paths: Iterable[Path], made: Setup, target: Path, **more: Any
) -> tuple[list[Any], list[Problem], Summary]:
    told: list[Problem] = []
    summary = score_files(
        [LinesInput(str(each)) for each in paths], str(target), made, host=HOST, on_problem=told.append, **more
    )
    return [record_from(row) for row in pq.read_table(target).to_pylist()], told, summary


def as_told(problems: Iterable[Problem]) -> list[str]:
    return sorted(str(each) for each in problems)


def assert_scored_alike(paths: list[Path], target: Path, made: Setup, **more: Any) -> None:
    expected = scored_plainly(paths, made)
    found = scored_by_column(paths, made, target, **more)
    assert json.dumps(found[0]) == json.dumps(json.loads(json.dumps(expected[0])))
    assert as_told(found[1]) == as_told(expected[1])
    same_summary(found[2], expected[2])
    assert (found[2].errors, found[2].warnings) == (expected[2].errors, expected[2].warnings)


def a_day(count: int) -> bytes:
    """Calls of a day, some of them wrong, some twice."""
    made = []
    for n in range(count):
        record: dict[str, Any] = {
            "call_id": f"call-{n if n % 11 else n // 2}",
            "started_at": f"2026-03-0{n % 9 + 1}T10:00:00Z",
            "duration_s": n if n % 17 else -n,
            "agent": f"agent-{n % 7}",
            "team": ("north", "south")[n % 2],
            "attributes": {"tier": ("gold", "none", "silver")[n % 3], "vip": n % 4 == 0},
            "metrics": {"hold_s": n if n % 5 else n + 0.5},
            "turns": [
                {"speaker": "agent", "start": 1.5, "end": 2.0, "text": ("Hello", "Damn", "good morning")[n % 3]},
                {"speaker": "customer", "start": 3, "text": ("wait", "no")[n % 2]},
            ],
        }
        if n % 23 == 0:
            record["mood"] = "good"
        if n % 29 == 0:
            record = {"call_id": record["call_id"], "labels": 1}
        made.append(json.dumps(record) if n % 31 else json.dumps(record)[:-4])
    return "\n".join(made).encode()


def test_a_day_comes_out_as_by_the_plain_path(tmp_path: Path) -> None:
    paths = [tmp_path / "a.jsonl", tmp_path / "b.jsonl", tmp_path / "c.jsonl"]
    for path, count in zip(paths, (190, 40, 90), strict=True):
        path.write_bytes(a_day(count))
    for most in (7, 100, None):
        assert_scored_alike(paths, tmp_path / "r.parquet", setup(), most=most)


@pytest.mark.skipif(not SHARED.exists(), reason="the shared calls are not here")
def test_real_calls(tmp_path: Path) -> None:
    paths = sorted(SHARED.glob("*.jsonl"))
    loaded = card_from_text(CARD, HOST, "small.yaml")
    assert loaded.scorecard is not None
    made = Setup.of(loaded.scorecard, installed=False)
    assert_scored_alike(paths, tmp_path / "r.parquet", made, most=100)
    for path in paths:
        assert_same(path)


def test_rejects_and_results_are_the_same_bytes_by_one_and_two_workers(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(a_day(300))
    made = [tmp_path / f"{n}.parquet" for n in (1, 2)]
    told = [
        scored_by_column([path], setup(), target, most=40, workers=n, rejects=f"{target}.rejects")[1:]
        for n, target in enumerate(made, 1)
    ]
    assert told[0][0] == told[1][0]
    assert made[0].read_bytes() == made[1].read_bytes()
    assert Path(f"{made[0]}.rejects").read_bytes() == Path(f"{made[1]}.rejects").read_bytes()
    rejects = pq.read_table(f"{made[0]}.rejects").to_pylist()
    errors = [each for each in scored_plainly([path], setup())[1] if each.severity == "error"]
    assert sorted((each["row"], each["code"], each["message"]) for each in rejects) == sorted(
        (each.place.line, each.code, each.message) for each in errors if each.place
    )
    assert [each["row"] for each in rejects] == sorted(each["row"] for each in rejects)
    by_row = {each["row"]: each for each in rejects}
    assert (by_row[18]["call_id"], by_row[18]["code"]) == ("call-17", "E504")
    assert (by_row[1]["call_id"], by_row[1]["code"]) == (None, "E501")


def test_problems_are_told_in_the_order_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(a_day(200))
    told = scored_by_column([path], setup(), tmp_path / "r.parquet", most=30)[1]
    at = [each.place.line for each in told if each.place and each.code != "W503"]
    assert at == sorted(at)
    assert told[-1].code == "W503"


class BrokenOffError(Exception):
    pass


def test_a_run_that_was_broken_off_tells_what_it_would_have_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "PIECES_WITH_TURNS", 2)
    paths = [tmp_path / "a.jsonl", tmp_path / "b.jsonl"]
    for path, count in zip(paths, (200, 90), strict=True):
        path.write_bytes(a_day(count))
    whole = scored_by_column(paths, setup(), tmp_path / "whole.parquet", most=20)
    target = tmp_path / "r.parquet"
    told: list[Problem] = []
    for stop in (60, 150, 230, math.inf):

        def progress(rows: int, _: int | None, stop: float = stop) -> None:
            if rows > stop:
                raise BrokenOffError

        try:
            _, again, summary = scored_by_column(paths, setup(), target, most=20, progress=progress)
            told += again
        except BrokenOffError:
            continue
    assert target.read_bytes() == (tmp_path / "whole.parquet").read_bytes()
    assert (summary.errors, summary.warnings, summary.refused) == (
        whole[2].errors,
        whole[2].warnings,
        whole[2].refused,
    )
    same_summary(summary, whole[2])


def test_another_size_of_pieces_begins_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "PIECES_WITH_TURNS", 1)
    path = tmp_path / "a.jsonl"
    path.write_bytes(a_day(100))

    def stop(rows: int, _: int | None) -> None:
        if rows > 60:
            raise BrokenOffError

    for most in (20, 30):
        with pytest.raises(BrokenOffError):
            scored_by_column([path], setup(), tmp_path / "r.parquet", most=most, progress=stop)
        state = json.loads((tmp_path / ".r.parquet.parts" / "run.json").read_text())
        assert state["made_of"]["pieces"][0] == [most]
        assert state["parts"] == 60 // most
