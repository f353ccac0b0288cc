"""Tables of calls scored on a Spark cluster: a data frame of calls in, a data frame of results and rejects out.

    score(df, cards)        the results, one row an evaluation, and in the same pass the rows that were refused
    results_of, rejects_of  the two, taken apart
    write(scored, to)       both to files by one job
    has_doubles(df)         whether a call comes twice

The executors run what one machine runs, `pauta.bulk`, inside `mapInArrow`. Cards and the operation's own plugin files
travel with the job; pauta itself and installed plugins must be on every executor. A bad row costs that row.

Needs PySpark and Java 17: pip install 'pauta[spark]'. docs/scale.md has the whole story.
"""

from __future__ import annotations

import pickle
import socket
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

import pauta
from pauta.bulk.schema import rejects_schema, result_schema
from pauta.engine.problems import Problem, ProblemsFound, did_you_mean

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame
    from pyspark.sql.types import DataType, StructType

    from pauta.bulk.scorer import Scorer, Setup

INSTALL: Final = "pip install 'pauta[spark]'"
REJECT: Final = "reject"
"""The column that is null in a result and says why in a row that was refused."""
KIND: Final = "kind"
FILE, ROW = "_file", "_row"
"""Columns of the input that say where a row stands; rejects name it, results do without."""
KEYS: Final = ("call_id", "agent")
WRITERS: Final = "spark.sql.maxConcurrentOutputFileWriters"
SCORERS: Final = 2


class Held(Protocol):
    """What an executor reads the shipment from: a broadcast, or the shipment itself where there is none."""

    @property
    def value(self) -> Shipment:
        """The shipment."""
        ...


@dataclass(frozen=True, slots=True)
class Shipment:
    """What executors need, packed once on the driver.

    columns: the names of the table's columns; on the way they have numbers, because `mapInArrow` takes no name with a
    dot. fields: the columns of results that are wanted. once: whether only the first row of a call and agent counts.
    """

    setup: bytes
    version: str
    columns: tuple[str, ...]
    fields: tuple[str, ...]
    once: bool

    @property
    def value(self) -> Shipment:
        """Itself: sessions without a broadcast carry it within the function."""
        return self


def score(
    df: DataFrame,
    setup: Setup,
    *,
    fields: Sequence[str] | None = None,
    doubles: Literal["keep", "refuse"] = "keep",
    first_by: Sequence[str] = (),
) -> DataFrame:
    """Results and rejects of a table of calls, lazily: a row an evaluation, or a row that says why one was refused.

    `fields`: only these columns of results are made; answers are most of what there is to move. `doubles`: 'refuse'
    lets only the first row of a call and agent through, as the plain path does, at the price of one shuffle of the
    table; `first_by` are the columns that say which one is first. 'keep' scores every row: two rows of one call and
    agent then have the same `evaluation_id`. Raises ProblemsFound before any job starts where the cards, the columns or
    a field are wrong.
    """
    wanted = _fields_given(fields)
    _check_columns(df, setup)
    once = doubles == "refuse"
    shipment = Shipment(pickle.dumps(setup), pauta.__version__, tuple(df.columns), wanted, once)
    given = _together(df, first_by) if once else df
    return given.toDF(*map(str, range(len(df.columns)))).mapInArrow(_task(_held(df, shipment)), _spark_schema(_out_schema(wanted)))


def results_of(scored: DataFrame) -> DataFrame:
    """The results alone. Each of the two is a job over the whole table: persist, or use `write`."""
    return scored.where(scored[REJECT].isNull()).drop(REJECT)


def rejects_of(scored: DataFrame) -> DataFrame:
    """The rows that were refused: file, row, call_id, code, message, hint."""
    return scored.where(scored[REJECT].isNotNull()).select(f"{REJECT}.*")


@dataclass(frozen=True, slots=True)
class Written:
    """How many rows a job wrote."""

    results: int
    rejects: int


