"""What to write instead: the hint of a Problem of shape, where one can be given."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from pauta.engine.loading.data import meaning, written
from pauta.engine.problems import did_you_mean


def listed(words: Sequence[str], last: str = "or") -> str:
    """Words as a sentence lists them: `a, b or c`."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {last} {words[-1]}"


def short(text: str, most: int = 40) -> str:
    """A text on one line, cut where it is long."""
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1] + "…"


def shown(value: object) -> str:
    """A value as a sentence quotes it."""
    match value:
        case str():
            return f"'{short(value)}'"
        case None:
            return "empty"
        case Mapping():
            return "a map" if value else "an empty map"
        case list() | tuple():
            return "a list" if value else "an empty list"
    return short(written(value))


def type_hint(value: object, names: Sequence[str], schema: Mapping[str, Any]) -> str | None:
    """What to write in place of a value that is not one of the named JSON types."""
    only_text = "string" in names and ("propertyNames" in schema or set(names) <= {"string", "null"})
    match value:
        case str() if {"number", "integer"} & set(names):
            return _number_hint(value)
        case str() if "boolean" in names:
            truth = {"yes": "true", "on": "true", "no": "false", "off": "false"}.get(value.casefold())
            return f"write {truth or 'true or false'}"
        case str() if names == ["array"]:
            return f"write it as a list: [{short(value)}]"
        case Mapping() if names == ["array"]:
            return "write '- ' before each entry"
        case bool() | int() | float() if only_text:
            return f"put it in quotes: '{written(value)}'"
    return None


def _number_hint(text: str) -> str | None:
    text = text.strip()
    if re.fullmatch(r"[-+]?\d+,\d+", text):
        return f"write {text.replace(',', '.')}: a number has a point, not a comma"
    if re.fullmatch(r"[-+]?\d+([.,]\d+)? ?%", text):
        return f"write {text.rstrip('% ').replace(',', '.')}"
    if isinstance(meaning(text), int | float) and not isinstance(meaning(text), bool):
        return f"write {text} without quotes"
    return None


def three_parts(value: object) -> str:
    """What to write in place of a version that is none."""
    parts = written(value).split(".")
    if not all(part.isdecimal() for part in parts) or len(parts) > 3:
        return 'write version: "1.0.0"'
    return f'put it in quotes and give three parts: version: "{".".join([*parts, "0", "0"][:3])}"'


def form_hint(form: str, value: str) -> str | None:
    """What to write in place of a text without the form (`format`) that it must have."""
    match form:
        case "pauta-id":
            made = re.sub(r"[^\w-]+", "_", value).strip("_")[:64]
            return f"write {made}" if made else None
        case "pauta-card-id":
            made = re.sub(r"[^a-z0-9]+", "-", value.casefold()).strip("-")[:64]
            return f"write {made}" if made else None
        case "pauta-version":
            return three_parts(value)
        case "date" if found := re.fullmatch(r"(\d\d?)[./-](\d\d?)[./-](\d{4})", value):
            day, month, year = found.groups()
            return f"write {year}-{int(month):02}-{int(day):02}, if the day stands first"
        case "pauta-answer":
            return "shorten it, and put the rest into its title"
        case "pauta-language" if "_" in value:
            return f"write {value.replace('_', '-')}"
        case "pauta-extends" if "@" not in value:
            return f"write {value}@^1.0"
    return None


_EXAMPLES: Final = {
    "scorecard": "scorecard: inbound-service",
    "version": 'version: "1.0.0"',
    "sections": "sections: [{section: opening, questions: [...]}]",
    "section": "section: opening",
    "questions": "questions: [{question: greeting, answers: yes_no}]",
    "question": "question: greeting",
    "band": "band: good",
    "escalation": "escalation: critical-error",
    "do": "do: [coach]",
}


def example_of(key: str, schema: Mapping[str, Any]) -> str | None:
    """How a key that is missing may be written."""
    if key in _EXAMPLES:
        return f"write {_EXAMPLES[key]}"
    if "enum" in schema:
        return f"write {key}: {listed([written(each) for each in schema['enum']])}"
    if schema.get("examples"):
        return f"write {key}: {shown(schema['examples'][0])}"
    return None


def known_hint(key: str, known: Collection[str], written: Collection[str], root: Mapping[str, Any]) -> str | None:
    """The key that was meant by one that is not `known` here, or where it belongs; `written` are those in use."""
    offered = [name for name in known if name not in ("after", "remove") and name not in written]
    if near := did_you_mean(key, offered):
        return near
    homes = [home for home, keys in _homes(root).items() if key in keys]
    if homes:
        return f"'{key}' belongs to {listed(homes)}"
    return f"there are: {', '.join(known)}" if 0 < len(known) <= 12 else None


_HOMES: Final = {
    "section": "a section", "question": "a question", "option": "an answer", "range": "a range", "band": "a band",
    "escalation": "an escalation", "example": "an example", "expect": "expect", "choose_many": "answers",
    "turn": "a turn", "call": "a call",
}  # fmt: skip


def _homes(root: Mapping[str, Any]) -> dict[str, set[str]]:
    """The keys of every kind of thing that a file may hold, for a key that stands in the wrong one."""
    top = root.get("properties", {})
    homes = {"the top of the file": set(top)}
    homes |= {name: set(each["properties"]) for name, each in top.items() if "properties" in each}
    definitions = root.get("$defs", {})
    return homes | {
        home: set(definitions[name].get("properties", {})) for name, home in _HOMES.items() if name in definitions
    }
