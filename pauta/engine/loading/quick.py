"""Yes or no: does data have the shape that a JSON Schema asks for? The schema is compiled once into plain functions.

jsonschema gives every error its words and takes 0.3 s for a card of 4,000 lines, and 0.15 s to be imported; nearly
all that is checked is good. So this room says whether there is anything to explain, in a tenth of that, and `shape.py`
asks jsonschema only where there is. A test holds both to the same verdict.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias

from pauta.engine.loading.data import Map, Seq, WrittenFloat, WrittenInt
from pauta.engine.loading.formats import FORMATS

Check: TypeAlias = Callable[[Any], bool]

_ANNOTATIONS: Final = {
    "$schema", "$id", "$comment", "$defs", "title", "description", "default", "examples", "deprecated", "readOnly",
    "writeOnly", "markdownDescription", "patternErrorMessage", "errorMessage", "defaultSnippets", "then", "else",
}  # fmt: skip
_PROPERTIES: Final = ("properties", "patternProperties", "additionalProperties")
_KINDS: Final = {
    str: "string", Map: "object", dict: "object", Seq: "array", list: "array", bool: "boolean", type(None): "null",
    int: "number", float: "number", WrittenInt: "number", WrittenFloat: "number",
}  # fmt: skip


class CannotCompileError(Exception):
    """The schema has a keyword that is not compiled: only jsonschema can tell."""


class QuickCheck:
    """A compiled schema; `holds(data)` says whether the data has its shape."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        """Compile a schema; raises CannotCompileError."""
        self._root = schema
        self._refs: dict[str, list[Check]] = {}
        self.holds: Check = self._compiled(schema)

    def of(self, definition: str) -> Check:
        """The check of one of the schema's `$defs`."""
        return self._referred(f"#/$defs/{definition}")

    def _referred(self, reference: str) -> Check:
        cell = self._refs.get(reference)
        if cell is None:
            cell = self._refs[reference] = []
            cell.append(self._compiled(self._found(reference)))
        return lambda value: cell[0](value)

    def _found(self, reference: str) -> Any:
        here: Any = self._root
        if not reference.startswith("#"):
            raise CannotCompileError(reference)
        for step in filter(None, reference[1:].split("/")):
            here = here[step]
        return here

    def _compiled(self, schema: Any) -> Check:
        if isinstance(schema, bool):
            return (lambda value: True) if schema else (lambda value: False)
        always: list[Check] = []
        by_kind: dict[str, list[Check]] = {}
        if any(keyword in schema for keyword in _PROPERTIES):
            by_kind["object"] = [_properties(self, schema)]
        for keyword, given in schema.items():
            if keyword in _ANNOTATIONS or keyword in _PROPERTIES:
                continue
            if keyword in _FOR_KIND:
                kind, make = _FOR_KIND[keyword]
                by_kind.setdefault(kind, []).append(make(self, given, schema))
            elif keyword in _FOR_ALL:
                always.append(_FOR_ALL[keyword](self, given, schema))
            else:
                raise CannotCompileError(keyword)
        return _together(tuple(always), {kind: tuple(checks) for kind, checks in by_kind.items()})


def _together(always: tuple[Check, ...], by_kind: Mapping[str, tuple[Check, ...]]) -> Check:
    def check(value: Any) -> bool:
        kind = _KINDS.get(type(value), "")
        if kind == "number" and value != value:
            return True  # NaN stands for a value that was refused and reported when it was read
        for each in always:
            if not each(value):
                return False
        if kind in by_kind:
            for each in by_kind[kind]:
                if not each(value):
                    return False
        return True

    return check


def _type(_: QuickCheck, given: Any, schema: Any) -> Check:
    names = frozenset([given] if isinstance(given, str) else given)
    if "integer" in names and "number" not in names:
        return lambda value: (
            _KINDS.get(type(value)) in names or (_KINDS.get(type(value)) == "number" and float(value).is_integer())
        )
    return lambda value: _KINDS.get(type(value)) in names


def _enum(_: QuickCheck, given: Any, schema: Any) -> Check:
    return lambda value: any(value == each and isinstance(value, bool) == isinstance(each, bool) for each in given)


def _if(compiler: QuickCheck, given: Any, schema: Any) -> Check:
    condition = compiler._compiled(given)
    then = compiler._compiled(schema.get("then", True))
    otherwise = compiler._compiled(schema.get("else", True))
    return lambda value: then(value) if condition(value) else otherwise(value)


