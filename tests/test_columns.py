"""Columns say of many values what conditions and calls say of one."""

from __future__ import annotations

import numpy as np
import pytest

from pauta.engine.model.calls import Call, CallBatch
from pauta.engine.model.columns import Coded, Words
from pauta.engine.model.conditions import ORDER_TESTS, Test as Single, Value

VALUES: tuple[Value | None, ...] = (
    None, 1.0, -0.0, 2.5, float("inf"), float("nan"), "1,5", "12", "x", True, (1.0, 2.0), ("a",), 3, 10**400, "1e999",
)  # fmt: skip
PATHS = ("call_id", "duration_s", "team", "team.x", "attributes", "attributes.k", "attributes.n.k", "attributes.", "no")
HELD = (None, "s", True, 1, 2.5, float("inf"), [1, "a", [2]], {"z": 1}, 10**400)


@pytest.mark.parametrize("operator", [*ORDER_TESTS, "is", "in", "exists"])
@pytest.mark.parametrize("operand", [1, 2.5, "2.5", "x", True, (1.0, 2.0), 10**400, float("inf")], ids=repr)
def test_values(operator: str, operand: Value) -> None:
    test = Single("call.x", operator, operand)
    passed = Words(Coded(np.arange(len(VALUES)), VALUES)).where(test)
    assert passed.tolist() == [test.passes(value) for value in VALUES]


@pytest.mark.parametrize("path", PATHS)
def test_subjects(path: str) -> None:
    calls = [
        Call(str(n), duration_s=duration, team=team, attributes={"k": held, "n": {"k": held}})
        for n, (duration, team) in enumerate([(None, "x"), (1.0, None), (float("nan"), "x")])
        for held in HELD
    ]
    column = CallBatch(size=len(calls), calls=calls).subject(f"call.{path}")
    assert isinstance(column, Words)
    assert list(map(repr, map(column.column.__getitem__, range(len(calls))))) == [repr(c.value(path)) for c in calls]
