"""The same question is missed by many agents: a fault of the process, a policy or a system, and not of people.

    - {escalation: process, over: {question: 14 d}, rule: {process_problem: {share: 0.5}}, do: [{finding: {about: process}}]}

Raised where so many agents, or such a share of those who were asked it, miss the question in at least `missed` of their
calls in the window. One agent who misses it always, or many who miss it now and then, are no process. It lowers nobody's
score: it says whose fault the misses are.
"""  # noqa: E501  # an entry of a file in one line, as people write it

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from pauta import Raise, Window, hookimpl


class ProcessProblem:
    """Finds questions that many agents miss."""

    name: ClassVar[str] = "process_problem"
    purpose: ClassVar[str] = "Finds questions that many agents miss: the process, and not people."
    kinds: ClassVar[tuple[str, ...]] = ("question",)
    options: ClassVar[Mapping[str, object]] = {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "agents": {"type": "integer", "minimum": 2, "description": "How many agents must miss it."},
            "share": {
                "type": "number",
                "exclusiveMinimum": 0,
                "maximum": 1,
                "description": "Which share of the agents who were asked it must miss it.",
            },
            "missed": {
                "type": "number",
                "exclusiveMinimum": 0,
                "maximum": 1,
                "default": 0.5,
                "description": "An agent misses it who misses it in at least this share of the calls.",
            },
            "least": {
                "type": "integer",
                "minimum": 1,
                "default": 3,
                "description": "Agents who were asked it in fewer calls say nothing.",
            },
        },
    }

    def __init__(self, options: Any) -> None:
        """Take the options as checked; raises ValueError where they say neither how many nor which share."""
        options = options or {}
        if "agents" not in options and "share" not in options:
            raise ValueError("say how many agents must miss it, agents: 5, or which share of them, share: 0.5")
        self._agents = int(options.get("agents", 2))
        self._share = float(options.get("share", 0.0))
        self._missed = float(options.get("missed", 0.5))
        self._least = int(options.get("least", 3))

    def found(self, window: Window) -> Sequence[Raise]:
        """The question, where enough agents miss it."""
        by_agent: dict[str, tuple[int, int]] = {}
        for each in window.asked:
            asked, missed = by_agent.get(each.agent, (0, 0))
            by_agent[each.agent] = asked + each.asked, missed + each.missed
        telling = {agent: counts for agent, counts in by_agent.items() if agent and counts[0] >= self._least}
        failing = [agent for agent, (asked, missed) in telling.items() if missed / asked >= self._missed]
        if len(failing) < max(self._agents, 2) or len(failing) < self._share * len(telling):
            return ()
        question = window.key.partition("/")[2]
        asked = sum(counts[0] for counts in telling.values())
        missed = sum(counts[1] for counts in telling.values())
        ids = tuple(miss.evaluation_id for miss in window.misses if miss.agent in failing)
        what = f"'{question}' is missed by {len(failing)} of {len(telling)} agents, in {missed} of {asked} calls"
        figures = {"failing_agents": len(failing), "agents": len(telling), "share_failed": missed / asked}
        return [Raise(what, "", ids, (question,), figures=figures)]


@hookimpl
def register_rules(register: Callable[[type[ProcessProblem]], None]) -> None:
    """Offer the rule."""
    register(ProcessProblem)
