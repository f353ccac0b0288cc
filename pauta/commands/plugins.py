"""Commands about plugins: what is there, and a new one to begin with."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import click

from pauta.commands.answering import GOOD, PROBLEMS_FOUND, say_json, telling, text_or_json, wrong_use

KINDS = ("criterion", "rule", "action", "method", "source", "sink")


@click.group(invoke_without_command=True)
@text_or_json
@click.pass_context
def plugins(context: click.Context, form: str) -> None:
    """List the plugins: version, where they come from, whether they work, what they offer.

    `pauta plugins new` writes one to begin with.

    Example: pauta plugins
    """
    if context.invoked_subcommand is None:
        _list(form)


@telling
def _list(form: str) -> int:
    from pauta.reports.plugins import plugins_map, plugins_text
    from pauta.workspace import Workspace

    host = Workspace().host
    if form == "json":
        say_json(plugins_map(host))
        return GOOD
    click.echo(plugins_text(host).rstrip("\n"))
    return PROBLEMS_FOUND if host.problems else GOOD


@plugins.command()
@click.argument("kind", type=click.Choice(KINDS))
@click.argument("name")
@click.option("--package", is_flag=True, help="A package of its own, to be installed, in place of a single file.")
@click.option(
    "--to",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where to write it; the operation's plugins folder, or for a package this folder.",
)
@telling
def new(kind: str, name: str, package: bool, folder: Path | None) -> int:
    """Write a working plugin with its test, to be changed into what you want. Nothing is overwritten.

    Example: pauta plugins new sink wallboard
    """
    from pauta.starting import write_new
    from pauta.testing.scaffold import new_plugin
    from pauta.workspace import Workspace

    workspace = Workspace()
    try:
        files = new_plugin(kind, name, package=package)
    except ValueError as error:
        wrong_use(str(error))
    taken: Collection[str] = getattr(workspace.host, "criteria" if kind == "criterion" else f"{kind}s")
    own = workspace.operation.plugins[0] if workspace.operation and workspace.operation.plugins else Path("plugins")
    where = folder or (Path() if package else own)
    if name in taken and not (where / f"{name}.py").exists():
        wrong_use(f"there is a {kind} '{name}' already; choose another name")
    for file in write_new(where, files):
        click.echo(f"written: {file}")
    test = where / name / "tests" if package else where / f"test_{name}.py"
    click.echo(f"\nNow: pytest {test}")
    return GOOD
