"""Publishing: from now on a version never changes. `publish(cards, catalog, day)` records it beside the cards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from pauta.engine.loading.catalog import Catalog
from pauta.engine.loading.published import FILE, Publication
from pauta.engine.loading.versions import version_from
from pauta.engine.model.scorecard import Scorecard
from pauta.engine.problems import Place, Problem, has_errors


@dataclass(frozen=True, slots=True)
class Publishing:
    """What came of it: versions published now, versions that were already, and what stands against the others."""

    published: tuple[Publication, ...] = ()
    already: tuple[Publication, ...] = ()
    problems: tuple[Problem, ...] = ()


def publish(cards: Sequence[Scorecard], catalog: Catalog, day: date) -> Publishing:
    """Record versions of cards as published: the digest of what they mean, and for a child its parent's version.

    All or nothing: where one of them may not be published, none is. A version that was published as it is stays so.
    """
    new: dict[Path, list[Publication]] = {}
    already: list[Publication] = []
    problems: list[Problem] = []
    for card in cards:
        record = catalog.record_beside(card.file)
        before = record.of(card.id, card.version)
        against = list(record.problems) or _against(card, catalog, cards)
        if before is not None and before.digest == card.digest and not record.problems:
            already.append(before)
            continue
        problems += against
        new.setdefault(record.folder, []).append(
            Publication(card.id, card.version, card.digest, str(day), card.parent, Place(card.file))
        )
    if has_errors(problems):
        return Publishing(already=tuple(already), problems=tuple(problems))
    for folder, entries in new.items():
        record = catalog.record_beside(folder / FILE)
        try:
            record.with_entries(entries).write()
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            problems.append(
                Problem("E714", f"'{folder / FILE}' cannot be written: {reason}", Place(str(folder / FILE)))
            )
            return Publishing(already=tuple(already), problems=tuple(problems))
    catalog.forget_records()
    published = tuple(entry for entries in new.values() for entry in entries)
    return Publishing(published, tuple(already), tuple(problems))


def _against(card: Scorecard, catalog: Catalog, together: Sequence[Scorecard]) -> list[Problem]:
    """What stands against publishing a card, warnings among it."""
    at = Place(card.file)
    record = catalog.record_beside(card.file)
    change = record.change(card, at)
    if change is not None:
        return [change]
    found: list[Problem] = []
    if card.status == "draft":
        hint = "set status: active, or leave it out; it does not change what the card means"
        found.append(Problem("E707", f"{card.name} is a draft, and drafts are not published", at, hint))
    if card.parent is not None and not _is_published(card.parent, catalog, together):
        message = f"{card.name} extends {card.parent}, which is not published"
        found.append(Problem("E708", message, at, f"publish {card.parent} first, or both together"))
    highest, version = record.highest(card.id), version_from(card.version)
    if highest is not None and version is not None and version < highest:
        message = f"{card.name} is lower than {highest}, which is published already"
        hint = "calls are scored by the highest version in effect on their day, so that this one may never be used"
        found.append(Problem("W702", message, at, hint))
    return found


def _is_published(name: str, catalog: Catalog, together: Sequence[Scorecard]) -> bool:
    if any(card.name == name for card in together):
        return True
    card_id, _, version = name.partition("@")
    files = [edition.loaded.file for edition in catalog.editions.get(card_id, ())]
    return any(catalog.record_beside(file).of(card_id, version) is not None for file in files)
