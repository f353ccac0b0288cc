"""Calls to try plugins on, and what the engine makes of them: ordinary ones, and those that plugins stumble over.

sample_calls()         calls by voice and chat, in several languages, empty ones, hostile text
sample_results()       those calls evaluated by a small card, some of them by people, as rules see it
sample_evaluations()   the same as records, as sinks see it
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, Final

from pauta.engine.evaluation.evaluate import evaluate
from pauta.engine.evaluation.plan import compile_plan
from pauta.engine.evaluation.records import Record, records
from pauta.engine.host import Host
from pauta.engine.loading.load import card_from_text
from pauta.engine.model.calls import Answer, Call, HumanEvaluation, Turn, batch_of
from pauta.engine.model.results import Results
from pauta.engine.model.scorecard import Scorecard

HOSTILE: Final = (
    '=HYPERLINK("http://example.invalid","open")',
    "<script>alert('1')</script> & <b>bold</b> \"quoted\"",
    "'; DROP TABLE evaluation; --",
    "{{ 7 * 7 }} ${env:HOME} {0} %s %(name)s \\1 \\u0041",
    "one\ttab, one\r\nline and another\u2028and another",
    "a bell \x07, an escape \x1b[31m and a delete \x7f",
    "\u202eright to left\u202c, zero\u200bwidth, \ufeffmark, e\u0301 and \u00e9, \U0001f600\U0001f1e7\U0001f1f7",
    "İstanbul, Straße, ﬁnally, ǅ: letters that change their length",
    "(((((((((([[[[*+?{,}^$|\\",
    "-1,5e9999999",
    "one | two ; three , four : five | six",
    "a" * 20_000 + "!",
)
"""Texts that break what takes text for something else: a formula, markup, a query, a pattern, a number."""

CARD: Final = """
scorecard: sample-card
version: 1.0.0
title: {en: A card to try plugins on, es: Una pauta de prueba}
scoring: {pass_mark: 70}
bands: [{band: poor, from: 0}, {band: fair, from: 50}, {band: good, from: 80}]
sections:
  - section: opening
    weight: 1
    questions:
      - question: greeted
        text: Did the agent greet?
        answers: yes_no
        error: non_critical
        tags: [voice]
        criterion:
          phrase: {speaker: agent, any: {en: [hello], es: [buenos dias], pt: [bom dia]}}
  - section: handling
    weight: 3
    questions:
      - question: solved
        text: Was it solved?
        answers: {yes: 5, partly: 2, no: 0, N/A: null}
        error: {critical: customer, fails: card}
        comment: required_on_error
      - question: wait
        text: How long did the customer wait?
        answers: {number: {unit: s, min: 0}, ranges: [{to: 10, points: 2}, {points: 0, error: non_critical}]}
        criterion: {timing: {measure: longest_silence}}
      - question: remark
        answers: text
escalations:
  - {escalation: talk, when: {passed: false}, do: [{coach: {due: 24 h}}]}
  - {escalation: praise, when: {score: {at_least: 70}}, do: [recognise]}
