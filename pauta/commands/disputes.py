"""The commands acknowledge and dispute: what the agent says to an evaluation, and what is decided."""

from __future__ import annotations

from typing import Any

import click

from pauta.commands.answering import GOOD, say_json, telling, text_or_json, wrong_use
from pauta.commands.follow_up import as_option, followed, now_option

evaluation_argument = click.argument("evaluation")


@click.command()
@evaluation_argument
@as_option
@now_option
@telling
def acknowledge(evaluation: str, who: str | None, moment: str | None) -> int:
    """Say that the agent has seen an evaluation.

    Example: pauta acknowledge 5b20 --as ana
    """
    from pauta.followup.lives import find, move

    with followed(moment) as here:
        name = find(here.ledger, "evaluation", evaluation)
        move(here.ledger, here.people, "evaluation", name, "acknowledge", who=who, at=here.now)
    click.echo(f"{name[:12]} is acknowledged")
    return GOOD


@click.group()
def dispute() -> None:
    """Disputes of evaluations: open one, decide it. A revision keeps both scores.

    Example: pauta dispute open 5b20 --as ana --reason "The customer had hung up"
    """


@dispute.command(name="open")
@evaluation_argument
@click.option("--reason", required=True, help="What the agent says is wrong.")
@as_option
@now_option
@telling
def open_(evaluation: str, reason: str, who: str | None, moment: str | None) -> int:
    """Dispute an evaluation.

    Example: pauta dispute open 5b20 --as ana --reason "The customer had hung up"
    """
    from pauta.followup.lives import find, move

    with followed(moment) as here:
        name = find(here.ledger, "evaluation", evaluation)
        move(here.ledger, here.people, "evaluation", name, "dispute", who=who, at=here.now, reason=reason)
    click.echo(f"{name[:12]} is disputed")
    return GOOD


@dispute.command()
@evaluation_argument
@click.argument("verdict", type=click.Choice(["uphold", "revise"]))
@click.option("--reason", required=True, help="Why it is decided so.")
@as_option
@now_option
@telling
def decide(evaluation: str, verdict: str, reason: str, who: str | None, moment: str | None) -> int:
    """Uphold an evaluation, or revise it: first score the corrected answers, which makes a new revision.

    Example: pauta dispute decide 5b20 uphold --as petra --reason "The recording has it at 1:20"
    """
    from pauta.followup.lives import find, may, move

    with followed(moment) as here:
        name = find(here.ledger, "evaluation", evaluation)
        details: dict[str, object] = {"reason": reason}
        judges = who is None or may(here.people, "evaluation", here.store.evaluation(name) or {}, "judge", who)
        if verdict == "revise" and judges:
            before, after = _scores(here.ledger, name)
            details |= {"revision": after["revision"], "score_before": before["score"], "score_after": after["score"]}
        move(here.ledger, here.people, "evaluation", name, verdict, who=who, at=here.now, **details)
    click.echo(f"{name[:12]} is {'upheld' if verdict == 'uphold' else 'revised'}")
    return GOOD


@dispute.command(name="list")
@as_option
@text_or_json
@telling
def list_(who: str | None, form: str) -> int:
    """List the evaluations that are disputed, with the agent's reason.

    Example: pauta dispute list --as petra
    """
    from pauta.followup.privacy import may_see_dispute

    with followed() as here:
        rows = here.ledger.select("lives", "state = 'disputed' ORDER BY at, evaluation_id")
        disputed = here.ledger.evaluations(str(row["evaluation_id"]) for row in rows)
        rows = [row for row in rows if may_see_dispute(who, disputed[str(row["evaluation_id"])], here.people)]
        lines = [
            f"{str(row['evaluation_id'])[:12]}  since {here.shown(row['at'])}  {_reason(row['details'])}"
            for row in rows
        ]
    if form == "json":
        say_json(rows)
    else:
        click.echo("\n".join(lines) or "no disputes")
    return GOOD


def _reason(details: object) -> str:
    return str(details.get("reason", "")) if isinstance(details, dict) else ""


def _scores(ledger: object, name: str) -> tuple[dict[str, object], dict[str, object]]:
    """The evaluation as it was disputed, and its newer revision. Wrong use where there is none."""
    from pauta.store import Ledger

    assert isinstance(ledger, Ledger)
    disputed = ledger.one("lives", "evaluation_id = ?", (name,))
    now = ledger.store.evaluation(name)
    facts = ledger.rows("SELECT revision, score FROM evaluations WHERE evaluation_id = ? ORDER BY revision", (name,))
    seen: Any = disputed["details"] if disputed is not None else {}
    before = [row for row in facts if int(str(row["revision"])) <= int(seen.get("revision", 1))]
    if now is None or not before or before[-1] == facts[-1]:
        wrong_use("there is no newer revision: score the corrected answers first (pauta score), then decide")
    return before[-1], facts[-1]
