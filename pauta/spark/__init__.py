"""Tables of calls scored on a Spark cluster: a data frame of calls in, a data frame of results and rejects out.

    score(df, cards)        the results, one row an evaluation, and in the same pass the rows that were refused
    results_of, rejects_of  the two, taken apart
    write(scored, to)       both to files by one job
    unfold(results)         answers that were made as JSON text, as columns again
    has_doubles(df)         whether a call comes twice

The executors run what one machine runs, `pauta.bulk`, inside `mapInArrow`. Cards and the operation's own plugin files
travel with the job; pauta itself and installed plugins must be on every executor. A bad row costs that row.

Needs PySpark and Java 17: pip install 'pauta[spark]'. docs/scale.md has the whole story.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, Protocol, get_args
from zoneinfo import ZoneInfo

import pauta
from pauta.bulk.schema import result_schema
from pauta.bulk.scorer import Setup
from pauta.engine.host import Host
from pauta.engine.loading.catalog import Catalog
from pauta.engine.model.scorecard import Scorecard
from pauta.engine.problems import Place, Problem, ProblemsFound, did_you_mean
from pauta.engine.redaction import Redactor, redactor_from
from pauta.spark.columns import REJECT, AnswersAs, out_schema, spark_schema
from pauta.spark.executor import FILE, ROW, TABLE, Shipment, given
from pauta.spark.unfolded import unfold

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame

__all__ = [
    "FILE", "KIND", "REJECT", "ROW", "Written", "has_doubles", "rejects_of", "results_of", "score", "unfold", "write",
]  # fmt: skip

KIND: Final = "kind"
KEYS: Final = ("call_id", "agent")
WRITERS: Final = "spark.sql.maxConcurrentOutputFileWriters"
Cards = Setup | str | Path | Sequence[str | Path]


def score(
    df: DataFrame,
    cards: Cards,
    *,
    plugins: str | Path | None = None,
    timezone: str | None = None,
    fields: Sequence[str] | None = None,
    answers: AnswersAs = "columns",
    redact: Sequence[object] = (),
    doubles: Literal["keep", "refuse"] = "keep",
    first_by: Sequence[str] = (),
) -> DataFrame:
    """Results and rejects of a table of calls, lazily: a row an evaluation, or a row that says why one was refused.

    `cards`: files of cards, which score every call; or folders, whose cards claim calls by `applies_to` and day; or a
    Setup. `plugins`: the operation's folder of plugin files. `timezone`: the operation's. `fields`: only these columns
    of results are made; answers are most of what there is to move. `answers`: a list of structs ('columns'), or the
    JSON text that a database keeps ('json'), which costs less time and more room. `redact`: what is masked in results
    and in the reasons of rejects, as `pauta.yaml` lists it; a Setup brings its own. `doubles`: 'refuse' lets only the
    first row of a call and agent through, as the plain path does, at the price of a shuffle of the table; `first_by`
    are the columns that say which is first. 'keep' scores every row: two rows of one call and agent have the same
    `evaluation_id`.
    Raises ProblemsFound before any job starts where cards, columns, fields or redactions are wrong.
    """
    setup = _shippable(cards if isinstance(cards, Setup) else _setup_of(cards, plugins, timezone))
    if redact:
        setup = replace(setup, redactor=_redactor_of(redact))
    if answers not in get_args(AnswersAs):
        raise ValueError(f"answers is '{answers}'; it takes {' or '.join(get_args(AnswersAs))}")
    wanted = _fields_given(fields)
    used = _tried(df, setup)
    once = doubles == "refuse"
    shipment = Shipment(pickle.dumps(setup), pauta.__version__, used, tuple(df.columns), wanted, answers, once)
    table = _together(df, first_by) if once else df
    numbered = table.toDF(*(f"c{n}" for n in range(len(df.columns))))
    return numbered.mapInArrow(_task(_held(df, shipment)), spark_schema(out_schema(wanted, answers)))


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


def write(scored: DataFrame, to: str, *, format: str = "parquet", mode: str = "errorifexists") -> Written:
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


class Held(Protocol):
    """What an executor reads the shipment from: a broadcast, or the shipment itself where there is none."""

    @property
    def value(self) -> Shipment:
        """The shipment."""
        ...


def _fields_given(fields: Sequence[str] | None) -> tuple[str, ...]:
    names = result_schema().names
    wanted = list(names if fields is None else fields)
    wrong = [name for name in wanted if name not in names]
    if wrong:
        hint = did_you_mean(wrong[0], names) or f"there are: {', '.join(names)}"
        raise ProblemsFound([Problem("E763", f"results have no field '{wrong[0]}'", None, hint)])
    return tuple(wanted)


def _redactor_of(entries: Sequence[object]) -> Redactor | None:
    found = redactor_from(entries)
    if isinstance(found, Problem):
        raise ProblemsFound([found])
    return found


def _setup_of(cards: str | Path | Sequence[str | Path], plugins: str | Path | None, timezone: str | None) -> Setup:
    """Cards by their files or folders. Raises ProblemsFound with all that is wrong with them."""
    paths = [Path(each) for each in ([cards] if isinstance(cards, str | Path) else cards)]
    folder = Path(plugins) if plugins is not None else None
    host = Host(folder=folder)
    catalog = Catalog(paths, host)
    errors = [each for each in (*catalog.problems, *host.problems) if each.severity == "error"]
    if errors or not catalog.cards:
        where = ", ".join(map(str, paths))
        raise ProblemsFound(errors or [Problem("E712", f"there is no card in {where}", Place(where))])
    named = () if any(path.is_dir() for path in paths) else tuple(catalog.cards)
    zone = ZoneInfo(timezone) if timezone else None
    return Setup(catalog, named, zone, plugins=(str(folder),) if folder else ())


def _shippable(setup: Setup) -> Setup:
    """The setup with the plugins' files in it: executors have no folder of the operation."""
    folders = [setup.plugins] if isinstance(setup.plugins, str) else setup.plugins or ()
    files = {
        str(each.relative_to(folder)): each.read_bytes()
        for folder in reversed(folders)  # of two files of one name the first folder's counts
        for each in sorted(Path(folder).rglob("*.py"))
    }
    return replace(setup, plugins=(), plugin_files={**files, **setup.plugin_files})


