"""The agent's page as it is read: one HTML page to print or to show, plain text, or a map for other programs."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

from pauta.followup.calendar import Calendar
from pauta.followup.deadlines import shown
from pauta.reports.agent import PLOTTED, AgentPage, CallSeen, PlanSeen, QuestionSeen
from pauta.reports.agent_words import AgentWords
from pauta.reports.pages import page as page_of

LONGEST: Final = 120
"""Quotes, comments and reasons are cut here: a session has the call at hand."""

LONGEST_WORDS: Final = 200
"""What people agreed and expect is cut later."""

IN_FULL: Final = 2
"""So many misses show two calls each, with two quotes; the others one of each, so that two sides of paper suffice."""

_UNPRINTABLE: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_TURNING: Final = re.compile("[\u202a-\u202e\u2066-\u2069]")
"""Signs that turn the direction of the text around them."""

View = dict[str, Any]


def agent_html(made: AgentPage, calendar: Calendar, language: str) -> str:
    """The page: self-contained, without script, everything escaped; two sides of A4 at most."""
    words = AgentWords(language)
    html = page_of("agent.html", found=made, words=words, **_views(made, words, calendar), plot=_plot(made, words))
    return _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", _TURNING.sub("", html))


def agent_text(made: AgentPage, calendar: Calendar, language: str) -> str:
    """The same in lines."""
    words = AgentWords(language)
    text = "\n".join(_lines(made, words, _views(made, words, calendar)))
    return _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", _TURNING.sub("", text))


def agent_json(made: AgentPage) -> View:
    """The figures as a map; moments are ISO text."""
    told: View = _plain(asdict(made) | {"mean": made.mean, "halves": made.halves, "elsewhere": []})
    told["elsewhere"] = [
        {"fault": fault, "question": title, "count": count} for (fault, title), count in made.elsewhere.items()
    ]
    return told


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, set):
        return sorted(value)
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value.isoformat() if hasattr(value, "isoformat") else value


def _views(made: AgentPage, words: AgentWords, calendar: Calendar) -> View:
    """What both forms say."""

    def moment(when: datetime | None) -> str:
        return shown(when, calendar, words.base) if when is not None else ""

    last = made.scores[-1][2] if made.scores else None
    return {
        "period": _period(made, words),
        "tiles": [
            (words("calls"), str(made.calls), words("open_ones", n=made.incomplete) if made.incomplete else ""),
            (words("own_score"), words.number(made.mean), words("own_score_note")),
            (words("latest"), words.number(last), words.day(_day(made.scores[-1][1])) if made.scores else ""),
            (words("critical"), str(made.critical), ""),
        ],
        "strengths": [_strength(each, words) for each in (*made.improved, *made.strengths)],
        "misses": [
            _miss(each, words, calendar, 2 if place < IN_FULL else 1) for place, each in enumerate(made.misses)
        ],
        "elsewhere": [
            f"{title} ({words.known(fault, 'fault_')}, {count})" for (fault, title), count in made.elsewhere.items()
        ],
        "plans": [_plan(each, words) | {"due": moment(each.due)} for each in made.plans],
        "agreements": [
            {"when": words.day(_day(each.when)), "giver": each.giver, "agreed": _short(each.agreed, LONGEST_WORDS),
             "words": _short(each.words or "", LONGEST_WORDS),
             "reached": {"yes": words("reached"), "no": words("not_reached")}.get(str(each.reached), "")}
            for each in made.agreements
        ],
        "duties": [
            {"kind": words.known(each.kind, "kind_"), "state": words.known(each.state, "state_"),
             "late": each.state == "overdue", "due": moment(each.due), "giver": each.giver,
             "message": _short(each.message)}
            for each in made.duties
        ],
    }  # fmt: skip


def _period(made: AgentPage, words: AgentWords) -> str:
    if made.first is None or made.first == made.last:
        return words.day(made.first) if made.first else ""
    return words("period", a=words.day(made.first), b=words.day(made.last))


def _day(when: datetime | None) -> Any:
    return when.date() if when is not None else None


def _strength(each: QuestionSeen, words: AgentWords) -> View:
    fell = each.improved
    said = words("improved", n=fell[0], m=fell[1]) if fell else words("met_of", n=each.met, m=each.asked)
    return {"title": each.title, "said": said, "share": each.met / each.asked}


def _miss(each: QuestionSeen, words: AgentWords, calendar: Calendar, most: int) -> View:
    """A miss, with so many calls and so many quotes of each."""
    calls = each.calls[:most]
    return {
        "title": each.title,
        "said": words("missed_of", n=each.missed, m=each.asked),
        "classes": [words.known(name, "critical_") for name in sorted(each.classes)],
        "calls": [_call(call, words, calendar, most) for call in calls],
        "more": words("more", n=each.missed - len(calls)) if each.missed > len(calls) else "",
    }


def _call(call: CallSeen, words: AgentWords, calendar: Calendar, most: int) -> View:
    said = call.comment or (call.reason if not any(text for text, _ in call.quotes) else None)
    return {
        "call": call.call,
        "when": shown(call.when, calendar, words.base) if call.when is not None else "",
        "answer": words.known(call.answer, "answer_") if call.answer in ("yes", "no") else _short(call.answer),
        "said": _short(said) if said else "",
        "at": next((clock for text, at in call.quotes if not text and (clock := _clock(at))), ""),
        "quotes": [{"text": _short(text), "at": _clock(at)} for text, at in call.quotes if text][:most],
    }


def _plan(each: PlanSeen, words: AgentWords) -> View:
    view: View = {
        "expect": _short(each.expect, LONGEST_WORDS),
        "state": words.known(each.state, "state_"), "kind": words.known(each.kind, "kind_"),
        "target": words("target", n=each.target) if each.target else "", "measured": "", "calls": "", "reached": "",
    }  # fmt: skip
    if each.measure is not None:
        before, since = words.number(each.before), words.number(each.since)
        measure = each.measure.rpartition("/")[2].replace("_", " ")
        view["measured"] = words("measured", n=measure, a=before, b=since)
        view["calls"] = words("since_calls", n=each.since_calls)
        if each.reached is not None:
            view["reached"] = words("reached") if each.reached else words("not_reached")
    return view


def _plot(made: AgentPage, words: AgentWords) -> View | None:
    """The trend: a dot for each call and a line through the mean of five, in a drawing of 640 by 170."""
    scores, means = made.scores[-PLOTTED:], made.smooth()[-PLOTTED:]
    if len(scores) < 2:
        return None
    step = 580 / (len(scores) - 1)
    places = [(40 + step * at, score) for at, (_, _, score) in enumerate(scores)]
    older, newer = (words.number(half) for half in made.halves)
    return {
        "dots": [(f"{x:.1f}", f"{_height(score):.1f}") for x, score in places],
        "size": "3" if len(scores) <= 60 else "1.8",
        "line": " ".join(f"{x:.1f},{_height(mean):.1f}" for (x, _), mean in zip(places, means, strict=True)),
        "grid": [(f"{_height(level):.1f}", str(level)) for level in (0, 25, 50, 75, 100)],
        "first": words.day(_day(scores[0][1])),
        "last": words.day(_day(scores[-1][1])),
        "said": words("trend_said", n=len(made.scores), a=older, b=newer),
    }


def _height(score: float) -> float:
    return 140 - 1.25 * min(max(score, 0.0), 100.0)


def _short(text: str, longest: int = LONGEST) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= longest else flat[:longest].rstrip() + "\N{HORIZONTAL ELLIPSIS}"


def _clock(seconds: object) -> str:
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not math.isfinite(seconds):
        return ""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def _lines(made: AgentPage, words: AgentWords, views: View) -> Iterator[str]:
    yield f"{made.name}  {words('page')}  {views['period']}".rstrip()
    if not made.calls and not made.incomplete:
        yield words("nothing")
    else:
        yield "  ".join(f"{title}: {value}{f' ({note})' if note else ''}" for title, value, note in views["tiles"])
    yield from _block(words("strengths"), [f"{each['title']}: {each['said']}" for each in views["strengths"]],
                      words("no_strengths"))  # fmt: skip
    yield from _block(words("misses"), [line for each in views["misses"] for line in _miss_lines(each)],
                      words("no_misses"))  # fmt: skip
    if made.more_misses:
        yield f"  {words('more', n=made.more_misses)}"
    yield from _block(words("others"), views["elsewhere"])
    plot = _plot(made, words)
    yield from _block(words("trend"), [plot["said"], _spark(made)] if plot else [words("no_trend")])
    plans = [
        _joined(each["expect"], *(each[name] for name in ("target", "measured", "calls", "reached")), _by(each, words))
        for each in views["plans"]
    ]
    yield from _block(words("plans"), plans)
    if made.more_plans:
        yield f"  {words('more', n=made.more_plans)}"
    for each in views["agreements"]:
        own = f"{words('own_words')}: {each['words']}" if each["words"] else ""
        each["line"] = _joined(each["when"], each["giver"], each["agreed"], own, each["reached"])
    yield from _block(words("agreements"), [each["line"] for each in views["agreements"]])
    yield from _block(words("duties"), [_joined(each["kind"], each["state"], _by(each, words), each["giver"],
                                                each["message"]) for each in views["duties"]])  # fmt: skip
    if made.more_duties:
        yield f"  {words('more', n=made.more_duties)}"
    if made.hidden:
        yield words("hidden", n=made.hidden)


def _by(each: View, words: AgentWords) -> str:
    return words("due", n=each["due"]) if each["due"] else ""


def _joined(*parts: str) -> str:
    return "; ".join(part for part in parts if part)


def _block(title: str, lines: list[str], otherwise: str = "") -> Iterator[str]:
    if lines or otherwise:
        yield f"\n{title}"
        yield from (f"  {line}" for line in lines or [otherwise])


def _miss_lines(each: View) -> Iterator[str]:
    yield _joined(f"{each['title']}: {each['said']}", *each["classes"])
    for call in each["calls"]:
        yield f"  {_joined(call['call'], call['when'], call['at'], call['answer'], call['said'])}"
        yield from (f'    {quote["at"]:>6}  "{quote["text"]}"' for quote in call["quotes"])
    if each["more"]:
        yield f"  {each['more']}"


def _spark(made: AgentPage) -> str:
    """The last scores in blocks, as a line of text can draw them."""
    values = [min(max(score, 0.0), 100.0) for _, _, score in made.scores[-60:]]
    return "".join("▁▂▃▄▅▆▇█"[min(7, int(value / 12.5))] for value in values)
