"""The shipped cards: starters to copy, each with its cases, and each with texts in English, Spanish and Portuguese.

NAMES                 support, collections, sales
card_files(name)      the card and its cases, as file name -> text
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

NAMES: Final = ("support", "collections", "sales")


def card_files(name: str) -> dict[str, str]:
    """A shipped card and its cases: file name -> text. KeyError where there is no such card."""
    if name not in NAMES:
        raise KeyError(f"there is no shipped card '{name}'; there are: {', '.join(NAMES)}")
    folder = Path(__file__).parent
    return {file: (folder / file).read_text(encoding="utf-8") for file in (f"{name}.yaml", f"{name}.cases.yaml")}
