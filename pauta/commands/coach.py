"""The command coach: the feedback duties, from open to closed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pauta.commands.answering import GOOD, say_json, telling, text_or_json
from pauta.commands.follow_up import as_option, followed, now_of, now_option

if TYPE_CHECKING:
    from pauta.commands.follow_up import Followed
    from pauta.engine.problems import Problem
    from pauta.followup.measures import Measured

id_argument = click.argument("duty")


@click.group()
def coach() -> None:
    """Feedback duties: list them, schedule and hold sessions, follow plans up, close.

    A duty ends when the session is recorded; a message that was sent ends nothing. Duties are named by the first
    digits of their ids.

    Example: pauta coach list --as luisa
    """


@coach.command(name="list")
@click.option("--agent", help="Only duties about this agent.")
@click.option("--owner", help="Only duties of this person.")
@click.option("--state", help="Only duties in this state; else all that are not over.")
@as_option
@now_option
@text_or_json
@telling
def list_(
    agent: str | None, owner: str | None, state: str | None, who: str | None, moment: str | None, form: str
) -> int:
    """List the duties that are not over, the most urgent first.

    Example: pauta coach list --owner luisa
    """
    from pauta.followup.lives import mark_overdue
    from pauta.followup.privacy import duties_seen

    with followed(moment) as here:
        mark_overdue(here.ledger, here.people, here.now)
        where, values = ("state = ?", [state]) if state else ("state NOT IN ('closed', 'withdrawn')", [])
        rows = here.ledger.select("duties", f"{where} ORDER BY due IS NULL, due, id", values)
        get = here.people.get
        rows = duties_seen(rows, who, here.people)
        rows = [row for row in rows if agent is None or get(str(row["agent"])).id == get(agent).id]
        rows = [row for row in rows if owner is None or get(owner).id in here.people.ids_in(row["owner"])]
        lines = [_line(row, here) for row in rows]
    if form == "json":
        say_json(rows)
    else:
        click.echo("\n".join(lines) or "nothing is to be done")
    return GOOD


@coach.command()
@id_argument
@as_option
@text_or_json
@telling
def show(duty: str, who: str | None, form: str) -> int:
    """Show a duty: what it is about, what was agreed, and its history.

    Example: pauta coach show 8f3a
    """
    from pauta.followup.lives import find
    from pauta.followup.privacy import must_see

    with followed() as here:
        name = find(here.ledger, "duty", duty)
        row = here.ledger.select("duties", "id = ?", (name,))[0]
        must_see(row, who, here.people)
        history = here.ledger.history("duty", name)
        text = [_line(row, here), *_details(row, here), *(_step(each, here) for each in history)]
    if form == "json":
        say_json({**row, "history": history})
    else:
        click.echo("\n".join(text))
    return GOOD


@coach.command()
@id_argument
@click.option("--at", "when", required=True, metavar="MOMENT", help="When the session is held: 2026-03-04T10:00Z.")
@click.option("--ics", type=click.Path(), metavar="FILE", help="Also write a calendar file for it.")
@as_option
@now_option
@telling
def schedule(duty: str, when: str, ics: str | None, who: str | None, moment: str | None) -> int:
    """Say when the session will be held; again, to move it.

    Example: pauta coach schedule 8f3a --at 2026-03-04T10:00-05:00 --ics session.ics
    """
    from pauta.engine.delivery import stamp
    from pauta.followup.deadlines import shown
    from pauta.followup.lives import find, move

    with followed(moment) as here:
        name = find(here.ledger, "duty", duty)
        starts = now_of(when)
        move(here.ledger, here.people, "duty", name, "schedule", who=who, at=here.now, when=stamp(starts))
        row = here.ledger.select("duties", "id = ?", (name,))[0]
        if ics:
            Path(ics).write_bytes(_calendar_file(row, here, who))
        click.echo(f"{name[:12]} is scheduled for {shown(starts, here.calendar)}")
    return GOOD


@coach.command()
@id_argument
@click.option("--agreed", help="What was agreed; praise and trainings need no word of it.")
@click.option("--words", help="What the agent said to it, in their own words.")
@click.option("--form", "how", type=click.Choice(["in_person", "group", "call"]), help="How it was held.")
@as_option
@now_option
@telling
def hold(duty: str, agreed: str | None, words: str | None, how: str | None, who: str | None, moment: str | None) -> int:
    """Record that the session was held: what was agreed, and the agent's own words.

    Example: pauta coach hold 8f3a --agreed "Ask for the name first" --words "I forget it when they shout"
    """
    said = {"agreed": agreed, "words": words, "form": how}
    return _moved(duty, "hold", who, moment, "was held", {key: each for key, each in said.items() if each})


@coach.command(name="follow-up")
@click.argument("duty")
@click.option(
    "--reached", type=click.Choice(["yes", "no"]), help="Whether the target was reached; else by the figures."
)
@click.option("--note", help="What was seen.")
@as_option
@now_option
@telling
def follow_up(duty: str, reached: str | None, note: str | None, who: str | None, moment: str | None) -> int:
    """Look whether what was agreed came: by the plan's own measure, before and since.

    Example: pauta coach follow-up 8f3a
    """
    from pauta.engine.problems import ProblemsFound
    from pauta.followup.lives import find, may, move
    from pauta.followup.measures import measured_plan

    with followed(moment) as here:
        name = find(here.ledger, "duty", duty)
        row = here.ledger.select("duties", "id = ?", (name,))[0]
        found = measured_plan(here.ledger, row)
        known = {True: "yes", False: "no", None: None}[found.reached]
        figures = {
            "measure": found.measure, "was": found.before, "since_then": found.since, "calls": found.since_calls,
            "target": found.target,
        }  # fmt: skip
        its_to_say = who is None or may(here.people, "duty", row, "owner", who)
        if not (reached or known) and row["state"] in ("held", "followed_up") and its_to_say:
            raise ProblemsFound([_not_told(name, found)])
        said = {"reached": reached or known or "not known", "note": note, **figures}
        move(here.ledger, here.people, "duty", name, "follow_up", who=who, at=here.now, **said)
        was, now = (_figure(each) for each in (found.before, found.since))
        of = f"{found.since_calls} calls" if found.since_calls else "no calls"
        click.echo(f"{name[:12]}: {found.measure} was {was}, is {now} ({of}); reached: {said['reached']}")
    return GOOD


@coach.command()
@id_argument
@click.option("--note", help="A last word.")
@as_option
@now_option
@telling
def close(duty: str, note: str | None, who: str | None, moment: str | None) -> int:
    """Close a duty that was held.

    Example: pauta coach close 8f3a
    """
    return _moved(duty, "close", who, moment, "is closed", {"note": note} if note else {})


@coach.command()
@id_argument
@click.option("--reason", required=True, help="Why nothing is to be done any more.")
@as_option
@now_option
@telling
def withdraw(duty: str, reason: str, who: str | None, moment: str | None) -> int:
    """Withdraw a duty that should not be: the evaluation was revised, the agent has left.

    Example: pauta coach withdraw 8f3a --reason "The evaluation was revised"
    """
    return _moved(duty, "withdraw", who, moment, "is withdrawn", {"reason": reason})


def _moved(duty: str, step: str, who: str | None, moment: str | None, said: str, details: Mapping[str, Any]) -> int:
    from pauta.followup.lives import find, move

    with followed(moment) as here:
        name = find(here.ledger, "duty", duty)
        move(here.ledger, here.people, "duty", name, step, who=who, at=here.now, **details)
    click.echo(f"{name[:12]} {said}")
    return GOOD


def _not_told(name: str, found: Measured) -> Problem:
    from pauta.engine.problems import Problem

    why = "it has no target" if found.target is None else "nothing tells whether it is to rise or to fall"
    if found.since is None:
        why = f"there are no calls since that tell of {found.measure}"
    hint = "look again when there are, or say what was seen: --reached yes, --reached no"
    return Problem("E791", f"whether {name[:12]} reached what was agreed cannot be told: {why}", None, hint)


def _figure(value: float | None) -> str:
    return "not known" if value is None else f"{value:.4g}"


def _line(row: Mapping[str, Any], here: Followed) -> str:
    due = f"due {here.shown(row['due'])}" if row["due"] else "no deadline"
    owner = ", ".join(here.people.get(each).name for each in str(row["owner"]).split(", ") if each) or "nobody"
    agent = here.people.get(str(row["agent"])).name
    facts = [str(row["id"])[:12], str(row["state"]), str(row["kind"]), agent, f"by {owner}", due, str(row["message"])]
    return "  ".join(filter(None, facts))


def _details(row: Mapping[str, Any], here: Followed) -> list[str]:
    kept = {key: each for key, each in (row["details"] or {}).items() if each not in (None, "", [], False)}
    return [f"  {key.replace('_', ' ')}: {', '.join(map(here.shown, each if isinstance(each, list) else [each]))}"
            for key, each in kept.items() if key != "evaluations"]  # fmt: skip


def _step(step: Mapping[str, Any], here: Followed) -> str:
    who = here.people.get(str(step["who"])).name
    return f"  {here.shown(step['at'])}  {who}: {step['move'].replace('_', ' ')} ({step['after']})"


def _calendar_file(row: Mapping[str, Any], here: Followed, who: str | None) -> bytes:
    """The file for the calendar of a session; for the quality team, who may move it and not read it, without words."""
    from datetime import datetime

    from pauta.followup.ics import Invited, Session, session_ics
    from pauta.followup.privacy import may_see

    named = [each for each in (*str(row["owner"] or "").split(", "), str(row["agent"])) if each] or ["nobody"]
    people = [here.people.get(each) for each in named]
    invited = tuple(Invited(each.id, each.name, each.email or "") for each in people)
    moved = sum(each["move"] == "schedule" for each in here.ledger.history("duty", str(row["id"]))) - 1
    operation = here.workspace.operation
    session = Session(
        operation=operation.id if operation else "",
        duty=str(row["id"]),
        starts=datetime.fromisoformat(str(row["details"]["when"])),
        title=str(row["message"] if may_see(who, row, here.people) else row["kind"]),
        giver=invited[0],
        attendees=invited[1:],
        moved=moved,
    )
    return session_ics(session, now=here.now)
