"""Whether a plugin's `options` are a JSON Schema, and none that would fetch something from elsewhere.

Nearly every such schema is a few plain keywords, which are looked at here; the library that knows them all takes longer
to be imported than a card to be checked, and is asked only where there is anything else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final


def fault_in_schema(schema: Mapping[str, object]) -> str | None:
    """What is wrong with a schema, None where nothing is."""
    outside = next(_references_outside(schema), None)
    if outside is not None:
        return f"its options refer to {outside!r}, which is not in them"
    if surely_a_schema(schema):
        return None
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError

    try:
        Draft202012Validator.check_schema(dict(schema))
    except SchemaError as error:
        where = "/".join(map(str, error.absolute_path))
        return f"its options are no JSON Schema: {f'{where}: ' if where else ''}{error.message}"
    return None


def _references_outside(schema: object) -> Iterator[object]:
    if isinstance(schema, Mapping):
        for key, value in schema.items():
            if key in ("$ref", "$dynamicRef") and not (isinstance(value, str) and value.startswith("#")):
                yield value
            yield from _references_outside(value)
    elif isinstance(schema, list | tuple):
        for each in schema:
            yield from _references_outside(each)


def surely_a_schema(schema: object) -> bool:
    """Whether a schema is a good one of plain keywords; False says nothing but that it must be looked at closely."""
    if isinstance(schema, bool):
        return True
    if not isinstance(schema, dict):
        return False
    return all(key in _PLAIN and _PLAIN[key](value) for key, value in schema.items())


def _is_type(value: object) -> bool:
    if isinstance(value, list):
        return bool(value) and len(value) == len({*map(str, value)}) and all(map(_is_type_name, value))
    return _is_type_name(value)


def _is_type_name(value: object) -> bool:
    return value in ("array", "boolean", "integer", "null", "number", "object", "string")


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_flag(value: object) -> bool:
    return isinstance(value, bool)


def _is_list(value: object) -> bool:
    return isinstance(value, list)


def _is_names(value: object) -> bool:
    return isinstance(value, list) and all(map(_is_text, value)) and len(set(value)) == len(value)


def _are_schemas(value: object) -> bool:
    return isinstance(value, dict) and all(_is_text(key) and surely_a_schema(each) for key, each in value.items())


def _is_choice(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(map(surely_a_schema, value))


def _is_anything(value: object) -> bool:
    return True


_PLAIN: Final[Mapping[Any, Callable[[object], bool]]] = {
    "type": _is_type,
    **dict.fromkeys(("title", "description", "$comment"), _is_text),
    **dict.fromkeys(("default", "const"), _is_anything),
    **dict.fromkeys(("enum", "examples"), _is_list),
    **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"), _is_number),
    **dict.fromkeys(("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"), _is_count),
    **dict.fromkeys(("uniqueItems", "deprecated"), _is_flag),
    **dict.fromkeys(("properties", "$defs"), _are_schemas),
    **dict.fromkeys(("items", "additionalProperties", "not", "if", "then", "else", "propertyNames"), surely_a_schema),
    **dict.fromkeys(("allOf", "anyOf", "oneOf"), _is_choice),
    "required": _is_names,
}
"""Keywords whose values can be looked at plainly. (A `pattern` is not: it must be a regular expression.)"""
