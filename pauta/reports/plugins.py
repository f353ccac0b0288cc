"""The plugins as `pauta plugins` lists them: version, origin, state, and what each offers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from pauta.engine.contracts import SINGULAR
from pauta.engine.host import Host, LoadedPlugin

_INDENT: Final = " " * 4


def plugins_text(host: Host) -> str:
    """The plugins, one paragraph each, and a line that counts them. What is wrong with one stands in it in full."""
    paragraphs = ["\n".join(_lines(host, plugin)) for plugin in host]
    return "\n\n".join([*paragraphs, _counted(host)]) + "\n"


def _lines(host: Host, plugin: LoadedPlugin) -> Iterator[str]:
    facts = [f"{plugin.name} {plugin.version}", plugin.origin, *_running(plugin)]
    yield f"{', '.join(facts)}: {plugin.state}"
    rows = [(SINGULAR[kind], name, host.purpose(kind, name)) for kind, names in plugin.offers.items() for name in names]
    width = max((len(f"{kind} {name}") for kind, name, _ in rows), default=0)
    for kind, name, purpose in rows:
        yield f"{_INDENT}{f'{kind} {name}':{width}}  {purpose}".rstrip()
    if plugin.problem is not None:
        yield from (f"{_INDENT}{line}" for line in str(plugin.problem).splitlines())


def _running(plugin: LoadedPlugin) -> list[str]:
    """How it is run, as far as settings say something about it."""
    return [
        *(["in a process of its own"] if plugin.isolated else []),
        *([f"{plugin.timeout:g} s at a time"] if plugin.timeout is not None else []),
    ]


def _counted(host: Host) -> str:
    plugins = list(host)
    bad = [plugin.name for plugin in plugins if plugin.state != "works"]
    what = f"{len(plugins)} plugin{'' if len(plugins) == 1 else 's'}"
    if not bad:
        return f"{what}, all of them work."
    return f"{what}, {len(bad)} of them {'does' if len(bad) == 1 else 'do'} not work: {', '.join(bad)}."


def plugins_map(host: Host) -> list[dict[str, Any]]:
    """The plugins as data: name, version, origin, state, isolated, timeout_s, offers, problem."""
    return [
        {
            "name": plugin.name,
            "version": plugin.version,
            "origin": plugin.origin,
            "state": plugin.state,
            "isolated": plugin.isolated,
            "timeout_s": plugin.timeout,
            "offers": [
                {"kind": SINGULAR[kind], "name": name, "purpose": host.purpose(kind, name) or None}
                for kind, names in plugin.offers.items()
                for name in names
            ],
            "problem": _problem(plugin),
        }
        for plugin in host
    ]


def _problem(plugin: LoadedPlugin) -> dict[str, Any] | None:
    problem = plugin.problem
    if problem is None:
        return None
    return {
        "code": problem.code,
        "message": problem.message,
        "file": problem.place.file if problem.place else None,
        "line": problem.place.line if problem.place else None,
        "hint": problem.hint,
    }
