"""The command line: one group, its commands in `pauta/commands/` by what they work on."""

from __future__ import annotations

import click

from pauta import __version__
from pauta.commands.agent import agent
from pauta.commands.calls import explain, routes, try_
from pauta.commands.cards import check, diff, publish, schema, show, test
from pauta.commands.coach import coach
from pauta.commands.disputes import acknowledge, dispute
from pauta.commands.escalations import escalations
from pauta.commands.findings import examples, findings
from pauta.commands.forget import forget
from pauta.commands.forms import form
from pauta.commands.operation import demo, doctor, init
from pauta.commands.outbox import outbox
from pauta.commands.plugins import plugins
from pauta.commands.replay import replay
from pauta.commands.score import score


class _WithPlugins(click.Group):
    """The built-in commands; those of plugins are looked for only where another name is asked for."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a name: a built-in one, else a plugin's."""
        built_in = super().get_command(ctx, cmd_name)
        if built_in is not None:
            return built_in
        from pauta.workspace import Workspace

        offered = Workspace().host.commands_beside(self.commands).get(cmd_name)
        return offered if isinstance(offered, click.Command) else None


@click.group(cls=_WithPlugins, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="pauta")
def main() -> None:
    """Score calls by scorecards: versioned YAML cards, plugins, results that explain themselves.

    Start with `pauta demo`, or `pauta init FOLDER` for an operation of your own. Commands that plugins bring are
    listed by `pauta plugins`. Exit codes: 0 good, 1 problems found, 2 wrong use, 3 done with failures of plugins or
    sinks.
    """


for command in (
    init, check, test, show, try_, routes, publish, diff, score, explain, outbox, schema, plugins, demo, doctor,
    form, replay, escalations, coach, findings, examples, acknowledge, dispute, agent, forget,
):  # fmt: skip
    main.add_command(command)
