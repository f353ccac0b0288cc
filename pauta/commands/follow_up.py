"""The follow-up as commands have it: the operation's database, people and calendar, who acts, the clock; and its night.

followed          all of it, opened
setting_of        what a night needs besides
follow_up_after   the night after results were written
tell_people       what is late, and the messages that are due
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import click

if TYPE_CHECKING:
    from pauta.engine.model.scorecard import Scorecard
    from pauta.engine.outlets import Outlet
    from pauta.engine.problems import Problem
    from pauta.followup.calendar import Calendar
    from pauta.followup.night import Night, Setting
    from pauta.followup.people import People
    from pauta.store import AnyStore, Ledger
    from pauta.workspace import Workspace

as_option = click.option("--as", "who", metavar="NAME", help="Who acts; without it the administrator.")
now_option = click.option("--now", "moment", metavar="MOMENT", help="The moment that counts as now: 2026-03-02T09:00Z.")

MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
"""A moment as the ledger keeps it."""


@dataclass(frozen=True, slots=True)
class Followed:
    """The follow-up of an operation, opened. problems: warnings about its calendar."""

    workspace: Workspace
    store: AnyStore
    ledger: Ledger
    outlets: Sequence[Outlet]
    people: People
    calendar: Calendar
    now: datetime
    problems: Sequence[Problem] = ()

    def shown(self, value: object) -> str:
        """A value for people: a moment of the ledger in the operation's zone, anything else as it is."""
        from pauta.followup.deadlines import shown

        text = str(value)
        return shown(datetime.fromisoformat(text), self.calendar) if MOMENT.fullmatch(text) else text


@contextmanager
def followed(moment: str | datetime | None = None, workspace: Workspace | None = None) -> Iterator[Followed]:
    """The follow-up of the operation here. Raises ProblemsFound where there is no operation, or no database of it."""
    from pauta.commands.sinks import close_all, outlets_of
    from pauta.engine.problems import Problem, ProblemsFound
    from pauta.workspace import Workspace

    here = workspace or Workspace()
    if here.operation is None:
        hint = "run it in the folder of an operation; `pauta init FOLDER` makes one"
        raise ProblemsFound([Problem("E740", "there is no pauta.yaml here, so there is no follow-up", None, hint)])
    now = moment if isinstance(moment, datetime) else now_of(moment)
    outlets = outlets_of(here)
    try:
        store = _store_among(outlets)
        if store is None:
            raise ProblemsFound([Problem("E750", "the operation has no database, so there is no follow-up", None)])
        yield _followed(here, store, outlets, now)
    finally:
        close_all(outlets)


def _followed(workspace: Workspace, store: AnyStore, outlets: Sequence[Outlet], now: datetime) -> Followed:
    from pauta.engine.problems import ProblemsFound
    from pauta.followup.calendar import calendar_of
    from pauta.followup.people import People

    operation = workspace.operation
    assert operation is not None
    calendar, problems = calendar_of(operation, today=now.date())
    if calendar is None:
        raise ProblemsFound(problems)
    people = People.of(operation.data)
    return Followed(workspace, store, store.ledger(), outlets, people, calendar, now, problems)


def _store_among(outlets: Sequence[Outlet]) -> AnyStore | None:
    """The first database among some sinks."""
    from pauta.engine.contracts import KeepingSink
    from pauta.store import AnyStore

    found = (each.sink.outbox for each in outlets if isinstance(each.sink, KeepingSink))
    return next((store for store in found if isinstance(store, AnyStore)), None)


def now_of(moment: str | None) -> datetime:
    """The moment that counts as now, in UTC. Raises ProblemsFound where it is none."""
    from pauta.engine.model.moments import moment_from
    from pauta.engine.problems import Problem, ProblemsFound

    if moment is None:
        return datetime.now(UTC)
    found = moment_from(re.sub(r"(T\d\d:\d\d)(?=[Z+-])", r"\1:00", moment))  # people leave the seconds out
    if found is None or found.tzinfo is None:
        hint = "write it with its zone: 2026-03-02T09:00Z"
        raise ProblemsFound([Problem("E776", f"'{moment}' is no moment", None, hint)])
    return found.astimezone(UTC)


