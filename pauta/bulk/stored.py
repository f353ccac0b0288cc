"""The bulk path from files into a database: tables of calls in, piece by piece, each piece one transaction.

One process does all of it: a database has one writer, and writing is most of the work.

store_files       score tables into a database
unlike_plain      why a table had better go the plain way
each_call_once    whether a table with people's answers can be taken row by row
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np

from pauta.bulk.files import Run, numbered, taken_of, total_of
from pauta.bulk.incoming import Incoming
from pauta.bulk.layout import MAPS, MOMENTS, OF_CALLS, Layout
from pauta.bulk.matching import GroupedWithPeople
from pauta.bulk.outgoing import Group
from pauta.bulk.people import People
from pauta.bulk.pieces import Input, ParquetInput, Piece, Taken
from pauta.bulk.reading import RecordsInput
from pauta.bulk.scorer import Grouped, Scorer, Setup, keys_of
from pauta.bulk.work import Done, Worker, all_problems, marked
from pauta.engine.evaluation.evaluated import Evaluated
from pauta.engine.host import Host
from pauta.engine.loading.operation import Feed
from pauta.engine.model.calls import ENGINE, Call, HumanEvaluation
from pauta.engine.model.results import Results
from pauta.engine.model.scorecard import Scorecard
from pauta.engine.outlets import Outlet, Outlets
from pauta.engine.pipeline import Seen, Summary, Tell, described

if TYPE_CHECKING:
    import pyarrow as pa

IDS: Final = 65_536
"""Ids that are looked at together."""
ROWS_STORED: Final = 4_096
"""Rows of a piece: a result of 40 answers is 10 KB of text, and a transaction should stay in the database's memory."""
REJECTS: Final = "--to FILE.parquet --rejects FILE.parquet writes every row that was refused"

DocumentOf: TypeAlias = Callable[[Scorecard], Mapping[str, object] | None]


def store_files(
    inputs: Sequence[Input],
    outlet: Outlet,
    setup: Setup,
    *,
    host: Host,
    document_of: DocumentOf | None = None,
    most: int = ROWS_STORED,
    on_problem: Tell | None = None,
    progress: Callable[[int, int | None], None] | None = None,
    answers: Sequence[Feed] = (),
) -> Summary:
    """Score tables of calls into a database, row for row as the pipeline does it, and close it.

    An interruption leaves it as the last whole piece left it; the same run again writes nothing twice. A database that
    fails is a problem, and gets nothing more. `most`: rows of a piece. `progress` is told how many rows are done, of
    how many. `answers`: files of people's evaluations. Raises ProblemsFound where these find no room to wait in.
    """
    run = _IntoStore(outlet, host, document_of, on_problem)
    try:
        with ExitStack() as stack:
            scorer = setup.scorer(host)
            if answers:
                run.people = stack.enter_context(People(answers, setup, host, run.tell))
                scorer = run.people.scorer
            takes = [taken_of(source, scorer, run) for source in inputs]
            total = total_of(inputs, takes)
            pieces = numbered(inputs, takes, [most] * len(inputs), 0)
            run.all(inputs, scorer, pieces, lambda rows: progress(rows, total) if progress is not None else None)
    except BaseException:
        run.outlets.drop()
        raise
    run.summary.outcomes.update(run.outlets.close())
    run.tell_counted(REJECTS)
    return run.summary


