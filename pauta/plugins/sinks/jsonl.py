"""Results as JSONL: one evaluation a line, in the shape of the reference, fields in the same order every time.

The file holds one run and replaces the one before as a whole: until the last line is on the disk, whoever reads it
finds the old one. The same input gives the same bytes.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

from pauta import WholeFile, hookimpl


class Jsonl:
    """One evaluation a line."""

    name: ClassVar[str] = "jsonl"
    purpose: ClassVar[str] = "Writes results to a JSONL file, one evaluation a line."
    endings: ClassVar[tuple[str, ...]] = (".jsonl", ".ndjson")
    options: ClassVar[Mapping[str, object]] = {
        "type": "object",
        "properties": {"path": {"type": "string", "description": "The file to write."}},
        "required": ["path"],
        "additionalProperties": False,
    }

    def __init__(self, options: Mapping[str, object]) -> None:
        """Begin the file; raises OSError where that is not possible."""
        self._file = WholeFile(str(options["path"]))
        self.written = 0

    @property
    def outcome(self) -> str:
        """What became of the run, for its summary."""
        return f"{self.written} evaluations"

    def write(self, evaluations: Sequence[Mapping[str, object]]) -> None:
        """Take a batch of evaluations."""
        lines = [json.dumps(each, ensure_ascii=False, allow_nan=False, separators=(", ", ": ")) for each in evaluations]
        self._file.stream.writelines(f"{line}\n" for line in lines)
        self.written += len(lines)

    def close(self) -> None:
        """Put the file in place."""
        self._file.keep()

    def drop(self) -> None:
        """Leave the old file as it is."""
        self._file.drop()


@hookimpl
def register_sinks(register: Callable[[type[Jsonl]], None]) -> None:
    """Offer the sink."""
    register(Jsonl)
