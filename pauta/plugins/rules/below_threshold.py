"""A mean is below (or above) a level for a period: the score of a team, or a metric such as AHT, CSAT or abandonment.

    - {escalation: slow, over: {team: 7 d}, rule: {below_threshold: {metric: wait_s, above: 30}}, do: [{notify: {to: manager}}]}
    - {escalation: low, over: {agent: last 10}, rule: {below_threshold: {figure: mean_score, below: 75}}, do: [coach]}

A metric is a number of the call's record: a name under `metrics`, or `duration_s` (the handling time). Raised where
there are enough calls with a value and their mean is beyond the level; silent where there are fewer. A finding that it
opens is verified by that mean after the fix.
"""  # noqa: E501  # an entry of a file in one line, as people write it

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from pauta import Raise, Window, hookimpl


class BelowThreshold:
    """Finds windows whose mean is beyond a level."""

    name: ClassVar[str] = "below_threshold"
    purpose: ClassVar[str] = "Finds a mean score or metric that is below or above a level."
    options: ClassVar[Mapping[str, object]] = {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "figure": {
                "enum": ["score", "agent_score", "mean_score"],
                "description": "The score whose mean is looked at; `mean_score` and `score` are the same.",
            },
            "metric": {
                "type": "string",
                "minLength": 1,
                "description": "A number of the call's record: a name under `metrics`, or `duration_s`.",
            },
            "below": {"type": "number", "description": "Raised below this mean."},
            "above": {"type": "number", "description": "Raised above this mean."},
            "least": {"type": "integer", "minimum": 1, "default": 5, "description": "From how many calls on."},
        },
    }

    def __init__(self, options: Any) -> None:
        """Take the options as checked; raises ValueError where they do not say what is compared with what."""
        if ("figure" in options) is ("metric" in options):
            raise ValueError("say one of figure and metric: figure: mean_score, or metric: csat")
        if ("below" in options) is ("above" in options):
            raise ValueError("say one of below and above, the level that the mean is held against")
        self._figure: str = options.get("figure", "").replace("mean_score", "score")
        self._metric: str = options.get("metric", "").removeprefix("metrics.")
        self._below, self._above = options.get("below"), options.get("above")
        self._least = int(options.get("least", 5))

    def found(self, window: Window) -> Sequence[Raise]:
        """The mean that is beyond the level, with the calls that are beyond it themselves as evidence."""
        values = [
            (value, fact.evaluation_id)
            for fact in window.facts
            if (value := getattr(fact, self._figure) if self._figure else fact.metrics.get(self._metric)) is not None
        ]
        if len(values) < self._least:
            return ()
        mean = sum(value for value, _ in values) / len(values)
        if not self._beyond(mean):
            return ()
        level = f"below {self._below:g}" if self._below is not None else f"above {self._above:g}"
        what = f"{window.over.kind} {window.key}: the mean {self._figure or self._metric} of {len(values)} calls"
        ids = tuple(name for value, name in values if self._beyond(value))
        figures = {"mean": mean, "count": len(values)}
        measures = {self._figure or f"metrics.{self._metric}": self._above is not None}
        return [Raise(f"{what} is {mean:.4g}, {level}", "", ids, (), figures=figures, measures=measures)]

    def _beyond(self, value: float) -> bool:
        return value < self._below if self._below is not None else value > float(self._above)


@hookimpl
def register_rules(register: Callable[[type[BelowThreshold]], None]) -> None:
    """Offer the rule."""
    register(BelowThreshold)
