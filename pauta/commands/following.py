"""The follow-up as commands run it: people, calendar and escalations of the operation, over its database."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import click

if TYPE_CHECKING:
    from pauta.engine.model.scorecard import Scorecard
    from pauta.engine.outlets import Outlet
    from pauta.engine.problems import Problem
    from pauta.followup.night import Night, Setting
    from pauta.store import AnyStore
    from pauta.workspace import Workspace

NOT_HERE: Final = "there is no pauta.yaml here, so there is nothing to follow up"


@contextmanager
def store_opened(workspace: Workspace) -> Iterator[tuple[AnyStore, list[Outlet]]]:
    """The database among the operation's sinks, else its own; and all its sinks. ProblemsFound where there is none."""
    from pauta.commands.sinks import close_all, outlets_of
    from pauta.engine.problems import Problem, ProblemsFound

    if workspace.operation is None:
        hint = "run it in the folder of an operation; `pauta init FOLDER` makes one"
        raise ProblemsFound(
            [Problem("E740", "there is no pauta.yaml here, so there is nothing to follow up", None, hint)]
        )
    outlets = outlets_of(workspace)
    try:
        store = store_among(outlets)
        if store is None:
            raise ProblemsFound(
                [Problem("E750", "the operation has no database, so there is nothing to follow up", None)]
            )
        yield store, outlets
    finally:
        close_all(outlets)


def store_among(outlets: Sequence[Outlet]) -> AnyStore | None:
    """The first database among some sinks."""
    from pauta.engine.contracts import KeepingSink
    from pauta.store import AnyStore

    found = (each.sink.outbox for each in outlets if isinstance(each.sink, KeepingSink))
    return next((store for store in found if isinstance(store, AnyStore)), None)


def setting_of(workspace: Workspace, store: AnyStore, now: datetime) -> tuple[Setting, list[Problem]]:
    """What a night needs to know, and the problems of escalations and calendar; an escalation with one is left out.

    Raises ProblemsFound where there is no operation, or its calendar is wrong.
    """
    from pauta.engine.loading.standing import standing_escalations
    from pauta.engine.problems import Problem, ProblemsFound
    from pauta.followup.calendar import calendar_of
    from pauta.followup.night import Setting
    from pauta.followup.notices import rows_of_notice
    from pauta.followup.people import People

    operation = workspace.operation
    if operation is None:
        raise ProblemsFound([Problem("E740", NOT_HERE, None)])
    standing, problems = standing_escalations(operation.data, workspace.host)
    calendar, of_calendar = calendar_of(operation, today=now.date())
    if calendar is None:
        raise ProblemsFound(of_calendar)
    setting = Setting(
        source=f"operation {operation.id}",
        standing=standing,
        card_of=cards_by_name(workspace, store),
        host=workspace.host,
        calendar=calendar,
        people=People.of(operation.data),
        rows_of_notice=rows_of_notice,
        language=operation.languages[0] if operation.languages else "en",
    )
    return setting, [*problems, *of_calendar]


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
    from datetime import UTC

    from pauta.commands.sinks import close_all
    from pauta.engine.problems import ProblemsFound
    from pauta.followup.night import run_night

    written = store_among(outlets) if workspace.operation is not None else None
    if written is None:
        return []
    now = datetime.now(UTC)
    try:
        with written.another() as store:
            setting, problems = setting_of(workspace, store, now)
            night = run_night(store, setting, now)
            sent = tell_people(store, setting, outlets, workspace, now)
    except ProblemsFound as found:
        return list(found.problems)
    finally:
        close_all([each for each in outlets if callable(getattr(each.sink, "notify", None))])
    if night.raised:
        click.echo(night_text(night), err=True)
    return [*problems, *night.problems, *sent]


def tell_people(
    store: AnyStore, setting: Setting, outlets: Sequence[Outlet], workspace: Workspace, now: datetime
) -> list[Problem]:
    """Make what is late overdue, put notices into messages, and send what is due; returns what was not taken."""
    from pauta.commands.sinks import operation_redactor
    from pauta.engine.outlets import addressee_of, owner_of
    from pauta.engine.problems import Place, Problem
    from pauta.followup.lives import mark_overdue
    from pauta.followup.notices import escalate_overdue, gather
    from pauta.followup.sending import masking, send

    ledger, people, language = store.ledger(), setting.people, setting.language
    carriers = [each for each in outlets if callable(getattr(each.sink, "notify", None))]
    mark_overdue(ledger, people, now)
    escalate_overdue(ledger, people, now, language, setting.calendar)
    gather(ledger, people, [each.name for each in carriers], now, language)
    mask = operation_redactor(workspace)
    to = [masking(addressee_of(each, owner_of(each.sink, workspace.host)), mask) for each in carriers]
    done = send(store, to, now)
    problems = []
    for name, each in done.items():
        if each.waiting or each.dead:
            what = f"sink '{name}' has not taken {each.waiting + each.dead:,} messages to people: {each.last_error}"
            hint = "`pauta escalations run` tries again" if each.waiting else "they were given up after too many tries"
            problems.append(Problem("E793", what, Place(name), hint))
    return problems


def night_text(night: Night) -> str:
    """What a night did, in one line."""
    opened = ", ".join(f"{count:,} {kind}" for kind, count in sorted(night.opened.items()))
    told = f"{night.evaluations:,} evaluations followed up, {night.raised:,} escalations raised"
    return f"{told}: {opened}" if opened else told
