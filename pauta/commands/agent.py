"""The command agent: one page for a coaching session."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from pauta.commands.answering import GOOD, say_json, telling, wrong_use
from pauta.commands.follow_up import as_option, followed, now_option

if TYPE_CHECKING:
    from pauta.commands.follow_up import Followed
    from pauta.reports.agent import AgentPage

DAYS: Final = 90
"""So far back the page looks from the agent's last call, unless it is told."""

OF_AGENT: Final = "SELECT evaluation_id, started_at, evaluated_at FROM latest_evaluations WHERE agent IN ({})"
"""One place for each name, as a database finds only what is written out by its index."""


@click.command()
@click.argument("name")
@click.option("--from", "start", metavar="DAY", help="From this day on; else 90 days back from the last call.")
@click.option("--until", metavar="DAY", help="Up to this day, it included.")
@click.option("--language", help="en, es, pt or ru; else the agent's own, else the operation's.")
@click.option("--format", "form", type=click.Choice(["text", "html", "json"]), default="text", show_default=True,
              help="How to print.")  # fmt: skip
@click.option("--to", type=click.Path(), metavar="FILE", help="Write it to a file; .html and .json choose the format.")
@as_option
@now_option
@telling
def agent(
    name: str, start: str | None, until: str | None, language: str | None, form: str, to: str | None, who: str | None,
    moment: str | None,
) -> int:  # fmt: skip
    """Make the page for a coaching session with an agent: strengths, misses with quotes, trend, plan, agreements.

    Only the agent's own faults count in it. Coaching records are on it as far as `--as NAME` may see them.

    Example: pauta agent ana --format html --to ana.html
    """
    from pauta.reports.agent_page import agent_html, agent_json, agent_text

    if to and form == "text":
        form = {".html": "html", ".json": "json"}.get(Path(to).suffix, "text")
    first, last = _day(start), _day(until)
    with followed(moment) as here:
        made, spoken = _made(here, name, first, last, language, who)
        if form == "json":
            text = json.dumps(agent_json(made), ensure_ascii=False, indent=2)
        else:
            text = (agent_html if form == "html" else agent_text)(made, here.calendar, spoken)
    if to:
        _write(Path(to), text)
    elif form == "json":
        say_json(json.loads(text))
    else:
        click.echo(text)
    return GOOD


def _made(
    here: Followed, name: str, first: date | None, last: date | None, language: str | None, who: str | None
) -> tuple[AgentPage, str]:
    from pauta.commands.follow_up import cards_by_name
    from pauta.engine.problems import Problem, ProblemsFound
    from pauta.followup.measures import measured_plan
    from pauta.followup.privacy import may_see_evaluations
    from pauta.reports.agent import AgentPage, agent_page
    from pauta.reports.agent_duties import take_duties

    person = here.people.get(name)
    if not may_see_evaluations(who, person.id, here.people):
        hint = "evaluations are seen by the agent, the line above and the quality team"
        said = f"{here.people.get(str(who)).name} may not see the evaluations of {person.name}"
        raise ProblemsFound([Problem("E798", said, None, hint)])
    operation = here.workspace.operation
    own = operation.languages[0] if operation and operation.languages else "en"
    spoken = language or person.language or own
    names = sorted({name, person.id, person.name})
    ids = _ids(here, names, first, last)
    records = (here.ledger.evaluations(ids[at : at + 200]).values() for at in range(0, len(ids), 200))
    page = AgentPage(person.id, person.name, person.team)
    cards = cards_by_name(here.workspace, here.store)
    agent_page(page, (each for some in records for each in some), cards, language=spoken, zone=here.calendar.zone)
    rows: list[Any] = here.ledger.among("duties", "agent", names)
    take_duties(page, rows, here.people, who, lambda row: measured_plan(here.ledger, row))
    return page, spoken


def _ids(here: Followed, names: Sequence[str], first: date | None, last: date | None) -> list[str]:
    """The evaluations of an agent, by the names they go by, that count in reports: of a period, else of 90 days."""
    found = here.ledger.rows(OF_AGENT.format(", ".join("?" * len(names))), names)
    days = {str(row["evaluation_id"]): _local(row, here) for row in found}
    newest = max((day for day in days.values() if day and (last is None or day <= last)), default=None)
    since = first or (newest - timedelta(days=DAYS) if newest else None)
    return [
        name
        for name, day in days.items()
        if day is None or ((since is None or day >= since) and (last is None or day <= last))
    ]


def _local(row: Any, here: Followed) -> date | None:
    from pauta.engine.model.moments import moment_from

    for name in ("started_at", "evaluated_at"):
        found = moment_from(str(row[name])) if row[name] else None
        if found is not None:
            return found.astimezone(here.calendar.zone).date() if found.tzinfo else found.date()
    return None


def _day(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        wrong_use(f"'{text}' is no day: write it 2026-03-02")


def _write(path: Path, text: str) -> None:
    from pauta.engine.problems import Problem, ProblemsFound

    try:
        path.write_text(text + "\n", encoding="utf-8", errors="replace")
    except OSError as error:
        said = f"the page '{path}' cannot be written: {error.strerror or error}"
        raise ProblemsFound([Problem("E799", said, None, "name a file in a folder that is there")]) from error
