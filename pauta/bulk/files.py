"""The bulk path from file to file: tables of calls in, a table of results out, piece by piece and resumable."""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from pauta.bulk.counted import merge
from pauta.bulk.once import OncePerFile
from pauta.bulk.parts import PIECES_OF_A_PART, PIECES_WITH_TURNS, Parts
from pauta.bulk.people import People
from pauta.bulk.pieces import ROWS, ROWS_WITH_TURNS, Input, Piece
from pauta.bulk.scorer import Scorer, Setup, rows_of_a_piece
from pauta.bulk.work import Done, Worker, written_rejects
from pauta.bulk.workers import Workers
from pauta.engine.host import Host
from pauta.engine.loading.operation import Feed
from pauta.engine.loading.records import Strangers
from pauta.engine.pipeline import CardSummary, Seen, Summary, Tell
from pauta.engine.problems import Problem, ProblemsFound, Severity

REJECTS: Final = "--rejects FILE.parquet writes every row that was refused"
NO_SUCH_ANSWER, COUNTED = "E520", "each of these counts as missing; the rest of its evaluation was scored"
TOLD: Final = 20
"""So many problems of one code are told one by one, and the others counted."""
REMEMBERED: Final = 1_000
"""So many different problems of plugins are known again; a plugin can have one of its own for every call."""


def score_files(
    inputs: Sequence[Input],
    target: str,
    setup: Setup,
    *,
    host: Host | None = None,
    workers: int = 1,
    rejects: str | None = None,
    most: int | None = None,
    on_problem: Tell | None = None,
    progress: Callable[[int, int | None], None] | None = None,
    answers: Sequence[Feed] = (),
) -> Summary:
    """Score tables of calls into a Parquet file, or into a folder of them where the target ends in `/`.

    A run that was broken off goes on after its last whole part. `most`: rows of a piece, where it is not the usual
    number. `progress` is told how many rows are done, of how many. `answers`: files of people's evaluations.
    Raises ProblemsFound where a process ends before its time, OSError where the results cannot be written.
    """
    run = _IntoParts(on_problem)
    if not answers:
        return _score(inputs, target, setup.scorer(host), run, workers, rejects, most, progress)
    with People(answers, setup, host or setup.host(), run.tell) as run.people:
        return _score(inputs, target, run.people.scorer, run, workers, rejects, most, progress)


def _score(
    inputs: Sequence[Input],
    target: str,
    scorer: Scorer,
    run: _IntoParts,
    workers: int,
    rejects: str | None,
    most: int | None,
    progress: Callable[[int, int | None], None] | None,
) -> Summary:
    takes = [taken_of(source, scorer, run) for source in inputs]
    rows = [most or rows_of_a_piece(scorer, ok and source.has_turns) for source, ok in zip(inputs, takes, strict=True)]
    made_of = _made_of([source for source, ok in zip(inputs, takes, strict=True) if ok], scorer, rows)
    if run.people is not None:
        made_of["answers"] = run.people.made_of
    path = Path(target)
    parts = Parts(path, made_of, folder=target.endswith("/"), rejects=Path(rejects) if rejects else None)
    run.go_on(parts)
    with_turns = any(ok and source.has_turns for source, ok in zip(inputs, takes, strict=True))
    total = total_of(inputs, takes)
    pieces = numbered(inputs, takes, rows, parts.state.next_piece)
    here = Worker(inputs, scorer)
    try:
        with ExitStack() as stack:
            todo: Iterator[tuple[int, Piece, Done]]
            if workers > 1:
                pool = stack.enter_context(Workers(inputs, scorer.setup, workers))
                todo = _by_others(pool, pieces)
            else:
                todo = ((number, piece, here.do(number, piece)) for number, piece in pieces)
            run.all(todo, here, parts, PIECES_WITH_TURNS if with_turns else PIECES_OF_A_PART, progress, total)
    except BaseException:
        parts.drop()
        raise
    before, after = run.rejects_of_people()
    run.tell_counted()
    parts.finish(before, after)
    run.summary.outcomes[target] = f"{run.summary.evaluations} evaluations"
    return run.summary


def taken_of(source: Input, scorer: Scorer, run: Run) -> bool:
    """Whether an input is a table of calls; if not, that is told."""
    try:
        scorer.layout(source.schema, source.path)
    except ProblemsFound as found:
        for problem in found.problems:
            run.tell(problem)
        return False
    return True


def total_of(inputs: Sequence[Input], takes: Sequence[bool]) -> int | None:
    """How many rows there are to score, None where nobody knows."""
    rows = [source.rows for source, ok in zip(inputs, takes, strict=True) if ok]
    return None if None in rows else sum(each for each in rows if each is not None)


def numbered(
    inputs: Sequence[Input], takes: Sequence[bool], rows: Sequence[int | None], start: int
) -> Iterator[tuple[int, Piece]]:
    """The pieces of all inputs with their numbers, from one on."""
    number = 0
    for n, (source, ok) in enumerate(zip(inputs, takes, strict=True)):
        for piece in source.pieces(n, rows[n]) if ok else ():
            if number >= start:
                yield number, piece
            number += 1


def _by_others(pool: Workers, pieces: Iterator[tuple[int, Piece]]) -> Iterator[tuple[int, Piece, Done]]:
    sent: dict[int, Piece] = {}

    def noted() -> Iterator[tuple[int, Piece]]:
        for number, piece in pieces:
            sent[number] = piece
            yield number, piece

    for done in pool.done(noted()):
        yield done.number, sent.pop(done.number), done


