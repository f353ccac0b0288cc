"""What jsonschema found, in a designer's words: which thing, what it is, what it must be, what to write instead.

`problems_of(faults)` makes the Problems: one function for each keyword of a schema. The thing is named as
the card names it (question 'greeting': weight), the place is that of the key or of the value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final

from pauta.engine.loading.data import place_at, written
from pauta.engine.loading.hints import example_of, form_hint, known_hint, listed, short, shown, three_parts, type_hint
from pauta.engine.problems import Place, Problem, did_you_mean, nearest

MOST_PROBLEMS: Final = 200
_ID_KEYS: Final = ("question", "section", "band", "escalation", "example", "answer")
_FORMAT_CODES: Final = {
    "pauta-version": "E207",
    "pauta-id": "E208",
    "pauta-card-id": "E208",
    "date": "E210",
    "pauta-duration": "E211",
    "pauta-extends": "E212",
    "pauta-language": "E213",
    "pauta-answer": "E214",
}
_TYPES: Final = {
    "string": "a text", "number": "a number", "integer": "a whole number", "boolean": "true or false",
    "object": "a map ('key: value')", "array": "a list", "null": "empty",
}  # fmt: skip


class Fault:
    """One error of jsonschema together with the data it is about.

    `path` leads from the data to the value, `keyword` and `wanted` are the schema's, `value` is what was found.
    """

    def __init__(
        self, data: object, error: Any, root: Mapping[str, Any], *, owner: str = "", at: Place | None = None
    ) -> None:
        """Take an error of jsonschema; `at` is the place of data that has none of its own, `owner` whose data it is."""
        self.data = data
        self.error = error
        self.root = root
        self.keyword: str = error.validator or "false"
        self.wanted: Any = error.validator_value
        self.value: Any = error.instance
        self.schema: Mapping[str, Any] = error.schema if isinstance(error.schema, Mapping) else {}
        self.path: list[str | int] = list(error.absolute_path)
        self.is_key = "propertyNames" in error.absolute_schema_path
        self._at = at
        self.misspelt: frozenset[str] = frozenset()
        labels, self.thing = _named(data, self.path)
        self.owner = ", ".join([owner, *labels] if owner else labels)

    @property
    def at(self) -> Place:
        """The place of the value, or of the key where it is the key that is wrong."""
        path = [*self.path, self.value] if self.is_key else self.path
        place = place_at(self.data, path, key=self.is_key)
        return place if place.file or self._at is None else self._at

    def problem(self, code: str, rest: str, hint: str | None = None, *, at: Place | None = None) -> Problem:
        """A Problem whose sentence begins with the owner, as in "question 'greeting': weight is empty"."""
        message = f"{self.owner}: {rest}" if self.owner else rest
        return Problem(code, message, at or self.at, hint)

    def place_of(self, key: str) -> Place:
        """The place of a key of the value."""
        place = place_at(self.data, [*self.path, key], key=True)
        return place if place.file or self._at is None else self._at

    @property
    def code(self) -> str | None:
        """The code of the form that a text of this kind has; None where it has none."""
        return _FORMAT_CODES.get(self.schema.get("format", ""))

    @property
    def subject(self) -> str:
        """The value by its key; the whole by what it is."""
        if self.is_key:
            return f"the key '{short(self.value)}'" + (f" of {self.thing}" if self.thing else "")
        return self.thing or ("this" if self.owner else "the file")


def problems_of(faults: Iterable[Fault]) -> Iterator[Problem]:
    """The Problems of all errors of one file; a key that is misspelt is not reported as missing, too."""
    every = list(faults)
    misspelt: dict[tuple[str | int, ...], set[str]] = {}
    for fault in every:
        if fault.keyword == "additionalProperties":
            near = {nearest(key, fault.schema.get("properties", {})) for key in _unknown(fault)}
            misspelt.setdefault(tuple(fault.path), set()).update(name for name in near if name)
    for fault in every:
        fault.misspelt = frozenset(misspelt.get(tuple(fault.path), ()))
        yield from _problems_of(fault)


def _problems_of(fault: Fault) -> list[Problem]:
    explain = _EXPLAIN.get(fault.keyword)
    if explain is not None:
        return list(explain(fault))
    if fault.error.context:
        return _innermost(fault)
    return [fault.problem("E218", f"{fault.subject} is {shown(fault.value)}: {_plain(fault.error.message)}")]


def _innermost(fault: Fault) -> list[Problem]:
    """Of an error with branches (`anyOf` in a plugin's schema) the one that lies deepest."""
    from jsonschema.exceptions import best_match

    deepest = best_match([fault.error])
    if deepest is None or deepest is fault.error:
        return [fault.problem("E218", f"{fault.subject} is {shown(fault.value)}, which is none of what it may be")]
    inner = Fault(fault.data, deepest, fault.root, at=fault._at)
    inner.owner = fault.owner
    return _problems_of(inner)


def _plain(message: str) -> str:
    return message if len(message) <= 160 else message[:159] + "…"


def _named(data: object, path: Sequence[str | int]) -> tuple[list[str], str]:
    """The things a path passes, by their ids ("question 'greeting'"), and the rest of the path as people say it.

    The id of a thing is no part of it: where it is the id that is wrong, the thing has no name yet.
    """
    labels: list[str] = []
    rest = ""
    here: Any = data
    for step in path:
        here = here[step]
        if isinstance(step, str):
            rest += f"{'' if not rest else ': ' if rest[-1].isdecimal() else '.'}{step}"
            continue
        kind = next((key for key in _ID_KEYS if isinstance(here, Mapping) and key in here), None)
        if kind is None or path[-1] == kind:
            rest += f"{', ' if rest else ''}entry {step + 1}"
        else:
            label = f"{kind} '{short(written(here[kind]))}'"
            labels = [*labels, label] if kind == "answer" else [label]
            rest = ""
    return labels, rest


def _type(fault: Fault) -> Iterable[Problem]:
    names = [fault.wanted] if isinstance(fault.wanted, str) else list(fault.wanted)
    wanted = listed([_TYPES[name] for name in names])
    if fault.code == "E207":
        yield fault.problem("E207", f"{fault.subject} is {shown(fault.value)}, and a version has three parts, as text",
                            three_parts(fault.value))  # fmt: skip
        return
    numeric = {"number", "integer"} & set(names) and set(names) <= {"number", "integer", "null"}
    code = "E204" if numeric else fault.code or "E203"
    rest = "has no value" if fault.value is None else f"is {shown(fault.value)}"
    yield fault.problem(
        code, f"{fault.subject} {rest}; it must be {wanted}", type_hint(fault.value, names, fault.schema)
    )


def _form(fault: Fault) -> Iterable[Problem]:
    """A text without the form it must have (`pattern`, `format`)."""
    form = fault.schema.get("format", "")
    rule = fault.schema.get("patternErrorMessage") or (
        f"it must match {fault.wanted}" if fault.keyword == "pattern" else f"it must be {_plain(str(fault.wanted))}"
    )
    if form == "date" and re.fullmatch(r"\d{4}-\d\d-\d\d", fault.value):
        rule = "there is no such day"
    yield fault.problem(fault.code or "E217", f"{fault.subject} is not allowed: {rule}" if fault.is_key else
                        f"{fault.subject} is {shown(fault.value)}; {rule}", form_hint(form, fault.value))  # fmt: skip


def _enum(fault: Fault) -> Iterable[Problem]:
    words = [written(each) for each in fault.wanted]
    found = written(fault.value) if isinstance(fault.value, str | int | float | bool) else ""
    yield fault.problem("E205", f"{fault.subject} is {shown(fault.value)}; it must be {listed(words)}",
                        did_you_mean(found, words))  # fmt: skip


_BOUNDS: Final = {
    "minimum": "{} or more",
    "maximum": "{} or less",
    "exclusiveMinimum": "more than {}",
    "exclusiveMaximum": "less than {}",
    "multipleOf": "a multiple of {}",
}


def _bound(fault: Fault) -> Iterable[Problem]:
    bound = _BOUNDS[fault.keyword].format(written(fault.wanted))
    yield fault.problem("E206", f"{fault.subject} is {shown(fault.value)}; it must be {bound}")


def _too_few(fault: Fault) -> Iterable[Problem]:
    count = len(fault.value)
    found = "is empty" if not count else f"has {count} entries"
    needs = "one entry" if fault.wanted == 1 else f"{fault.wanted} entries"
    yield fault.problem("E209", f"{fault.subject} {found}; it needs at least {needs}")


def _too_many(fault: Fault) -> Iterable[Problem]:
    if fault.wanted == 1 and isinstance(fault.value, Mapping):
        names = listed([f"'{short(key)}'" for key in fault.value], "and")
        hint = "write each as an entry of its own, its options under it"
        yield fault.problem("E216", f"{fault.subject} names {names}; it must name one thing", hint)
        return
    yield fault.problem("E216", f"{fault.subject} has {len(fault.value)} entries; {fault.wanted} is the most")


def _length(fault: Fault) -> Iterable[Problem]:
    if not fault.value:
        yield fault.problem("E215", f"{fault.subject} is an empty text")
        return
    bound = f"{fault.wanted} at {'most' if fault.keyword == 'maxLength' else 'least'}"
    yield fault.problem("E215", f"{fault.subject} has {len(fault.value)} characters; it must have {bound}")


def _required(fault: Fault) -> Iterable[Problem]:
    """Keys that must be there. jsonschema has an error for each of them: the same Problems, told once."""
    properties = fault.schema.get("properties", {})
    who = ": ".join(filter(None, (fault.owner, fault.thing))) or "the file"
    for key in fault.wanted:
        if key not in fault.value and key not in fault.misspelt:
            hint = example_of(key, properties.get(key, {}))
            yield Problem("E202", f"{who} has no '{key}'", fault.at, hint)


def _unknown(fault: Fault) -> list[str]:
    """The first keys that the schema does not know; those whose value was refused already (NaN) are left alone."""
    known = fault.schema.get("properties", {})
    patterns = list(fault.schema.get("patternProperties", {}))
    unknown = (
        key
        for key, value in fault.value.items()
        if key not in known and value == value and not any(re.search(pattern, key) for pattern in patterns)
    )
    return list(islice(unknown, MOST_PROBLEMS))


def _unknown_keys(fault: Fault) -> Iterable[Problem]:
    where = f" of {fault.thing}" if fault.thing else ""
    for key in _unknown(fault):
        hint = known_hint(key, fault.schema.get("properties", {}), fault.value, fault.root)
        yield fault.problem("E201", f"unknown key '{short(key)}'{where}", hint, at=fault.place_of(key))


def _false(fault: Fault) -> Iterable[Problem]:
    """A value that no value may be; jsonschema gives the place of the map around it."""
    yield fault.problem("E201", f"{shown(fault.value)} may not stand here")


def _unique(fault: Fault) -> Iterable[Problem]:
    yield fault.problem("E218", f"{fault.subject} holds the same entry twice")


_EXPLAIN: Final[dict[str, Callable[[Fault], Iterable[Problem]]]] = {
    "type": _type,
    "pattern": _form,
    "format": _form,
    "enum": _enum,
    **dict.fromkeys(_BOUNDS, _bound),
    "minItems": _too_few,
    "minProperties": _too_few,
    "maxItems": _too_many,
    "maxProperties": _too_many,
    "minLength": _length,
    "maxLength": _length,
    "required": _required,
    "additionalProperties": _unknown_keys,
    "uniqueItems": _unique,
    "false": _false,
}