class _IntoStore(Run):
    """A run whose results go into a database. people: whose evaluations come in files of their own."""

    people: People | None = None

    def __init__(self, outlet: Outlet, host: Host, document_of: DocumentOf | None, on_problem: Tell | None) -> None:
        super().__init__(on_problem)
        self._document_of = document_of or (lambda card: None)
        self.outlets = Outlets([outlet], host, self.tell)

    def all(
        self,
        inputs: Sequence[Input],
        scorer: Scorer,
        pieces: Iterator[tuple[int, Piece]],
        progress: Callable[[int], None],
    ) -> None:
        """Write what comes of the pieces, one after the other."""
        for each in inputs:
            if isinstance(each, RecordsInput):
                each.keep_facts = True
        worker = Worker(inputs, scorer)
        for number, piece in pieces:
            self._write(piece, worker.read(number, piece), scorer)
            self._rows += piece.rows
            progress(self._rows)
        for problem in self._once.left(-1):
            self.tell(problem)
        if self.people is not None:
            for _, problem in self.people.scorer.unmatched(self.people.used):
                self.tell(problem)

    def _write(self, piece: Piece, found: tuple[Taken, Incoming] | Done, scorer: Scorer) -> None:
        if isinstance(found, Done):
            self._take(piece, found.problems, found.strangers, found.summary)
            return
        taken, incoming = found
        incoming.write_facts(taken.facts)
        rows = np.flatnonzero(incoming.taken)
        again = rows[~self._seen.fresh_codes(keys_of(incoming, rows))]
        came = scorer.grouped(incoming, marked(again, incoming.size) if len(again) else None)
        if self.people is not None and isinstance(came, GroupedWithPeople):
            self.people.used.add(came.used)
            incoming = came.rows
        came.summary.refused += len(taken.refused)
        self._take(piece, all_problems(taken, came.problems, incoming.file), taken.strangers, came.summary)
        if came.groups:
            self._hand_on(incoming, came, masked=scorer.setup.redactor is not None)

    def _hand_on(self, incoming: Incoming, came: Grouped, *, masked: bool) -> None:
        rows = np.unique(np.concatenate([group.rows for group in came.groups])).tolist()
        of = {row: incoming.row_in_piece(row) for row in rows}
        once = {of[row]: row for row in reversed(rows)}
        known = {there: incoming.call(row, turns=False) for there, row in sorted(once.items())}
        if masked:
            for each in came.groups:  # masked results are of masked calls
                known.update(zip([of[row] for row in each.rows.tolist()], each.results.batch.calls, strict=True))
        calls = {row: known[of[row]] for row in rows}
        people = _people(incoming)
        placed = [(_with_records(group, calls, people), _places(group)) for group in came.groups]
        by_place = sorted(placed, key=lambda each: each[1][0])
        cards = {(made.scorecard.name, made.scorecard.digest): made.scorecard for made, _ in by_place}
        about = [described(card, self._document_of(card)) for card in cards.values()]
        self.outlets.hand_on(list(known.values()), about, Evaluated(placed))


def _places(group: Group) -> Sequence[int]:
    """Where the results of a group stand among all, in their order."""
    places: list[int] = list(range(len(group.rows))) if group.order is None else group.order.tolist()
    return places


def _people(incoming: Incoming) -> list[HumanEvaluation]:
    """What a result says of each row's evaluation: of those by one person at one moment in one mode it is made once."""
    facts, known = incoming.facts, dict[tuple[str | None, str | None, str | None], HumanEvaluation]()
    columns = facts.evaluator.dictionary_decode(), facts.evaluated_at, facts.mode.dictionary_decode()
    people = []
    for who in zip(*(column.to_pylist() for column in columns), strict=True):
        if who not in known:
            evaluator, moment, mode = who
            known[who] = HumanEvaluation("", None, evaluator or ENGINE, {}, evaluated_at=moment, mode=mode)
        people.append(known[who])
    return people


def _with_records(group: Group, calls: Mapping[int, Call], people: Sequence[HumanEvaluation]) -> Results:
    """The results of a group with what their records say of calls and people at hand."""
    rows = group.rows.tolist()
    humans = [people[row] if by_person else None for row, by_person in zip(rows, group.by_person.tolist(), strict=True)]
    batch = replace(
        group.results.batch,
        calls=[calls[row] for row in rows],
        humans=humans,
        evaluators=[human.evaluator if human else ENGINE for human in humans],
    )
    return replace(group.results, batch=batch)


