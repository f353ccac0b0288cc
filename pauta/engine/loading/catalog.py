"""The cards of an operation, version by version: found in their folders, loaded, held against what was published.

    Catalog(paths, host)              loads every card; `problems` says all that is wrong
    resolve(id, wanted, day)          the version asked for, else the one of a day (SCORECARD.md section 2, "Versions")
    in_effect(day)                    of every card the version that scores the calls of a day

A version counts as published when its status is active or retired. `pauta publish` seals it beside that: from then on a
change is a problem, and the changed card scores nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Final

from pauta.engine.host import Host
from pauta.engine.loading.data import Map
from pauta.engine.loading.load import Loaded, ParentFound, load_card
from pauta.engine.loading.pieces import map_in, word_in
from pauta.engine.loading.published import FILE, Published, read_published
from pauta.engine.loading.text import read_yaml_file
from pauta.engine.loading.versions import RANGE_FORMS, Version, range_from, version_from
from pauta.engine.model.scorecard import Scorecard
from pauta.engine.problems import Place, Problem, did_you_mean, in_order

DEEPEST: Final = 5
"""So many cards may lie under one."""

NO_CARDS: Final = (FILE, "pauta.yaml")


@dataclass(frozen=True)
class Edition:
    """One version of one card, as its file says it. `refused`: why it scores nothing, None where it may."""

    card_id: str
    version: Version
    status: str
    effective_from: str
    effective_until: str | None
    loaded: Loaded
    refused: Problem | None = None

    @property
    def name(self) -> str:
        """`id@version`."""
        return f"{self.card_id}@{self.version}"

    @property
    def published(self) -> bool:
        """Whether it is meant to score: active, or retired and still there for the calls of its time."""
        return self.status in ("active", "retired")

    def in_effect(self, day: date) -> bool:
        """Whether it is in effect on a day; `until` is the first day without it."""
        return self.effective_from <= str(day) and (self.effective_until is None or str(day) < self.effective_until)

    def card(self) -> Scorecard | Problem:
        """The card, or why there is none."""
        if self.refused is not None:
            return self.refused
        if self.loaded.scorecard is not None:
            return self.loaded.scorecard
        hint = f"`pauta check {self.loaded.file}` says what is wrong with it"
        return Problem("E713", f"{self.name} has errors and scores nothing", Place(self.loaded.file), hint)


class Catalog:
    """The cards in files and folders. Parents are also looked for beside a card's file and in `parents_in`."""

    def __init__(self, paths: Iterable[Path | str], host: Host, *, parents_in: Iterable[Path | str] = ()) -> None:
        self._host = host
        given = [Path(path) for path in paths]
        self.files = files_of_cards(given)
        self._parents_in = [Path(path) for path in parents_in]
        self._folders = {path.resolve() for path in given if path.is_dir()}
        self._published: dict[Path, Published] = {}
        self._heads: dict[Path, Map | None] = {}
        self.loaded: list[Loaded] = [load_card(file, host, parents=_Parents(self)) for file in self.files]
        self._problems: list[Problem] = [problem for loaded in self.loaded for problem in loaded.problems]
        self.editions: dict[str, list[Edition]] = {}
        for loaded in self.loaded:
            self._take(loaded)
        self._refuse_doubles()
        self._look_at_records()

    def __getstate__(self) -> dict[str, object]:
        """Everything but the plugins: a catalogue goes to other processes, which load their own."""
        return {**vars(self), "_host": None}

    @cached_property
    def problems(self) -> list[Problem]:
        """Everything that is wrong with the cards and with their versions, in order."""
        return in_order(self._problems)

    @property
    def ids(self) -> Sequence[str]:
        """The ids of all cards, in order."""
        return sorted(self.editions)

    @property
    def cards(self) -> list[Scorecard]:
        """Every version of every card that may score, by id and version."""
        every = [edition.card() for card_id in self.ids for edition in self.editions[card_id]]
        return [card for card in every if isinstance(card, Scorecard)]

    def resolve(self, card_id: str, wanted: str | None = None, day: date | None = None) -> Scorecard | Problem:
        """The version that is asked for (`1.2.0`, a range), else the highest published one in effect on a day.

        Without a day the highest published one. A draft is found only by its own number.
        """
        editions = self.editions.get(card_id)
        if not editions:
            hint = did_you_mean(card_id, self.ids) or (f"there are: {', '.join(self.ids)}" if self.ids else None)
            return Problem("E712", f"there is no card '{card_id}'", None, hint)
        if wanted is not None:
            return self._asked_for(card_id, editions, wanted)
        edition = _of_day(editions, day)
        if edition is not None:
            return edition.card()
        there = ", ".join(f"{each.version} ({each.status}{_period(each)})" for each in editions)
        when = f"was in effect on {day}" if day else "is published"
        return Problem("E709", f"no version of '{card_id}' {when}", None, f"there are: {there}")

    def in_effect(self, day: date) -> list[Scorecard]:
        """Of every card the version that scores the calls of a day, by id. Where that one is refused, none does."""
        found = (_of_day(self.editions[card_id], day) for card_id in self.ids)
        cards = (edition.card() for edition in found if edition is not None)
        return [card for card in cards if isinstance(card, Scorecard)]

    def document(self, card: Scorecard) -> Map | None:
        """A card as it was read and merged."""
        editions = self.editions.get(card.id, ())
        return next((each.loaded.data for each in editions if each.loaded.scorecard is card), None)

    def record_beside(self, file: str | Path) -> Published:
        """What was published of the cards in a file's folder."""
        folder = Path(file).parent
        if folder not in self._published:
            self._published[folder] = read_published(folder)
        return self._published[folder]

    def forget_records(self) -> None:
        """Read the records of published versions anew, after one was written."""
        self._published.clear()

    def _asked_for(self, card_id: str, editions: Sequence[Edition], wanted: str) -> Scorecard | Problem:
        exact, bounds = version_from(wanted), range_from(wanted)
        if bounds is None:
            return Problem("E706", f"'{wanted}' is no version and no range of versions", None, f"write {RANGE_FORMS}")
        fitting = [each for each in editions if each.version == exact or (each.published and each.version in bounds)]
        if fitting:
            return fitting[-1].card()
        hint = f"there are: {', '.join(str(each.version) for each in editions)}"
        drafts = [each for each in editions if each.version in bounds]
        if drafts:
            hint = f"{drafts[-1].version} is a draft, and found only by its own number"
        return Problem("E711", f"there is no version {wanted} of '{card_id}'", None, hint)

    def _take(self, loaded: Loaded) -> None:
        data = loaded.data
        card_id, version = (word_in(data, "scorecard"), word_in(data, "version")) if data is not None else (None, None)
        number = version_from(version) if version else None
        if data is None or not card_id or number is None:
            return
        effective = map_in(data, "effective")
        start, until = (
            (word_in(effective, "from"), word_in(effective, "until")) if effective is not None else (None, None)
        )
        status = word_in(data, "status") or "active"
        edition = Edition(card_id, number, status, start or "", until, loaded)
        self.editions.setdefault(card_id, []).append(self._checked(edition, data))
        self.editions[card_id].sort(key=lambda each: each.version)

    def _checked(self, edition: Edition, data: Map) -> Edition:
        """The edition, refused where it was changed after it was published, or where nobody can tell."""
        record = self.record_beside(edition.loaded.file)
        self._problems += record.problems
        if record.problems:
            return replace(edition, refused=record.problems[0])
        card = edition.loaded.scorecard
        change = record.change(card, data.at_of("version")) if card is not None else None
        if change is not None:
            self._problems.append(change)
            return replace(edition, refused=change)
        if record.of(edition.card_id, str(edition.version)) and not edition.published:
            hint = "set status to active, or to retired where it is no longer to be used"
            message = f"{edition.name} was published, and its status is {edition.status}: it scores nothing"
            self._problems.append(Problem("W703", message, data.at_of("status"), hint))
        return edition

    def _refuse_doubles(self) -> None:
        for card_id, editions in self.editions.items():
            by_version: dict[Version, list[Edition]] = {}
            for edition in editions:
                by_version.setdefault(edition.version, []).append(edition)
            double: dict[Version, Problem] = {}
            for version, several in by_version.items():
                for edition in several[1:]:
                    message = f"{edition.name} is in two files, here and in '{several[0].loaded.file}'"
                    at = edition.loaded.data.at_of("version") if edition.loaded.data is not None else None
                    double[version] = Problem("E702", message, at, "give one of them another version, or remove it")
                    self._problems.append(double[version])
            if double:
                self.editions[card_id] = [
                    replace(each, refused=double.get(each.version, each.refused)) for each in editions
                ]

    def _look_at_records(self) -> None:
        """Published versions whose file is gone: the calls of their days have no card any more."""
        folders = [folder for folder in {file.parent for file in self.files} if self._whole(folder)]
        there = {edition.name for editions in self.editions.values() for edition in editions}
        for folder in folders:
            for entry in self.record_beside(folder / FILE).entries.values():
                if entry.name not in there:
                    hint = "keep the file of a published version, its status retired"
                    message = f"{entry.name} was published on {entry.day}, and no file holds it any more"
                    self._problems.append(Problem("W701", message, entry.at, hint))

    def _whole(self, folder: Path) -> bool:
        """Whether all cards of a folder were to be loaded, and not some of its files."""
        resolved = folder.resolve()
        return any(resolved == given or given in resolved.parents for given in self._folders)

    def heads(self, beside: Path) -> dict[Path, Map | None]:
        """Every card that could be a parent of one in a folder, as its file says it; None where it cannot be read."""
        here = sorted(each for each in beside.glob("*.y*ml") if _may_be_card(each))
        for file in [*self.files, *here, *files_of_cards(self._parents_in)]:
            path = file.resolve()
            if path not in self._heads:
                self._heads[path] = read_yaml_file(file)[0]
        return self._heads


