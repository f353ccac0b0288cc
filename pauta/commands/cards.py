"""Commands about cards: check, test, show, diff, publish, schema."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pauta.commands.answering import GOOD, PROBLEMS_FOUND, say_json, tell, telling, text_or_json, wrong_use

if TYPE_CHECKING:
    from pauta.engine.problems import Problem
    from pauta.testing import Outcome, Unreached

paths_of_cards = click.argument("paths", nargs=-1, type=click.Path())


@click.command()
@paths_of_cards
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "github", "sarif"]),
    default="text",
    show_default=True,
    help="How to print the problems.",
)
@click.option("--explain", "code", metavar="CODE", help="Print the page of a problem code, and check nothing.")
@telling
def check(paths: Sequence[str], form: str, code: str | None) -> int:
    """Say everything that is wrong with cards, in one pass.

    PATHS are cards or folders; without them, the cards of the operation in this folder. Errors give exit code 1,
    warnings alone 0.

    Example: pauta check scorecards/
    """
    if code is not None:
        return _explain_code(code)
    from pauta.reports.problems import render_problems
    from pauta.workspace import Workspace

    workspace = Workspace()
    files = workspace.card_files(paths)
    found = workspace.check(paths)
    if form == "text" and not found:
        click.echo(f"{_counted(len(files), 'card')} checked: nothing is wrong.")
        return GOOD
    click.echo(render_problems(found, form).rstrip("\n"))
    return _exit_code(found)


def _exit_code(problems: Sequence[Problem]) -> int:
    from pauta.engine.problems import has_errors

    return PROBLEMS_FOUND if has_errors(problems) else GOOD


def _explain_code(code: str) -> int:
    from pauta.engine.codes import codes, page
    from pauta.engine.problems import did_you_mean

    found = page(code.upper())
    if found is None:
        hint = did_you_mean(code.upper(), codes()) or "`pauta check` prints the codes beside the problems"
        wrong_use(f"there is no problem code '{code}'; {hint}")
    click.echo(found.rstrip("\n"))
    return GOOD


@click.command()
@paths_of_cards
@click.option("--coverage", is_flag=True, help="Also say what no example reaches.")
@text_or_json
@telling
def test(paths: Sequence[str], coverage: bool, form: str) -> int:
    """Run the examples of cards, those in the card and those in the cases file beside it.

    Prints what did not come out; any difference gives exit code 1.

    Example: pauta test scorecards/ --coverage
    """
    from pauta.testing import run_examples, unreached
    from pauta.workspace import Workspace

    workspace = Workspace()
    problems: list[Problem] = []
    told: list[dict[str, object]] = []
    failed = run = 0
    for loaded in workspace.tested_cards(paths, problems):
        outcomes, results = run_examples(loaded.scorecard, workspace.host, loaded.examples)
        gaps = unreached(loaded.scorecard, results) if coverage else []
        run += len(outcomes)
        failed += sum(not outcome.passed for outcome in outcomes)
        if form == "json":
            told.append(_outcomes_map(loaded.file, outcomes, gaps, coverage))
        else:
            _print_outcomes(loaded.file, outcomes, gaps, coverage)
    if form == "json":
        say_json(told)
    else:
        click.echo(f"{_counted(run, 'example')} run, {failed} failed.")
    return PROBLEMS_FOUND if tell(problems) or failed else GOOD


def _print_outcomes(file: str, outcomes: Sequence[Outcome], gaps: Sequence[Unreached], coverage: bool) -> None:
    for outcome in outcomes:
        if outcome.passed:
            continue
        click.echo(f"{outcome.example.at or file}  example '{outcome.example.name}' does not come out")
        if outcome.problem is not None:
            click.echo(f"    {outcome.problem.message}")
        for difference in outcome.differences:
            click.echo(f"    {difference}")
    if coverage:
        click.echo(f"{file}: {'everything is reached' if not gaps else 'no example reaches'}")
        for gap in gaps:
            click.echo(f"    {gap.kind}: {gap.what}")


def _outcomes_map(
    file: str, outcomes: Sequence[Outcome], gaps: Sequence[Unreached], coverage: bool
) -> dict[str, object]:
    told: dict[str, object] = {
        "file": file,
        "examples": [
            {
                "example": outcome.example.name,
                "passed": outcome.passed,
                "problem": outcome.problem.message if outcome.problem else None,
                "differences": [
                    {"key": each.key, "expected": each.expected, "got": each.got} for each in outcome.differences
                ],
            }
            for outcome in outcomes
        ],
    }
    if coverage:
        told["not_reached"] = [{"kind": gap.kind, "what": gap.what} for gap in gaps]
    return told


@click.command()
@click.argument("card")
@click.option("--language", help="The language of titles and texts, where the card has it.")
@text_or_json
@telling
def show(card: str, language: str | None, form: str) -> int:
    """Print what each question of a card is worth, and which misses alone lose the pass.

    CARD is a file, or ID or ID@VERSION of a card of the operation. Shares are in percent of the total, every
    question being asked and answered.

    Example: pauta show scorecards/support.yaml
    """
    from pauta.engine.evaluation.stakes import stakes
    from pauta.reports.cards import card_map, card_text
    from pauta.workspace import Workspace

    workspace = Workspace()
    found = workspace.card(card)
    worth = stakes(found, workspace.host)
    if form == "json":
        say_json(card_map(found, worth))
    else:
        click.echo(card_text(found, worth, language).rstrip("\n"))
    return GOOD


@click.command()
@click.argument("old")
@click.argument("new")
@text_or_json
@telling
def diff(old: str, new: str, form: str) -> int:
    """Say in words what changed between two versions of a card.

    OLD and NEW are files, or ID@VERSION of cards of the operation.

    Example: pauta diff support@1.0.0 support@1.1.0
    """
    from dataclasses import asdict

    from pauta.reports.difference import difference, difference_text
    from pauta.workspace import Workspace

    workspace = Workspace()
    before, after = workspace.card(old), workspace.card(new)
    changes = difference(before, after, workspace.host)
    if form == "json":
        say_json({"old": before.name, "new": after.name, "changes": [asdict(change) for change in changes]})
    else:
        click.echo(difference_text(before, after, changes).rstrip("\n"))
    return GOOD


@click.command()
@click.argument("cards", nargs=-1, required=True)
@telling
def publish(cards: Sequence[str]) -> int:
    """Record the version of cards with the digest of their meaning, in a file beside them that is made to be committed.

    A published version never changes: after this, editing the card without a new version is an error at `check` and
    at `score`.

    Example: pauta publish scorecards/support.yaml
    """
    from pauta.workspace import Workspace

    workspace = Workspace()
    for card in cards:
        for line in workspace.publish(card):
            click.echo(line)
    return GOOD


@click.command()
@click.argument("name", default="scorecard")
@click.option("--to", "target", type=click.Path(dir_okay=False), help="Write it to a file and not to the terminal.")
@telling
def schema(name: str, target: str | None) -> int:
    """Print a JSON Schema, with the options of every installed plugin: editors complete and check cards by it.

    NAME is scorecard (the default), operation, call, evaluation or cases.

    Example: pauta schema scorecard --to schemas/scorecard.schema.json
    """
    import json

    from pauta.workspace import Workspace

    text = json.dumps(Workspace().schema(name), ensure_ascii=False, indent=2) + "\n"
    if target is None:
        click.echo(text, nl=False)
    else:
        Path(target).write_text(text, encoding="utf-8")
        click.echo(f"written: {target}")
    return GOOD


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
