"""acme_garden_visit: somebody of Acme looks at the customer's garden.

    do: [{acme_garden_visit: {within: 3 d, bring: [seeds]}}]

In this version of pauta an action is named and its options are checked; carrying it out comes with the follow-up.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar


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
