"""What runs on executors: a partition of calls in, results and rejects out. It knows Arrow, and not PySpark."""

from __future__ import annotations

import pickle
import socket
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import pauta
from pauta.bulk.answer_texts import AnswerTexts
from pauta.bulk.outgoing import Part
from pauta.bulk.redacted import redacted_rejects
from pauta.bulk.schema import rejects_schema
from pauta.bulk.scorer import Scored, Scorer, Setup
from pauta.engine.pipeline import Seen
from pauta.engine.problems import Place, Problem
from pauta.engine.redaction import Redactor
from pauta.engine.seam.loaded import said
from pauta.spark.columns import ANSWERS, REJECT, AnswersAs, out_schema

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from pauta.bulk.incoming import Incoming

FILE, ROW = "_file", "_row"
"""Columns of the input that say where a row stands; rejects name it, results do without."""
TABLE: Final = "the table"
MOST_FAULTS: Final = 20
SCORERS: Final = 2
"""So many setups a Python process of an executor keeps compiled: a job's, and that of the job beside it."""
ROWS_OF_TEXT: Final = 400
"""Evaluations handed on at once where answers are text: some 10 KB each, and this memory is used again for the next."""


@dataclass(frozen=True, slots=True)
class Shipment:
    """What executors need, packed once on the driver.

    version, plugins: what the driver has of pauta, and of the plugins that the cards use. columns: the names of the
    table's columns; on the way they have numbers, because `mapInArrow` takes no name with a dot. fields: the columns of
    results that are wanted. answers: in which form. once: whether only the first row of a call and agent counts.
    """

    setup: bytes
    version: str
    plugins: tuple[tuple[str, str], ...]
    columns: tuple[str, ...]
    fields: tuple[str, ...]
    answers: AnswersAs
    once: bool

    @property
    def value(self) -> Shipment:
        """Itself: sessions without a broadcast carry it within the function."""
        return self


def scored_batches(batches: Iterable[pa.RecordBatch], shipment: Shipment) -> Iterator[pa.RecordBatch]:
    """The results and rejects of one partition, batch by batch; what an executor runs inside `mapInArrow`."""
    schema = out_schema(shipment.fields, shipment.answers)
    seen = Seen() if shipment.once else None
    told: set[Problem] = set()
    faults: list[Problem] = []
    scorer = _scorer_of_task(shipment)
    for numbered in batches:
        batch = numbered.rename_columns(list(shipment.columns))
        if isinstance(scorer, Problem):
            yield _rejected(_all_refused(batch, scorer), batch, schema)
            continue
        for scored in _scored(scorer, given(batch, scorer.setup.timezone), 1, seen, faults):
            masked = scorer.setup.redactor
            if isinstance(scored, Problem):
                yield _rejected(list(_told([scored], set(), batch, told)), batch, schema, masked)
                continue
            yield from _results(scored, schema)
            rejects = scored.rejects.to_pylist()
            rejects += _told(scored.problems, {(each["row"], each["message"]) for each in rejects}, batch, told)
            if rejects:
                yield _rejected(rejects, batch, schema, masked)


def _scored(
    scorer: Scorer,
    batch: pa.RecordBatch,
    first_row: int,
    seen: Seen | None,
    faults: list[Problem],
    again: NDArray[np.bool_] | None = None,
) -> Iterator[Scored | Problem]:
    """What came of a batch. Where scoring it raises, its halves are scored, down to the row that is at fault.

    A job over a hundred million calls does not end because of a call that nobody thought of: it is told as a reject.
    After MOST_FAULTS of a partition rows are not looked for any more: what raises then refuses all that were tried.
    """
    try:
        incoming = scorer.prepare(batch, file=TABLE, first_row=first_row)
        if again is None and seen is not None:
            again = _again(incoming, seen)
        scored = scorer.finish(incoming, again)
    except Exception as error:
        if batch.num_rows == 1 or len(faults) >= MOST_FAULTS:
            message = f"the row could not be scored: {said(error)}"
            hint = "this is a fault of pauta: please report it with the row"
            faults += [Problem("E766", message, Place(TABLE, first_row + n, 1), hint) for n in range(batch.num_rows)]
            yield from faults[-batch.num_rows :]
            return
        half = batch.num_rows // 2
        for start, part in ((0, batch.slice(0, half)), (half, batch.slice(half))):
            known = None if again is None else again[start : start + part.num_rows]
            yield from _scored(scorer, part, first_row + start, seen, faults, known)
    else:
        yield scored


def _scorer_of_task(shipment: Shipment) -> Scorer | Problem:
    """The scorer of this process, or one sentence that names this executor where it has not what the cards need."""
    here = f"the executor {socket.gethostname()}"
    if shipment.version != pauta.__version__:
        message = f"{here} has pauta {pauta.__version__}, and the job was started with {shipment.version}"
        return Problem("E761", message, None, f"install pauta {shipment.version} on every executor")
    scorer, faults = _scorer(shipment.setup)
    if len(scorer.host.problems) > faults:  # a plugin was switched off: the next task tries it again, as a new run does
        _scorer.cache_clear()
        scorer, faults = _scorer(shipment.setup)
    there = scorer.host.versions()
    for name, wanted in shipment.plugins:
        if there.get(name) == wanted:
            continue
        message = f"{here} lacks the plugin '{name}' {wanted}, which the cards need"
        if name in there:
            message = f"{here} has version {there[name]} of the plugin '{name}', and the driver has {wanted}"
        why = next((each.message for each in scorer.host.problems if f"'{name}'" in each.message), None)
        return Problem(
            "E761", f"{message}: {why}" if why else message, None, "install on every executor what the driver has"
        )
    return scorer


