"""What every command has in common: exit codes, problems to the right place, output formats."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, Final, NoReturn, ParamSpec

import click

from pauta.engine.problems import Problem, ProblemsFound, has_errors, in_order

GOOD: Final = 0
PROBLEMS_FOUND: Final = 1
WRONG_USE: Final = 2
DONE_WITH_FAILURES: Final = 3

P = ParamSpec("P")

text_or_json = click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True, help="How to print."
)


def telling(command: Callable[P, int | None]) -> Callable[P, None]:
    """A command that returns its exit code, and whose problems are told in one form wherever they arise."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            code = command(*args, **kwargs) or GOOD
        except ProblemsFound as found:
            tell(found.problems)
            code = PROBLEMS_FOUND
        except BrokenPipeError:
            sys.stderr.close()
            code = GOOD
        sys.exit(code)

    return run


def tell(problems: Iterable[Problem]) -> int:
    """Print problems to stderr as text; returns the exit code they mean."""
    from pauta.reports.problems import render_problems

    found = in_order(problems)
    if found:
        click.echo(render_problems(found, "text").rstrip("\n"), err=True)
    return PROBLEMS_FOUND if has_errors(found) else GOOD


def say_json(value: Any) -> None:
    """Print a value as JSON, as people can read it."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


def wrong_use(sentence: str) -> NoReturn:
    """Stop with exit code 2 and a sentence about how the command was called."""
    raise click.UsageError(sentence)
