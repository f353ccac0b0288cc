"""What is said once of a whole file, however many pieces it is read in: fields and records that are not of calls."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from pauta.engine.loading.records import MOST_WARNINGS, Strangers
from pauta.engine.problems import Place, Problem

UNKNOWN_FIELD = "W501"


@dataclass
class OncePerFile:
    """What was said of files so far. named: by file the warnings about fields. strangers: those of the file at hand."""

    named: dict[str, list[str]] = field(default_factory=dict)
    file: int = -1
    strangers: Strangers = field(default_factory=Strangers)

    def is_new(self, problem: Problem) -> bool:
        """Whether a problem is to be told: a field that is not known is told once a file, and of so many no more."""
        if problem.code != UNKNOWN_FIELD or problem.place is None:
            return True
        named = self.named.setdefault(problem.place.file, [])
        if problem.message in named or len(named) >= MOST_WARNINGS:
            return False
        named.append(problem.message)
        return True

    def left(self, file: int) -> list[Problem]:
        """What is still to be said of the file before, now that there is another one. file: its number, -1 is none."""
        if file == self.file:
            return []
        said = [self.strangers.warning()] if self.strangers.count else []
        self.file, self.strangers = file, Strangers()
        return said

    def kept(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self)

    @classmethod
    def from_kept(cls, kept: dict[str, Any]) -> OncePerFile:
        """As it was kept."""
        if not kept:
            return cls()
        strangers = dict(kept["strangers"])
        first = strangers.pop("first")
        return cls(kept["named"], kept["file"], Strangers(first=first and Place(**first), **strangers))
