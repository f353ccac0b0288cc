"""Is it shaped like a scorecard? `check_shape` holds data against a published schema, `check_options` a plugin's options.

A compiled check says yes or no (`quick.py`). Only where something is wrong does jsonschema say what, about the parts
that are wrong, and `wording.py` puts it into one sentence with the exact place of the key or value.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from pauta.engine.loading.data import Map
from pauta.engine.loading.formats import FORMATS
from pauta.engine.loading.quick import CannotCompileError, Check, QuickCheck
from pauta.engine.loading.wording import Fault, problems_of
from pauta.engine.problems import Place, Problem, in_order
from pauta.schemas import schema

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

_COMPILED_AT_MOST: Final = 500
_compiled: dict[int, tuple[Mapping[str, Any], Check | None]] = {}


def check_shape(data: Map, schema_name: str) -> list[Problem]:
    """Every way in which data differs from a published schema, in the order of the file. KeyError: no such schema."""
    check = _published(schema_name)
    if check.holds(data):
        return []
    shown = _without_good_entries(data, schema_name, check)
    found = _errors(schema(schema_name), shown)
    return _worded(Fault(data, error, schema(schema_name)) for error in found)


def check_options(options: object, schema: Mapping[str, Any], at: Place, owner: str) -> list[Problem]:
    """Every way in which options differ from a plugin's own schema; `owner` names the plugin: "criterion 'phrase'".

    Options without places of their own (a bare name) are reported at `at`. A schema that is none is a Problem, too.
    """
    holds = _check_of(schema)
    if holds is not None and holds(options):
        return []
    from jsonschema.exceptions import SchemaError

    try:
        found = _errors(schema, options)
    except (SchemaError, TypeError, ValueError, AttributeError) as error:
        reason = error.message if isinstance(error, SchemaError) else str(error)
        message = f"{owner}: the plugin's own schema of its options is not valid: {reason}"
        return [Problem("E219", message, at, "tell the plugin's author")]
    return _worded(Fault(options, error, schema, owner=owner, at=at) for error in found)


def _worded(faults: Iterable[Fault]) -> list[Problem]:
    return in_order(problem for fault in faults for problem in problems_of(fault))


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
    except (CannotCompileError, TypeError, ValueError, AttributeError, LookupError):
        check = None
    if len(_compiled) >= _COMPILED_AT_MOST:
        _compiled.clear()
    _compiled[id(schema)] = schema, check
    return check


def _errors(schema: Mapping[str, Any], data: object) -> list[Any]:
    """jsonschema's errors, those of values that were refused when they were read (NaN) left out."""
    validator = _validator(schema)
    return [error for error in validator.iter_errors(data) if error.instance == error.instance]


def _validator(schema: Mapping[str, Any]) -> Validator:
    from jsonschema import Draft202012Validator, FormatChecker

    Draft202012Validator.check_schema(schema)
    formats = FormatChecker(formats=())
    for name, holds in FORMATS.items():
        formats.checks(name)(lambda value, holds=holds: not isinstance(value, str) or holds(value))
    return Draft202012Validator(dict(schema), format_checker=formats)


_LONG_LISTS: Final = {
    "scorecard": (("sections", "questions", "question"), ("examples", None, "example")),
    "cases": (("examples", None, "example"),),
}
"""Lists that make a file long: their key, the key of the list inside (None: the list itself), the definition."""

_GOOD: Final = {"question": {"question": "good"}, "example": {"example": "good", "expect": {}}}


def _without_good_entries(data: Map, schema_name: str, check: QuickCheck) -> Mapping[str, Any]:
    """The data with its good questions and examples made small, each in its place: jsonschema takes a second for 4,000.

    Nothing outside a definition asks anything of these entries, so what is good by it cannot be part of an error.
    """
    shown: dict[str, Any] = dict(data)
    for key, inner, definition in _LONG_LISTS.get(schema_name, ()):
        entries = shown.get(key)
        holds = check.of(definition)
        if not isinstance(entries, list):
            continue
        if inner is None:
            shown[key] = [_GOOD[definition] if holds(each) else each for each in entries]
            continue
        shown[key] = [
            {**each, inner: [_GOOD[definition] if holds(one) else one for one in each[inner]]}
            if isinstance(each, dict) and isinstance(each.get(inner), list)
            else each
            for each in entries
        ]
    return shown
