"""The same question was missed again by the same agent: what was talked about once did not hold.

    - {escalation: again, over: {agent: 14 d}, rule: {repeat_error: {times: 3}}, do: [{plan: {due: 30 d}}]}
    - {escalation: habit, over: {agent: 14 d}, rule: {repeat_error: {times: 5, share: 0.35, margin: 0.2}}, do: [coach]}

Raised, once for each question, where the agent missed it in so many calls of the window; silent where the misses are
spread over many questions, or are not the agent's fault. Whoever takes many calls misses every question now and then:
`share` asks for a share of the calls in which it was asked, and `margin` for so much more than the others miss it on
the same days, each of questions that were asked in `least` calls. What everybody misses is no habit of one agent but a
fault of the process (see process_problem): a question with an open finding is left out.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from pauta import Miss, Raise, Window, hookimpl


class RepeatError:
    """Finds the questions that one agent misses again and again."""

    name: ClassVar[str] = "repeat_error"
    purpose: ClassVar[str] = "Finds questions that the same agent misses again and again."
    kinds: ClassVar[tuple[str, ...]] = ("agent",)
    options: ClassVar[Mapping[str, object]] = {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "times": {"type": "integer", "minimum": 2, "default": 2, "description": "In how many calls at least."},
            "share": {
                "type": "number",
                "exclusiveMinimum": 0,
                "maximum": 1,
                "description": "In which share at least of the calls in which it was asked.",
            },
            "margin": {
                "type": "number",
                "exclusiveMinimum": 0,
                "maximum": 1,
                "description": "By how much the agent's share must lie above that of all others on the same days.",
            },
            "least": {
                "type": "integer",
                "minimum": 1,
                "default": 20,
                "description": "A share or a margin says nothing of a question that was asked in fewer calls.",
            },
            "questions": {
                "type": "array",
                "items": {"type": "string"},
                "minItems": 1,
                "description": "Only these questions; all where it is left out.",
            },
            "errors": {
                "enum": ["any", "critical", "non_critical"],
                "default": "any",
                "description": "Only misses that are an error of this kind; `any` counts every miss.",
            },
            "fault": {
                "enum": ["agent", "anyone"],
                "default": "agent",
                "description": "Only misses that are the agent's own, or all.",
            },
        },
    }

    def __init__(self, options: Any) -> None:
        """Take the options as checked."""
        options = options or {}
        self._times = int(options.get("times", 2))
        self._share = float(options.get("share", 0.0))
        self._margin = float(options.get("margin", 0.0))
        self._least = int(options.get("least", 20))
        self._questions = set(options.get("questions", ()))
        self._errors = options.get("errors", "any")
        self._own = options.get("fault", "agent") == "agent"

    def found(self, window: Window) -> Sequence[Raise]:
        """One thing for each question that was missed often enough."""
        calls: dict[str, dict[str, None]] = {}
        for miss in window.misses:
            if self._counts(miss, window):
                calls.setdefault(f"{miss.scorecard}/{miss.question}", {})[miss.evaluation_id] = None
        often = {about: tuple(ids) for about, ids in calls.items() if len(ids) >= self._times}
        raised = (self._raise(window, about, ids) for about, ids in often.items())
        return [each for each in raised if each is not None]

    def _raise(self, window: Window, about: str, ids: tuple[str, ...]) -> Raise | None:
        """The habit, where the share of misses is as great as is asked for."""
        question = about.partition("/")[2]
        what, figures = f"{window.key} missed '{question}' in {len(ids)} calls", {"times": float(len(ids))}
        if self._share or self._margin:
            counts = [each for each in window.asked if f"{each.scorecard}/{each.question}" == about]
            asked, missed = sum(each.asked for each in counts), sum(each.missed for each in counts)
            of_all, missed_by_all = window.everyone.get(about, (0, 0))
            share = len(ids) / max(asked, len(ids))
            others = (missed_by_all - missed) / (of_all - asked) if of_all > asked else 0.0
            enough = asked >= self._least and share >= self._share
            if not enough or (self._margin and share - others < self._margin):
                return None
            what = f"{what} of {asked}, the others in {others:.0%}"
            figures |= {"share": share, "others": others}
        return Raise(what, about, ids, (question,), figures=figures)

    def _counts(self, miss: Miss, window: Window) -> bool:
        if self._questions and miss.question not in self._questions:
            return False
        if self._own and (miss.fault != "agent" or f"{miss.scorecard}/{miss.question}" in window.of_process):
            return False
        match self._errors:
            case "critical":
                return miss.error not in ("", "non_critical")
            case "non_critical":
                return miss.error == "non_critical"
        return True


@hookimpl
def register_rules(register: Callable[[type[RepeatError]], None]) -> None:
    """Offer the rule."""
    register(RepeatError)
