"""The command line: one group, its commands in `pauta/commands/` by what they work on."""

from __future__ import annotations

from importlib import import_module
from keyword import iskeyword
from typing import Final

import click

from pauta import __version__

_ROOMS: Final = {
    "agent": ("agent",),
    "calls": ("explain", "routes", "try"),
    "cards": ("check", "diff", "publish", "schema", "show", "test"),
    "coach": ("coach",),
    "disputes": ("acknowledge", "dispute"),
    "escalations": ("escalations",),
    "findings": ("examples", "findings"),
    "forget": ("forget",),
    "forms": ("form",),
    "operation": ("demo", "doctor", "init"),
    "outbox": ("outbox",),
    "plugins": ("plugins",),
    "replay": ("replay",),
    "score": ("score",),
}
"""The commands by the module of `pauta/commands/` they stand in."""

ROOM_OF: Final = {command: room for room, commands in _ROOMS.items() for command in commands}


class _Commands(click.Group):
    """The built-in commands, each imported where it is asked for; those of plugins only where another name is."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of the built-in commands."""
        return sorted(ROOM_OF)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a name: a built-in one, else a plugin's."""
        if cmd_name in ROOM_OF:
            return built_in(cmd_name)
        from pauta.workspace import Workspace

        offered = Workspace().host.commands_beside(ROOM_OF).get(cmd_name)
        return offered if isinstance(offered, click.Command) else None


def built_in(name: str) -> click.Command:
    """The built-in command of a name. KeyError where there is none."""
    command: click.Command = getattr(
        import_module(f"pauta.commands.{ROOM_OF[name]}"), f"{name}_" if iskeyword(name) else name
    )
    return command


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="pauta")
def main() -> None:
    """Score calls by scorecards: versioned YAML cards, plugins, results that explain themselves.

    Start with `pauta demo`, or `pauta init FOLDER` for an operation of your own. Commands that plugins bring are
    listed by `pauta plugins`. Exit codes: 0 good, 1 problems found, 2 wrong use, 3 done with failures of plugins or
    sinks.
    """
