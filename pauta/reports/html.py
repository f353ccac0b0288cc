"""The report as one page: self-contained, without script, everything escaped, legible on a phone and on paper."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from pauta.engine.model.calls import ENGINE
from pauta.engine.model.scorecard import Harm, Question, Scorecard, Text
from pauta.reports.figures import (
    BIN_WIDTH,
    Accuracy,
    AgentFigures,
    CardFigures,
    Figures,
    QuestionFigures,
    Record,
    Tally,
    errors_in,
    figures,
)
from pauta.reports.pages import page
from pauta.reports.phrasebook import Words

CRITICAL_SHOWN: Final = 50
QUOTES_SHOWN: Final = 4
LONGEST_QUOTE: Final = 280
SHADES: Final = 5
"""The style sheet has so many shades for bands, `b0` the best."""
_UNPRINTABLE: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")

View = dict[str, Any]


def report_html(
    evaluations: Iterable[Record],
    cards: Mapping[str, Scorecard],
    *,
    title: str,
    language: str = "en",
    critical_shown: int = CRITICAL_SHOWN,
) -> str:
    """The page over evaluations in the shape of DESIGN.md, "A result". `cards` are by `id@version` or by id."""
    made = figures(evaluations, cards, worst=critical_shown)
    words = Words(language)
    shades = {each.name: _shades(each) for each in made.cards}
    html = page(
        "report.html",
        title=title,
        words=words,
        total=made.total,
        first=made.first,
        last=made.last,
        with_critical=made.with_critical,
        cards=[_card(each, shades[each.name], words) for each in made.cards],
        accuracies=_accuracies(made, words),
        classes=_classes(made),
        agents=[_agent(each, shades, made, words) for each in made.agents],
        subjects=_subjects(made, words),
        critical=[_critical(record, made, words) for record in made.worst],
    )
    return _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", html)


def _title(each: CardFigures, words: Words) -> str:
    return each.card.title.in_language(words.language, each.scorecard) if each.card else each.scorecard


def _question_title(asked: Question | None, name: str, words: Words) -> str:
    if asked is None:
        return name
    return asked.text.in_language(words.language) or asked.title.in_language(words.language, name)


def _shades(each: CardFigures) -> dict[str, int]:
    """Band -> shade, the best first; bands of a card that is not at hand all have the middle one."""
    if each.card is None:
        return {band: SHADES // 2 for _, band in sorted(each.tally.bands)}
    best_first = sorted(each.card.bands, key=lambda band: -band.start)
    steps = max(len(best_first) - 1, 1)
    return {band.id: round(place * (SHADES - 1) / steps) for place, band in enumerate(best_first)}


def _band_title(each: CardFigures, band: str, words: Words) -> str:
    titles = {known.id: known.title for known in each.card.bands} if each.card else {}
    return titles[band].in_language(words.language, band) if band in titles else band


def _card(each: CardFigures, shades: Mapping[str, int], words: Words) -> View:
    return {
        "title": _title(each, words),
        "version": each.version,
        "tally": each.tally,
        "bins": _bins(each.histogram),
        "pass_mark": each.card.scoring.pass_mark if each.card else None,
        "zones": list(_zones(each, shades)),
        "bands": [
            {"title": _band_title(each, band, words), "shade": shade, "count": each.tally.bands[each.name, band]}
            for band, shade in shades.items()
        ],
        "questions": [_question(question, each, words) for question in each.worst_first()],
    }


def _bins(histogram: Sequence[int]) -> list[View]:
    most = max([1, *histogram])
    return [
        {"from": place * BIN_WIDTH, "to": (place + 1) * BIN_WIDTH, "count": count, "height": count / most}
        for place, count in enumerate(histogram)
    ]


def _zones(each: CardFigures, shades: Mapping[str, int]) -> Iterator[View]:
    """The bands as stretches of the axis."""
    bands = sorted(each.card.bands, key=lambda band: band.start) if each.card else []
    for band, end in zip(bands, [*(following.start for following in bands[1:]), 100.0], strict=False):
        start = min(max(band.start, 0.0), 100.0)
        yield {"from": start, "to": max(start, min(end, 100.0)), "shade": shades[band.id]}


def _question(each: QuestionFigures, of: CardFigures, words: Words) -> View:
    asked = of.card.by_id.get(each.id) if of.card else None
    section = of.card.section_of.get(each.id) if of.card else None
    return {
        "title": _question_title(asked, each.id, words),
        "section": section.title.in_language(words.language, section.id) if section else "",
        "figures": each,
    }


def _accuracies(made: Figures, words: Words) -> list[View]:
    rows = [
        {
            "title": f"{_title(each, words)} {each.version}",
            "classes": [each.accuracy[harm] for harm in Harm],
            "non_critical": each.non_critical_accuracy,
        }
        for each in made.cards
    ]
    if len(rows) > 1:
        rows.append(
            {
                "title": words("all_cards"),
                "classes": [_sum([each.accuracy[harm] for each in made.cards]) for harm in Harm],
                "non_critical": _sum([each.non_critical_accuracy for each in made.cards]),
            }
        )
    return rows


def _sum(parts: Sequence[Accuracy]) -> Accuracy:
    """The same question asked of more evaluations: counts add up, classes never do."""
    return Accuracy(sum(part.looked_at for part in parts), sum(part.with_error for part in parts))


def _classes(made: Figures) -> list[View]:
    counts = [(harm.value, sum(each.errors[harm] for each in made.cards)) for harm in Harm]
    most = max([1, *(count for _, count in counts)])
    return [
        {
            "name": name,
            "errors": count,
            "evaluations": sum(each.accuracy[Harm(name)].with_error for each in made.cards),
            "share": count / most,
        }
        for name, count in counts
    ]


def _agent(each: AgentFigures, shades: Mapping[str, Mapping[str, int]], made: Figures, words: Words) -> View:
    by_name = {card.name: card for card in made.cards}
    counts = sorted(
        (shades[card].get(band, SHADES // 2), _band_title(by_name[card], band, words), count)
        for (card, band), count in each.tally.bands.items()
    )
    return {"agent": each.agent, "team": each.team, "tally": each.tally, "strip": _strip(counts, each.tally)}


def _strip(counts: Sequence[tuple[int, str, int]], tally: Tally) -> list[View]:
    """The bands of an agent's evaluations, best first, as stretches of a strip; equal shades of several cards join."""
    total = sum(count for _, _, count in counts)
    parts: list[View] = []
    for shade, title, count in counts:
        if parts and parts[-1]["shade"] == shade and parts[-1]["title"] == title:
            parts[-1]["count"] += count
        else:
            parts.append({"shade": shade, "title": title, "count": count})
    start = 0.0
    for part in parts:
        part["start"], part["width"] = start, part["count"] / total
        start += part["width"]
    return parts


