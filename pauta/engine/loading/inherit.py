"""One card laid over another: `merge(child, parent)` (SCORECARD.md section 2, "Inheritance").

Maps merge key by key, lists whose entries have ids merge by id, everything else replaces. Every piece keeps the place
in the file that it came from, so that a problem of an inherited question is shown in the parent's file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from pauta.engine.loading.data import Map, Seq
from pauta.engine.loading.pieces import maps_in, word_in
from pauta.engine.problems import Place, Problem, did_you_mean

NOT_INHERITED: Final = ("scorecard", "version", "status", "effective", "fallback", "changes", "examples")
REPLACED_AS_WHOLES: Final = ("answers", "when", "criterion", "error", "applies_to")
LISTS: Final = {"sections": "section", "questions": "question", "bands": "band", "escalations": "escalation"}
"""Lists whose entries have ids, and the key that the id stands under."""

Value: TypeAlias = Callable[[str, object, object], object]
"""Merges what stands under a key: (key, the child's, the parent's or None)."""

_FORMS: Final = ("choose", "scale", "number")
_PARTS: Final = ("options", "at_most", "anchors", "ranges")
_ONE_OF: Final = ("rule", "method")
_NOTES: Final = ("after", "remove")


def merge(child: Map, parent: Map) -> tuple[Map, list[Problem]]:
    """The child laid over its parent, both as they were read; and what the child says about entries that are not there.

    Neither of the two is changed. A parent that extends a card itself is merged with that one first.
    """
    problems: list[Problem] = []
    return _Merge(problems).maps(child, _inherited(parent)), problems


def strays(data: Map) -> list[Problem]:
    """`after` and `remove` in a card that extends none, where they mean nothing."""
    return [
        Problem("E353", f"'{note}' stands in a card that extends no other", entry.key_at(note), _STRAY_HINT)
        for entry in _entries(data)
        for note in _NOTES
        if note in entry
    ]


_STRAY_HINT: Final = "lists are in the order in which they are written; only a card with extends places and removes"


def _entries(data: Map) -> list[Map]:
    sections = list(maps_in(data, "sections"))
    questions = [question for section in sections for question in maps_in(section, "questions")]
    return [*sections, *questions, *maps_in(data, "bands"), *maps_in(data, "escalations")]


def _inherited(parent: Map) -> Map:
    found = Map(parent.at)
    for key in parent:
        if key not in NOT_INHERITED:
            found.put(key, parent[key], parent.key_at(key), parent.at_of(key))
    return found


@dataclass
class _Listed:
    """An entry of a merged list. `placed`: the id that it was put after, None where it stands where it stood."""

    name: str | None
    value: Any
    at: Place
    placed: str | None = None


class _Merge:
    """One merge of two cards; what is wrong with it is added to the problems."""

    def __init__(self, problems: list[Problem]) -> None:
        self._problems = problems

    def maps(self, child: Map, parent: Map, value: Value | None = None, leave: Sequence[str] = ()) -> Map:
        """Key by key. `value` merges what stands under a key of both; `leave` names keys that are not taken over."""
        value = value or self.value
        found = Map(child.at)
        for key in parent:
            if key in child:
                found.put(key, value(key, child[key], parent[key]), child.key_at(key), child.at_of(key))
            elif key not in leave:
                found.put(key, parent[key], parent.key_at(key), parent.at_of(key))
        for key in child:
            if key not in parent:
                found.put(key, value(key, child[key], None), child.key_at(key), child.at_of(key))
        return found

    def value(self, key: str, child: object, parent: object) -> object:
        """What stands under a key that the child has."""
        if key in REPLACED_AS_WHOLES:
            return child
        if isinstance(child, Map) and isinstance(parent, Map):
            if key == "answer_sets":
                return self.maps(child, parent, self.answer_set)
            replaced = key in _ONE_OF and list(child) != list(parent)
            return child if replaced else self.maps(child, parent)
        if isinstance(child, Seq) and key in LISTS:
            return self.lists(child, parent if isinstance(parent, Seq) else Seq(child.at), LISTS[key])
        return child

    def answer_set(self, name: str, child: object, parent: object) -> object:
        """One answer set, or the options in it; a set of another form replaces its namesake."""
        if isinstance(child, Map) and isinstance(parent, Map):
            return self.maps(child, parent, self.answer_set) if _same_form(child, parent) else child
        if isinstance(child, Seq) and isinstance(parent, Seq) and name != "ranges":
            in_full = all(isinstance(each, Map) for each in (*child, *parent))
            return self.lists(child, parent, "answer") if in_full else child
        return child

    def lists(self, child: Seq, parent: Seq, key: str) -> Seq:
        """By id: known ones merge in their place, new ones append; then removing, then placing."""
        entries = [_Listed(_id_of(each, key), each, parent.at_of(n)) for n, each in enumerate(parent)]
        old = {entry.name: entry for entry in reversed(entries) if entry.name is not None}
        gone: list[_Listed] = []
        for n, each in enumerate(child):
            name = _id_of(each, key)
            entry = old.pop(name, None) if name is not None else None
            if isinstance(each, Map) and each.get("remove") is True:
                if entry is None:
                    self._absent(f"'{name}' is to be removed", name, each.at_of(key), [*old], key)
                else:
                    gone.append(entry)
            elif entry is None:
                entries.append(_Listed(name, self.entry(each, None), child.at_of(n)))
            else:
                entry.value, entry.at = self.entry(each, entry.value), child.at_of(n)
        kept = [entry for entry in entries if not any(entry is each for each in gone)]
        for each in _in_order_of_anchors(child, key):
            self.place(kept, each, key)
        found = Seq(child.at)
        for entry in kept:
            found.add(entry.value, entry.at)
        return found

    def entry(self, child: object, parent: object) -> object:
        """One entry of a list, without what it said about its place."""
        if not isinstance(child, Map):
            return child
        old = parent if isinstance(parent, Map) else Map(child.at)
        leave = [*_NOTES]
        if "escalation" in child:  # what raises it is one of the two
            leave += [
                other for own, other in (("rule", "when"), ("when", "rule")) if own in child and other not in child
            ]
        plain = Map(child.at)
        for key in child:
            if key not in _NOTES:
                plain.put(key, child[key], child.key_at(key), child.at_of(key))
        return self.maps(plain, old, leave=leave)

    def place(self, entries: list[_Listed], child: Map, key: str) -> None:
        """Move an entry behind the one that it names, and behind those that were put there before it."""
        name, anchor = word_in(child, key), word_in(child, "after")
        here = next((entry for entry in entries if entry.name == name), None)
        if here is None or anchor is None:
            return
        rest = [entry for entry in entries if entry is not here]
        names = [entry.name for entry in rest]
        if anchor not in names:
            self._absent(f"'{name}' is to stand after '{anchor}'", anchor, child.at_of("after"), names, key)
            return
        here.placed = anchor
        behind = names.index(anchor) + 1
        group = {anchor}
        while behind < len(rest) and rest[behind].placed in group:
            group.add(rest[behind].name or "")
            behind += 1
        entries[:] = [*rest[:behind], here, *rest[behind:]]

    def _absent(self, said: str, wanted: str | None, at: Place, names: Iterable[str | None], kind: str) -> None:
        known = [name for name in names if name is not None]
        hint = did_you_mean(wanted or "", known) or f"there are: {', '.join(known) or 'none'}"
        self._problems.append(Problem("E351", f"{said}, but there is no such {kind}", at, hint))


def _id_of(entry: object, key: str) -> str | None:
    return word_in(entry, key) if isinstance(entry, Map) else None


def _in_order_of_anchors(entries: Seq, key: str) -> list[Map]:
    """The entries that are to be placed, each behind those that it is to stand behind."""
    waiting = [each for each in entries if isinstance(each, Map) and "after" in each and each.get("remove") is not True]
    found: list[Map] = []
    while waiting:
        names = {word_in(each, key) for each in waiting}
        free = [each for each in waiting if word_in(each, "after") not in names] or waiting
        found += free
        waiting = [each for each in waiting if not any(each is one for one in free)]
    return found


def _same_form(child: Map, parent: Map) -> bool:
    """Whether a child's answer set is of the form of its parent's, or names only parts of it."""
    own, old = (next((form for form in _FORMS if form in answers), None) for answers in (child, parent))
    return own == old or (own is None and all(key in _PARTS for key in child))
