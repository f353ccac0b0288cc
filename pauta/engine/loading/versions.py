"""Versions in three parts and the ranges that choose among them: `1.2.0`, `^1.2`, `~1.2.3`, `>=1.0.0 <2`, `1.x`, `*`.

version_from(text)   the Version that a text spells out, or None
range_from(text)     the Range that a text means, or None; `version in range` says whether it holds a version

The order is that of semantic versioning: a pre-release (`2.0.0-beta.1`) comes before its version.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import total_ordering
from itertools import takewhile
from typing import Final

RANGE_FORMS: Final = "1.2.0, 1.2, ^1.2, ~1.2.3, '>=1.0.0 <2', 1.x or *"
"""What a range may look like, as hints say it."""

_NUMBER = r"(?:0|[1-9][0-9]{0,8})"
_PRE = r"(?:0|[1-9][0-9]{0,8}|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
_VERSION = re.compile(rf"({_NUMBER})\.({_NUMBER})\.({_NUMBER})(?:-({_PRE}(?:\.{_PRE})*))?\Z")
_PART = rf"{_NUMBER}|[xX*]"
_BOUND = re.compile(
    rf"(\^|~|>=|<=|>|<|=)?\s*({_PART})(?:\.({_PART})(?:\.({_PART})(?:-({_PRE}(?:\.{_PRE})*))?)?)?(?=\s|\Z)"
)
_LONGEST: Final = 100


@total_ordering
@dataclass(frozen=True, slots=True)
class Version:
    """Three numbers, and for a pre-release the words after the dash."""

    numbers: tuple[int, int, int]
    pre: tuple[str, ...] = ()

    @property
    def order(self) -> str:
        """A text that sorts as versions do, for databases, which know nothing of versions."""
        pre = " ".join(f"0{int(part):010}" if part.isdigit() else f"1{part}" for part in self.pre)
        return ".".join(f"{number:010}" for number in self.numbers) + f"-{pre or '~'}"

    def __lt__(self, other: Version) -> bool:
        return self.order < other.order

    def __str__(self) -> str:
        return ".".join(map(str, self.numbers)) + (f"-{'.'.join(self.pre)}" if self.pre else "")


@dataclass(frozen=True, slots=True)
class Range:
    """From `lowest` (in it) up to `end` (not in it; None: open).

    Nobody gets a pre-release who did not ask for one: only where a bound is a pre-release, those of the same three
    numbers are in the range.
    """

    lowest: Version
    end: Version | None
    asked: frozenset[tuple[int, int, int]] = frozenset()

    def __contains__(self, version: Version) -> bool:
        if version < self.lowest or (self.end is not None and version >= self.end):
            return False
        return not version.pre or version.numbers in self.asked


def version_from(text: str) -> Version | None:
    """The version that a text spells out in full (`1.2.0`, `2.0.0-beta.1`), or None."""
    found = _VERSION.match(text) if len(text) <= _LONGEST else None
    return Version(_three(found.groups()[:3]), _pre(found[4])) if found else None


def range_from(text: str) -> Range | None:
    """The range that a text means (see RANGE_FORMS), or None. Several bounds, with spaces between, must all hold."""
    rest = text.strip()
    if not rest or len(rest) > _LONGEST:
        return None
    lowest: Version = _ZERO
    end: Version | None = None
    asked = set()
    while rest:
        found = _BOUND.match(rest)
        if not found:
            return None
        sign, *parts, pre = found.groups()
        if pre:
            asked.add(_three(parts))
        low, high = _bounds(sign or "=", _written(parts), _pre(pre))
        lowest = max(lowest, low)
        end = high if end is None else end if high is None else min(end, high)
        rest = rest[found.end() :].strip()
    return Range(lowest, end, frozenset(asked))


_FIRST: Final = ("0",)
"""The lowest pre-release of a version: a bound `<2.0.0` leaves out 2.0.0-beta as well."""
_ZERO: Final = Version((0, 0, 0), _FIRST)


def _pre(text: str | None) -> tuple[str, ...]:
    return tuple(text.split(".")) if text else ()


def _written(parts: Sequence[str | None]) -> list[int]:
    """The numbers before the first `x`, `*` or nothing."""
    return [int(part) for part in takewhile(lambda part: part is not None and part.isdigit(), parts) if part]


def _three(parts: Sequence[str | None]) -> tuple[int, int, int]:
    major, minor, patch = [*_written(parts), 0, 0, 0][:3]
    return major, minor, patch


def _bounds(sign: str, numbers: list[int], pre: tuple[str, ...]) -> tuple[Version, Version | None]:
    """From where (in it) to where (not in it) one bound reaches; parts that are not written stand for any."""
    if not numbers:
        return _ZERO, _ZERO if sign in ("<", ">") else None
    major, minor, patch = [*numbers, 0, 0][:3]
    low = Version((major, minor, patch), pre)
    if sign == "<":
        return _ZERO, low if pre else _start_of(numbers)
    if sign == ">=":
        return low, None
    if sign == "^":
        leading = next((place for place, number in enumerate(numbers) if number), len(numbers) - 1)
        return low, _start_of(_raised(numbers, leading))
    if sign == "~":
        return low, _start_of(_raised(numbers, min(1, len(numbers) - 1)))
    above = Version(low.numbers, (*pre, "0")) if pre else _start_of(_raised(numbers, len(numbers) - 1))
    if sign == ">":
        return above, None
    return _ZERO if sign == "<=" else low, above


def _raised(numbers: list[int], place: int) -> list[int]:
    return [*numbers[:place], numbers[place] + 1]


def _start_of(numbers: list[int]) -> Version:
    major, minor, patch = [*numbers, 0, 0][:3]
    return Version((major, minor, patch), _FIRST)
