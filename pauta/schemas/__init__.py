"""The published JSON Schemas, by name: what people author and what they hand in.

schema(name), schema_text(name)   as shipped: scorecard, cases, operation, call, evaluation
merged_schema(host, name)         with the options of every plugin that a host holds, for editors
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

NAMES: Final = ("scorecard", "cases", "operation", "call", "evaluation")


def schema_text(name: str) -> str:
    """The text of a schema file; KeyError where there is none of this name."""
    if name not in NAMES:
        raise KeyError(f"there is no schema '{name}'; there are: {', '.join(NAMES)}")
    return (Path(__file__).parent / f"{name}.schema.json").read_text(encoding="utf-8")


@cache
def schema(name: str) -> dict[str, Any]:
    """A schema as shipped, read once: not to be changed by the caller. KeyError where there is none of this name."""
    read: dict[str, Any] = json.loads(schema_text(name))
    return read


def merged_schema(host: object, name: str = "scorecard") -> dict[str, Any]:
    """A schema in which every place that names a plugin knows the names and options that `host` offers.

    `host` has the attributes `criteria`, `methods`, `actions`, `rules`, `sources` and `sinks`, each a mapping of name
    to a class with `options` (a JSON Schema) and perhaps `purpose`.
    """
    merged = copy.deepcopy(schema(name))
    places: dict[str, dict[str, list[tuple[str, ...]]]] = {
        "scorecard": {
            "criteria": [("$defs", "criterion")],
            "methods": [("properties", "scoring", "properties", "method")],
            "actions": [("$defs", "escalation", "properties", "do", "items")],
            "rules": [("$defs", "escalation", "properties", "rule")],
        },
        "operation": {
            "actions": [("$defs", "escalation", "properties", "do", "items")],
            "rules": [("$defs", "escalation", "properties", "rule")],
            "sources": [("properties", "sources", "items")],
            "sinks": [("properties", "sinks", "items")],
        },
    }
    for kind, paths in places.get(name, {}).items():
        uses = _uses(merged, kind, getattr(host, kind))
        for path in paths:
            _let_choose(_at(merged, path), uses, open_text=kind in ("sources", "sinks"))
    return merged


def _uses(merged: dict[str, Any], kind: str, offers: Mapping[str, Any]) -> dict[str, Any]:
    """One property for each name; its options go into `$defs`, where the plugin's own `$defs` find room too."""
    uses: dict[str, Any] = {"weighted": _bare("The weighted average of the answers.")} if kind == "methods" else {}
    for name, offered in sorted(offers.items()):
        home = f"{kind}.{name}"
        options = _moved(dict(getattr(offered, "options", {}) or {}), home, merged["$defs"])
        if kind == "sinks":  # what the operation may say of any sink; a plugin's own word goes first
            options["properties"] = {**merged["$defs"]["sink"]["properties"], **options.get("properties", {})}
        purpose = getattr(offered, "purpose", None) or options.get("description")
        merged["$defs"][home] = options if options.get("type") != "object" else {**options, "type": ["object", "null"]}
        uses[name] = {"$ref": f"#/$defs/{home}", **({"description": purpose} if purpose else {})}
    return uses


def _bare(purpose: str) -> dict[str, Any]:
    return {"type": "null", "description": purpose}


def _moved(options: dict[str, Any], home: str, defs: dict[str, Any]) -> dict[str, Any]:
    """A plugin's schema for its place under `$defs`: references that meant its own top now mean its new home."""

    def moved(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: reference(each) if key == "$ref" else moved(each) for key, each in value.items()}
        return [moved(each) for each in value] if isinstance(value, list | tuple) else value

    def reference(target: Any) -> Any:
        if target == "#":
            return f"#/$defs/{home}"
        return target.replace("#/$defs/", f"#/$defs/{home}.", 1) if isinstance(target, str) else target

    for name, own in options.pop("$defs", {}).items():
        defs[f"{home}.{name}"] = moved(own)
    options.pop("$schema", None)
    result: dict[str, Any] = moved(options)
    return result


def _let_choose(place: dict[str, Any], uses: Mapping[str, Any], *, open_text: bool) -> None:
    """Let a place that takes any plugin take these: a name alone, or a name with its options."""
    place["properties"] = {**place.get("properties", {}), **uses}
    place["additionalProperties"] = False
    if not open_text:
        place["allOf"] = [{"if": {"type": "string"}, "then": {"enum": list(uses)}}]


def _at(merged: dict[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    here: Any = merged
    for step in path:
        here = here[step]
    found: dict[str, Any] = here
    return found
