"""The operation's folder as commands see it: its file, its plugins, its cards, its calls and answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import pauta.scorecards
from pauta.engine.host import BUILT_IN, Host
from pauta.engine.loading.catalog import Catalog, files_of_cards
from pauta.engine.loading.load import cases_beside, load_cases
from pauta.engine.loading.operation import FILE, Operation, find_operation, load_operation
from pauta.engine.loading.publish import publish
from pauta.engine.loading.standing import standing_escalations
from pauta.engine.model.scorecard import Example, Scorecard
from pauta.engine.problems import Place, Problem, ProblemsFound, has_errors, in_order
from pauta.followup.calendar import calendar_of
from pauta.followup.carriers import unknown_carriers

DATABASE: Final = "pauta.db"
"""Where results go when neither the command nor the operation says so: the embedded store, in the folder."""


@dataclass(frozen=True, slots=True)
class Tested:
    """A card with all the examples that test it: its own and those of the cases file beside it."""

    scorecard: Scorecard
    examples: tuple[Example, ...]
    file: str


class Workspace:
    """The operation in a folder or the nearest one above it, or none.

    Everything is read at its first use. Raises ProblemsFound where the operation's own file is wrong.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.operation_file = find_operation(folder or Path())

    @cached_property
    def operation(self) -> Operation | None:
        """What `pauta.yaml` says, None where there is none."""
        if self.operation_file is None:
            return None
        operation, problems = load_operation(_near(self.operation_file))
        if operation is None:
            raise ProblemsFound(problems)
        return operation

    @cached_property
    def host(self) -> Host:
        """The plugins: built in, installed, and those of the operation's own folder."""
        if self.operation is None:
            return Host()
        watch = self.operation.watch
        return Host(folder=self.operation.plugins, isolate=watch.isolate, timeouts=watch.timeouts, memory=watch.memory)

    @property
    def scorecards(self) -> tuple[Path, ...]:
        """Where the operation's cards are."""
        if self.operation is None:
            hint = f"name a card, or run it in a folder that has a {FILE}; `pauta init FOLDER` makes one"
            raise ProblemsFound(
                [Problem("E740", f"there is no {FILE} here, so there are no cards to choose from", None, hint)]
            )
        return self.operation.scorecards

    @cached_property
    def catalog(self) -> Catalog:
        """The operation's cards; those that plugins bring stand behind them."""
        return Catalog([*self.scorecards, *self._brought(built_in=False)], self.host, parents_in=self.shipped)

    def _brought(self, *, built_in: bool) -> list[Path]:
        """Where plugins bring cards: built-in ones, or those of others."""
        return [path for name, path in self.host.scorecards if (name in BUILT_IN) is built_in]

    @cached_property
    def shipped(self) -> list[Path]:
        """The starter cards and the packs' cards: there to be named or extended; by themselves they score nothing."""
        return [Path(pauta.scorecards.__file__).parent, *self._brought(built_in=True)]

    def catalog_of(self, named: Sequence[str]) -> Catalog:
        """The catalogue of the cards that are named by their files, the operation's beside them for parents."""
        own = self.operation.scorecards if self.operation else ()
        parents = [*own, *self._brought(built_in=False), *self.shipped]
        return Catalog(named, self.host, parents_in=parents)

    def card_files(self, paths: Sequence[str]) -> list[Path]:
        """The files of cards that paths mean; without paths the operation's."""
        return files_of_cards([Path(path) for path in paths] if paths else list(self.scorecards))

    def check(self, paths: Sequence[str]) -> list[Problem]:
        """Everything that is wrong with cards, their cases, their versions, and plugins that they may need."""
        catalog = self.catalog_of(paths) if paths else self.catalog
        problems = [*catalog.problems, *self.host.problems, *([] if paths else self._of_operation())]
        for loaded in catalog.loaded:
            beside = cases_beside(loaded.file)
            if beside is not None:
                problems += load_cases(beside, loaded.scorecard)[1]
        return in_order(problems)

    def _of_operation(self) -> list[Problem]:
        """What is wrong with the operation's own escalations, its calendar, and the sinks that escalations name."""
        if self.operation is None:
            return []
        standing, problems = standing_escalations(self.operation.data, self.host)
        of_cards = [each for loaded in self.catalog.loaded if loaded.scorecard for each in loaded.scorecard.escalations]
        problems += unknown_carriers([*of_cards, *standing], self.operation.sinks, self.host)
        return problems + calendar_of(self.operation, today=datetime.now(UTC).date())[1]

    def tested_cards(self, paths: Sequence[str], problems: list[Problem]) -> Iterator[Tested]:
        """Each card with its examples; what keeps one from being tested goes to `problems`."""
        catalog = self.catalog_of(paths) if paths else self.catalog
        problems += [problem for problem in catalog.problems if problem.severity == "error"]
        for loaded in catalog.loaded:
            if loaded.scorecard is None:
                continue
            examples = loaded.scorecard.examples
            beside = cases_beside(loaded.file)
            if beside is not None:
                cases, found = load_cases(beside, loaded.scorecard)
                problems += [problem for problem in found if problem.severity == "error"]
                examples = (*examples, *cases)
            yield Tested(loaded.scorecard, examples, loaded.file)

    def card(self, named: str, day: date | None = None) -> Scorecard:
        """The one card that a file, `id` or `id@version` means.

        Raises ProblemsFound where there is none, or where it has errors.
        """
        if is_file(named):
            return self._card_in(named)
        card_id, _, wanted = named.partition("@")
        found = self._catalog_with(card_id).resolve(card_id, wanted or None, day)
        if isinstance(found, Problem):
            raise ProblemsFound([found])
        return found

    def _card_in(self, file: str) -> Scorecard:
        catalog = self.catalog_of([file])
        cards = catalog.cards
        if len(cards) == 1:
            return cards[0]
        errors = [problem for problem in catalog.problems if problem.severity == "error"]
        if not errors:
            count = f"there are {len(cards)} cards" if cards else "there is no card"
            errors = [Problem("E712", f"{count} in '{file}', and one is wanted", Place(file))]
        raise ProblemsFound(errors)

    def _catalog_with(self, *ids: str) -> Catalog:
        """The operation's catalogue; with the shipped cards where an id is asked for that only they have."""
        own = self.catalog if self.operation else None
        if own is not None and set(ids) <= set(own.ids):
            return own
        shipped = Catalog(self.shipped, self.host)
        wanted = [
            Path(card.file) for card in shipped.cards if card.id in ids and (own is None or card.id not in own.ids)
        ]
        if not wanted:
            return self.catalog
        places = [*self.scorecards, *self._brought(built_in=False)] if own is not None else []
        return Catalog([*places, *wanted], self.host, parents_in=self.shipped)

    def cards_named(self, named: Sequence[str]) -> tuple[Catalog, list[Scorecard | str]]:
        """The catalogue and what a router takes for the cards named: files as cards, ids as they are."""
        files = [each for each in named if is_file(each)]
        if not files:
            return self._catalog_with(*(each.partition("@")[0] for each in named)), list(named)
        cards: list[Scorecard | str] = []
        catalog = self.catalog_of(files)
        if has_errors(catalog.problems):
            raise ProblemsFound([problem for problem in catalog.problems if problem.severity == "error"])
        cards += catalog.cards
        others = [each for each in named if each not in files]
        if others:
            cards += others
            catalog = Catalog([*files, *self.scorecards], self.host)
        return catalog, cards

    def publish(self, named: str) -> list[str]:
        """Publish a card's version; returns what was done, in sentences.

        Raises ProblemsFound where it cannot be published.
        """
        catalog = self.catalog_of([named]) if is_file(named) else self.catalog
        cards = catalog.cards if is_file(named) else [self.card(named)]
        errors = [problem for problem in catalog.problems if problem.severity == "error"]
        if errors or not cards:
            raise ProblemsFound(errors or [Problem("E712", f"there is no card in '{named}'", Place(named))])
        done = publish(cards, catalog, datetime.now(UTC).date())
        if has_errors(done.problems):
            raise ProblemsFound(done.problems)
        return [
            *(f"{each.name} is published, digest {each.digest[:12]}" for each in done.published),
            *(f"{each.name} was published before, unchanged" for each in done.already),
            *(f"{problem.code}  {problem.message}" for problem in done.problems),
        ]

    def schema(self, name: str) -> dict[str, Any]:
        """A published schema with the options of every plugin that is loaded here.

        Raises ProblemsFound where there is no schema of that name.
        """
        from pauta.engine.problems import did_you_mean
        from pauta.schemas import NAMES, merged_schema, schema

        if name not in NAMES:
            hint = did_you_mean(name, NAMES) or f"there are: {', '.join(NAMES)}"
            raise ProblemsFound([Problem("E742", f"there is no schema '{name}'", None, hint)])
        return merged_schema(self.host, name) if name in ("scorecard", "operation") else schema(name)


def is_file(named: str) -> bool:
    """Whether a card is named by its file and not by its id."""
    return Path(named).exists() or named.endswith((".yaml", ".yml")) or "/" in named


def _near(path: Path) -> Path:
    """A path as people wrote it: from the current folder where it lies below it."""
    here = Path().resolve()
    return path.relative_to(here) if path.is_relative_to(here) else path