def _tried(df: DataFrame, setup: Setup) -> tuple[tuple[str, str], ...]:
    """Score no row of the table here, so that what is wrong is told now, once; returns the plugins the cards use.

    Raises ProblemsFound.
    """
    import pyarrow as pa

    schema = df.limit(0).toArrow().schema
    for field in schema:
        if pa.types.is_timestamp(field.type) and field.type.tz is None and setup.timezone is None:
            message = f"{field.name} is a clock time without a zone (timestamp_ntz)"
            hint = "say the zone: score(..., timezone='America/Bogota')"
            raise ProblemsFound([Problem("E553", message, None, hint)])
    scorer = setup.scorer()
    nothing = pa.RecordBatch.from_arrays([pa.array([], field.type) for field in schema], schema=schema)
    scorer.score(given(nothing, setup.timezone), file=TABLE)
    cards = [*getattr(setup.versions, "cards", ()), *(each for each in setup.named if isinstance(each, Scorecard))]
    told: list[Problem] = []
    plans = [scorer.plan(card, told).plan for card in cards]
    return tuple(sorted({each for plan in plans for each in plan.versions.items()}))


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
            from pauta.spark.executor import scored_batches
        except ImportError as error:
            from socket import gethostname

            where = f"pauta is not installed on the executor {gethostname()}"
            raise RuntimeError(f"{where} ({error}); pip install it there, or ship it with the job") from None
        yield from scored_batches(batches, held.value)

    return task
