"""Pieces of a card's data by kind: each reader returns nothing where the piece is of another kind.

The check of a card's shape has named such a piece already, and says so only once if those who ask for its meaning
leave it alone. So the whole card is understood as far as it goes, and one fault makes one problem.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from pauta.engine.loading.data import Map, Seq, WrittenFloat, written
from pauta.engine.model.conditions import number_of
from pauta.engine.model.scorecard import Text, Use


def maps_in(data: Map, key: str) -> Iterator[Map]:
    """The maps in the list under a key."""
    value = data.get(key)
    yield from (each for each in value if isinstance(each, Map)) if isinstance(value, Seq) else ()


def map_in(data: Map, key: str) -> Map | None:
    """The map under a key."""
    value = data.get(key)
    return value if isinstance(value, Map) else None


def word_in(data: Map, key: str) -> str | None:
    """The text under a key; numbers and truth values as written."""
    value = data.get(key)
    return None if isinstance(value, Map | Seq | None) or is_refused(value) else written(value)


def number_in(data: Map, key: str) -> float | None:
    """The number under a key."""
    value = data.get(key)
    return number_of(value) if isinstance(value, int | float) else None


def flag_in(data: Map, key: str, otherwise: bool = False) -> bool:
    """The truth value under a key."""
    value = data.get(key)
    return value if isinstance(value, bool) else otherwise


def words_in(data: Map, key: str) -> tuple[str, ...]:
    """The texts in the list under a key."""
    value = data.get(key)
    if not isinstance(value, Seq):
        return ()
    return tuple(written(each) for each in value if not isinstance(each, Map | Seq | None))


def text_in(data: Map, key: str, language: str) -> Text:
    """The text for people under a key; a plain string stands under the language of the card."""
    return text_from(data.get(key), language)


def text_from(value: object, language: str) -> Text:
    """A text for people: a string, or a map of language to string."""
    if isinstance(value, Map):
        return Text({name: each for name, each in value.items() if isinstance(each, str)})
    return Text({language: value}) if isinstance(value, str) else Text()


def plain_use(use: Use) -> Use:
    """The same use of a plugin with plain options."""
    options: Any = plain(use.options)
    return Use(use.name, options, use.at)


def plain(value: object) -> object:
    """Data without places and without the text of numbers."""
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return int(value)
    return float(value) if isinstance(value, float) else value


def is_refused(value: object) -> bool:
    """Whether this stands for a number that the reader of the file has refused, and told of."""
    return isinstance(value, WrittenFloat) and not math.isfinite(value)
