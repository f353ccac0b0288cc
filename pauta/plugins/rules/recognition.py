"""Something is good, and somebody should say so: a mean that is reached, or one that has risen.

    - {escalation: star, over: {agent: last 10}, rule: {recognition: {mean: 95}}, do: [recognise]}
    - {escalation: better, over: {agent: last 20}, rule: {recognition: {improved: 10}}, do: [recognise]}
    - {escalation: learned, over: {agent: 60 d}, rule: {recognition: {improved: 8, after: plan, least: 30}}, do: [recognise]}

Raised where the agent's scores in the window have reached a mean, each of them a least score, or where those of its
newer half are better than those of its older half by so many points; silent where there are too few calls, and where a
critical error was made. With `after: plan` what is compared is as many of the newest calls as came before the agent's
last plan, at least `least` of both and with no more critical errors, and each plan is praised once. The agent's score
counts, which the faults of others do not touch.
"""  # noqa: E501  # an entry of a file in one line, as people write it

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from pauta import Fact, Raise, Window, hookimpl


class Recognition:
    """Finds what deserves praise."""

    name: ClassVar[str] = "recognition"
    purpose: ClassVar[str] = "Finds scores that deserve praise: high ones, or ones that have risen."
    kinds: ClassVar[tuple[str, ...]] = ("agent", "team")
    options: ClassVar[Mapping[str, object]] = {
        "type": "object",
        "additionalProperties": False,
        "minProperties": 1,
        "properties": {
            "mean": {"type": "number", "description": "The mean score that is reached."},
            "every": {"type": "number", "description": "The score that every call reaches."},
            "improved": {
                "type": "number",
                "exclusiveMinimum": 0,
                "description": "By how many points the newer half of the calls is better than the older half.",
            },
            "after": {
                "enum": ["plan", "coach", "train"],
                "description": "Compare what came before and after the agent's last duty of this kind was opened.",
            },
            "least": {"type": "integer", "minimum": 2, "default": 5, "description": "From how many calls on."},
        },
    }

    def __init__(self, options: Any) -> None:
        """Take the options as checked; raises ValueError where they do not say what is good."""
        if not {"mean", "every", "improved"} & set(options or {}):
            raise ValueError("say what is good: mean: 95, every: 90 or improved: 10")
        if "after" in options and "improved" not in options:
            raise ValueError("say by how many points it must be better after it: improved: 10")
        self._mean, self._every, self._improved = (options.get(key) for key in ("mean", "every", "improved"))
        self._after: str | None = options.get("after")
        self._least = int(options.get("least", 5))

    def found(self, window: Window) -> Sequence[Raise]:
        """The praise, where all that is asked for is there."""
        duty = (
            next((each for each in reversed(window.duties) if each.kind == self._after), None) if self._after else None
        )
        if self._after is not None and duty is None:
            return ()
        facts = [fact for fact in window.facts if fact.agent_score is not None]
        if duty is None:
            half = len(facts) // 2
            return self._praise(window, facts[:half], facts[-half:], facts) if len(facts) >= self._least else ()
        before = [fact for fact in facts if fact.at < duty.opened]
        since = [fact for fact in facts if fact.at >= duty.opened]
        if min(len(before), len(since)) < self._least:
            return ()
        before, since = before[-len(since) :], since[-len(before) :]
        return self._praise(window, before, since, since, duty.id)

    def _praise(
        self, window: Window, before: Sequence[Fact], since: Sequence[Fact], calls: Sequence[Fact], about: str = ""
    ) -> Sequence[Raise]:
        """What is good about calls, and about the newer of them against the older."""
        allowed = _critical(before) if self._after else 0
        if not before or not since or _critical(since) > allowed:
            return ()
        scores = [fact.agent_score or 0.0 for fact in calls]
        older, newer = (sum(fact.agent_score or 0.0 for fact in part) / len(part) for part in (before, since))
        mean = sum(scores) / len(scores)
        if self._mean is not None and mean < self._mean:
            return ()
        if self._every is not None and min(scores) < self._every:
            return ()
        if self._improved is not None and newer - older < self._improved:
            return ()
        what = f"{window.key}: {len(scores)} calls with a mean of {mean:.4g}"
        if self._improved is not None:
            when = f"after the {self._after}" if self._after else f"within {len(scores)} calls"
            what = f"{window.key}: from a mean of {older:.4g} to one of {newer:.4g} {when}"
        ids = tuple(fact.evaluation_id for fact in since)
        return [Raise(what, about, ids, (), figures={"mean": mean, "older": older, "newer": newer})]


def _critical(facts: Sequence[Fact]) -> int:
    return sum(sum(fact.critical.values()) for fact in facts)


@hookimpl
def register_rules(register: Callable[[type[Recognition]], None]) -> None:
    """Offer the rule."""
    register(Recognition)
