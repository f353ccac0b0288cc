"""Results as a Parquet file, for lakes and notebooks: one row an evaluation, its answers as a list of structs.

Words that repeat (agents, cards, bands, states) are dictionary columns. Rows go to the disk in groups, so that a year
of evaluations needs no more memory than a group. `evaluations_in` reads a file back as it was written:

    SELECT agent, avg(score) FROM 'march.parquet' GROUP BY agent
    SELECT a.question, count(*) FROM 'march.parquet', UNNEST(answers) AS t(a) WHERE a.fault = 'agent' GROUP BY 1
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Final

from pauta import Problem, ProblemsFound, WholeFile, hookimpl, record_from, row_from, stored_schema

GROUP: Final = 10_000


class Parquet:
    """One row an evaluation."""

    name: ClassVar[str] = "parquet"
    purpose: ClassVar[str] = "Writes results to a Parquet file, one row an evaluation, answers as a list of structs."
    endings: ClassVar[tuple[str, ...]] = (".parquet",)
    options: ClassVar[Mapping[str, object]] = {
        "type": "object",
        "properties": {
            "path": {"type": "string", "description": "The file to write."},
            "row_group": {
                "type": "integer",
                "minimum": 1,
                "default": GROUP,
                "description": "How many evaluations are held in memory and written together.",
            },
        },
        "required": ["path"],
        "additionalProperties": False,
    }

    def __init__(self, options: Mapping[str, object]) -> None:
        """Begin the file; raises OSError where that is not possible, ProblemsFound where the extra is missing."""
        try:
            import pyarrow.parquet as pq
        except ImportError as error:
            message = "Parquet files cannot be written: their writer is not installed"
            raise ProblemsFound([Problem("E570", message, None, "pip install 'pauta[parquet]'")]) from error
        self._file = WholeFile(str(options["path"]))
        self._group = int(str(options.get("row_group", GROUP)))
        self._schema = stored_schema()
        self._writer = pq.ParquetWriter(self._file.stream.buffer, self._schema, compression="zstd")
        self._waiting: list[dict[str, object]] = []
        self.written = 0

    @property
    def outcome(self) -> str:
        """What became of the run, for its summary."""
        return f"{self.written} evaluations"

    def write(self, evaluations: Sequence[Mapping[str, object]]) -> None:
        """Take a batch of evaluations; a group goes to the disk when it is full."""
        self._waiting += [row_from(each) for each in evaluations]
        self.written += len(evaluations)
        while len(self._waiting) >= self._group:
            self._flush(self._group)

    def _flush(self, rows: int) -> None:
        import pyarrow as pa

        self._writer.write_table(pa.Table.from_pylist(self._waiting[:rows], self._schema), row_group_size=rows)
        del self._waiting[:rows]

    def close(self) -> None:
        """Write what waits, and put the file in place."""
        if self._waiting:
            self._flush(len(self._waiting))
        self._writer.close()
        self._file.keep()

    def drop(self) -> None:
        """Leave the old file as it is."""
        try:
            self._writer.close()
        finally:
            self._file.drop()


def evaluations_in(path: str | Path) -> Iterator[dict[str, Any]]:
    """The evaluations of a file, each as the record that was written, in order."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=1000):
            yield from map(record_from, batch.to_pylist())


@hookimpl
def register_sinks(register: Callable[[type[Parquet]], None]) -> None:
    """Offer the sink."""
    register(Parquet)
