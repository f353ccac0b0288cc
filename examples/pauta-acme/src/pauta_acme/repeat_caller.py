"""acme_repeat_caller: a customer who had called about the same before, and whose call failed again.

    escalations:
      - {escalation: again, rule: {acme_repeat_caller: {calls_before: 2}}, do: [acme_garden_visit]}

The number of earlier calls stands in the call record, under `attributes.calls_before`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, cast

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pauta import Results


class RepeatCaller:
    """Fires where a call failed, and so many came before it."""

    name: ClassVar[str] = "acme_repeat_caller"
    purpose: ClassVar[str] = "A customer who had called before was not helped again."
    options: ClassVar[Mapping[str, object]] = {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "calls_before": {
                "type": "integer",
                "minimum": 1,
                "description": "From how many earlier calls on; 1 if not given.",
            },
        },
    }

    def __init__(self, options: Mapping[str, object]) -> None:
        self._least = cast(int, options.get("calls_before", 1))

    def fires(self, results: Results) -> NDArray[np.bool_]:
        """(rows,) bool. `passed` is 1, 0 or, where nobody can say, -1."""
        before = [_number(call.attributes.get("calls_before")) for call in results.batch.calls]
        fires: NDArray[np.bool_] = (np.array(before, dtype=np.float64) >= self._least) & (results.passed == 0)
        return fires


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
