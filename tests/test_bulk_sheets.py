"""CSV files by column: the very calls and problems of the plain path, or no such file."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from pauta.plugins.sources.csv import Csv

pa = pytest.importorskip("pyarrow")

from test_bulk_lines import as_plain, read  # noqa: E402  # needs pyarrow

from pauta.bulk.sheets import SheetInput  # noqa: E402

HEAD = b"call_id,started_at,duration_s,agent,team,attributes.tier,metrics.hold_s\n"
ROW = b"c-%d,2026-01-01T10:00:00Z,12,ana,north,gold,3.5\n"


def assert_same(path: Path, most: int | None = None) -> None:
    source = SheetInput(str(path))
    assert source.unfit() is None
    expected = as_plain(Csv({}).calls(str(path)))
    found = read(source, most)
    assert found[0] == expected[0]
    assert found[1:] == expected[1:]


FIT = {
    "plain": HEAD + b"".join(ROW % n for n in range(9)),
    "no rows": HEAD,
    "heading alone": HEAD.strip(),
    "no last newline": HEAD + ROW % 1 + (ROW % 2).strip(),
    "bom": b"\xef\xbb\xbf" + HEAD + ROW % 1,
    "sep": b"sep=;\r\n" + (HEAD + ROW % 1).replace(b",", b";").replace(b"\n", b"\r\n"),
    "bom and sep": b"\xef\xbb\xbfsep=|\n" + (HEAD + ROW % 1).replace(b",", b"|"),
    "crlf": (HEAD + ROW % 1 + b"\n" + ROW % 2).replace(b"\n", b"\r\n"),
    "semicolons": (HEAD + ROW % 1).replace(b",", b";").replace(b"3.5", b"3,5").replace(b"12", b"12,25"),
    "tabs": (HEAD + ROW % 1).replace(b",", b"\t"),
    "spelling": b" Call ID ,Started-At,DURATION_S,Agent,Team,Attributes. tier ,METRICS.Hold_s\n" + ROW % 1,
    "no numbers": HEAD + b"c-1,,twelve,ana,,,a while\nc-2,,-5,ana,,,1e5\nc-3,,1e9,ana,,,7\n",
    "empty cells": HEAD + b"c-1,,,,,,\n,,,,,,\n,2026-01-01T10:00:00Z,1,ana,,,\n   ,,,ana,,,\n" + ROW % 2,
    "spaces": HEAD + b"  c-1 , 2026-01-01T10:00:00Z , 12 ,  ana,north  , gold , 3.5 \n",
    "short and long rows": HEAD + b"c-1,,\n" + ROW % 2 + b"c-3,,,,,,,,,\nc-4,,,,,,,more\nc-5\n",
    "quotes": HEAD + b'"c-1","2026-01-01T10:00:00Z","12","ana ""x""","north, south",gold,"3,5"\n' + ROW % 2,
    "rows of several lines": HEAD + b'c-1,,,ana,"a\nb\n\nc",gold,\n' + ROW % 2 + b'c-3,,,"ana\n",,,\n' + ROW % 4,
    "quotes in the middle": HEAD + b'c-1,,,an"a,north,,\n' + ROW % 2 + b'c-3,,,"an"a,north,,\n' + ROW % 4 + ROW % 5,
    "never closed": HEAD + ROW % 1 + ROW % 2 + b'c-3,,,"ana,north,,\n' + ROW % 4 + ROW % 5,
    "unknown columns": b"call_id,mood,Turns,color,team\nc-1,,,,x\nc-2,good,,,x\nc-3,bad,,,x\nc-4,,hi,,x\nc-5,x,,red,\n"
    b"c-6,x,,red,y\n",
    "unknown first in a wrong row": b"call_id,,mood,team\nc-1,x,good,x\nc-2,,,y\nc-3,,bad,y\nc-4,,bad,y\n",
    "labels": b"call_id,label\nc-1,x\nc-2,\nc-3,y\n",
    "a column without a name": b"call_id,,team\nc-1,,x\nc-2,y,z\n",
    "space in a column without a name": b"call_id,,team\nc-1, ,x\nc-2,y,z\nc-3,\x1f,z\nc-4,,z, ,\n",
    "facts": b"call_id,attributes.a.b,attributes.,metrics.x,metrics\nc-1,1,2,3,\nc-2,,,x,\nc-3,,,,{}\n",
    "nul": HEAD + b"c-1,,,a\x00na,,,\n" + ROW % 2,
    "lines of other kinds": HEAD + "c-1,,,ana\u2028x,nor\x85th,,\x0b\n".encode() + ROW % 2,
    "a long cell": HEAD + b"c-1,,,ana," + b"x" * 140_000 + b",,\n" + ROW % 2,
    "a choice": b"call_id,direction,channel,language\nc-1,inbound,voice,en\nc-2,sideways,voice,en\nc-3,Inbound,,\n",
}
UNFIT = {
    "nothing": b"",
    "latin": HEAD + b"c-1,,,Jos\xe9,,,\n",
    "half a character": HEAD + b"c-1,,,Jos\xc3",
    "utf-16": HEAD.decode().encode("utf-16"),
    "excel": b"PK\x03\x04" + HEAD,
    "no id": b"id,team\nc-1,x\n",
    "twice": b"call_id,team,Team\nc-1,x,y\n",
    "lone returns": HEAD.replace(b"\n", b"\r") + ROW % 1,
    "a lone return": HEAD + b"c-1,,,a\rna,,,\n" + ROW % 2,
    "a last return": HEAD + (ROW % 1).strip() + b"\r",
    "a heading of two lines": b'call_id,"te\nam"\nc-1,x\n',
}


