"""The commands findings and examples: what is wrong with the process, and calls worth hearing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from pauta.commands.answering import GOOD, say_json, telling, text_or_json
from pauta.commands.followed import as_option, followed, now_option

if TYPE_CHECKING:
    from pauta.commands.followed import Followed


@click.group(invoke_without_command=True)
@click.pass_context
def findings(context: click.Context) -> None:
    """Findings about the process, a policy or a system: own them, fix them, verify the fix.

    They lower nobody's score. A finding is verified by the share of calls that miss its question after the fix.

    Example: pauta findings list
    """
    if context.invoked_subcommand is None:
        context.invoke(list_)


@findings.command(name="list")
@click.option("--all", "everything", is_flag=True, help="Also those that are verified.")
@text_or_json
@telling
def list_(everything: bool = False, form: str = "text") -> int:
    """List the findings that are not verified yet.

    Example: pauta findings list --all
    """
    with followed() as here:
        where = "1 = 1" if everything else "state <> 'verified'"
        rows = here.ledger.select("findings", f"{where} ORDER BY opened_at, id")
    if form == "json":
        say_json(rows)
    else:
        click.echo("\n".join(map(_line, rows)) or "no findings")
    return GOOD


@findings.command()
@click.argument("finding")
@click.argument("owner")
@as_option
@now_option
@telling
def own(finding: str, owner: str, who: str | None, moment: str | None) -> int:
    """Say who mends it.

    Example: pauta findings own 41c0 marta
    """
    return _moved(finding, "own", who, moment, {"owner": owner}, f"is {owner}'s")


@findings.command()
@click.argument("finding")
@click.option("--what", required=True, help="What was changed.")
@as_option
@now_option
@telling
def fix(finding: str, what: str, who: str | None, moment: str | None) -> int:
    """Say that it is mended, and how.

    Example: pauta findings fix 41c0 --what "The form asks for the number again"
    """
    return _moved(finding, "fix", who, moment, {"what": what}, "is fixed; verify it once there are calls")


@findings.command()
@click.argument("finding")
@click.option("--helped", type=click.Choice(["yes", "no"]), help="What was seen, where calls cannot tell.")
@click.option("--note", help="How that was seen.")
@as_option
@now_option
@telling
def verify(finding: str, helped: str | None, note: str | None, who: str | None, moment: str | None) -> int:
    """Hold the share of misses after the fix against that before it; where it did not fall, the finding is open again.

    Before it are the days from the first evaluation that shows the fault; the day of the fix itself counts to neither.

    Example: pauta findings verify 41c0
    """
    from pauta.engine.problems import Problem, ProblemsFound
    from pauta.followup.lives import find, move

    with followed(moment) as here:
        name = find(here.ledger, "finding", finding)
        row = here.ledger.select("findings", "id = ?", (name,))[0]
        before, after, calls = _shares(row, here)
        told = before is not None and after is not None
        if not told and helped is None and row["state"] == "fixed":
            hint = "verify it once calls were evaluated after the fix, or say what was seen: --helped yes, --helped no"
            said = f"there are no calls yet that say whether the fix of {name[:12]} helped"
            raise ProblemsFound([Problem("E791", said, None, hint)])
        shares: dict[str, object] = {"share_before": before, "share_after": after, "calls": calls, "note": note}
        if not told:
            shares |= {"share_before": "not known", "share_after": f"helped: {helped}"}
        fell = before is not None and after is not None and after < before
        step = "verify" if row["state"] != "fixed" or (fell if told else helped == "yes") else "reopen"
        if step == "reopen":
            shares["reason"] = "the share of misses did not fall" if told else "it did not help"
        state = move(here.ledger, here.people, "finding", name, step, who=who, at=here.now, **shares)
    said = f"missed in {before:.0%} of calls before, {after:.0%} of {calls} since" if told else f"helped: {helped}"
    click.echo(f"{name[:12]}: {said}; {state}")
    return GOOD


def _shares(row: Mapping[str, Any], here: Followed) -> tuple[float | None, float | None, int]:
    """The shares of misses before and after the day of a fix, by the operation's days, and the calls since."""
    from datetime import date, datetime, timedelta

    from pauta.followup.measures import share_missed

    if not row["fixed_at"] or not row["question"]:
        return None, None, 0
    card, question = str(row["scorecard"] or ""), str(row["question"])
    day = datetime.fromisoformat(str(row["fixed_at"])).astimezone(here.calendar.zone).date().isoformat()
    shown = here.ledger.among("facts", "evaluation_id", (row["details"] or {}).get("evaluations", ()))
    first = min((str(each["day"]) for each in shown), default="")
    since = (date.fromisoformat(first) - timedelta(days=1)).isoformat() if first else ""
    before, _ = share_missed(here.ledger, card, question, after=since, before=day)
    after, calls = share_missed(here.ledger, card, question, after=day)
    return before, after, calls


