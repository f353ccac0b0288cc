"""Warnings: what is allowed in a card and hardly ever meant.

early_advice   about single questions and texts: also of a card that has errors elsewhere
advice         about the card as a whole: only of a card without errors, for what is missing would mislead it
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from pauta.engine.loading.data import Map, Seq
from pauta.engine.loading.endings import open_endings
from pauta.engine.loading.errors_of import can_fail_card
from pauta.engine.loading.pieces import word_in
from pauta.engine.loading.reach import unreachable
from pauta.engine.model.scorecard import Kind, Question, Range, Scorecard
from pauta.engine.problems import Place, Problem

_TEXTS: Final = ("title", "text", "guidance", "description")
_NO_TEXTS: Final = ("applies_to", "when", "criterion", "rule", "do", "examples", "scoring", "effective", "error")
_OWNERS: Final = ("question", "section", "answer", "band", "escalation", "scorecard")
_NO: Final = (
    "no", "not", "nein", "nao", "não", "нет", "не", "non", "nunca", "never", "false", "falso", "fail", "fails",
    "failed", "failure", "n", "f",
)  # fmt: skip


def early_advice(card: Scorecard, data: Map) -> list[Problem]:
    """Warnings about single questions and texts."""
    found = [problem for question in card.questions for problem in _of_question(question)]
    return [*found, *_untranslated(data)]


def advice(card: Scorecard, data: Map) -> list[Problem]:
    """Warnings about the card as a whole."""
    return [
        *unreachable(card),
        *_hidden_bands(card),
        *(problem for section in card.sections for problem in _some_weights(section.questions)),
        *open_endings(card, data),
    ]


def _of_question(question: Question) -> Iterator[Problem]:
    for gap, at in _gaps(question):
        message = f"numbers {gap} lie in no range of question '{question.id}', so such an answer does not count"
        hint = "ranges are tried in order: {to: 8}, then {to: 15}, leaves no gap; one without `to` takes the rest"
        yield Problem("W402", message, at, hint)
    if can_fail_card(question) and any(option.not_applicable for option in question.answers.options):
        message = f"the question '{question.id}' can fail the card, and it may be not applicable"
        hint = (
            "say in its guidance when that is right, or leave the answer out: nothing is failed by what was set aside"
        )
        yield Problem("W403", message, question.at, hint)
    yield from _found_means_no(question)


def _gaps(question: Question) -> Iterator[tuple[str, Place | None]]:
    """The stretches of numbers that no range takes, in words, with the range beside them."""
    answers = question.answers
    if answers.kind is not Kind.NUMBER or not answers.ranges:
        return
    low = -math.inf if answers.minimum is None else answers.minimum
    high = math.inf if answers.maximum is None else answers.maximum
    ranges = sorted(answers.ranges, key=_start)
    first = _start(ranges[0])
    if first > (0.0 if low == -math.inf else low):
        yield (f"below {first:g}" if low == -math.inf else f"from {low:g} up to {first:g}"), ranges[0].at
    reached = _stop(ranges[0])
    for each in ranges[1:]:
        if reached < _start(each) and reached < high:
            yield f"between {reached:g} and {_start(each):g}", each.at
        reached = max(reached, _stop(each))
    if reached < high:
        yield (f"above {reached:g}" if high == math.inf else f"above {reached:g}, up to {high:g}"), ranges[-1].at


def _start(each: Range) -> float:
    return -math.inf if each.start is None else each.start


def _stop(each: Range) -> float:
    return math.inf if each.stop is None else each.stop


def _found_means_no(question: Question) -> Iterator[Problem]:
    criterion = question.criterion
    if criterion is None or criterion.use.name != "phrase" or criterion.met is None:
        return
    options = criterion.use.options
    wanted = isinstance(options, Mapping) and ("any" in options or "all" in options)
    if wanted and _named_like_no(criterion.met):
        message = f"where the phrase is found, the answer to '{question.id}' is '{criterion.met}'"
        hint = "for words that must not be said write `none:`, or say what they mean: answers: {met: .., not_met: ..}"
        yield Problem("W407", message, criterion.use.at, hint)


def _named_like_no(answer: str) -> bool:
    words = re.findall(r"[^\W\d_]+", unicodedata.normalize("NFC", answer).casefold())
    return bool(words) and words[0] in _NO and (len(words[0]) > 1 or len(words) == 1)  # N/A is no "no"


def _untranslated(data: Map) -> Iterator[Problem]:
    """Texts by language that lack a language in which others are written."""
    texts = list(_texts_in(data, "card"))
    languages = dict.fromkeys(language for _, _, text, _ in texts if isinstance(text, Map) for language in text)
    own = word_in(data, "language")
    if own is not None and any(isinstance(text, str) for _, _, text, _ in texts):
        languages.setdefault(own)
    for owner, key, text, at in texts:
        if not isinstance(text, Map) or not text:
            continue
        lacking = [each for each in languages if each not in text and each.split("-")[0] not in text]
        if lacking:
            message = f"the {key} of {owner} is not there in {', '.join(lacking)}, other texts of the card are"
            yield Problem("W405", message, at, f"add {lacking[0]}: ..")


def _texts_in(data: Map, owner: str) -> Iterator[tuple[str, str, object, Place]]:
    """Every text for people: whose it is, its key, what is written, where."""
    name = next((f"the {key} '{word_in(data, key)}'" for key in _OWNERS if key in data), owner)
    for key, value in data.items():
        if key in _TEXTS:
            yield name, key, value, data.at_of(key)
        elif key == "anchors" and isinstance(value, Map):
            yield from ((name, f"anchor {each}", text, value.at_of(each)) for each, text in value.items())
        elif key not in _NO_TEXTS:
            for each in value if isinstance(value, Seq) else (value,):
                if isinstance(each, Map):
                    yield from _texts_in(each, name)


def _hidden_bands(card: Scorecard) -> Iterator[Problem]:
    scoring = card.scoring
    low = -math.inf if scoring.below_0 else 0.0
    high = math.inf if scoring.above_100 else 100.0
    bands = sorted(card.bands, key=lambda band: band.start)
    for n, band in enumerate(bands):
        end = bands[n + 1].start if n + 1 < len(bands) else math.inf
        if band.start > high:
            reason, hint = (
                f"it starts at {band.start:g}, and scores end at {high:g}",
                "scoring.above_100: true lets them",
            )
        elif end <= low:
            reason, hint = f"it ends at {end:g}, where scores begin", "scoring.below_0: true lets them go below 0"
        else:
            continue
        yield Problem("W404", f"no score reaches the band '{band.id}': {reason}", band.at, hint)


def _some_weights(questions: Sequence[Question]) -> Iterator[Problem]:
    scored = [question for question in questions if question.scored]
    without = [question for question in scored if question.weight is None]
    if not without or len(without) == len(scored):
        return
    names = ", ".join(f"'{question.id}'" for question in without)
    given = next(question for question in scored if question.weight is not None)
    message = f"{names} {'has' if len(without) == 1 else 'have'} no weight, and others in the section have"
    hint = f"without one a question weighs as much as it can earn, here {without[0].max_points:g}"
    hint += f" beside {given.weight:g} of '{given.id}'"
    yield Problem("W406", message, without[0].at, hint)
