"""acme_garden_visit: somebody of Acme looks at the customer's garden.

    do: [{acme_garden_visit: {within: 3 d, bring: [seeds]}}]

The follow-up keeps it as a duty of its own kind, beside those to coach: `pauta coach list` shows it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from pauta import Duty, Occasion, Opened


class GardenVisit:
    """A visit before a deadline."""

    name: ClassVar[str] = "acme_garden_visit"
    purpose: ClassVar[str] = "Somebody looks at the customer's garden."
    options: ClassVar[Mapping[str, object]] = {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "within": {"type": "string", "pattern": "^[0-9]+ (h|d)$", "description": "By when: 24 h, 3 d."},
            "bring": {
                "type": "array",
                "items": {"enum": ["seeds", "tools", "advice"]},
                "description": "What is brought along.",
            },
        },
    }

    def __init__(self, options: Any) -> None:
        """Take the options as checked."""
        self._within = (options or {}).get("within", "3 d")
        self._bring = list((options or {}).get("bring", ()))

    def opens(self, occasion: Occasion) -> Sequence[Opened]:
        """One visit."""
        return [Duty("garden_visit", occasion.due(self._within), ("supervisor",), details={"bring": self._bring})]