@pytest.mark.parametrize("name", FIT)
def test_sheets(name: str, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(FIT[name])
    for most in (1, 2, None):
        assert_same(path, most)


@pytest.mark.parametrize("name", UNFIT)
def test_what_is_no_plain_sheet_is_not_fit(name: str, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(UNFIT[name])
    assert SheetInput(str(path)).unfit() is not None


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_a_file_is_looked_at_in_blocks(size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pauta.bulk import lines, sheets

    for module in (lines, sheets):
        monkeypatch.setattr(module, "BLOCK", size)
    path = tmp_path / "a.csv"
    path.write_bytes(FIT["crlf"] + "c-9,,,José,,,\r\n".encode())
    for most in (1, None):
        assert_same(path, most)
    for name in ("latin", "half a character", "lone returns", "a lone return", "a last return"):
        path.write_bytes(UNFIT[name])
        assert SheetInput(str(path)).unfit() is not None, name


CELL = st.sampled_from(
    [
        "",
        "c-1",
        "c-2",
        "12",
        "-3,5",
        "inbound",
        "2026-01-01T10:00:00Z",
        'say "x"',
        "a,b",
        "a\nb",
        "a\r\nb",
        " x ",
        "é\u2028",
    ]
)
NAME = st.sampled_from(
    ["team", "duration_s", "started_at", "direction", "mood", "attributes.x", "metrics.y", "turns", ""]
)


@settings(deadline=None, max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(NAME, max_size=5, unique=True),
    st.lists(st.lists(CELL, min_size=1, max_size=7), max_size=8),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    st.integers(1, 9),
)
def test_any_sheet(
    tmp_path_factory: pytest.TempPathFactory,
    names: list[str],
    rows: list[list[str]],
    end: str,
    quoting: int,
    most: int,
) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator=end, quoting=quoting)  # type: ignore[arg-type]  # one of those there are
    writer.writerow(["call_id", *names])
    writer.writerows(rows)
    path = tmp_path_factory.mktemp("sheets") / "a.csv"
    path.write_bytes(text.getvalue().encode())
    assert_same(path, most)


@settings(deadline=None, max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(alphabet='ab1,;"\n\t ', max_size=60), st.integers(1, 4))
def test_any_text_below_a_heading(tmp_path_factory: pytest.TempPathFactory, text: str, most: int) -> None:
    path = tmp_path_factory.mktemp("sheets") / "a.csv"
    path.write_bytes(b"call_id,team,agent\n" + text.encode())
    assert_same(path, most)


def test_cells_of_space_alone_are_empty_in_columns_without_a_name_too(tmp_path):
    path = tmp_path / "calls.csv"
    path.write_bytes(b"call_id,,team\nc-1, ,x\nc-2,\t,z\nc-3,,z, ,\n")
    assert [call.call_id for call in Csv({}).calls(str(path))] == ["c-1", "c-2", "c-3"]
    assert_same(path)
