"""The commands findings and examples: what is wrong with the process, and calls worth hearing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from pauta.commands.answering import GOOD, say_json, telling, text_or_json
from pauta.commands.followed import as_option, followed, now_option


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
@as_option
@now_option
@telling
def verify(finding: str, who: str | None, moment: str | None) -> int:
    """Hold the share of misses after the fix against that before it; where it did not fall, the finding is open again.

    Example: pauta findings verify 41c0
    """
    from pauta.engine.problems import Problem, ProblemsFound
    from pauta.followup.lives import find, move
    from pauta.followup.measures import share_missed

    with followed(moment) as here:
        name = find(here.ledger, "finding", finding)
        row = here.ledger.select("findings", "id = ?", (name,))[0]
        card, question, day = (str(row[key] or "") for key in ("scorecard", "question", "fixed_at"))
        before, _ = share_missed(here.ledger, card, question, day[:10], later=False)
        after, calls = share_missed(here.ledger, card, question, day[:10], later=True)
        if day and (before is None or after is None):
            hint = "verify it once calls were evaluated after the fix"
            said = f"there are no calls yet that say whether the fix of {name[:12]} helped"
            raise ProblemsFound([Problem("E791", said, None, hint)])
        shares: dict[str, object] = {"share_before": before, "share_after": after, "calls": calls}
        helped = before is not None and after is not None and after < before
        step = "verify" if helped or not day else "reopen"
        if step == "reopen":
            shares["reason"] = "the share of misses did not fall"
        state = move(here.ledger, here.people, "finding", name, step, who=who, at=here.now, **shares)
    click.echo(f"{name[:12]}: missed in {before:.0%} of calls before, {after:.0%} of {calls} since; {state}")
    return GOOD


@click.command()
@click.option("--question", help="Only examples of this question.")
@as_option
@now_option
@text_or_json
@telling
def examples(question: str | None, who: str | None, moment: str | None, form: str) -> int:
    """The library of exemplary calls: which question each shows, and why it is good.

    Calls whose agent was asked for consent and has not given it, and those whose time is over, are not shown.

    Example: pauta examples --question empathy
    """
    from pauta.engine.delivery import stamp

    with followed(moment) as here:
        where, values = "consent IN ('given', 'not_needed') AND (expires IS NULL OR expires > ?)", [stamp(here.now)]
        if question:
            where, values = f"{where} AND question = ?", [*values, question]
        rows = here.ledger.select("exemplars", f"{where} ORDER BY question, opened_at, id", values)
        names = {str(row["agent"]): here.people.get(str(row["agent"])).name for row in rows}
    if form == "json":
        say_json(rows)
        return GOOD
    lines = [
        "  ".join(filter(None, [str(row["question"] or ""), str(row["call_id"] or ""), names[str(row["agent"])],
                               str(row["why"] or "")]))
        for row in rows
    ]  # fmt: skip
    click.echo("\n".join(lines) or "no examples")
    return GOOD


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
