"""One source of choices for random cards, calls and answers: hypothesis (which shrinks) or a seed (which is fast)."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


class Dice:
    """One source of choices; the first of several is the plainest, so that shrinking leads there."""

    def __init__(self, roll: Callable[[int, int], int]) -> None:
        self.number = roll

    @classmethod
    def seeded(cls, seed: int) -> Dice:
        return cls(random.Random(seed).randint)

    def pick(self, items: Sequence[T]) -> T:
        return items[self.number(0, len(items) - 1)]

    def chance(self, percent: int) -> bool:
        return self.number(0, 99) >= 100 - percent

    def some(self, items: Sequence[T], least: int, most: int) -> list[T]:
        """Different items, in a random order."""
        rest, count = list(items), self.number(least, min(most, len(items)))
        return [rest.pop(self.number(0, len(rest) - 1)) for _ in range(count)]