def setting_of(here: Followed) -> tuple[Setting, list[Problem]]:
    """What a night needs to know, and the problems of escalations and calendar; an escalation with one is left out."""
    from pauta.engine.loading.standing import standing_escalations
    from pauta.followup.night import Setting
    from pauta.followup.notices import rows_of_notice

    operation = here.workspace.operation
    assert operation is not None
    standing, problems = standing_escalations(operation.data, here.workspace.host)
    setting = Setting(
        source=f"operation {operation.id}",
        standing=standing,
        card_of=cards_by_name(here.workspace, here.store),
        host=here.workspace.host,
        calendar=here.calendar,
        people=here.people,
        rows_of_notice=rows_of_notice,
        language=operation.languages[0] if operation.languages else "en",
    )
    return setting, [*problems, *here.problems]


def cards_by_name(workspace: Workspace, store: AnyStore) -> Callable[[str, str, str], Scorecard | None]:
    """The card of a stored evaluation: among the operation's cards, else as the database keeps it."""
    from pauta.engine.model.scorecard import Scorecard

    known: dict[tuple[str, str, str], Scorecard | None] = {}

    def card_of(name: str, version: str, digest: str) -> Scorecard | None:
        whole = name, version, digest
        if whole not in known:
            found = workspace.catalog.resolve(name, version)
            there = found if isinstance(found, Scorecard) else None
            exact = there if there is not None and there.digest == digest else _stored(workspace, store, whole)
            known[whole] = exact or there
        return known[whole]

    return card_of


def _stored(workspace: Workspace, store: AnyStore, whole: tuple[str, str, str]) -> Scorecard | None:
    from pauta.engine.loading.load import card_from_text

    query = "SELECT document FROM cards WHERE scorecard = ? AND version = ? AND digest = ?"
    document: Any = next((row["document"] for row in list(store.read(query, whole))), None)
    if not document:
        return None
    return card_from_text(json.dumps(document, ensure_ascii=False), workspace.host, f"{whole[0]}@{whole[1]}").scorecard


def follow_up_after(workspace: Workspace, outlets: Sequence[Outlet]) -> list[Problem]:
    """After results were written: follow up what is new in the operation's database, and say what came of it.

    Returns problems, none outside an operation or where no database was written to.
    """
    from pauta.commands.sinks import close_all
    from pauta.engine.problems import ProblemsFound
    from pauta.followup.night import run_night

    written = _store_among(outlets) if workspace.operation is not None else None
    if written is None:
        return []
    try:
        with written.another() as store:
            here = _followed(workspace, store, outlets, datetime.now(UTC))
            setting, problems = setting_of(here)
            night = run_night(store, setting, here.now)
            told = tell_people(here, setting.language)
    except ProblemsFound as found:
        return list(found.problems)
    finally:
        close_all([each for each in outlets if callable(getattr(each.sink, "notify", None))])
    if night.raised:
        click.echo(night_text(night), err=True)
    return [*problems, *night.problems, *told]


def tell_people(here: Followed, language: str) -> list[Problem]:
    """Make what is late overdue, put notices into messages, send what is due, and forget what was sent long ago.

    Returns what was not taken, and what nobody gets.
    """
    from pauta.commands.sinks import keep_sent, operation_redactor
    from pauta.engine.outlets import addressee_of, owner_of
    from pauta.engine.problems import Place, Problem
    from pauta.followup.lives import mark_overdue
    from pauta.followup.notices import escalate_overdue, gather
    from pauta.followup.sending import masking, prune_sent, send
    from pauta.followup.unheard import look_again, of_unheard

    ledger, people, now = here.ledger, here.people, here.now
    carriers = [each for each in here.outlets if callable(getattr(each.sink, "notify", None))]
    mark_overdue(ledger, people, now)
    escalate_overdue(ledger, people, now, language, here.calendar)
    names = [each.name for each in carriers]
    expired = look_again(ledger, people, names, now)
    gather(ledger, people, names, now, language)
    mask = operation_redactor(here.workspace)
    to = [masking(addressee_of(each, owner_of(each.sink, here.workspace.host)), mask) for each in carriers]
    problems = []
    for name, each in send(here.store, to, now).items():
        if each.waiting or each.dead:
            what = f"sink '{name}' has not taken {each.waiting + each.dead:,} messages to people: {each.last_error}"
            hint = "`pauta escalations run` tries again" if each.waiting else "they were given up after too many tries"
            problems.append(Problem("E793", what, Place(name), hint))
    prune_sent(ledger, now - keep_sent(here.workspace), now)
    return [*problems, *of_unheard(ledger, expired)]


def night_text(night: Night) -> str:
    """What a night did, in one line."""
    opened = ", ".join(f"{count:,} {kind}" for kind, count in sorted(night.opened.items()))
    told = f"{night.evaluations:,} evaluations followed up, {night.raised:,} escalations raised"
    return f"{told}: {opened}" if opened else told