def _all_of(compiler: QuickCheck, given: Any, schema: Any) -> Check:
    parts = [compiler._compiled(each) for each in given]
    return lambda value: all(part(value) for part in parts)


def _any_of(compiler: QuickCheck, given: Any, schema: Any) -> Check:
    parts = [compiler._compiled(each) for each in given]
    return lambda value: any(part(value) for part in parts)


def _one_of(compiler: QuickCheck, given: Any, schema: Any) -> Check:
    parts = [compiler._compiled(each) for each in given]
    return lambda value: sum(part(value) for part in parts) == 1


def _not(compiler: QuickCheck, given: Any, schema: Any) -> Check:
    part = compiler._compiled(given)
    return lambda value: not part(value)


def _ref(compiler: QuickCheck, given: Any, schema: Any) -> Check:
    return compiler._referred(given)


def _format(_: QuickCheck, given: Any, schema: Any) -> Check:
    holds = FORMATS.get(given)
    return holds if holds else lambda value: True


def _pattern(_: QuickCheck, given: Any, schema: Any) -> Check:
    search = re.compile(given).search
    return lambda value: search(value) is not None


def _properties(compiler: QuickCheck, schema: Any) -> Check:
    """The three keywords about properties at once, so that each key is looked at once."""
    known = {name: compiler._compiled(each) for name, each in schema.get("properties", {}).items()}
    patterns = [
        (re.compile(pattern).search, compiler._compiled(each))
        for pattern, each in schema.get("patternProperties", {}).items()
    ]
    other = compiler._compiled(schema.get("additionalProperties", True))

    def check(value: Any) -> bool:
        for key, each in value.items():
            own = known.get(key)
            if own is not None and not own(each):
                return False
            fitting = [part for search, part in patterns if search(key)] if patterns else []
            if not all(part(each) for part in fitting):
                return False
            if own is None and not fitting and not other(each):
                return False
        return True

    return check


def _property_names(compiler: QuickCheck, given: Any, schema: Any) -> Check:
    part = compiler._compiled(given)
    return lambda value: all(part(key) for key in value)


def _required(_: QuickCheck, given: Any, schema: Any) -> Check:
    names = tuple(given)
    return lambda value: all(name in value for name in names)


def _unique(values: Sequence[Any]) -> bool:
    """Whether no two entries are equal, true and 1 being two things as in JSON."""
    return all(
        value != other or isinstance(value, bool) is not isinstance(other, bool)
        for n, value in enumerate(values)
        for other in values[:n]
    )


def _items(compiler: QuickCheck, given: Any, schema: Any) -> Check:
    part = compiler._compiled(given)
    return lambda value: all(part(each) for each in value)


_FOR_ALL: Final[dict[str, Callable[[QuickCheck, Any, Any], Check]]] = {
    "type": _type,
    "enum": _enum,
    "const": lambda compiler, given, schema: _enum(compiler, [given], schema),
    "if": _if,
    "allOf": _all_of,
    "anyOf": _any_of,
    "oneOf": _one_of,
    "not": _not,
    "$ref": _ref,
}
_FOR_KIND: Final[dict[str, tuple[str, Callable[[QuickCheck, Any, Any], Check]]]] = {
    "format": ("string", _format),
    "pattern": ("string", _pattern),
    "minLength": ("string", lambda compiler, given, schema: lambda value: len(value) >= given),
    "maxLength": ("string", lambda compiler, given, schema: lambda value: len(value) <= given),
    "minimum": ("number", lambda compiler, given, schema: lambda value: value >= given),
    "maximum": ("number", lambda compiler, given, schema: lambda value: value <= given),
    "exclusiveMinimum": ("number", lambda compiler, given, schema: lambda value: value > given),
    "exclusiveMaximum": ("number", lambda compiler, given, schema: lambda value: value < given),
    "propertyNames": ("object", _property_names),
    "required": ("object", _required),
    "minProperties": ("object", lambda compiler, given, schema: lambda value: len(value) >= given),
    "maxProperties": ("object", lambda compiler, given, schema: lambda value: len(value) <= given),
    "items": ("array", _items),
    "minItems": ("array", lambda compiler, given, schema: lambda value: len(value) >= given),
    "maxItems": ("array", lambda compiler, given, schema: lambda value: len(value) <= given),
    "uniqueItems": ("array", lambda compiler, given, schema: lambda value: not given or _unique(value)),
}