@click.group(invoke_without_command=True)
@click.option("--question", help="Only examples of this question.")
@as_option
@now_option
@text_or_json
@click.pass_context
def examples(context: click.Context, question: str | None, who: str | None, moment: str | None, form: str) -> None:
    """The library of exemplary calls: which question each shows, and why it is good.

    Calls whose agent was asked for consent and has not given it, and those whose time is over, are not shown.

    Example: pauta examples --question empathy
    """
    if context.invoked_subcommand is None:
        _library(question, moment, form)


@examples.command()
@click.argument("example", required=False)
@click.argument("answer", type=click.Choice(["yes", "no"]), required=False)
@as_option
@now_option
@telling
def consent(example: str | None, answer: str | None, who: str | None, moment: str | None) -> int:
    """Say as the agent whether others may hear the call; without an answer, list what is asked of the agent.

    Example: pauta examples consent 3c9e yes --as ana
    """
    from pauta.followup.consents import asked_of, consent as agree
    from pauta.followup.lives import find

    with followed(moment) as here:
        if example is None or answer is None:
            rows = asked_of(here.ledger, here.people, who)
            click.echo("\n".join(f"{str(row['id'])[:12]}  {row['consent']}  {_example(row, here)}" for row in rows)
                       or "nothing is asked")  # fmt: skip
            return GOOD
        name = find(here.ledger, "exemplar", example)
        state = agree(here.ledger, here.people, name, answer == "yes", who=who, at=here.now)
    click.echo(f"{name[:12]} is {state}")
    return GOOD


@telling
def _library(question: str | None, moment: str | None, form: str) -> int:
    from pauta.engine.delivery import stamp

    with followed(moment) as here:
        where, values = "consent IN ('given', 'not_needed') AND (expires IS NULL OR expires > ?)", [stamp(here.now)]
        if question:
            where, values = f"{where} AND question = ?", [*values, question]
        rows = here.ledger.select("exemplars", f"{where} ORDER BY question, opened_at, id", values)
        lines = [_example(row, here) for row in rows]
    if form == "json":
        say_json(rows)
    else:
        click.echo("\n".join(lines) or "no examples")
    return GOOD


def _example(row: Mapping[str, Any], here: Followed) -> str:
    facts = (row["question"], row["call_id"], here.people.get(str(row["agent"])).name, row["why"])
    return "  ".join(str(each) for each in facts if each)


def _moved(finding: str, step: str, who: str | None, moment: str | None, details: Mapping[str, Any], said: str) -> int:
    from pauta.followup.lives import find, move

    with followed(moment) as here:
        name = find(here.ledger, "finding", finding)
        move(here.ledger, here.people, "finding", name, step, who=who, at=here.now, **details)
    click.echo(f"{name[:12]} {said}")
    return GOOD


def _line(row: Mapping[str, Any]) -> str:
    facts = [str(row["id"])[:12], str(row["state"]), str(row["about"]), f"{row['scorecard']}/{row['question']}"]
    return "  ".join([*facts, f"owner {row['owner'] or 'nobody'}", str(row["message"])])