def write(scored: DataFrame, to: str, *, format: str = "parquet", mode: str = "errorifexists") -> Written:  # noqa: A002
    """Write results to `TO/kind=results` and rejects to `TO/kind=rejects` by one job, and count them on the way.

    A kind of which there is none has no folder; `spark.read.parquet(to)` reads both.
    """
    from pyspark.sql import Observation, functions as to_

    seen = Observation()
    fine = scored[REJECT].isNull()
    counted = scored.observe(seen, to_.count_if(fine).alias("results"), to_.count_if(~fine).alias("rejects"))
    session = scored.sparkSession
    before = session.conf.get(WRITERS)
    session.conf.set(WRITERS, "2")  # each task holds both files open; else Spark sorts all rows by their kind first
    try:
        kind = to_.when(counted[REJECT].isNull(), "results").otherwise("rejects")
        counted.withColumn(KIND, kind).write.partitionBy(KIND).format(format).mode(mode).save(to)
    finally:
        session.conf.set(WRITERS, before or "0")
    return Written(int(seen.get["results"]), int(seen.get["rejects"]))


def has_doubles(df: DataFrame) -> bool:
    """Whether a call comes twice with the same agent. A job that reads and shuffles these two columns only."""
    keys = [name for name in KEYS if name in df.columns]
    return not df.groupBy(*keys).count().where("count > 1 and call_id is not null").isEmpty()


# On the driver.


def _fields_given(fields: Sequence[str] | None) -> tuple[str, ...]:
    names = result_schema().names
    wanted = list(names if fields is None else fields)
    wrong = [name for name in wanted if name not in names]
    if wrong:
        hint = did_you_mean(wrong[0], names) or f"there are: {', '.join(names)}"
        raise ProblemsFound([Problem("E763", f"results have no field '{wrong[0]}'", None, hint)])
    return tuple(wanted)


def _check_columns(df: DataFrame, setup: Setup) -> None:
    """Score no rows here, so that cards and columns that are wrong are told now and not by every executor."""
    import pyarrow as pa

    schema = df.limit(0).toArrow().schema
    nothing = pa.RecordBatch.from_arrays([pa.array([], field.type) for field in schema], schema=schema)
    setup.scorer().score(_given(nothing))


def _together(df: DataFrame, first_by: Sequence[str]) -> DataFrame:
    """The table with all rows of a call and agent in one partition, in the order that says which is first."""
    from pyspark.sql import functions as to_

    # What is no text is brought into the form that calls have: equal keys must meet, as they do in the scorer.
    keys = [to_.col(name).cast("string") for name in KEYS if name in df.columns]
    order = list(first_by) or [name for name in (FILE, ROW) if name in df.columns]
    moved = df.repartition(*keys)
    return moved.sortWithinPartitions(*order) if order else moved


def _held(df: DataFrame, shipment: Shipment) -> Held:
    """The shipment as a broadcast; sessions of Spark Connect have none, and carry it within the function."""
    from pyspark.sql.utils import is_remote

    return shipment if is_remote() else df.sparkSession.sparkContext.broadcast(shipment)


