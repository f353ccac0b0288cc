"""acme_wallboard: results for the screen on the wall, a JSON file with each team's calls and their mean.

    pauta score --to today.wallboard

The same results make the same bytes, in whatever order and batches they come. The screen never sees half a file.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import ClassVar

from pauta import WholeFile


class Wallboard:
    """What each team did; evaluations are kept aside until the end, because means need all of them."""

    name: ClassVar[str] = "acme_wallboard"
    purpose: ClassVar[str] = "Writes each team's calls and mean score for the screen on the wall."
    endings: ClassVar[tuple[str, ...]] = (".wallboard",)
    options: ClassVar[Mapping[str, object]] = {
        "type": "object",
        "additionalProperties": False,
        "required": ["path"],
        "properties": {
            "path": {"type": "string", "description": "The file to write."},
            "nobody": {"type": "string", "minLength": 1, "description": "What those without a team are called."},
        },
    }

    def __init__(self, options: Mapping[str, object]) -> None:
        """Begin the file; raises OSError where that is not possible."""
        self._nobody = str(options.get("nobody", "no team"))
        self._file = WholeFile(str(options["path"]))
        self._calls: dict[str, dict[str, float | None]] = {}

    @property
    def outcome(self) -> str:
        """What became of the run, for its summary."""
        return f"{sum(map(len, self._calls.values()))} evaluations of {len(self._calls)} teams"

    def write(self, evaluations: Sequence[Mapping[str, object]]) -> None:
        """Take a batch of evaluations, all of it or none."""
        taken = [
            (_text(each["team"]) or self._nobody, str(each["evaluation_id"]), each["score"]) for each in evaluations
        ]
        for team, evaluation_id, score in taken:
            self._calls.setdefault(team, {})[evaluation_id] = float(score) if isinstance(score, int | float) else None

    def close(self) -> None:
        """Write the teams by name, and put the file in place."""
        teams = [_team(name, self._calls[name]) for name in sorted(self._calls)]
        json.dump({"teams": teams}, self._file.stream, ensure_ascii=False, indent=1, allow_nan=False)
        self._file.keep()

    def drop(self) -> None:
        """The run was broken off: the screen keeps showing the old file."""
        self._file.drop()


def _team(name: str, calls: Mapping[str, float | None]) -> dict[str, object]:
    scores = sorted(score for score in calls.values() if score is not None)
    mean = round(sum(scores) / len(scores), 1) if scores else None
    return {"team": name, "mean": mean, "scored": len(scores), "evaluations": sorted(calls)}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
