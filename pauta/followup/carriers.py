"""Which sinks of an operation carry messages to people, and whether `via` of its escalations names such ones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from pauta.engine.endpoints import sink_class
from pauta.engine.host import Host
from pauta.engine.loading.operation import Entry
from pauta.engine.model.followup import StandingEscalation
from pauta.engine.model.scorecard import Escalation, Use
from pauta.engine.problems import Problem, did_you_mean


def carriers(wanted: Sequence[str], sinks: Sequence[str]) -> list[str]:
    """The sinks that carry a notice: those that it asks for, else all."""
    return [name for name in sinks if name in wanted or not wanted]


def unknown_carriers(
    escalations: Iterable[Escalation | StandingEscalation], sinks: Sequence[Entry], host: Host
) -> list[Problem]:
    """A Problem (E794) for each sink under `via` that the operation does not have, or that carries no messages."""
    known = {_name_of(each, host): _carries(each, host) for each in sinks}
    able = [name for name, carries in known.items() if carries]
    listed = f"these carry messages: {', '.join(able)}" if able else "no sink of the operation carries messages"
    problems = []
    for escalation in escalations:
        for use, name in _asked(escalation.do):
            if name not in known:
                said = f"the escalation '{escalation.id}' notifies by '{name}', and the operation has no such sink"
                problems.append(Problem("E794", said, use.at, did_you_mean(name, able) or listed))
            elif not known[name]:
                said = f"the escalation '{escalation.id}' notifies by '{name}', which carries no messages to people"
                problems.append(Problem("E794", said, use.at, listed))
    return problems


def _asked(uses: Sequence[Use]) -> Iterator[tuple[Use, str]]:
    for use in uses:
        via = use.options.get("via", ()) if use.name == "notify" and isinstance(use.options, Mapping) else ()
        for name in [via] if isinstance(via, str) else via if isinstance(via, Sequence) else ():
            yield use, str(name)


def _name_of(entry: Entry, host: Host) -> str:
    """What a sink is called: its own name, else its path, else the plugin's."""
    plugin = host.sinks.get(entry.name)
    properties = getattr(plugin, "options", {}).get("properties", {})
    own = "" if "name" in properties else entry.options.get("name")
    return str(own or entry.options.get("path") or entry.name)


def _carries(entry: Entry, host: Host) -> bool:
    """Whether it has `notify`; of one whose plugin is not there that is not known."""
    plugin = sink_class(str(entry.options.get("path", "")), entry.name or None, host)
    return plugin is None or callable(getattr(plugin, "notify", None))
