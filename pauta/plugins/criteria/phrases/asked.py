"""What a use of `phrase` asks for: its options, read, with every fault named by its place in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, TypeAlias

from pauta.plugins.criteria.phrases.language import Sought, read_phrase
from pauta.plugins.criteria.phrases.window import Window, read_window

PARTS: Final = ("any", "all", "none")
ALL_LANGUAGES: Final = ""
Path: TypeAlias = tuple[str | int, ...]
"""Where in the options: keys and positions, `("any", 2)`."""
Fault: TypeAlias = tuple[Path, str]


@dataclass(frozen=True)
class Slot:
    """One phrase of a use: which list it stands in, and for which language."""

    part: str
    language: str
    phrase: Sought


@dataclass(frozen=True)
class Asked:
    """The options of one use. languages: part -> the languages it has lists for; ALL_LANGUAGES where it is one list."""

    slots: tuple[Slot, ...] = ()
    languages: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    at_least: int = 1
    speaker: str | None = None
    window: Window | None = None

    @cached_property
    def by_language(self) -> bool:
        """Whether a part has lists for languages."""
        return any(languages != (ALL_LANGUAGES,) for languages in self.languages.values())

    @cached_property
    def _all(self) -> tuple[int, ...]:
        return tuple(range(len(self.slots)))

    @cached_property
    def patterns(self) -> tuple[int, ...]:
        """The slots that hold patterns."""
        return tuple(n for n, slot in enumerate(self.slots) if slot.phrase.pattern is not None)

    def chosen(self, language: str | None) -> tuple[int, ...] | None:
        """The slots that a call in a language is asked for, None where a part has no list for it."""
        if not self.by_language:
            return self._all
        chosen: list[int] = []
        for part, languages in self.languages.items():
            listed = _nearest(language, languages)
            if listed is None:
                return None
            chosen += (n for n, slot in enumerate(self.slots) if slot.part == part and slot.language == listed)
        return tuple(chosen)


def _nearest(language: str | None, listed: Sequence[str]) -> str | None:
    """The language itself, else the language it is a variety of (`es` for `es-MX`), else None."""
    if listed == (ALL_LANGUAGES,):
        return ALL_LANGUAGES
    name = _tag(language or "")
    while name and name not in listed:
        name = name.rpartition("-")[0]
    return name or None


def _tag(language: str) -> str:
    return language.casefold().replace("_", "-")


def read_options(options: Mapping[str, object]) -> tuple[Asked, list[Fault]]:
    """What the options ask for, as far as they can be read, and what is wrong with them."""
    faults: list[Fault] = []
    slots: dict[tuple[str, str, object], Slot] = {}
    languages: dict[str, tuple[str, ...]] = {}
    for part in (part for part in PARTS if part in options):
        lists = _lists(options[part])
        languages[part] = tuple(language for language, _, _ in lists)
        for language, path, texts in lists:
            for slot, wrong in _slots(part, language, (part, *path), texts):
                faults += [wrong] if wrong else []
                if slot:
                    slots.setdefault((part, language, slot.phrase.wordings or slot.phrase.text), slot)
    if not languages:
        faults.append(((), "a phrase criterion needs one of `any`, `all` and `none`"))
    asked = list(slots.values())
    at_least = options.get("at_least", 1)
    assert isinstance(at_least, int)
    if "at_least" in options and not faults:
        faults += _too_few(asked, languages, at_least)
    window = options.get("within")
    read = None
    if isinstance(window, Mapping):
        try:
            read = read_window(window)
        except ValueError as error:
            faults.append((("within",), str(error)))
    speaker = options.get("speaker")
    return Asked(tuple(asked), languages, at_least, str(speaker) if speaker else None, read), faults


def _lists(written: object) -> list[tuple[str, Path, Sequence[str]]]:
    """The lists of a part: language, the path to it, phrases."""
    if isinstance(written, Mapping):
        return [(_tag(language), (language,), texts) for language, texts in written.items()]
    assert isinstance(written, Sequence)
    return [(ALL_LANGUAGES, (), written)]


def _slots(part: str, language: str, path: Path, texts: Sequence[str]) -> Iterator[tuple[Slot | None, Fault | None]]:
    for n, text in enumerate(texts):
        try:
            yield Slot(part, language, read_phrase(text)), None
        except ValueError as error:
            yield None, ((*path, n), str(error))


def _too_few(slots: Sequence[Slot], languages: Mapping[str, Sequence[str]], at_least: int) -> Iterator[Fault]:
    if "any" not in languages:
        yield ("at_least",), "`at_least` counts phrases of `any`, and there is no `any`"
    for language in languages.get("any", ()):
        count = sum(slot.part == "any" and slot.language == language for slot in slots)
        if count < at_least:
            where = f" in '{language}'" if language else ""
            yield ("at_least",), f"`at_least` asks for {at_least} different phrases, and `any` has {count}{where}"
