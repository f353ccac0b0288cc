"""A card from its file: text, shape, inheritance, meaning; with every problem that was found on the way, in order.

load_card(path, host)        the card of a file
card_from_text(text, host)   the card of a text, for tests and forms
load_cases(path, card)       the examples of a cases file, held against its card
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pauta.engine.host import Host
from pauta.engine.loading.data import Map
from pauta.engine.loading.examples import ExamplesReader, check_names
from pauta.engine.loading.inherit import merge, strays
from pauta.engine.loading.pieces import word_in
from pauta.engine.loading.sense import scorecard_from
from pauta.engine.loading.shape import check_shape
from pauta.engine.loading.text import read_yaml, read_yaml_file
from pauta.engine.model.scorecard import Example, Scorecard
from pauta.engine.problems import Place, Problem, has_errors, in_order


@dataclass(frozen=True, slots=True)
class Loaded:
    """What became of a file. `scorecard` is None where there is an error; `data` is merged, None if unreadable."""

    scorecard: Scorecard | None
    problems: tuple[Problem, ...]
    file: str
    data: Map | None = None


@dataclass(frozen=True, slots=True)
class ParentFound:
    """The card that another extends: its data as read from its file, not merged with its own parent, and its name."""

    data: Map
    name: str


class Parents(Protocol):
    """Finds the card that `id@range` means; a Problem at the place of the `extends` where there is none."""

    def __call__(self, wanted: str, at: Place, /) -> ParentFound | Problem:
        """The parent, or why there is none."""
        ...


def load_card(path: Path | str, host: Host, *, parents: Parents | None = None) -> Loaded:
    """The card of a file. Nothing is raised: a missing file is a problem of the result, too."""
    data, problems = read_yaml_file(path)
    has_cases = cases_beside(path) is not None
    return _loaded(data, problems, host, str(path), parents, has_cases=has_cases)


def card_from_text(text: str, host: Host, file: str = "<text>", *, parents: Parents | None = None) -> Loaded:
    """The card of a text; `file` is what places are said to be in."""
    data, problems = read_yaml(text, file)
    return _loaded(data, problems, host, file, parents, has_cases=False)


def cases_beside(path: Path | str) -> Path | None:
    """The cases file that belongs to a card's file, None where there is none."""
    beside = Path(path).with_name(f"{Path(path).stem}.cases.yaml")
    return beside if beside.is_file() else None


def load_cases(path: Path | str, card: Scorecard | None) -> tuple[tuple[Example, ...], list[Problem]]:
    """The examples of a cases file; where the card is known they are held against it as its own are."""
    data, problems = read_yaml_file(path)
    if data is None:
        return (), in_order(problems)
    problems += check_shape(data, "cases")
    answers = {} if card is None else {question.id: question.answers for question in card.questions}
    if card is None:
        return (), in_order(problems)
    named = word_in(data, "scorecard")
    if named is not None and named != card.id:
        message = f"these are cases of '{named}', and the card beside them is '{card.id}'"
        problems.append(
            Problem("E373", message, data.at_of("scorecard"), "the name of the file says whose cases they are")
        )
    bands, escalations = [band.id for band in card.bands], [each.id for each in card.escalations]
    examples = ExamplesReader(answers, bands, escalations, problems).read(data)
    problems += check_names(card.examples, examples)
    return examples, in_order(problems)


def _loaded(
    data: Map | None, problems: list[Problem], host: Host, file: str, parents: Parents | None, *, has_cases: bool
) -> Loaded:
    if data is None:
        return Loaded(None, tuple(in_order(problems)), file)
    shape = check_shape(data, "scorecard")
    parent = None
    if "extends" in data:
        merged, parent, found = _with_parents(data, parents, ())
        if merged is None:
            return Loaded(None, tuple(in_order([*problems, *shape, *found])), file, data)
        problems += found
        shape += check_shape(_standing_alone(merged), "scorecard")
        data = merged
    else:
        problems += strays(data)
    sound = not has_errors([*problems, *shape])
    card, found = scorecard_from(data, host, file=file, parent=parent, sound=sound)
    if not data.get("examples") and not has_cases:
        hint = "write at least one: a call, answers and the score they must come to"
        found.append(Problem("W409", "the card has no examples, so nothing tests it", data.key_at("scorecard"), hint))
    every = in_order([*problems, *shape, *found])
    return Loaded(None if has_errors(every) else card, tuple(every), file, data)


def _with_parents(
    data: Map, parents: Parents | None, below: Sequence[str]
) -> tuple[Map | None, str | None, list[Problem]]:
    """A card laid over its parents, the name of the nearest, and problems; no data where a parent is not to be had.

    below: the names of the cards that extend this one, the first one first.
    """
    wanted, at = data.get("extends"), data.at_of("extends")
    if not isinstance(wanted, str):
        return None, None, []
    if parents is None:
        hint = "cards that build on others are loaded from a folder of cards"
        return None, None, [Problem("E350", f"there is no place to look for '{wanted}'", at, hint)]
    found = parents(wanted, at)
    if isinstance(found, Problem):
        return None, None, [found]
    chain = [*below, f"{word_in(data, 'scorecard')}@{word_in(data, 'version')}"]
    if found.name in chain:
        links = [*chain[chain.index(found.name) :], found.name]
        message = f"cards extend each other in a circle: {' extends '.join(links)}"
        return None, None, [Problem("E352", message, at, "one of them must stand alone")]
    base: Map | None = found.data
    problems: list[Problem] = []
    if "extends" in found.data:
        base, _, problems = _with_parents(found.data, parents, chain)
        if base is None:
            return None, None, problems
    merged, more = merge(data, base or Map(at))
    return merged, found.name, [*problems, *more]


def _standing_alone(merged: Map) -> Map:
    """A merged card as the schema sees one that builds on no other: everything must be there."""
    found = Map(merged.at)
    for key in merged:
        if key != "extends":
            found.put(key, merged[key], merged.key_at(key), merged.at_of(key))
    return found
