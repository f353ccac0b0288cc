"""The commands findings and examples: what is wrong with the process, and calls worth hearing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from pauta.commands.answering import GOOD, say_json, telling, text_or_json, wrong_use
from pauta.commands.follow_up import as_option, followed, now_option
from pauta.engine.problems import Problem, ProblemsFound

if TYPE_CHECKING:
    from pauta.commands.follow_up import Followed
    from pauta.followup.measures import Judged


@click.group(invoke_without_command=True)
@click.pass_context
def findings(context: click.Context) -> None:
    """Findings about the process, a policy or a system: own them, fix them, verify the fix, or withdraw them.

    They lower nobody's score. A finding is verified by the share of calls that miss its questions after the fix, or by
    the figure that raised it.

    Example: pauta findings list
    """
    if context.invoked_subcommand is None:
        context.invoke(list_)


@findings.command(name="list")
@click.option("--all", "everything", is_flag=True, help="Also those that are verified or withdrawn.")
@as_option
@text_or_json
@telling
def list_(everything: bool = False, who: str | None = None, form: str = "text") -> int:
    """List the findings that are neither verified nor withdrawn.

    Example: pauta findings list --all
    """
    from pauta.followup.privacy import findings_seen

    with followed() as here:
        where = "1 = 1" if everything else "state NOT IN ('verified', 'withdrawn')"
        rows = findings_seen(here.ledger.select("findings", f"{where} ORDER BY opened_at, id"), who, here.people)
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
    """Hold the calls after the fix against those before it; where they are no better, the finding is open again.

    They are held together by the share of calls that miss each question that it names, all of which must fall; where it
    is not about questions, by the figure that raised it. Before it are the days from the first evaluation that shows
    the fault; the day of the fix itself counts to neither.

    Example: pauta findings verify 41c0
    """
    from pauta.followup.lives import find, may, move
    from pauta.followup.measures import judged_finding

    with followed(moment) as here:
        name = find(here.ledger, "finding", finding)
        row = here.ledger.select("findings", "id = ?", (name,))[0]
        its_to_say = who is None or may(here.people, "finding", row, "owner", who)
        judged = judged_finding(here.ledger, row, here.calendar, here.now) if its_to_say else []
        told = [each for each in judged if each.mended is not None]
        open_ones, several = not told or len(told) < len(judged), len(judged) > 1
        if open_ones and helped is None and row["state"] == "fixed" and its_to_say:
            raise ProblemsFound(
                [_not_told(name, [each.name for each in judged if each not in told] if several else [])]
            )
        worse = [each.name for each in told if not each.mended]
        figures = _figures_of(told) | {"note": note} | ({"helped": helped} if open_ones else {})
        step = "verify"
        if row["state"] == "fixed" and its_to_say and (worse or (open_ones and helped == "no")):
            step, figures["reason"] = "reopen", _no_better(worse, told)
        state = move(here.ledger, here.people, "finding", name, step, who=who, at=here.now, **figures)
    said = [f"{each.name} {each.text}" if several and each.share else each.text for each in told]
    said += [f"helped: {helped}"] if open_ones else []
    click.echo(f"{name[:12]}: {'; '.join([*said, state])}")
    return GOOD


@findings.command()
@click.argument("finding")
@click.option("--reason", required=True, help="Why it should not have been opened.")
@as_option
@now_option
@telling
def withdraw(finding: str, reason: str, who: str | None, moment: str | None) -> int:
    """Withdraw a finding that was opened in error: its questions count for the agents again.

    Its owner, somebody in the line above or of quality may. It is not opened again over the same calls.

    Example: pauta findings withdraw 41c0 --reason "Two evaluators had misread the question"
    """
    return _moved(finding, "withdraw", who, moment, {"reason": reason}, "is withdrawn")


def _not_told(name: str, untold: list[str]) -> Problem:
    hint = "verify it once calls were evaluated after the fix, or say what was seen: --helped yes, --helped no"
    about = f": {', '.join(untold)}" if untold else ""
    return Problem("E791", f"there are no calls yet that say whether the fix of {name[:12]} helped{about}", None, hint)


def _figures_of(told: list[Judged]) -> dict[str, Any]:
    """What a move keeps of figures: of one its numbers, of several a map by name."""
    if not told:
        return {"share_before": "not known", "share_after": "not known", "calls": 0}
    if len(told) == 1:
        (one,) = told
        return {"share_before": one.before, "share_after": one.since, "calls": one.calls, "measure": one.name}
    before, after = ({each.name: getattr(each, side) for each in told} for side in ("before", "since"))
    return {"share_before": before, "share_after": after, "calls": {each.name: each.calls for each in told}}


def _no_better(worse: list[str], told: list[Judged]) -> str:
    if not worse:
        return "it did not help"
    what = "the share of misses did not fall" if told[0].share else "the figure did not get better"
    return f"{what}: {', '.join(worse)}" if len(told) > 1 else what


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
    elif who is not None:
        wrong_use(f"--as belongs behind the command: pauta examples {context.invoked_subcommand} --as {who}")


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
    asked = "/".join(str(each) for each in (row["scorecard"], row["question"]) if each)
    if (row["details"] or {}).get("measures") or not asked:
        asked = str((row["details"] or {}).get("over") or asked or "no question")
    facts = [str(row["id"])[:12], str(row["state"]), str(row["about"]), asked]
    return "  ".join([*facts, f"owner {row['owner'] or 'nobody'}", str(row["message"])])