def unlike_plain(source: Input, layout: Layout) -> str | None:
    """Why a database might not be, row for row, what the plain path makes of a table; None where it is.

    A database says of calls more than a table of results does: all their facts, as JSON, as they were written. Of files
    of records it has those from each line itself.
    """
    if not isinstance(source, ParquetInput):
        return None
    names, columns = source.schema.names, {**layout.fields}
    for kind, facts in layout.facts.items():
        if kind in layout.fields:
            return f"'{source.path}' has {kind} as one column and as several"
        columns |= {f"{kind}.{fact}": at for fact, at in facts.items()}
    if any(names[at] != name for name, at in columns.items()):
        return f"'{source.path}' has columns that are not written as in the format"
    strange = next(
        (name for name, at in columns.items() if not _plain_column(name, source.schema.field(at).type)), None
    )
    if strange:
        return f"'{source.path}' has the column {strange} in a type of its own"
    return None if _all_are_calls(source, layout) else f"'{source.path}' may have rows that are no calls"


def _all_are_calls(source: ParquetInput, layout: Layout) -> bool:
    """Whether no row can have nothing of a call but whose it is: the plain path leaves such rows out.

    Told by the file's statistics: some column of calls is filled in every row, or there are columns of calls alone.
    """
    import pyarrow.parquet as pq

    facts = {f"{kind}.{fact}" for kind, names in layout.facts.items() for fact in names}
    if {*source.schema.names} <= {*OF_CALLS, *facts}:
        return True
    parts = {f"{kind}.{part.name}" for kind in MAPS for part in _parts(source.schema, kind)}
    telling = {*OF_CALLS[:10], *facts, *parts} - {"call_id", "agent", "started_at"}
    with pq.ParquetFile(source.path) as file:
        groups = [file.metadata.row_group(n) for n in range(file.metadata.num_row_groups)]
        filled = [
            {column.path_in_schema for column in map(group.column, range(group.num_columns)) if _is_filled(column)}
            for group in groups
        ]
    return bool(telling.intersection(*filled))


def _parts(schema: pa.Schema, name: str) -> Sequence[pa.Field]:
    from pyarrow import types

    kind = schema.field(name).type if name in schema.names else None
    return list(kind) if kind is not None and types.is_struct(kind) else []


def _is_filled(column: Any) -> bool:
    told = column.statistics
    return told is not None and told.has_null_count and told.null_count == 0


def _plain_column(name: str, kind: pa.DataType) -> bool:
    """Whether both ways read the same out of a column, to the letter."""
    from pyarrow import types

    if name == "turns" or types.is_null(kind):
        return True
    if types.is_timestamp(kind):
        return name in MOMENTS and kind.unit != "ns"
    if types.is_struct(kind):
        return (
            name in MAPS
            and not any(types.is_dictionary(part.type) for part in kind)
            and all(_plain_column(f"{name}.{part.name}", part.type) for part in kind)
        )
    if name == "duration_s":
        return _is_number(kind)
    return _is_word(kind) or ("." in name and (_is_number(kind) or bool(types.is_boolean(kind))))


def _is_word(kind: pa.DataType) -> bool:
    from pyarrow import types

    return bool(types.is_string(kind.value_type if types.is_dictionary(kind) else kind))


def _is_number(kind: pa.DataType) -> bool:
    from pyarrow import types

    return bool(types.is_integer(kind) or types.is_float32(kind) or types.is_float64(kind))


def each_call_once(sources: Sequence[ParquetInput], layouts: Sequence[Layout]) -> bool:
    """Whether no call comes in two rows: then each evaluation is about the call that stands beside it."""
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    seen = Seen()
    for source, layout in zip(sources, layouts, strict=True):
        name = source.schema.names[layout.fields["call_id"]]
        with pq.ParquetFile(source.path) as file:
            for batch in file.iter_batches(batch_size=IDS, columns=[name]):
                ids = pc.utf8_trim_whitespace(batch.column(0).cast("string")).drop_null().to_pylist()
                if not all(seen.fresh(ids)):
                    return False
    return True
