"""Commands about calls: explain, try, routes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

import click

from pauta.commands.answering import (
    GOOD,
    PROBLEMS_FOUND,
    say_json,
    tell,
    telling,
    text_or_json,
    wrong_use,
)
from pauta.commands.given import answers_option, calls_argument, card_option, files_given, router_of
from pauta.commands.sinks import operation_redactor

if TYPE_CHECKING:
    from pauta.engine.model.calls import Call, HumanEvaluation
    from pauta.engine.model.scorecard import Scorecard
    from pauta.engine.problems import Problem
    from pauta.engine.redaction import Redactor
    from pauta.engine.routing import Router
    from pauta.workspace import Workspace

T = TypeVar("T")


@click.command()
@click.argument("call_id")
@calls_argument
@card_option
@answers_option
@click.option("--agent", help="Of a call that several agents handled: whose part.")
@click.option("--evaluator", help="Whose evaluation, where several people evaluated the call.")
@click.option("--language", help="The language of titles and texts, where the card has it.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "html"]),
    default="text",
    show_default=True,
    help="How to print.",
)
@telling
def explain(
    call_id: str,
    calls: Sequence[str],
    cards: Sequence[str],
    answers: Sequence[str],
    agent: str | None,
    evaluator: str | None,
    language: str | None,
    form: str,
) -> int:
    """Say line by line why a call was scored as it was.

    CALL_ID is looked for in CALLS, else in the operation's calls; answers and cards as for `score`. It prints every
    question with who answered it, its weight, what errors did, the evidence, and the cheapest change that would have
    passed.

    Example: pauta explain call-17 calls/ --card scorecards/support.yaml
    """
    from pauta.engine.endpoints import calls_in, evaluations_in
    from pauta.workspace import Workspace

    workspace = Workspace()
    redactor = operation_redactor(workspace)
    router, _, _ = router_of(workspace, cards)
    problems: list[Problem] = []
    found = [
        call
        for call in _good(calls_in(files_given(workspace, calls, "calls"), workspace.host), problems)
        if call.call_id == call_id and agent in (None, call.agent)
    ]
    humans = [
        human
        for human in _good(evaluations_in(files_given(workspace, answers, "answers"), workspace.host), problems)
        if human.call_id == call_id and evaluator in (None, human.evaluator)
    ]
    tell(problems)
    if not found:
        raise _no_such_call(call_id, agent)
    explained = 0
    for call in found:
        for card, human in _evaluations_of(call, humans, router):
            _say_explanation(workspace, card, call, human, form, language, redactor)
            explained += 1
    if not explained:
        click.echo(f"no card claims call {call_id}; `pauta routes` says why", err=True)
        return PROBLEMS_FOUND
    return GOOD


def _good(entries: Iterator[Any], problems: list[Problem]) -> Iterator[Any]:
    from pauta.engine.problems import Problem

    for entry in entries:
        if isinstance(entry, Problem):
            problems.append(entry)
        else:
            yield entry


def _no_such_call(call_id: str, agent: str | None) -> Exception:
    from pauta.engine.problems import Problem, ProblemsFound

    whose = f" of agent '{agent}'" if agent else ""
    hint = "the id is the `call_id` of the call record; `pauta score` prints it at the start of each line"
    return ProblemsFound([Problem("E516", f"there is no call '{call_id}'{whose} in the calls given", None, hint)])


def _evaluations_of(
    call: Call, humans: Sequence[HumanEvaluation], router: Router
) -> Iterator[tuple[Scorecard, HumanEvaluation | None]]:
    for card in router.route(call).cards:
        own = [human for human in humans if human.scorecard in (None, card.id) and human.agent in (None, call.agent)]
        yield from ((card, human) for human in own)
        if not own:
            yield card, None


def _say_explanation(
    workspace: Workspace,
    card: Scorecard,
    call: Call,
    human: HumanEvaluation | None,
    form: str,
    language: str | None,
    redactor: Redactor | None,
) -> None:
    """Print why, masked as results are. Raises ProblemsFound where that cannot be done."""
    from pauta.engine.evaluation.explain import explain as explain_row
    from pauta.engine.evaluation.plan import compile_plan
    from pauta.engine.model.calls import batch_of
    from pauta.reports.explanation import explanation_html, explanation_json, explanation_text

    explanation = explain_row(compile_plan(card, workspace.host), batch_of([call], [human]))
    if redactor is not None:
        shown = _masked(call, redactor, lambda masked: redactor.record(explanation.record, masked))
        explanation = replace(explanation, record=shown)
    if form == "json":
        click.echo(explanation_json(explanation))
    elif form == "html":
        click.echo(explanation_html(explanation, language))
    else:
        click.echo(explanation_text(explanation, language))


def _masked(call: Call, redactor: Redactor, made: Callable[[Call], T]) -> T:
    """What is made of a call once its words are masked. Raises ProblemsFound where they cannot be."""
    from pauta.engine.problems import Problem, ProblemsFound
    from pauta.engine.redaction import RedactionError

    try:
        return made(redactor.call(call))
    except RedactionError as error:
        hint = "mend the pattern under redact in pauta.yaml"
        what = f"call '{call.call_id}' cannot be shown: {error}"
        raise ProblemsFound([Problem("E753", what, call.at, hint)]) from error


@click.command(name="try")
@click.argument("phrase")
@click.argument("calls", nargs=-1, type=click.Path())
@click.option("--speaker", type=click.Choice(["agent", "customer", "system", "other"]), help="Who must say it.")
@click.option("--within", metavar="WHERE", help="Where in the call: 'first 20 s', 'last 3 turns', 'first 50 words'.")
@click.option("--near/--no-near", default=True, help="Also show near misses: all the words but one, or one misspelt.")
@click.option("--most", type=click.IntRange(1), default=50, show_default=True, help="How many places to show.")
@text_or_json
@telling
def try_(
    phrase: str, calls: Sequence[str], speaker: str | None, within: str | None, near: bool, most: int, form: str
) -> int:
    """Try a phrase on calls: where it is said, and where it nearly is.

    PHRASE is what a card's `phrase` criterion takes. CALLS are files, folders or globs; without them, the
    operation's.

    Example: pauta try "how (can|may) i help" calls/ --speaker agent
    """
    from pauta.engine.endpoints import calls_in
    from pauta.plugins.criteria.phrases.near_misses import try_phrase
    from pauta.reports.tried import tried_map, tried_text
    from pauta.workspace import Workspace

    workspace = Workspace()
    problems: list[Problem] = []
    redactor = operation_redactor(workspace)
    found = _good(calls_in(files_given(workspace, calls, "calls"), workspace.host), problems)
    if redactor is not None:
        found = (_masked(call, redactor, lambda masked: masked) for call in found)
    try:
        tried = list(try_phrase(phrase, found, speaker=speaker, within=_window(within)))
    except ValueError as error:
        wrong_use(str(error))
    tell(problems)
    if not near:
        tried = [each for each in tried if not each.near]
    if form == "json":
        say_json([tried_map(each) for each in tried])
    else:
        click.echo(tried_text(tried, most).rstrip("\n"))
    return GOOD if any(not each.near for each in tried) else PROBLEMS_FOUND


def _window(written: str | None) -> dict[str, str] | None:
    if written is None:
        return None
    side, _, rest = written.strip().partition(" ")
    if side not in ("first", "last") or not rest:
        wrong_use(
            f"--within '{written}' is not understood; write it as 'first 20 s', 'last 3 turns' or 'first 50 words'"
        )
    return {side: rest}


@click.command()
@calls_argument
@card_option
@click.option("--examples", type=click.IntRange(0), default=10, show_default=True, help="How many calls to name.")
@text_or_json
@telling
def routes(calls: Sequence[str], cards: Sequence[str], examples: int, form: str) -> int:
    """Say which cards claim which calls, and which calls none or several claim.

    Example: pauta routes calls/
    """
    from pauta.engine.endpoints import calls_in
    from pauta.engine.routing import Router, routes_report
    from pauta.reports.runs import routes_map, routes_text
    from pauta.workspace import Workspace

    workspace = Workspace()
    problems: list[Problem] = []
    catalog = workspace.catalog_of(cards) if cards else workspace.catalog
    timezone = workspace.operation.timezone if workspace.operation else None
    found = _good(calls_in(files_given(workspace, calls, "calls"), workspace.host), problems)
    report = routes_report(found, Router(catalog, timezone=timezone), examples=examples)
    tell([*problems, *(problem for problem in catalog.problems if problem.severity == "error")])
    if form == "json":
        say_json(routes_map(report))
    else:
        click.echo(routes_text(report).rstrip("\n"))
    return PROBLEMS_FOUND if problems else GOOD
