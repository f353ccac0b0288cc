"""What changed between two versions of a card, in words; weights as points of the total, out of 100."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from pauta.engine.evaluation.stakes import stakes
from pauta.engine.host import Host
from pauta.engine.model.scorecard import Band, Escalation, Kind, Question, Scorecard, Section, Text, Use
from pauta.reports.words import (
    answers_said,
    condition_said,
    criterion_said,
    critical_said,
    error_said,
    range_said,
    use_said,
)

T = TypeVar("T")
LEAST_POINTS: Final = 0.005
"""A share that moves by less than this many points of 100 is the same share."""


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. kind: added, removed, reworded, reweighted or changed. where: the thing it is about."""

    kind: str
    where: str
    text: str


def difference(old: Scorecard, new: Scorecard, host: Host) -> list[Change]:
    """Everything that differs in meaning or wording between two versions of a card, in the order of the new one."""
    return [
        *_heads(old, new),
        *_sections(old, new),
        *_questions(old, new),
        *_shares(old, new, host),
        *_scoring(old, new),
        *_bands(old, new),
        *_escalations(old, new),
    ]


def _heads(old: Scorecard, new: Scorecard) -> Iterator[Change]:
    if old.id != new.id:
        yield Change("changed", "card", f"the id was '{old.id}' and is '{new.id}'")
    yield from _reworded("card", "title", old.title, new.title)
    yield from _reworded("card", "description", old.description, new.description)
    yield from _said(
        "card", "it applies to calls where", condition_said(old.applies_to), condition_said(new.applies_to)
    )
    yield from _said("card", "fallback", str(old.fallback).lower(), str(new.fallback).lower())
    yield from _said("card", "in effect from", old.effective_from, new.effective_from)


def _sections(old: Scorecard, new: Scorecard) -> Iterator[Change]:
    yield from _listed("section", old.sections, new.sections, lambda each: each.id, _section)
    shared = [section.id for section in new.sections if section.id in {each.id for each in old.sections}]
    if shared != [section.id for section in old.sections if section.id in shared]:
        yield Change("changed", "card", f"the order of sections is now {', '.join(each.id for each in new.sections)}")


def _section(old: Section, new: Section) -> Iterator[Change]:
    where = f"section '{new.id}'"
    yield from _reworded(where, "title", old.title, new.title)
    yield from _reworded(where, "guidance", old.guidance, new.guidance)
    yield from _said(where, "weight", old.weight, new.weight, "reweighted")
    yield from _said(where, "it is asked when", condition_said(old.when), condition_said(new.when))


def _questions(old: Scorecard, new: Scorecard) -> Iterator[Change]:
    yield from _listed("question", old.questions, new.questions, lambda each: each.id, _question)
    for question in new.questions:
        if question.id in old.by_id:
            before, after = old.section_of[question.id].id, new.section_of[question.id].id
            yield from _said(f"question '{question.id}'", "section", before, after)


def _question(old: Question, new: Question) -> Iterator[Change]:
    where = f"question '{new.id}'"
    for name, before, after in (
        ("text", old.text, new.text),
        ("title", old.title, new.title),
        ("guidance", old.guidance, new.guidance),
    ):
        yield from _reworded(where, name, before, after)
    yield from _said(where, "answers", answers_said(old.answers), answers_said(new.answers))
    yield from _option_errors(where, old, new)
    for name, was_worth, is_worth in (
        ("weight", old.weight, new.weight),
        ("out_of", old.out_of, new.out_of),
        ("bonus", old.bonus, new.bonus),
    ):
        yield from _said(where, name, was_worth, is_worth, "reweighted")
    for name, was, is_now in (
        ("error", error_said(old.error), error_said(new.error)),
        ("it is asked when", condition_said(old.when), condition_said(new.when)),
        ("criterion", criterion_said(old.criterion), criterion_said(new.criterion)),
        ("default", old.default, new.default),
        ("required", old.required, new.required),
        ("comment", old.comment, new.comment),
        ("tags", ", ".join(old.tags), ", ".join(new.tags)),
        ("aim", old.aim, new.aim),
        ("policy", old.policy, new.policy),
        ("fault", old.fault.value, new.fault.value),
    ):
        yield from _said(where, name, was, is_now)


def _option_errors(where: str, old: Question, new: Question) -> Iterator[Change]:
    """Errors and titles of answers, where they do not follow from the question's own error."""
    before = {option.id: option for option in old.answers.options}
    for option in new.answers.options:
        if option.id in before:
            was = before[option.id]
            if old.error == new.error or new.answers.kind is Kind.MANY:
                yield from _said(where, f"answer '{option.id}' makes", error_said(was.error), error_said(option.error))
            yield from _reworded(where, f"title of answer '{option.id}'", was.title, option.title)
    if old.error == new.error:
        for was_range, is_range in zip(old.answers.ranges, new.answers.ranges, strict=False):
            name = f"{range_said(is_range)} makes"
            yield from _said(where, name, error_said(was_range.error), error_said(is_range.error))