@lru_cache(maxsize=SCORERS)
def _scorer(setup: bytes) -> tuple[Scorer, int]:
    """The cards of a setup, and how many faults its plugins had at first: once in each Python process of an executor.

    Spark keeps these processes from task to task, so that each compiles the cards once.
    """
    unpacked: Setup = pickle.loads(setup)  # noqa: S301 - packed by this job's own driver
    scorer = unpacked.scorer()
    return scorer, len(scorer.host.problems)


def given(batch: pa.RecordBatch, zone: tzinfo | None) -> pa.RecordBatch:
    """The columns of calls alone, moments with a zone of their own.

    Spark shows instants in the zone of the session, which says nothing about them: they are taken in UTC. Clock times
    without a zone are those of the operation.
    """
    import pyarrow as pa

    columns = {}
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        if name in (FILE, ROW):
            continue
        if pa.types.is_timestamp(column.type):
            if column.type.tz is not None:
                column = column.cast(pa.timestamp(column.type.unit, "UTC"))
            elif zone is not None:
                moments = column.cast(pa.timestamp("us")).to_pylist()
                column = pa.array([each and each.replace(tzinfo=zone).isoformat() for each in moments], pa.string())
        columns[name] = column
    return pa.RecordBatch.from_pydict(columns)


def _again(incoming: Incoming, seen: Seen) -> NDArray[np.bool_]:
    """(rows,) bool: calls that came before in this partition, where all rows of a call and agent are."""
    import numpy as np

    from pauta.bulk.scorer import keys_of

    rows = np.flatnonzero(incoming.taken)
    again = np.zeros(incoming.size, dtype=np.bool_)
    again[rows] = ~seen.fresh_codes(keys_of(incoming, rows))
    return again


def _all_refused(batch: pa.RecordBatch, why: Problem) -> list[dict[str, Any]]:
    return [{**_no_row(why), "row": n, "call_id": _call_id(batch, n)} for n in range(1, batch.num_rows + 1)]


def _told(
    problems: Iterable[Problem], known: set[tuple[int, str]], batch: pa.RecordBatch, told: set[Problem]
) -> Iterator[dict[str, Any]]:
    """What else is wrong: an answer that is none of its question; a plugin, which each task tells once."""
    for problem in problems:
        row = problem.place.line if problem.place is not None and problem.place.file == TABLE else 0
        if problem.severity != "error" or (row, problem.message) in known:
            continue
        if row:
            yield {**_no_row(problem), "row": row, "call_id": _call_id(batch, row)}
        elif problem not in told:
            told.add(problem)
            yield _no_row(problem)


def _call_id(batch: pa.RecordBatch, row: int) -> str | None:
    call_id = batch.column("call_id")[row - 1].as_py() if "call_id" in batch.schema.names else None
    return None if call_id is None else str(call_id)


def _no_row(why: Problem) -> dict[str, Any]:
    """A fault as a reject that names no row."""
    return {"row": None, "call_id": None, "code": why.code, "message": why.message, "hint": why.hint}


def _results(scored: Scored, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """The results of a batch in the columns that are wanted, in several tables where answers are text."""
    import pyarrow as pa

    made = scored.made
    if made is None:
        return
    as_text = ANSWERS in schema.names and pa.types.is_string(schema.field(ANSWERS).type)
    part = Part(made, 0, made.size).all(answers=ANSWERS in schema.names and not as_text)
    part[REJECT] = pa.nulls(made.size, schema.field(REJECT).type)
    columns = [
        None if each is None else each.cast(kind)
        for each, kind in ((part[n], schema.field(n).type) for n in schema.names)
    ]
    if not as_text:
        yield pa.RecordBatch.from_arrays(columns, schema=schema)
        return
    texts = AnswerTexts(made)
    for start in range(0, made.size, ROWS_OF_TEXT):
        stop = min(start + ROWS_OF_TEXT, made.size)
        own = [texts.column(start, stop) if each is None else each.slice(start, stop - start) for each in columns]
        yield pa.RecordBatch.from_arrays(own, schema=schema)


def _rejected(
    rejects: Sequence[dict[str, Any]], batch: pa.RecordBatch, schema: pa.Schema, redactor: Redactor | None = None
) -> pa.RecordBatch:
    """Rejects as rows of the outcome. They say where a row stands if the table does, by `_file` and `_row`.

    redactor: what is masked in their reasons.
    """
    import pyarrow as pa

    places = {name: batch.column(name).to_pylist() for name in (FILE, ROW) if name in batch.schema.names}

    def where(name: str, row: int | None) -> object:
        return places[name][row - 1] if row and name in places else None

    rows = [{**each, "file": where(FILE, each["row"]), "row": where(ROW, each["row"])} for each in rejects]
    made = redacted_rejects(pa.RecordBatch.from_pylist(rows, rejects_schema()), redactor)
    nothing = [pa.nulls(len(rows), field.type) for field in list(schema)[:-1]]
    return pa.RecordBatch.from_arrays([*nothing, made.to_struct_array().cast(schema.field(REJECT).type)], schema=schema)
