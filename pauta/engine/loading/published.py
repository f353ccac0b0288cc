"""The record of published versions: `published.yaml`, beside the cards, made to be kept with them in version control.

One line a version, with the digest of what the card means, so that a version that was changed afterwards is found out:

    retail:
      1.0.0: {published: 2026-03-01, digest: sha256:9f86d0...}
      1.1.0: {published: 2026-04-01, digest: sha256:60303a..., parent: base@2.0.3}
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeAlias

from pauta.engine.loading.data import Map
from pauta.engine.loading.text import read_yaml_file
from pauta.engine.loading.versions import Version, version_from
from pauta.engine.model.scorecard import Scorecard
from pauta.engine.problems import Place, Problem
from pauta.engine.whole_file import WholeFile

FILE: Final = "published.yaml"
Name: TypeAlias = tuple[str, str]
"""A card's id and version."""

_HEADING: Final = """\
# The published versions of the cards in this folder, as `pauta publish` recorded them. Keep this file with the cards;
# do not edit it: a published version never changes, and this is how a change is found out.
"""
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}\Z")
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Publication:
    """One version, published on a day. `parent`: the `id@version` that it was laid over, None where it stands alone."""

    card_id: str
    version: str
    digest: str
    day: str
    parent: str | None = None
    at: Place | None = None

    @property
    def name(self) -> str:
        """`id@version`."""
        return f"{self.card_id}@{self.version}"


@dataclass(frozen=True, slots=True)
class Published:
    """The record of one folder. Where it has `problems` nothing can be said of the versions of its cards."""

    folder: Path
    entries: Mapping[Name, Publication] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()

    def of(self, card_id: str, version: str) -> Publication | None:
        """What was recorded of a version, or None."""
        return self.entries.get((card_id, version))

    def highest(self, card_id: str) -> Version | None:
        """The highest version of a card that was recorded, or None."""
        found = (version_from(version) for name, version in self.entries if name == card_id)
        return max((version for version in found if version), default=None)

    def change(self, card: Scorecard, at: Place | None) -> Problem | None:
        """The problem of a card that was published and no longer means the same; None where all is well."""
        entry = self.of(card.id, card.version)
        if entry is None or entry.digest == card.digest:
            return None
        where = f", here or in {entry.parent}, which it extends" if entry.parent else ""
        hint = f"undo the change{where}, or give the card a new version"
        return Problem("E701", f"{card.name} was published on {entry.day}, and has been changed since", at, hint)

    def with_entries(self, more: Iterable[Publication]) -> Published:
        """The record with more versions in it."""
        return Published(self.folder, {**self.entries, **{(each.card_id, each.version): each for each in more}})

    def write(self) -> None:
        """Write the record into its folder. Raises OSError; the old one then stays as it was."""
        lines = [_HEADING]
        by_card: dict[str, list[Publication]] = {}
        for entry in self.entries.values():
            by_card.setdefault(entry.card_id, []).append(entry)
        for card_id in sorted(by_card):
            lines.append(f"{card_id}:\n")
            for entry in sorted(by_card[card_id], key=lambda each: _order(each.version)):
                parent = f", parent: {entry.parent}" if entry.parent else ""
                lines.append(f"  {entry.version}: {{published: {entry.day}, digest: sha256:{entry.digest}{parent}}}\n")
        file = WholeFile(self.folder / FILE)
        file.stream.writelines(lines)
        file.keep()


def read_published(folder: Path) -> Published:
    """The record in a folder; an empty one where there is none."""
    path = folder / FILE
    if not path.exists():
        return Published(folder)
    data, problems = read_yaml_file(path)
    if data is None:
        if [problem.code for problem in problems] == ["E103"]:
            return Published(folder)
        return Published(folder, {}, tuple(_unreadable(problem.message, problem.place) for problem in problems))
    wrong = [_unreadable(problem.message, problem.place) for problem in problems]
    entries: dict[Name, Publication] = {}
    for card_id, versions in data.items():
        if not isinstance(versions, Map):
            wrong.append(_unreadable(f"'{card_id}' has no versions under it", data.at_of(card_id)))
            continue
        for version, said in versions.items():
            entry = _entry(card_id, version, said, versions.key_at(version))
            if entry is None:
                wrong.append(
                    _unreadable(f"what is recorded of {card_id}@{version} is incomplete", versions.key_at(version))
                )
            else:
                entries[card_id, version] = entry
    return Published(folder, entries, tuple(wrong))


def _entry(card_id: str, version: str, said: object, at: Place) -> Publication | None:
    if not isinstance(said, Map) or not version_from(version):
        return None
    digest, day, parent = said.get("digest"), said.get("published"), said.get("parent")
    if not (isinstance(digest, str) and _DIGEST.match(digest) and isinstance(day, str) and _DAY.match(day)):
        return None
    if not (parent is None or isinstance(parent, str)):
        return None
    return Publication(card_id, version, digest.removeprefix("sha256:"), day, parent, at)


def _unreadable(what: str, at: Place | None) -> Problem:
    hint = "nobody edits this file: take it from version control, and publish what is missing again"
    return Problem("E710", f"the record of published versions cannot be trusted: {what}", at, hint)


def _order(version: str) -> str:
    found = version_from(version)
    return found.order if found else version