def _task(held: Held) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """What an executor runs. It is made here, so that it travels whole: an executor may lack pauta, and says so."""

    def task(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        try:
            from pauta.spark import scored_batches
        except ImportError as error:
            from socket import gethostname

            where = f"pauta is not installed on the executor {gethostname()}"
            raise RuntimeError(f"{where} ({error}); pip install it there, or ship it with the job") from None
        yield from scored_batches(batches, held.value)

    return task


def _spark_schema(schema: pa.Schema) -> StructType:
    """A schema of Arrow as Spark has it."""
    from pyspark.sql.types import StructField, StructType

    return StructType([StructField(field.name, _spark_type(field.type)) for field in schema])


def _spark_type(kind: pa.DataType) -> DataType:
    import pyarrow as pa
    from pyspark.sql import types as spark

    if pa.types.is_struct(kind):
        return spark.StructType([spark.StructField(each.name, _spark_type(each.type)) for each in kind])
    if pa.types.is_map(kind):
        return spark.MapType(_spark_type(kind.key_type), _spark_type(kind.item_type))
    if pa.types.is_list(kind):
        return spark.ArrayType(_spark_type(kind.value_type))
    plain = {
        pa.string(): spark.StringType(),
        pa.float64(): spark.DoubleType(),
        pa.int64(): spark.LongType(),
        pa.bool_(): spark.BooleanType(),
    }
    return plain[kind]


# On the driver and on executors.


@cache
def _out_schema(fields: tuple[str, ...]) -> pa.Schema:
    """The columns of the outcome: those of results without dictionaries, which Spark does not have, and the reject."""
    import pyarrow as pa

    results = [pa.field(name, _plain(result_schema().field(name).type)) for name in fields]
    return pa.schema([*results, pa.field(REJECT, pa.struct(list(rejects_schema())))])


def _plain(kind: pa.DataType) -> pa.DataType:
    import pyarrow as pa

    if pa.types.is_dictionary(kind):
        return kind.value_type
    if pa.types.is_struct(kind):
        return pa.struct([pa.field(each.name, _plain(each.type)) for each in kind])
    if pa.types.is_map(kind):
        return pa.map_(_plain(kind.key_type), _plain(kind.item_type))
    if pa.types.is_list(kind):
        return pa.list_(_plain(kind.value_type))
    return kind


# On executors.


def scored_batches(batches: Iterable[pa.RecordBatch], shipment: Shipment) -> Iterator[pa.RecordBatch]:
    """The results and rejects of one partition, batch by batch; what an executor runs inside `mapInArrow`."""
    schema = _out_schema(shipment.fields)
    try:
        scorer = _scorer(shipment.setup, shipment.version)
    except ProblemsFound as found:
        why = found.problems[0]
        for batch in batches:
            refused = [(n, _word(batch, "call_id", n), why) for n in range(batch.num_rows)]
            yield _rejected(rejects_batch("", refused), batch, schema)
        return
    told: set[Problem] = set()
    for batch in batches:
        scored = scorer.score(_given(batch))
        yield _results(scored.results, schema)
        if scored.rejects.num_rows:
            yield _rejected(scored.rejects, batch, schema)
        ...


@lru_cache(maxsize=SCORERS)
def _scorer(setup: bytes, version: str) -> Scorer:
    """The compiled cards of a setup: once in each Python process of an executor, which Spark keeps between tasks.

    Raises ProblemsFound with one sentence that names this executor where it has not what the cards need.
    """
    here = socket.gethostname()
    if version != pauta.__version__:
        message = f"the executor {here} has pauta {pauta.__version__}, and the job was started with {version}"
        raise ProblemsFound([Problem("E761", message, None, f"pip install 'pauta=={version}' on every executor")])
    ...


def _given(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The columns of calls alone, moments in UTC: Spark names the zone of the session, which says nothing about them."""
    import pyarrow as pa

    columns = {}
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        if name in (FILE, ROW):
            continue
        moment = pa.types.is_timestamp(column.type) and column.type.tz is not None
        columns[name] = column.cast(pa.timestamp(column.type.unit, "UTC")) if moment else column
    return pa.RecordBatch.from_pydict(columns)


def _results(results: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    import pyarrow as pa

    columns = [results.column(name).cast(schema.field(name).type) for name in schema.names[:-1]]
    return pa.RecordBatch.from_arrays([*columns, pa.nulls(results.num_rows, schema.field(REJECT).type)], schema=schema)


def _rejected(rejects: pa.RecordBatch, batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """Rejects as rows of the outcome; those of a table without `_file` and `_row` name no place: rows have none there."""
    import pyarrow as pa
    import pyarrow.compute as pc

    at = pc.subtract(rejects.column("row"), 1)
    places = {name: batch.column(column).take(at) for name, column in (("file", FILE), ("row", ROW))
              if column in batch.schema.names}  # fmt: skip
    ...