"""


def sample_calls() -> list[Call]:
    """Calls to try a plugin on; the same ones every time, each with an id that says what is special about it."""
    return [*_voice(), *_chats(), *_odd(), *_hostile()]


def _voice() -> list[Call]:
    hello = (
        ("agent", "Hello, this is Ana of Northwind. How can I help?", 0.0, 3.2),
        ("customer", "Hi, my card 4111 1111 1111 1111 was refused. I paid 12.50 on 3 May.", 3.6, 9.1),
        ("agent", "I understand. May I have your name?", 9.4, 11.0),
        ("customer", "Bruno Díaz, B, R, U, N, O.", 10.6, 13.0),
        ("agent", "Thank you. Please hold for a moment.", 25.0, 27.0),
        ("agent", "It is solved. Anything else? Goodbye!", 61.0, 64.5),
    )
    hola = (
        ("agent", "Buenos días, le atiende Inés. ¿En qué puedo ayudarle?", 0.4, 3.0),
        ("customer", "Buenos días. ¿Mañana llega el técnico?", 3.1, 6.0),
        ("agent", "Sí, mañana a las diez. ¡Gracias!", 6.5, 9.0),
    )
    ola = (
        ("agent", "Bom dia, aqui é o João. Posso ajudar?", 0.0, 2.5),
        ("customer", "Não consigo abrir a aplicação.", 2.4, 5.0),
        ("agent", "Obrigado. Já está resolvido.", 6.0, 8.0),
    )
    privet = (
        ("agent", "Здравствуйте! Чем могу помочь?", 0.0, 2.0),
        ("customer", "Мой заказ не пришёл.", 2.5, 4.0),
        ("agent", "Проверим. Спасибо.", 4.5, 6.0),
    )
    more = {"team": "north", "call_type": "billing", "direction": "inbound", "channel": "voice"}
    asked = {"metrics": {"hold_s": 34.0, "aht_s": 90}, "attributes": {"tier": "gold", "resolved": True}}
    return [
        _call("voice-en", "en", hello, agent="ana", duration_s=65.0, **more, **asked),
        _call("voice-es", "es", hola, agent="inés", duration_s=9.5, **more, attributes={"tier": "blue", "tags": ["a"]}),
        _call("voice-pt", "pt-BR", ola, agent="joão", duration_s=8.0, **more, metrics={"hold_s": 0}),
        _call("voice-ru", "ru", privet, agent="vera", duration_s=6.0, **more),
    ]  # fmt: skip


def _chats() -> list[Call]:
    lines = (("customer", "hi there", 0.0, None), ("agent", "Hello! how can I help?", 7.0, None),
             ("customer", "where is my order", 40.0, None), ("agent", "on its way :)", 55.0, None))  # fmt: skip
    return [
        _call("chat-en", "en", lines, agent="bo", channel="chat", duration_s=60.0, direction="inbound"),
        _call("chat-without-times", "de", (("agent", "Guten Tag, grüß Gott", None, None),), channel="chat"),
    ]


def _odd() -> list[Call]:
    crossed = (("agent", "one", 5.0, 5.0), ("customer", "two", 0.0, 9.0), ("other", "three", 1.0, 2.0),
               ("system", "The call is recorded.", 0.0, 3.0), ("agent", "four", 5.0, 7.0))  # fmt: skip
    blank = (("agent", "", 0.0, 1.0), ("customer", " \t ", 1.0, 2.0), ("agent", "…", 2.0, 3.0))
    return [
        Call("id-alone"),
        Call("nothing-said", language="en", channel="voice", agent="bo", metrics={"hold_s": 5}),
        _call("no-turns", "en", (), agent="ana", duration_s=0.0, metrics={"hold_s": 5}),
        _call("nobody-but-the-customer", "en", (("customer", "Hello? Is anybody there?", 2.0, 4.0),), duration_s=30.0),
        _call("blank-turns", "en", blank, agent="bo", duration_s=3.0),
        _call("crossed-times", "en", crossed, agent="ana", duration_s=9.0),
    ]


def _hostile() -> list[Call]:
    return [
        _call(
            f"hostile-{number}",
            "en",
            (("agent", f"Hello {text}", 0.0, 2.0), ("customer", text, 2.0, 4.0), ("agent", f"{text} thanks", 4.0, 9.0)),
            agent="".join(filter(str.isprintable, text))[:40],
            duration_s=9.0,
            attributes={"note": text[:200], "tier": None},
        )
        for number, text in enumerate(HOSTILE)
    ]  # fmt: skip


def _call(
    call_id: str, language: str, turns: Sequence[tuple[str, str, float | None, float | None]], **more: Any
) -> Call:
    made = tuple(Turn(speaker, text, start, end) for speaker, text, start, end in turns)
    return Call(call_id, started_at="2026-03-31T18:05:00+02:00", language=language, turns=made, **more)


def sample_results(calls: Sequence[Call] | None = None) -> Results:
    """Calls (the sample ones) evaluated by a small card: every other one by a person, the rest automatically."""
    chosen = sample_calls() if calls is None else calls
    card, host = _card()
    humans = [_human(call) for call in chosen]
    return evaluate(compile_plan(card, host), batch_of(chosen, humans))


def sample_evaluations() -> list[Record]:
    """The evaluations of the sample calls, as sinks receive them: records of plain maps, lists, texts and numbers."""
    return list(records(sample_results()))


def sample_card() -> Scorecard:
    """The card of the sample results."""
    return _card()[0]


@cache
def _card() -> tuple[Scorecard, Host]:
    host = Host(installed=False)
    loaded = card_from_text(CARD, host, "sample-card.yaml")
    assert loaded.scorecard is not None, [str(problem) for problem in loaded.problems]
    return loaded.scorecard, host


def _human(call: Call) -> HumanEvaluation | None:
    """A person's evaluation of every other call; which ones depends on the call alone, not on its place."""
    seed = sum(call.call_id.encode())
    if seed % 2:
        return None
    answers = {
        "solved": Answer(("yes", "partly", "no", "N/A")[seed // 2 % 4], comment=HOSTILE[seed % len(HOSTILE)][:80])
    }
    if seed % 3:
        answers |= {
            "greeted": Answer("yes", fault="process"),
            "wait": Answer(float(seed % 20)),
            "remark": Answer("fine"),
        }
    return HumanEvaluation(call.call_id, "sample-card", "eva", answers, evaluated_at="2026-04-01T09:00:00+02:00")
