"""The command forget: a customer's words go, the scores stay, and there is a proof of it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from pauta.commands.answering import GOOD, PROBLEMS_FOUND, tell, telling, wrong_use
from pauta.commands.follow_up import followed, now_option

if TYPE_CHECKING:
    from pauta.engine.loading.operation import Operation
    from pauta.followup.forget import Forgotten

PACKED: Final = (".xlsx", ".parquet", ".gz", ".zst", ".zip")
"""Files in whose bytes a call's id is not to be seen."""


@click.command()
@click.option("--customer", metavar="ID", help="The customer, as attributes.customer_id of their calls has it.")
@click.option("--call", "named", multiple=True, metavar="ID", help="A call, where the customer is not known by an id.")
@click.option("--everything", is_flag=True, help="Also what people wrote about these calls and quotes nothing.")
@click.option("--yes", is_flag=True, help="Do it; without it the command says what it would do.")
@click.option("--proof", type=click.Path(), metavar="FILE", help="Write the proof as JSON.")
@now_option
@telling
def forget(
    customer: str | None, named: Sequence[str], everything: bool, yes: bool, proof: str | None, moment: str | None
) -> int:
    """Forget a customer: remove the words of their calls everywhere, and keep the scores.

    Quotes, comments, reasons and answers in free text go, in every revision, and so does what quotes them in duties,
    disputes, notices and examples. Scoring the same calls again does not bring the words back. The proof holds none of
    them.

    Example: pauta forget --customer 4711 --yes --proof forgotten.json
    """
    from pauta.followup import forget as forgetting

    if (customer is None) == (not named):
        wrong_use("name a customer (--customer ID) or calls (--call ID)")
    with followed(moment) as here:
        calls = forgetting.calls_of(here.store, customer) if customer is not None else list(named)
        done = forgetting.forget(here.store, calls, here.now, everything=everything, dry=not yes)
        operation = here.workspace.operation
        outside = _outside(operation, calls) if operation is not None else []
    if not yes:
        click.echo(f"{_said(done)} would be removed, and nothing was: add --yes")
        return GOOD
    if proof:
        _write(Path(proof), {**done.as_json(), "files_outside": outside})
    click.echo(f"{_said(done)} removed; the scores are {'as they were' if done.proved else 'NOT proved'}")
    for each in outside:
        click.echo(f"these calls also stand in {each}, which is no part of the database", err=True)
    return _told(done)


def _said(done: Forgotten) -> str:
    cells = sum(done.changed.values())
    where = ", ".join(f"{name} {count}" for name, count in sorted(done.changed.items())) or "nothing"
    return f"{len(done.calls)} calls, {done.revisions} revisions: {cells} cells ({where})"


def _told(done: Forgotten) -> int:
    from pauta.engine.problems import Problem

    if done.proved:
        return GOOD
    found = done.search.remains if done.search else 0
    what = f"{found} pieces of text are still in the files" if found else "the proof of it does not hold"
    hint = "is another program writing to the database? end it, and run `pauta forget --call ID --yes` again"
    tell([Problem("E797", f"the words were removed, but {what}", None, hint)])
    return PROBLEMS_FOUND


def _write(path: Path, proof: object) -> None:
    from pauta.engine.problems import Problem, ProblemsFound

    try:
        path.write_text(json.dumps(proof, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        said = f"the words were removed, but the proof '{path}' cannot be written: {error.strerror or error}"
        raise ProblemsFound([Problem("E799", said, None, "run it again with `--call ID` and another file")]) from error


def _outside(operation: Operation, calls: Sequence[str]) -> list[str]:
    """The files of the operation's sources and sinks that name these calls, or in which that cannot be seen."""
    folder = Path(operation.file).parent
    ids = [each.encode() for each in calls]
    found = []
    for path in sorted({each for text in _texts([operation.data.get("sources"), operation.data.get("sinks")])
                        for each in _files(folder, text)}):  # fmt: skip
        if path.suffix in PACKED:
            found.append(f"{path.relative_to(folder)}, perhaps")
        elif path.suffix != ".db" and _names(path, ids):
            found.append(str(path.relative_to(folder)))
    return found


def _names(path: Path, ids: Sequence[bytes]) -> bool:
    with path.open("rb") as file:
        return any(each in line for line in file for each in ids)


def _files(folder: Path, text: str) -> Iterator[Path]:
    try:
        yield from (each for each in folder.glob(text) if each.is_file())
    except (ValueError, NotImplementedError):  # an address, or a path that begins at the root
        return


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from _texts(list(value.values()))
    elif isinstance(value, list):
        yield from (text for each in value for text in _texts(each))
    elif isinstance(value, str) and value:
        yield value
