"""The page of every problem code: what it means, what provokes it, what to write instead.

codes()                   every code that has a page, in order
page(code), title(code)   the page as Markdown, its title
"""

from __future__ import annotations

from functools import cache
from pathlib import Path


@cache
def codes() -> tuple[str, ...]:
    """Every code that has a page: errors by number, then warnings."""
    return tuple(sorted(path.stem for path in Path(__file__).parent.glob("[EW]*.md")))


@cache
def page(code: str) -> str | None:
    """The page of a code as Markdown, or None where there is no such code; small letters will do."""
    known = code.strip().upper()
    if known not in codes():
        return None
    return (Path(__file__).parent / f"{known}.md").read_text(encoding="utf-8")


def title(code: str) -> str | None:
    """What a code means in a few words, or None where there is no such code."""
    found = page(code)
    return found.partition("\n")[0].lstrip("# ").partition(" ")[2] if found else None
