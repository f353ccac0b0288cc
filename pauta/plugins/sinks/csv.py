"""Results as a sheet: one row an evaluation, with a column for each section's score and each question's answer.

The columns are those of all evaluations of the run, so rows are kept aside until the end; the file then replaces the
one before as a whole. A cell that a spreadsheet would take for a formula (it begins with = + - @, a tab or the end of
a line) gets an apostrophe before it; numbers, negative ones too, are left as they are.

    greeting answered "=1+1"   is written   '=1+1
    a score of -5              is written   -5.0
"""

import csv
import json
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import ClassVar, Final, cast

from pauta import WholeFile, hookimpl

COLUMNS: Final = (
    "evaluation_id", "call_id", "agent", "team", "call_type", "started_at", "scorecard", "version", "digest",
    "evaluator", "evaluated_at", "mode", "status", "score", "raw_score", "agent_score", "coverage", "band", "passed",
    "critical_errors", "non_critical_errors", "missing", "unverified", "escalations",
)  # fmt: skip
_FORMULA: Final = re.compile(r"\s*[=+\-@＝＋－＠]|[\t\r\n]")
_NUMBER: Final = re.compile(r"[+-]?\d+(?:[.,]\d+)?(?:[eE][+-]?\d+)?\Z", re.ASCII)


class Csv:
    """A sheet as text."""

    name: ClassVar[str] = "csv"
    purpose: ClassVar[str] = "Writes results to a CSV file, one row an evaluation, safe to open in a spreadsheet."
    endings: ClassVar[tuple[str, ...]] = (".csv",)
    options: ClassVar[Mapping[str, object]] = {
        "type": "object",
        "properties": {
            "path": {"type": "string", "description": "The file to write."},
            "delimiter": {"enum": [",", ";", "\t"], "default": ",", "description": "What stands between cells."},
            "decimal": {"enum": [".", ","], "default": ".", "description": "What stands before the decimals."},
            "bom": {
                "type": "boolean",
                "default": False,
                "description": "Begin with the mark by which Excel knows UTF-8.",
            },
            "raw": {"type": "boolean", "default": False, "description": "Leave cells as they are, formulas too."},
        },
        "required": ["path"],
        "additionalProperties": False,
    }

    def __init__(self, options: Mapping[str, object]) -> None:
        """Begin the file; raises OSError where that is not possible."""
        self._delimiter = str(options.get("delimiter", ","))
        self._decimal = str(options.get("decimal", "."))
        self._raw = bool(options.get("raw", False))
        self._file = WholeFile(
            str(options["path"]), encoding="utf-8-sig" if options.get("bom") else "utf-8", newline=""
        )
        self._aside = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115  # closed with the sink
        self._found: dict[str, None] = {}
        self.written = 0

    @property
    def outcome(self) -> str:
        """What became of the run, for its summary."""
        return f"{self.written} evaluations"

    def write(self, evaluations: Sequence[Mapping[str, object]]) -> None:
        """Take a batch of evaluations."""
        for evaluation in evaluations:
            row = {**{name: evaluation.get(name) for name in COLUMNS}, **dict(_unfolded(evaluation))}
            self._found.update(dict.fromkeys(row))
            self._aside.write(json.dumps(row, allow_nan=False) + "\n")
        self.written += len(evaluations)

    def close(self) -> None:
        """Write the rows, now that all columns are known, and put the file in place."""
        columns = [*COLUMNS, *sorted((name for name in self._found if name not in COLUMNS), key=_kind)]
        writer = csv.writer(self._file.stream, delimiter=self._delimiter)
        writer.writerow(columns)
        self._aside.seek(0)
        for line in self._aside:
            row = json.loads(line)
            writer.writerow([self._cell(row.get(name)) for name in columns])
        self._aside.close()
        self._file.keep()

    def drop(self) -> None:
        """Leave the old file as it is."""
        self._file.drop()
        self._aside.close()

    def _cell(self, value: object) -> str:
        match value:
            case None:
                return ""
            case bool():
                return "yes" if value else "no"
            case int() | float():
                return repr(value).replace(".", self._decimal)
            case list():
                return self._cell(" | ".join(str(each) for each in value))
        text = str(value)
        return text if self._raw or not _FORMULA.match(text) or _NUMBER.match(text) else f"'{text}"


def _unfolded(evaluation: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    """A column for each class of critical errors, each section's score and each answer; a state where there is none."""
    for harm, count in cast(Mapping[str, object], evaluation.get("critical_by_class") or {}).items():
        yield f"critical.{harm}", count
    for section in cast(Sequence[Mapping[str, object]], evaluation.get("sections") or ()):
        yield f"section.{section['section']}", section["score"]
    for answer in cast(Sequence[Mapping[str, object]], evaluation.get("answers") or ()):
        given = answer["answer"]
        yield f"answer.{answer['question']}", answer["state"] if given is None else given


def _kind(column: str) -> int:
    """Errors before sections before answers; within each the order in which they came."""
    return ("critical", "section", "answer").index(column.partition(".")[0])


@hookimpl
def register_sinks(register: Callable[[type[Csv]], None]) -> None:
    """Offer the sink."""
    register(Csv)
