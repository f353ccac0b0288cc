"""Everything that can be wrong, in one form: place, permanent code, one sentence, a hint.

    Problem            what a person reads, whatever the renderer (text, JSON, GitHub, SARIF, HTML)
    Place              file, line and column, counted from 1
    CODES              code -> title; the page of a code lies in engine/codes/<code>.md
    ProblemsFound      raised where a caller cannot go on; carries all problems, not the first

The first digit says which part of the way the fault belongs to: 1 reading a file, 2 its shape, 3 its meaning,
5 calls and answers, 6 plugins, 7 the operation and its versions. W codes are warnings: they never change an exit code.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How much a problem matters: an error stops its card, call or plugin; a warning stops nothing."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a file: line and column are counted from 1; 0 means the file as a whole.

    In a workbook they are row and column, and `cell` names the cell as people do: `Evaluation!C7`.
    """

    file: str
    line: int = 0
    column: int = 0
    cell: str = ""

    def __str__(self) -> str:
        if self.cell:
            return f"{self.file}:{self.cell}"
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault, told to the person who caused it."""

    code: str
    message: str
    place: Place | None = None
    hint: str | None = None

    @property
    def severity(self) -> Severity:
        """W codes are warnings, all others errors."""
        return Severity.WARNING if self.code.startswith("W") else Severity.ERROR

    def __str__(self) -> str:
        where = f"{self.place}  " if self.place else ""
        hint = f"\n    hint: {self.hint}" if self.hint else ""
        return f"{where}{self.code}  {self.message}{hint}"


class ProblemsFound(Exception):
    """A caller asked for something that its input does not allow; `problems` holds every reason."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


def in_order(problems: Iterable[Problem]) -> list[Problem]:
    """The problems by file, line, column and code, each once."""

    def key(problem: Problem) -> tuple[str, str, int, int, str, str]:
        place = problem.place or Place("")
        return place.file, place.cell.rpartition("!")[0], place.line, place.column, problem.code, problem.message

    return sorted(set(problems), key=key)


def has_errors(problems: Iterable[Problem]) -> bool:
    """Whether any of them is more than a warning."""
    return any(problem.severity is Severity.ERROR for problem in problems)


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """A hint that names the known word nearest to a misspelt one, or None."""
    near = nearest(word, known)
    return f"did you mean '{near}'?" if near else None


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word nearest to a misspelt one, or None where nothing is near."""
    names = list(known)
    close: Sequence[str] = difflib.get_close_matches(word, names, n=1, cutoff=0.6)
    if close:
        return close[0]
    folded = {name.casefold().replace("-", "_"): name for name in names}
    return folded.get(word.casefold().replace("-", "_"))
