"""A critical error was made: the gravest thing that an evaluation can say about a call.

    - {escalation: grave, rule: critical_error, do: [{coach: {due: 24 h}}]}
    - {escalation: legal, rule: {critical_error: {class: compliance}}, do: [{notify: {to: manager}}]}

Raised by a call with one critical error of the class (of any class where none is named), the error that many
non-critical ones make among them; silent where there are only non-critical ones.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from pauta import Results, hookimpl

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class CriticalError:
    """Fires for evaluations with a critical error."""

    name: ClassVar[str] = "critical_error"
    purpose: ClassVar[str] = "Fires where a critical error was made."
    options: ClassVar[Mapping[str, object]] = {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "class": {
                "enum": ["customer", "business", "compliance"],
                "description": "Only errors of this class; any where it is left out.",
            },
        },
    }

    def __init__(self, options: Any) -> None:
        """Take the options as checked."""
        self._class = (options or {}).get("class")

    def fires(self, results: Results) -> "NDArray[np.bool_]":
        """Where there is such an error."""
        counts = results.critical
        if self._class is not None:
            counts = next(each for harm, each in results.critical_by_class.items() if harm.value == self._class)
        fired: NDArray[np.bool_] = counts > 0
        return fired


@hookimpl
def register_rules(register: Callable[[type[CriticalError]], None]) -> None:
    """Offer the rule."""
    register(CriticalError)