def _made_of(inputs: Sequence[Input], scorer: Scorer, rows: Sequence[int | None]) -> dict[str, Any]:
    """What the results depend on: another of these, and a run begins anew."""
    from pauta import __version__

    setup, stats = scorer.setup, [(source.path, Path(source.path).stat()) for source in inputs]
    cards = {card.name: card.digest for card in scorer.cards}
    return {
        "inputs": [[path, stat.st_size, stat.st_mtime_ns] for path, stat in stats],
        "cards": dict(sorted(cards.items())),
        "named": [each if isinstance(each, str) else each.name for each in setup.named],
        "timezone": str(setup.timezone),
        "today": str(scorer.router.today) if setup.today or not setup.named else "",
        "plugins": sorted(f"{plugin.name} {plugin.version}" for plugin in scorer.host),
        "redact": setup.redactor.asked if setup.redactor else [],
        "pauta": __version__,
        "python": platform.python_version(),
        "pieces": [rows, ROWS, ROWS_WITH_TURNS, PIECES_OF_A_PART, PIECES_WITH_TURNS],
    }


class Run:
    """One run, wherever its results go: what it did, whom it told."""

    def __init__(self, on_problem: Tell | None) -> None:
        self.summary = Summary()
        self._on_problem = on_problem or self.summary.problems.append
        self._seen = Seen()
        self._once = OncePerFile()
        self._told: set[Problem] = set()
        self._of_code: Counter[str] = Counter()
        self._rows = 0

    def tell(self, problem: Problem) -> None:
        """Tell a problem: those of plugins once, of each code the first ones."""
        if not self._once.is_new(problem):
            return
        if problem.code.startswith("E6"):
            if problem in self._told:
                return
            if len(self._told) < REMEMBERED:
                self._told.add(problem)
            self.summary.failures += 1
        if problem.severity is Severity.WARNING:
            self.summary.warnings += 1
        else:
            self.summary.errors += 1
        self._of_code[problem.code] += 1
        if self._of_code[problem.code] <= TOLD:
            self._on_problem(problem)

    def tell_counted(self, hint: str = REJECTS) -> None:
        """Say how many problems were not told one by one. hint: where they all are."""
        for code, count in sorted(self._of_code.items()):
            if count > TOLD:
                message = f"and {count - TOLD:,} more problems of this kind, {count:,} in all"
                self._on_problem(Problem(code, message, None, COUNTED if code == NO_SUCH_ANSWER else hint))

    def _take(self, piece: Piece, problems: Sequence[Problem], strangers: Strangers, summary: Summary) -> None:
        """Tell and count what came of a piece."""
        for problem in (*self._once.left(piece.input), *problems):
            self.tell(problem)
        self._once.strangers.add(strangers)
        for name in ("calls", "evaluations", "unclaimed", "refused"):
            setattr(self.summary, name, getattr(self.summary, name) + getattr(summary, name))
        for name, card in summary.by_card.items():
            merge(self.summary.by_card.setdefault(name, CardSummary()), card)


class _IntoParts(Run):
    """A run whose results are written part by part. people: whose evaluations come in files of their own."""

    people: People | None = None

    def go_on(self, parts: Parts) -> None:
        """Take over what an earlier run did."""
        if not parts.state.parts:
            return
        before, mine = parts.state.summary(), self.summary
        for name in ("calls", "evaluations", "unclaimed", "refused", "errors", "warnings", "failures"):
            setattr(mine, name, getattr(before, name))  # what was told now was told then, and counted
        mine.by_card = before.by_card
        self._once = OncePerFile.from_kept(parts.state.once)
        for keys in parts.known_keys:
            self._seen.fresh_codes(keys)
            self._rows += len(keys)
        if self.people is not None:
            for used in parts.known_used:
                self.people.used.add(used)

    def all(
        self,
        todo: Iterator[tuple[int, Piece, Done]],
        here: Worker,
        parts: Parts,
        pieces_of_a_part: int,
        progress: Callable[[int, int | None], None] | None,
        total: int | None,
    ) -> None:
        """Write what comes of the pieces in their order, part by part."""
        number, waiting = parts.state.next_piece - 1, 0
        for number, piece, done in todo:
            self._write(number, piece, done, here, parts)
            waiting += 1
            self._rows += piece.rows
            if progress is not None:
                progress(self._rows, total)
            if waiting == pieces_of_a_part:
                parts.finish_part(number + 1, self.summary, self._once.kept())
                waiting = 0
        if waiting:
            parts.finish_part(number + 1, self.summary, self._once.kept())
        for problem in self._once.left(-1):
            self.tell(problem)

    def _write(self, number: int, piece: Piece, done: Done, here: Worker, parts: Parts) -> None:
        fresh = self._seen.fresh_codes(done.keys)
        keys = done.keys[fresh]
        if not fresh.all() or (self.people is not None and self.people.took_before(done.used)):
            for made in (done.made, done.rejects):
                if isinstance(made, str):
                    Path(made).unlink()
            done = here.do(number, piece, done.key_rows[~fresh])
        self._take(piece, done.problems, done.strangers, done.summary)
        if self.people is not None and done.used is not None:
            self.people.used.add(done.used)
        parts.append(done.made, done.rejects, keys, done.used)

    def rejects_of_people(self) -> tuple[Any, Any]:
        """Tell of evaluations whose calls did not come; rejects that belong before and after those of the pieces."""
        if self.people is None:
            return None, None
        masked = self.people.setup.redactor
        before, after = self.people.refused_tables(), self.people.unmatched_tables()
        return written_rejects(before, masked), written_rejects(after, masked)
