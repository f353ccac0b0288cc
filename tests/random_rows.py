"""Random calls and answers for a card: right and wrong ones, states, numbers as text, faults, comments, verdicts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dice import Dice
from reference_card import Question, question_of
from reference_conditions import written

Row = tuple[dict[str, Any], dict[str, Any] | None, dict[str, Any]]
NAMES = ("a", "b", "c-1", "d_2", "приветствие", "información", "7", "ü", "挨拶", "yes", "score", "answer", "all", "x")
NUMERALS = ("1", "2", "3", "5", "10", "-1", "2.5")
TYPES = ("support", "sales", "retention")
FAULTS = ("agent", "process", "system", "policy", "customer")


def questions_of(card: Mapping[str, Any]) -> dict[str, Question]:
    return {
        question.id: question
        for section in card["sections"]
        for question in (question_of(each, section, card.get("answer_sets", {})) for each in section["questions"])
    }


def call_by(dice: Dice) -> dict[str, Any]:
    call: dict[str, Any] = {"agent": dice.pick(("ana", "bo"))}
    if dice.chance(80):
        call["call_type"] = dice.pick(TYPES)
    if dice.chance(70):
        call["duration_s"] = dice.pick((600, 601, 0, 12.5))
    if dice.chance(70):
        call["language"] = dice.pick(("en", "es", "en-GB"))
    attributes: dict[str, Any] = {}
    if dice.chance(60):
        attributes["tier"] = dice.pick(("gold", "silver"))
    if dice.chance(60):
        attributes["count"] = dice.pick((3, "3", 4, 2.5, "many", [3, 5]))
    if dice.chance(60):
        attributes["labels"] = dice.pick((["vip", "new"], ["old"], "vip", []))
    return call | {"attributes": attributes}


def valid_answer(dice: Dice, question: Question) -> Any:
    """An answer that the question has."""
    match question.kind:
        case "text":
            return dice.pick(("a note", "free", "été"))
        case "date":
            return dice.pick(("2024-02-29", "2025-01-01"))
        case "one":
            return dice.pick(list(question.options))
        case "many":
            lone = [name for name, option in question.options.items() if option.not_applicable]
            rest = [name for name in question.options if name not in lone]
            return [dice.pick(lone)] if lone and dice.chance(20) else dice.some(rest, 0, len(rest))
        case "scale":
            low, high = float(question.low), float(question.high)
            return dice.pick((high, low, low + 0.5 * (high - low), round(low + 0.3 * (high - low), 2)))
    return number_in(dice, question)


def number_in(dice: Dice, question: Question) -> float:
    ends = [each for stretch in question.ranges for each in (stretch.low, stretch.high) if each is not None]
    tries = [*map(float, ends), *(float(each) + 0.5 for each in ends), 3, 0, 50, 99]
    good = [
        each for each in tries
        if (question.low is None or each >= question.low) and (question.high is None or each <= question.high)
        and (not question.ranges or any(stretch.has(each) for stretch in question.ranges))
    ]  # fmt: skip
    return dice.pick(good)


def wrong_answer(dice: Dice, question: Question) -> Any:
    """An answer that the question does not have."""
    if question.kind == "many":
        lone = [name for name, option in question.options.items() if option.not_applicable]
        rest = [name for name in question.options if name not in lone]
        return dice.pick([["nobody's"], [*rest[:1], "nobody's"], *([[lone[0], rest[0]]] if lone and rest else [])])
    if question.kind == "scale":
        return dice.pick((float(question.high) + 1, float(question.low) - 0.5, "nobody's", "12x"))
    return dice.pick(("nobody's", "YES!", "12x"))


def verdict_by(dice: Dice, question: Question) -> Any:
    if question.kind != "many" and dice.chance(75 if question.kind == "number" else 20):
        return {"answer": wrong_answer(dice, question) if dice.chance(15) else valid_answer(dice, question)}
    return dice.pick(("met", "met", "not_met", "not_met", "unverified", "not_applicable"))


def entry_by(dice: Dice, question: Question, careful: bool) -> Any:
    """What a person writes for a question; None is nothing."""
    kind = (85 if dice.chance(4) else 0) if careful else dice.number(0, 99)
    answer: Any = None
    if kind < 80:
        answer = valid_answer(dice, question)
        if isinstance(answer, float) and dice.chance(30):
            answer = dice.pick((written(answer), written(answer).replace(".", ",")))
    elif kind < 85 and question.kind not in ("text", "date"):
        answer = wrong_answer(dice, question)
    elif kind < 90:
        answer = "unverified"
    elif kind < 92 and question.kind != "text":
        answer = dice.pick(("missing", "not_applicable", "not_asked", ""))
    elif kind < 96:
        return None
    if dice.chance(75):
        return answer
    entry: dict[str, Any] = {"answer": answer}
    if dice.chance(50):
        entry["comment"] = "because"
    if dice.chance(60):
        entry["fault"] = dice.pick(FAULTS)
    return entry


def row_by(dice: Dice, questions: Mapping[str, Question]) -> Row:
    criteria = {
        name: verdict_by(dice, question)
        for name, question in questions.items()
        if question.data.get("criterion") is not None
    }
    if dice.chance(25):
        return call_by(dice), None, criteria
    careful = dice.chance(60)
    entries = {name: entry_by(dice, question, careful and dice.chance(98)) for name, question in questions.items()}
    return call_by(dice), {name: entry for name, entry in entries.items() if entry is not None}, criteria


def rows_by(dice: Dice, card: Mapping[str, Any], count: int) -> list[Row]:
    questions = questions_of(card)
    rows = [row_by(dice, questions) for _ in range(count)]
    return [({**call, "call_id": f"call-{number}"}, *rest) for number, (call, *rest) in enumerate(rows)]
