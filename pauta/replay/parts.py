"""The parts of a card in which two versions score differently, and a card with one part as the other version has it.

A part is a question (new, gone, or with another meaning), a section's weight or condition, or one rule of `scoring`.
Wording, bands and escalations are no parts: they make no call pass or fail.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from pauta.engine.model.conditions import All, AnyOf, Condition, NoneOf, Test
from pauta.engine.model.scorecard import Answers, Question, Scorecard, Scoring, Section, Use

RULES: Final = (
    ("pass_mark", ("pass_mark",)),
    ("on_critical", ("on_critical", "on_critical_limit")),
    ("accumulation", ("accumulation",)),
    ("unverified", ("unverified_is_incomplete",)),
    ("method", ("method",)),
    ("bounds", ("above_100", "below_0")),
    ("decimals", ("decimals",)),
)
"""The rules of `scoring`, each with the fields that make it."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part in which two versions differ. kind: question, section, weights (of all sections) or scoring.

    change: added, removed or changed.
    """

    kind: str
    id: str
    change: str = "changed"


def parts_between(old: Scorecard, new: Scorecard) -> list[Part]:
    """Every part in which two versions score differently: questions in the new order, then what is gone, the rest."""
    return [*_questions(old, new), *_sections(old, new), *_rules(old.scoring, new.scoring)]


def _questions(old: Scorecard, new: Scorecard) -> Iterator[Part]:
    for question in new.questions:
        was = old.by_id.get(question.id)
        if was is None:
            yield Part("question", question.id, "added")
        elif old.section_of[question.id].id != new.section_of[question.id].id or _meaning(was) != _meaning(question):
            yield Part("question", question.id)
    yield from (Part("question", each.id, "removed") for each in old.questions if each.id not in new.by_id)


def _sections(old: Scorecard, new: Scorecard) -> Iterator[Part]:
    before = {section.id: section for section in old.sections}
    same_kind = old.weighted_sections == new.weighted_sections
    if not same_kind:
        yield Part("weights", "sections")
    for section in new.sections:
        was = before.get(section.id)
        if was is not None and (
            _condition(was.when) != _condition(section.when) or (same_kind and was.weight != section.weight)
        ):
            yield Part("section", section.id)


def _rules(old: Scoring, new: Scoring) -> Iterator[Part]:
    for rule, names in RULES:
        if [_plain(getattr(old, name)) for name in names] != [_plain(getattr(new, name)) for name in names]:
            yield Part("scoring", rule)


def with_part(base: Scorecard, other: Scorecard, part: Part) -> Scorecard:
    """A card that is `base` but for one part, which is as `other` has it."""
    if part.kind == "question":
        return replace(base, sections=tuple(_with_question(base, other, part.id)))
    if part.kind == "scoring":
        names = dict(RULES)[part.id]
        return replace(base, scoring=replace(base.scoring, **{name: getattr(other.scoring, name) for name in names}))
    theirs = {section.id: section for section in other.sections}
    return replace(base, sections=tuple(_with_section(own, theirs.get(own.id), part, other) for own in base.sections))


def _with_section(own: Section, theirs: Section | None, part: Part, other: Scorecard) -> Section:
    if part.kind == "weights":
        missing = 0.0 if other.weighted_sections else None
        return replace(own, weight=missing if theirs is None else theirs.weight)
    return replace(own, weight=theirs.weight, when=theirs.when) if theirs and own.id == part.id else own


def _with_question(base: Scorecard, other: Scorecard, name: str) -> Iterator[Section]:
    """The sections of `base` with one question as `other` has it: replaced, moved, put in at the end, or left out."""
    theirs = other.by_id.get(name)
    home = other.section_of[name] if theirs is not None else None
    placed = False
    for section in base.sections:
        here = home is not None and section.id == home.id
        kept = [each for each in section.questions if each.id != name]
        if theirs is not None and here:
            at = next((n for n, each in enumerate(section.questions) if each.id == name), len(kept))
            kept.insert(at, theirs)
            placed = True
        if kept:
            yield replace(section, questions=tuple(kept))
    if theirs is not None and home is not None and not placed:
        weight = (home.weight or 0.0) if base.weighted_sections else None
        yield replace(home, weight=weight, questions=(theirs,))


def _meaning(question: Question) -> object:
    """What of a question bears on scores and verdicts, without words and places."""
    criterion = question.criterion
    return (
        _answers(question.answers), question.weight, question.out_of, question.max_points, question.bonus,
        question.error, question.comment, _condition(question.when), question.default, question.required,
        criterion and (_plain(criterion.use), criterion.met, criterion.not_met, criterion.confirm),
    )  # fmt: skip


def criterion_changed(old: Question, new: Question) -> bool:
    """Whether a question answers itself in another way."""

    def said(question: Question) -> object:
        return question.criterion and _plain(question.criterion.use)

    return said(old) != said(new)


def _answers(answers: Answers) -> object:
    options = [(each.id, each.points, each.not_applicable, each.error, each.comment_required)
               for each in answers.options]  # fmt: skip
    ranges = [(each.start, each.stop, each.points, each.error, each.comment_required) for each in answers.ranges]
    return answers.kind, options, ranges, answers.at_most, answers.minimum, answers.maximum


def _condition(condition: Condition | None) -> object:
    match condition:
        case Test():
            return condition.subject, condition.operator, condition.operand
        case All(parts) | AnyOf(parts) | NoneOf(parts):
            return type(condition).__name__, [_condition(part) for part in parts]
    return None


def _plain(value: object) -> object:
    return (value.name, value.options) if isinstance(value, Use) else value