def _subjects(made: Figures, words: Words) -> list[View]:
    """The aims and the tags, each with its mean, the lowest first. Aims are the engine's words, tags the card's."""
    groups: list[View] = []
    for title, means, kind in (("aims", made.aims, "aim_"), ("tags", made.tags, None)):
        found = [
            (mean.value, name if kind is None else words.known(name, kind))
            for name, mean in means.items()
            if mean.value is not None
        ]
        if found:
            rows = [{"name": name, "mean": mean} for mean, name in sorted(found)]
            groups.append({"title": words(title), "rows": rows})
    return groups


def _critical(record: Record, made: Figures, words: Words) -> View:
    name = f"{record.get('scorecard')}@{record.get('version')}"
    of = next(each for each in made.cards if each.name == name)
    answers = [answer for answer in record.get("answers") or () if any(e.get("critical") for e in errors_in(answer))]
    band = record.get("band")
    return {
        "call": record.get("call_id"),
        "agent": record.get("agent"),
        "card": _title(of, words),
        "evaluator": None if record.get("evaluator", ENGINE) == ENGINE else record.get("evaluator"),
        "day": str(record.get("started_at") or "")[:10],
        "score": record.get("score"),
        "raw": record.get("raw_score"),
        "band": None if band is None else _band_title(of, str(band), words),
        "accumulated": bool(record.get("accumulated")),
        "errors": [_error(answer, of, words) for answer in answers],
    }


def _error(answer: Record, of: CardFigures, words: Words) -> View:
    name = str(answer.get("question"))
    asked = of.card.by_id.get(name) if of.card else None
    fault = answer.get("fault")
    quotes = [each for each in answer.get("evidence") or () if each.get("quote")]
    return {
        "question": _question_title(asked, name, words),
        "classes": sorted({str(error["critical"]) for error in errors_in(answer) if error.get("critical")}),
        "answer": _answer_title(asked, answer.get("answer"), words),
        "fault": None if fault in (None, "agent") else words.known(str(fault), "fault_"),
        "comment": answer.get("comment"),
        "reason": answer.get("reason"),
        "quotes": [
            {"text": _short(str(each["quote"])), "at": _clock(each.get("start"))} for each in quotes[:QUOTES_SHOWN]
        ],
    }


def _answer_title(asked: Question | None, answer: object, words: Words) -> str:
    titles = {option.id: option.title for option in asked.answers.options} if asked else {}
    chosen = answer if isinstance(answer, list | tuple) else [answer]
    said = [
        titles.get(str(each), Text()).in_language(words.language) or words.known(str(each), "answer_")
        for each in chosen
        if each is not None
    ]
    return ", ".join(said)


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= LONGEST_QUOTE else flat[:LONGEST_QUOTE].rstrip() + "\N{HORIZONTAL ELLIPSIS}"


def _clock(seconds: object) -> str | None:
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not math.isfinite(seconds):
        return None
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
