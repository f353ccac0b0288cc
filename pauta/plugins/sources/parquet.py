"""Calls and people's evaluations from Parquet files, as lakes and notebooks write them; read a batch of rows at a time.

Columns have the names of the call record. `attributes` and `metrics` are a struct, a map, or columns of their own
(`attributes.tier`); turns are a list of structs `{speaker, text, start, end, sentiment}`. Evaluations are long or wide,
as in CSV. Times without a zone need `timezone`.

    - parquet: {calls: lake/calls/*.parquet, timezone: America/Bogota}
    - parquet: {answers: lake/answers.parquet}

Needs pyarrow: pip install 'pauta[parquet]'.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from typing import TYPE_CHECKING, ClassVar, Final

from pauta import Call, HumanEvaluation, Place, Problem, calls_from, evaluations_from, hookimpl
from pauta.plugins.sources.clocks import ZONE_OPTION, zone_of
from pauta.plugins.sources.rows import Record, Row, call_records, evaluation_records, missing_columns

if TYPE_CHECKING:
    import pyarrow.parquet

ROWS: Final = 500
"""So many rows are held at a time: calls with their turns are large."""


class Parquet:
    """A table in a Parquet file."""

    name: ClassVar[str] = "parquet"
    purpose: ClassVar[str] = "Reads calls with their turns, and people's evaluations, from Parquet files."
    endings: ClassVar[tuple[str, ...]] = (".parquet",)
    options: ClassVar[Mapping[str, object]] = {
        "type": "object",
        "properties": {
            "calls": {"type": ["string", "array"], "items": {"type": "string"}, "description": "Files of calls."},
            "answers": {
                "type": ["string", "array"],
                "items": {"type": "string"},
                "description": "Files of evaluations.",
            },
            "timezone": ZONE_OPTION,
        },
        "additionalProperties": False,
    }

    def __init__(self, options: Mapping[str, object]) -> None:
        """Take the options as checked."""
        self._timezone = options.get("timezone")

    def calls(self, target: str) -> Iterable[Call | Problem]:
        """The calls of a file, a Problem in place of each row that is none."""
        return calls_from(self._records(target, of_calls=True))

    def evaluations(self, target: str) -> Iterable[HumanEvaluation | Problem]:
        """People's evaluations in a file, a Problem in place of each row that is none."""
        return evaluations_from(self._records(target, of_calls=False))

    def _records(self, target: str, *, of_calls: bool) -> Iterator[Record | Problem]:
        at = Place(target)
        zone = zone_of(self._timezone, at)
        if isinstance(zone, Problem):
            yield zone
            return
        table = _opened(target)
        if isinstance(table, Problem):
            yield table
            return
        with closing(table):
            names = list(table.schema_arrow.names)
            needed = ("call_id",) if of_calls else ("call_id", "evaluator")
            wrong = missing_columns(names, needed, f"'{target}'", at)
            if wrong is not None:
                yield wrong
                return
            broken: list[Problem] = []
            rows = _rows(table, target, broken)
            yield from call_records(rows, zone) if of_calls else evaluation_records(names, rows, zone, at)
            yield from broken


def _opened(target: str) -> "pyarrow.parquet.ParquetFile | Problem":
    at = Place(target)
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        message = "the source 'parquet' needs pyarrow, which is not installed"
        return Problem("E550", message, at, "pip install 'pauta[parquet]'")
    try:
        return pq.ParquetFile(target)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        return Problem("E510", f"'{target}' cannot be read: {reason}", at)
    except (pa.ArrowException, ValueError) as error:
        return Problem("E510", f"'{target}' is no Parquet file: {_first_line(error)}", at)


def _rows(table: "pyarrow.parquet.ParquetFile", file: str, broken: list[Problem]) -> Iterator[Row]:
    """The rows in their order, counted from 1; where the file is torn, what is wrong goes to `broken`."""
    import pyarrow as pa

    number = 0
    try:
        for batch in table.iter_batches(batch_size=ROWS):
            for row in batch.to_pylist():
                number += 1
                yield row, Place(file, number, 1)
    except (pa.ArrowException, OSError, ValueError) as error:
        message = f"'{file}' is broken after row {number}: {_first_line(error)}"
        broken.append(Problem("E510", message, Place(file, number + 1, 1), "what stands before it was read"))


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]


@hookimpl
def register_sources(register: Callable[[type[Parquet]], None]) -> None:
    """Offer the source."""
    register(Parquet)
