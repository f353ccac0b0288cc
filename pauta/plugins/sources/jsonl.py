"""Calls and people's evaluations from JSONL files: one JSON object a line, in the shape that the reference gives.

A line that is wrong costs that line: it becomes a problem with its number, and the others are read. Numbers that no
JSON can hold (NaN, Infinity) and fields written twice in one object are refused, because most readers of JSON would
change them without a word.

    {"call_id": "c-1", "agent": "ana", "turns": [{"speaker": "agent", "start": 0.5, "text": "Hello"}]}   good
    {"agent": "ana", "duration_s": NaN}                                                                   two faults
"""

from collections.abc import Callable, Iterable, Mapping
from typing import ClassVar

from pauta import Call, HumanEvaluation, Problem, calls_from, evaluations_from, hookimpl, json_lines


class Jsonl:
    """One JSON object a line."""

    name: ClassVar[str] = "jsonl"
    purpose: ClassVar[str] = "Reads calls and people's evaluations from JSONL files, one JSON object a line."
    endings: ClassVar[tuple[str, ...]] = (".jsonl", ".ndjson")
    options: ClassVar[Mapping[str, object]] = {
        "type": "object",
        "properties": {
            "calls": {"type": ["string", "array"], "items": {"type": "string"}, "description": "Files of calls."},
            "answers": {
                "type": ["string", "array"],
                "items": {"type": "string"},
                "description": "Files of evaluations.",
            },
        },
        "additionalProperties": False,
    }

    def __init__(self, options: Mapping[str, object]) -> None:
        """There is nothing to choose."""

    def calls(self, target: str) -> Iterable[Call | Problem]:
        """The calls of a file, a Problem in place of each line that is none."""
        return calls_from(json_lines(target))

    def evaluations(self, target: str) -> Iterable[HumanEvaluation | Problem]:
        """People's evaluations in a file, a Problem in place of each line that is none."""
        return evaluations_from(json_lines(target))


@hookimpl
def register_sources(register: Callable[[type[Jsonl]], None]) -> None:
    """Offer the source."""
    register(Jsonl)
