"""Is it shaped like a scorecard? `check_shape` holds data against a published schema, `check_options` a plugin's own.

A compiled check says yes or no (`quick.py`). Only where something is wrong does jsonschema say what, about the parts
that are wrong, and `wording.py` puts it into one sentence with the exact place of the key or value.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from itertools import islice, pairwise
from typing import TYPE_CHECKING, Any, Final

from pauta.engine.loading.data import Map
from pauta.engine.loading.formats import FORMATS
from pauta.engine.loading.quick import CannotCompileError, Check, QuickCheck
from pauta.engine.loading.wording import MOST_PROBLEMS, Fault, problems_of
from pauta.engine.problems import Place, Problem, in_order
from pauta.schemas import schema

if TYPE_CHECKING:
    from jsonschema import FormatChecker
    from jsonschema.protocols import Validator

_BROKEN: Final = (TypeError, ValueError, AttributeError, LookupError, re.error)
"""What comes of a schema that is none."""

_COMPILED_AT_MOST: Final = 500
_compiled: dict[int, tuple[Mapping[str, Any], Check | None]] = {}


def check_shape(data: Map, schema_name: str) -> list[Problem]:
    """Every way in which data differs from a published schema, in the order of the file. KeyError: no such schema."""
    check = _published(schema_name)
    if check.holds(data):
        return []
    shown, left_out = _without_good_entries(data, schema_name, check)
    errors = [error for error in _errors(_published_validator(schema_name), shown) if not _in_condition(error)]
    problems = in_order(problems_of(Fault(data, error, schema(schema_name)) for error in errors))
    if left_out or max(len(errors), len(problems)) >= MOST_PROBLEMS:
        message = f"the file has {len(problems)} problems and more: the rest is not shown"
        problems.append(Problem("E220", message, problems[-1].place))
    return problems


def check_options(options: object, schema: Mapping[str, Any], at: Place, owner: str) -> list[Problem]:
    """Every way in which options differ from a plugin's own schema; `owner` names the plugin: "criterion 'phrase'".

    Options without places of their own (a bare name) are reported at `at`. A schema that is none is a Problem, too.
    """
    holds = _check_of(schema)
    if holds is not None and holds(options):
        return []
    from jsonschema.exceptions import SchemaError

    try:
        errors = _errors(_validator(schema), options)
    except (SchemaError, *_BROKEN) as error:
        reason = error.message if isinstance(error, SchemaError) else str(error)
        message = f"{owner}: the plugin's own schema of its options is not valid: {reason}"
        return [Problem("E219", message, at, "tell the plugin's author")]
    return in_order(problems_of(Fault(options, error, schema, owner=owner, at=at) for error in errors))


@cache
def _published(name: str) -> QuickCheck:
    return QuickCheck(schema(name))


def _check_of(schema: Mapping[str, Any]) -> Check | None:
    """The compiled check of a plugin's schema, kept for its next use; None where only jsonschema can tell."""
    kept = _compiled.get(id(schema))
    if kept is not None and kept[0] is schema:
        return kept[1]
    check: Check | None
    try:
        check = QuickCheck(schema).holds
    except (CannotCompileError, *_BROKEN):
        check = None
    if len(_compiled) >= _COMPILED_AT_MOST:
        _compiled.clear()
    _compiled[id(schema)] = schema, check
    return check


def _errors(validator: Validator, data: Any) -> list[Any]:
    """What jsonschema finds, without the values that were refused when they were read (NaN)."""
    errors = (error for error in validator.iter_errors(data) if error.instance == error.instance)
    return list(islice(errors, MOST_PROBLEMS))


def _in_condition(error: Any) -> bool:
    """Whether an error lies in a condition: `conditions.py` reads those, and says what is wrong in its own words."""
    path = list(error.absolute_path)
    if path[:1] == ["applies_to"]:
        return True
    return any(step == "when" and isinstance(before, int) for before, step in pairwise(path))


@cache
def _published_validator(name: str) -> Validator:
    from jsonschema import Draft202012Validator

    return Draft202012Validator(schema(name), format_checker=_formats())


def _validator(schema: Mapping[str, Any]) -> Validator:
    from jsonschema import Draft202012Validator

    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(dict(schema), format_checker=_formats())


def _formats() -> FormatChecker:
    from jsonschema import FormatChecker

    formats = FormatChecker(formats=())
    for name, holds in FORMATS.items():
        formats.checks(name)(lambda value, holds=holds: not isinstance(value, str) or holds(value))
    return formats


_LONG_LISTS: Final = {
    "scorecard": (("sections", "questions", "question"), ("examples", None, "example")),
    "cases": (("examples", None, "example"),),
}
"""Lists that make a file long: their key, the key of the list inside (None: the list itself), the definition."""

_GOOD: Final = {"question": {"question": "good"}, "example": {"example": "good", "expect": {}}}


def _without_good_entries(data: Map, schema_name: str, check: QuickCheck) -> tuple[Mapping[str, Any], bool]:
    """The data with its good questions and examples made small, each in its place, and whether bad ones were too.

    jsonschema takes a third of a second for 4,000 lines. Nothing outside a definition asks anything of these entries,
    so what is good by it cannot be part of an error. Of thousands of bad ones the first are enough.
    """
    shown: dict[str, Any] = dict(data)
    bad = 0
    for key, inner, definition in _LONG_LISTS.get(schema_name, ()):
        holds = check.of(definition)
        good = _GOOD[definition]

        def small(entry: object, holds: Check = holds, good: object = good) -> object:
            nonlocal bad
            if holds(entry):
                return good
            bad += 1
            return entry if bad <= MOST_PROBLEMS else good

        entries = shown.get(key)
        if not isinstance(entries, list):
            continue
        if inner is None:
            shown[key] = [small(each) for each in entries]
            continue
        shown[key] = [
            {**each, inner: [small(one) for one in each[inner]]}
            if isinstance(each, dict) and isinstance(each.get(inner), list)
            else each
            for each in entries
        ]
    return shown, bad > MOST_PROBLEMS
