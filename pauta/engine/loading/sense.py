"""Meaning: from the data of a card, merged with its parents, to a Scorecard or to everything that is wrong with it.

Every problem of a card is found in one pass. What cannot be understood is left out, and what depends on it is not
judged, so that one fault makes one problem. Nothing is said of pieces whose shape is wrong: the check of shapes does.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import date
from typing import Final

from pauta.engine.host import Host
from pauta.engine.loading.advice import advice, early_advice
from pauta.engine.loading.answers import AnswersReader
from pauta.engine.loading.conditions import Subjects, read_condition
from pauta.engine.loading.data import Map, Seq
from pauta.engine.loading.digest import digest_of
from pauta.engine.loading.escalations import bands_from, escalations_from, scoring_from
from pauta.engine.loading.examples import ExamplesReader
from pauta.engine.loading.pieces import flag_in, map_in, maps_in, text_from, text_in, word_in
from pauta.engine.loading.plugins_used import PluginsUsed
from pauta.engine.loading.questions import QuestionsReader
from pauta.engine.loading.subjects import check_operands, circles
from pauta.engine.model.conditions import Condition
from pauta.engine.model.scorecard import Scorecard
from pauta.engine.problems import Problem, has_errors

_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def scorecard_from(
    data: Map, host: Host, *, file: str, parent: str | None = None, sound: bool = True
) -> tuple[Scorecard | None, list[Problem]]:
    """The card that the data says, or None, with every problem and every warning.

    `parent`: `id@version` of the card that this one was laid over. `sound`: whether all of its shape was right; where
    it was not, warnings that look at the card as a whole would speak of pieces that were left out, and are kept back.
    """
    problems: list[Problem] = []
    language = word_in(data, "language") or ""
    plugins = PluginsUsed(host, problems)
    questions = QuestionsReader(
        data, language, AnswersReader(map_in(data, "answer_sets"), language, problems), plugins, problems
    )
    asked = questions.read()
    check_operands(asked.tests, asked.answers, (), problems)
    problems += circles(asked.waits)
    scoring = scoring_from(data, plugins)
    bands = bands_from(data, language, problems)
    subjects = Subjects(results=True, questions=questions.question_ids, sections=questions.section_ids)
    escalations = escalations_from(data, language, subjects, asked.answers, plugins, problems)
    effective_from, effective_until = _effective(data, problems)
    names = _names(data, "bands", "band"), _names(data, "escalations", "escalation")
    examples = ExamplesReader(asked.answers, *names, problems).read(data) if asked.answers else ()
    card = Scorecard(
        id=word_in(data, "scorecard") or "",
        version=word_in(data, "version") or "",
        sections=asked.sections,
        title=text_in(data, "title", language),
        description=text_in(data, "description", language),
        owner=word_in(data, "owner"),
        status=word_in(data, "status") or "active",
        effective_from=effective_from,
        effective_until=effective_until,
        changes=_changes(data, language),
        extends=word_in(data, "extends"),
        parent=parent,
        language=language or None,
        applies_to=_applies_to(data, problems),
        fallback=flag_in(data, "fallback"),
        scoring=scoring,
        bands=bands,
        escalations=escalations,
        examples=examples,
        digest=digest_of(data),
        file=file,
    )
    whole = sound and not has_errors(problems)
    problems += early_advice(card, data)
    if whole:
        problems += advice(card, data)
    return (None if has_errors(problems) else card), problems


def _applies_to(data: Map, problems: list[Problem]) -> Condition | None:
    if "applies_to" not in data:
        return None
    return read_condition(data["applies_to"], problems, Subjects(answers=False), [], data.at_of("applies_to"))


def _effective(data: Map, problems: list[Problem]) -> tuple[date | None, date | None]:
    effective = map_in(data, "effective")
    if effective is None:
        return None, None
    first, until = _day(effective, "from"), _day(effective, "until")
    if first is not None and until is not None and until <= first:
        message = f"the card is in effect from {first} until {until}, which is no day"
        problems.append(Problem("E343", message, effective.at_of("until"), "until is the first day without it"))
    return first, until


def _day(effective: Map, key: str) -> date | None:
    written = effective.get(key)
    if not isinstance(written, str) or not _DAY.fullmatch(written):
        return None
    try:
        return date.fromisoformat(written)
    except ValueError:  # the shape of the card has named it
        return None


def _changes(data: Map, language: str) -> tuple[str, ...]:
    changes = data.get("changes")
    entries = changes if isinstance(changes, Seq) else ()
    return tuple(text.in_language(language) for each in entries if (text := text_from(each, language)))


def _names(data: Map, key: str, name: str) -> Collection[str]:
    return [found for each in maps_in(data, key) if (found := word_in(each, name)) is not None]