def _shares(old: Scorecard, new: Scorecard, host: Host) -> Iterator[Change]:
    """Questions whose share of the total moved, whatever moved it."""
    before = {stake.question: 100 * stake.share for stake in stakes(old, host)}
    for stake in stakes(new, host):
        after = 100 * stake.share
        was = before.get(stake.question)
        if was is not None and abs(after - was) >= LEAST_POINTS:
            text = f"it was worth {was:.2f} points of the total and is worth {after:.2f} ({after - was:+.2f})"
            yield Change("reweighted", f"question '{stake.question}'", text)


def _scoring(old: Scorecard, new: Scorecard) -> Iterator[Change]:
    before, after = old.scoring, new.scoring
    for name, was, is_now in (
        ("the scoring method", use_said(before.method), use_said(after.method)),
        ("the pass mark", before.pass_mark, after.pass_mark),
        ("a critical error that fails the card", critical_said(before), critical_said(after)),
        ("non-critical errors that make a critical one", _accumulation(old), _accumulation(new)),
        ("an unverified question", *(_unverified(each.unverified_is_incomplete) for each in (before, after))),
        ("scores above 100", before.above_100, after.above_100),
        ("scores below 0", before.below_0, after.below_0),
        ("decimals", before.decimals, after.decimals),
    ):
        yield from _said("scoring", name, was, is_now)


def _accumulation(card: Scorecard) -> str | None:
    found = card.scoring.accumulation
    return f"{found.non_critical} make {error_said(found.make)}" if found else None


def _unverified(incomplete: bool) -> str:
    return "makes the evaluation incomplete" if incomplete else "hands its weight on"


def _bands(old: Scorecard, new: Scorecard) -> Iterator[Change]:
    def moved(before: Band, after: Band) -> Iterator[Change]:
        where = f"band '{after.id}'"
        yield from _said(where, "from", before.start, after.start)
        yield from _reworded(where, "title", before.title, after.title)

    yield from _listed("band", old.bands, new.bands, lambda each: each.id, moved)


def _escalations(old: Scorecard, new: Scorecard) -> Iterator[Change]:
    def changed(before: Escalation, after: Escalation) -> Iterator[Change]:
        where = f"escalation '{after.id}'"
        yield from _said(where, "it is raised when", condition_said(before.when), condition_said(after.when))
        yield from _said(where, "rule", use_said(before.rule), use_said(after.rule))
        yield from _said(where, "it does", _uses(before.do), _uses(after.do))

    yield from _listed("escalation", old.escalations, new.escalations, lambda each: each.id, changed)


def _uses(uses: Sequence[Use]) -> str:
    return "; ".join(use_said(use) for use in uses)


def _listed(
    what: str,
    old: Sequence[T],
    new: Sequence[T],
    id_of: Callable[[T], str],
    changed: Callable[[T, T], Iterator[Change]],
) -> Iterator[Change]:
    before = {id_of(each): each for each in old}
    after = {id_of(each) for each in new}
    for each in new:
        name = id_of(each)
        if name in before:
            yield from changed(before[name], each)
        else:
            yield Change("added", f"{what} '{name}'", "it is new")
    for name in before:
        if name not in after:
            yield Change("removed", f"{what} '{name}'", "it is gone")


def _said(where: str, name: str, before: object, after: object, kind: str = "changed") -> Iterator[Change]:
    if before != after:
        yield Change(kind, where, f"{name}: {_shown(before)} -> {_shown(after)}")


def _reworded(where: str, name: str, before: Text, after: Text) -> Iterator[Change]:
    languages = dict.fromkeys([*before.by_language, *after.by_language])
    for language in languages:
        was, is_now = before.by_language.get(language), after.by_language.get(language)
        if was != is_now:
            said = f" ({language})" if len(languages) > 1 else ""
            yield Change("reworded", where, f"{name}{said}: {_quoted(was)} -> {_quoted(is_now)}")


def _quoted(text: str | None) -> str:
    return "nothing" if text is None else f'"{text}"'


def _shown(value: object) -> str:
    if value is None or value == "":
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)


def difference_text(old: Scorecard, new: Scorecard, changes: Sequence[Change]) -> str:
    """The changes for a terminal, grouped by the thing they are about."""
    lines = [f"{old.name} -> {new.name}"]
    if not changes:
        return f"{lines[0]}\n  nothing that counts has changed\n"
    where = None
    for change in changes:
        if change.where != where:
            where = change.where
            lines.append(f"\n{where}")
        lines.append(f"  {change.kind}: {change.text}")
    return "\n".join(lines) + "\n"
