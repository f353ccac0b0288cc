"""Parquet files put end to end read as one that was written in one go."""

from __future__ import annotations

from pathlib import Path

import pytest

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

from pauta.bulk.joined import JoinedParquet  # noqa: E402  # needs pyarrow


def table(start: int, rows: int) -> pa.Table:
    words = pa.array([f"w{n % 7}" for n in range(start, start + rows)]).dictionary_encode()
    lists = pa.array([[{"a": n, "b": None if n % 3 else "x"}] * (n % 4) for n in range(start, start + rows)])
    return pa.table({"n": pa.array(range(start, start + rows)), "w": words, "l": lists})


def written(part: pa.Table, path: Path, **options: object) -> Path:
    pq.write_table(part, path, **options)
    return path


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"row_group_size": 10},
        {"write_page_index": True},
        {"compression": "zstd", "use_dictionary": False},
        {"data_page_version": "2.0", "write_statistics": False},
        {"version": "1.0"},
    ],
)
def test_joined_files_read_as_one(tmp_path: Path, options: dict[str, object]) -> None:
    tables = [table(start, rows) for start, rows in ((0, 100), (100, 33), (133, 1), (134, 500))]
    parts = [written(each, tmp_path / f"{n}.parquet", **options) for n, each in enumerate(tables)]
    joined = JoinedParquet(tmp_path / "joined.parquet")
    joined.append(parts[0].read_bytes())
    joined.append_file(parts[1])
    joined.append(memoryview(parts[2].read_bytes()))
    joined.append_file(parts[3])
    joined.close()
    assert joined.rows == 634
    whole = pq.ParquetFile(tmp_path / "joined.parquet")
    assert whole.read().to_pylist() == pa.concat_tables(tables, promote_options="default").to_pylist()
    assert whole.metadata.num_rows == 634
    assert whole.metadata.num_row_groups == sum(pq.ParquetFile(each).metadata.num_row_groups for each in parts)
    last = whole.metadata.num_row_groups - 1
    assert (
        whole.read_row_group(last).to_pylist()
        == pq.ParquetFile(parts[3]).read_row_group(pq.ParquetFile(parts[3]).metadata.num_row_groups - 1).to_pylist()
    )


def test_joining_joined_files_gives_the_same_bytes_as_joining_all(tmp_path: Path) -> None:
    parts = [written(table(n * 50, 50), tmp_path / f"{n}.parquet") for n in range(4)]
    for name, chosen in (("a", parts[:2]), ("b", parts[2:]), ("all", parts)):
        joined = JoinedParquet(tmp_path / name)
        for each in chosen:
            joined.append_file(each)
        joined.close()
    again = JoinedParquet(tmp_path / "again")
    again.append_file(tmp_path / "a")
    again.append_file(tmp_path / "b")
    again.close()
    assert (tmp_path / "again").read_bytes() == (tmp_path / "all").read_bytes()


def test_a_torn_file_is_refused(tmp_path: Path) -> None:
    torn = written(table(0, 5), tmp_path / "t.parquet").read_bytes()[:-3]
    joined = JoinedParquet(tmp_path / "joined.parquet")
    with pytest.raises(ValueError, match="no whole Parquet file"):
        joined.append(torn)
    joined.drop()
