"""How many values of one subject are held: dictionary-coded words, or plain numbers. The one room that knows.

NumPy is imported inside the functions: the nouns of this package are also loaded by commands that hold no column.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from operator import ge, gt, le, lt
from typing import TYPE_CHECKING, Any, Final, Generic, TypeAlias, TypeVar

from pauta.engine.model.conditions import ORDER_TESTS, Test, Value, number_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

T = TypeVar("T", bound=Hashable)
_NEVER_EQUAL: Final = frozenset({str, type(None)})
"""Types of which no two values that differ in type are equal, as 1 and 1.0 are."""


@dataclass(frozen=True, slots=True)
class Coded(Generic[T]):
    """Values by dictionary: row r holds `values[codes[r]]`. codes: (rows,) any integer dtype, every code valid."""

    codes: NDArray[np.integer]
    values: tuple[T, ...]

    def __len__(self) -> int:
        return len(self.codes)

    def __getitem__(self, row: int) -> T:
        return self.values[int(self.codes[row])]


def coded(items: Iterable[T]) -> Coded[T]:
    """Values in rows as a dictionary column; values keep the order of their first appearance."""
    import numpy as np

    items = list(items)
    kinds = set(map(type, items))
    if kinds <= _NEVER_EQUAL:
        place = {item: n for n, item in enumerate(dict.fromkeys(items))}
        return Coded(np.fromiter(map(place.__getitem__, items), dtype=np.int32, count=len(items)), tuple(place))
    seen: dict[tuple[type, T], int] = {}
    codes = [seen.setdefault((type(item), item), len(seen)) for item in items]
    return Coded(np.array(codes, dtype=np.int32), tuple(item for _, item in seen))


_COMPARE: Final[Mapping[str, Callable[[Any, Any], Any]]] = {"at_least": ge, "at_most": le, "above": gt, "below": lt}


def _passed(test: Test, values: Sequence[Value | None]) -> list[bool]:
    """`Test.passes` of each value: of numbers there may be as many as rows, and they are compared as they are."""
    bound = number_of(test.operand) if test.operator in ORDER_TESTS else None
    if bound is None:
        return [test.passes(value) for value in values]
    compare = _COMPARE[test.operator]
    return [
        compare(value, bound) if type(value) is float and isfinite(value) else test.passes(value) for value in values
    ]


@dataclass(frozen=True, slots=True)
class Words:
    """A subject of conditions as a dictionary column; a value of None is absent."""

    column: Coded[Value | None]

    def where(self, test: Test) -> NDArray[np.bool_]:
        """(rows,) bool: which rows pass a test; the test is asked once per distinct value."""
        import numpy as np

        passed = _passed(test, self.column.values)
        codes = self.column.codes
        if passed.count(True) == 1 and len(codes) > len(passed):
            return np.asarray(codes == passed.index(True))  # a comparison of small codes is far cheaper than a look-up
        rows: NDArray[np.bool_] = np.array(passed, dtype=np.bool_)[codes]
        return rows


@dataclass(frozen=True, slots=True)
class Numbers:
    """A subject of conditions as numbers. values: (rows,) float64, NaN is absent."""

    values: NDArray[np.float64]

    def where(self, test: Test) -> NDArray[np.bool_]:
        """(rows,) bool: which rows pass a test."""
        import numpy as np

        if test.operator in ORDER_TESTS and isinstance(test.operand, int | float):
            return np.asarray(_COMPARE[test.operator](self.values, float(test.operand)), dtype=np.bool_)
        distinct, codes = np.unique(self.values, return_inverse=True)
        passed = [test.passes(None if np.isnan(value) else float(value)) for value in distinct]
        rows: NDArray[np.bool_] = np.array(passed, dtype=np.bool_)[codes]
        return rows


Subject: TypeAlias = Words | Numbers
"""A column that a condition can be asked about."""