class _Parents:
    """Finds the parents of one card, and of its parents in turn."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._found = 0

    def __call__(self, wanted: str, at: Place, /) -> ParentFound | Problem:
        """The card that `id@range` means: the version recorded when the child was published, else the highest."""
        card_id, _, written = wanted.partition("@")
        bounds = range_from(written)
        if bounds is None:
            return Problem("E706", f"'{written}' in '{wanted}' is no range of versions", at, f"write {RANGE_FORMS}")
        self._found += 1
        if self._found > DEEPEST:
            hint = "let the card extend one that lies nearer to the ground"
            return Problem("E705", f"more than {DEEPEST} cards lie under each other here", at, hint)
        heads = self._catalog.heads(Path(at.file).parent)
        child = heads.get(Path(at.file).resolve())
        record = self._catalog.record_beside(at.file)
        entry = record.of(_word(child, "scorecard"), _word(child, "version"))
        if entry is not None and entry.parent is not None and entry.parent.partition("@")[0] == card_id:
            fixed = range_from(entry.parent.partition("@")[2])
            bounds = fixed if fixed is not None else bounds
        candidates = {
            version: head for head in heads.values()
            if _word(head, "scorecard") == card_id and (version := version_from(_word(head, "version")))
        }  # fmt: skip
        drafts_too = _word(child, "status") == "draft" or entry is not None
        fitting = [version for version in candidates if version in bounds]
        published = [version for version in fitting if _word(candidates[version], "status") != "draft"]
        chosen = max(published or (fitting if drafts_too else []), default=None)
        if chosen is None:
            return _no_parent(wanted, at, candidates, heads, fitting)
        found = candidates[chosen]
        assert found is not None, "a card without data has no id"
        return ParentFound(found, f"{card_id}@{chosen}")


def _no_parent(
    wanted: str,
    at: Place,
    candidates: dict[Version, Map | None],
    heads: dict[Path, Map | None],
    drafts: Sequence[Version],
) -> Problem:
    message = f"there is no card '{wanted}' to extend"
    if drafts:
        return Problem("E703", message, at, f"{max(drafts)} is a draft: only drafts extend drafts")
    if candidates:
        return Problem("E703", message, at, f"there are versions {', '.join(map(str, sorted(candidates)))}")
    ids = sorted({_word(head, "scorecard") for head in heads.values() if head is not None} - {""})
    unread = sorted(path.name for path, head in heads.items() if head is None)
    hint = did_you_mean(wanted.partition("@")[0], ids)
    if unread:
        hint = f"{hint + '; ' if hint else ''}these files could not be read: {', '.join(unread)}"
    return Problem("E703", message, at, hint)


def _word(head: Map | None, key: str) -> str:
    return (word_in(head, key) or "") if head is not None else ""


def _of_day(editions: Sequence[Edition], day: date | None) -> Edition | None:
    """The highest published edition in effect on a day; whether it may score is another question."""
    fitting = [each for each in editions if each.published and (day is None or each.in_effect(day))]
    return fitting[-1] if fitting else None


def _period(edition: Edition) -> str:
    start = f" from {edition.effective_from}" if edition.effective_from else ""
    return start + (f" until {edition.effective_until}" if edition.effective_until else "")


def files_of_cards(paths: Iterable[Path]) -> list[Path]:
    """The files that hold cards: those named, and in folders every YAML file but cases, records and operations."""
    found: dict[Path, Path] = {}
    for path in paths:
        inside = (
            sorted(each for ending in ("*.yaml", "*.yml") for each in path.rglob(ending)) if path.is_dir() else [path]
        )
        for file in inside:
            if file == path or (_may_be_card(file) and not _hidden(file, path)):
                found.setdefault(file.resolve(), file)
    return list(found.values())


def _may_be_card(file: Path) -> bool:
    return file.name not in NO_CARDS and not file.stem.endswith(".cases") and file.is_file()


def _hidden(file: Path, folder: Path) -> bool:
    return any(part.startswith(".") for part in file.relative_to(folder).parts)
