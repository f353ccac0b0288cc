"""Several small errors become a grave one: so many non-critical errors over many calls count as one critical error.

    - {escalation: too-many, over: {agent: 30 d}, rule: {accumulated: {non_critical: 5}}, do: [{coach: {due: 24 h}}]}

Raised at the fifth non-critical error of the agent's own in the window, with a warning at the fourth, which tells
people and opens no coaching; silent below, and where the errors are the process's, or there is an open finding about
their question. Errors that made one critical error are spent: the next needs five newer ones. It lowers no score: the
calls were scored, and this is about what comes after. (What several errors make in one call is `scoring.accumulation`
of the card.)
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from pauta import Raise, Window, hookimpl


class Accumulated:
    """Finds agents whose small errors have become many."""

    name: ClassVar[str] = "accumulated"
    purpose: ClassVar[str] = "Makes a critical error of many non-critical ones, with a warning one before."
    kinds: ClassVar[tuple[str, ...]] = ("agent", "team", "evaluator", "call_type", "scorecard")
    options: ClassVar[Mapping[str, object]] = {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "non_critical": {"type": "integer", "minimum": 2, "description": "How many make a critical one."},
            "class": {
                "enum": ["customer", "business", "compliance"],
                "default": "customer",
                "description": "The class of the critical error that they make.",
            },
            "warn": {"type": "boolean", "default": True, "description": "Whether to warn one before."},
        },
        "required": ["non_critical"],
    }

    def __init__(self, options: Any) -> None:
        """Take the options as checked."""
        self._limit = int(options["non_critical"])
        self._class = options.get("class", "customer")
        self._warns = bool(options.get("warn", True))

    def found(self, window: Window) -> Sequence[Raise]:
        """The critical error, the warning before it, or nothing."""
        errors = [miss for miss in window.misses if miss.error == "non_critical" and miss.fault == "agent"]
        own = [miss for miss in errors if f"{miss.scorecard}/{miss.question}" not in window.of_process]
        misses = [miss for miss in own if miss.evaluation_id not in window.spent]
        count = len(misses)
        warning = count == self._limit - 1
        if count < self._limit and not (warning and self._warns):
            return ()
        ids = tuple(dict.fromkeys(miss.evaluation_id for miss in misses))
        questions = tuple(dict.fromkeys(miss.question for miss in misses))
        what = f"{window.key} made {count} non-critical errors in {len(ids)} calls"
        after = f"one more is a critical error ({self._class})" if warning else f"a critical error ({self._class})"
        return [Raise(f"{what}: {after}", "", ids, questions, warning, {"non_critical": count})]


@hookimpl
def register_rules(register: Callable[[type[Accumulated]], None]) -> None:
    """Offer the rule."""
    register(Accumulated)
