"""Patterns that authors of cards write: checked before they are compiled, so that none can eat the memory.

Searching is bounded by time (`PATTERN_TIMEOUT_S`); compiling is not, and `(a{1000}){1000}{1000}` takes gigabytes
before a first letter is looked at. So length and counted repeats are bounded here.
"""

from __future__ import annotations

import re
from typing import Final

import regex

MAX_LENGTH: Final = 1000
MAX_SIZE: Final = 20_000
"""How many single characters a pattern may stand for once its counted repeats (`{13,16}`) are written out."""

_REPEAT = re.compile(r"\{(\d*)(?:(,)(\d*))?\}")
_CLASS = re.compile(r"\[\^?\]?(?:[^\]\\]|\\.)*\]", re.DOTALL)
_VERBOSE = re.compile(r"\(\?[a-wyzA-Z0-9-]*x")


def compiled(pattern: str, flags: int = 0) -> regex.Pattern[str]:
    """A pattern ready to search; ValueError with a sentence for an author where it cannot be."""
    if len(pattern) > MAX_LENGTH:
        raise ValueError(f"it is {len(pattern):,} characters long; {MAX_LENGTH:,} is the most")
    if _VERBOSE.search(pattern):
        raise ValueError("the flag x (blanks and comments inside) is not allowed")
    if _size(pattern) > MAX_SIZE:
        raise ValueError(f"its repeats stand for more than {MAX_SIZE:,} characters")
    try:
        return regex.compile(pattern, flags)
    except regex.error as error:
        raise ValueError(str(error)) from error
    except (RecursionError, OverflowError, MemoryError) as error:
        raise ValueError("it is too large") from error


def _size(pattern: str) -> int:
    """How many single characters the pattern stands for, never fewer than the compiler will make of it."""
    groups = [0]
    last = at = 0
    while at < len(pattern):
        step = 1
        repeat = _REPEAT.match(pattern, at) if pattern[at] == "{" else None
        if repeat:
            times = max(1, *(int(number[:9]) for number in (repeat[1], repeat[3]) if number), 1)
            groups[-1] += last * (times - 1)
            last, step = last * times, len(repeat[0])
        elif pattern[at] == "(":
            groups.append(0)
        elif pattern[at] == ")":
            last = groups.pop() if len(groups) > 1 else groups[0]
            groups[-1] += last
        else:
            in_class = _CLASS.match(pattern, at) if pattern[at] == "[" else None
            step = len(in_class[0]) if in_class else 2 if pattern[at] == "\\" else 1
            last = 1
            groups[-1] += 1
        at += step
    return sum(groups)
