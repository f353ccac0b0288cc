"""Random conditions: `when` of questions and sections, never in a circle, and escalations over results."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from dice import Dice
from random_rows import NAMES, NUMERALS, TYPES, questions_of, valid_answer
from reference_card import Question


def add_conditions(dice: Dice, card: dict[str, Any]) -> None:
    """`when` over the call and over questions that come before in a random order of sections, so never in a circle."""
    questions, before = questions_of(card), list[Question]()
    for section in dice.some(card["sections"], len(card["sections"]), len(card["sections"])):
        if dice.chance(20):
            section["when"] = condition_by(dice, before)
        for data in dice.some(section["questions"], len(section["questions"]), len(section["questions"])):
            if dice.chance(25):
                data["when"] = condition_by(dice, before)
            if data.get("criterion") == "told" and dice.chance(40):
                data["criterion"] = {"condition": condition_by(dice, before)}
            before.append(questions[data["question"]])


def condition_by(
    dice: Dice, questions: Sequence[Question], extra: Sequence[str] = (), depth: int = 2
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for _ in range(dice.number(1, 2)):
        if depth and dice.chance(25):
            parts = [condition_by(dice, questions, extra, depth - 1) for _ in range(dice.number(1, 2))]
            found[dice.pick(("all", "any", "none"))] = parts
        elif extra and dice.chance(70):
            subject = dice.pick(extra)
            found[subject] = test_of_result(dice, subject)
        elif questions and dice.chance(65):
            question = dice.pick(questions)
            found[f"answer.{question.id}"] = test_of_answer(dice, question)
        else:
            subject, test = test_of_call(dice)
            found[subject] = test
    return found


def test_of_answer(dice: Dice, question: Question) -> Any:
    if dice.chance(12):
        return {"exists": dice.chance(50)}
    if question.kind in ("text", "date"):
        return {dice.pick(("contains", "matches")): dice.pick(("e", "20", "^a"))}
    if question.kind in ("number", "scale"):
        marks = (4, 0, 1, 8, 3.5, 60)
        return (
            ordered(dice, marks, equal=False)
            if dice.chance(50)
            else {dice.pick(("is", "is_not")): valid_answer(dice, question)}
        )
    names = list(question.options)
    if question.kind == "one" and all(name in NUMERALS for name in names) and dice.chance(50):
        return ordered(dice, (3, 1, 2.5), equal=False)
    match dice.number(0, 6):
        case 0 | 1 | 2:
            name = dice.pick(names)
            return float(name) if name in NUMERALS and dice.chance(50) else name
        case 3:
            return dice.some(names, 1, 2)
        case 4:
            return {dice.pick(("is_not", "is")): dice.pick(names)}
        case 5:
            return {dice.pick(("not_in", "in")): dice.some(names, 1, 3)}
    return {dice.pick(("contains", "matches")): re.escape(dice.pick(names))[:1].replace("\\", "N")}


def ordered(dice: Dice, marks: Sequence[float], *, equal: bool = True) -> Any:
    """A test of a number; `equal`: it may also ask for one number."""
    if equal and dice.chance(30):
        return dice.pick((dice.pick(marks), {"is": dice.pick(marks)}, {"is_not": dice.pick(marks)}))
    test = dice.pick(("at_least", "at_most", "above", "below", "both"))
    return {"above": min(marks), "at_most": dice.pick(marks)} if test == "both" else {test: dice.pick(marks)}


def test_of_call(dice: Dice) -> tuple[str, Any]:
    match dice.number(0, 5):
        case 0:
            return "call.call_type", dice.pick((*TYPES, list(TYPES[:2])))
        case 1:
            return "call.duration_s", ordered(dice, (600, 0, 12.5))
        case 2:
            return "call.attributes.tier", dice.pick(("gold", {"is_not": "gold"}, {"exists": True}, {"exists": False}))
        case 3:
            return "call.attributes.count", dice.pick((3, {"at_least": 3}, {"in": [3, 4]}, {"below": 4}, {"is_not": 3}))
        case 4:
            return "call.attributes.labels", dice.pick(
                (
                    "vip",
                    {"contains": "VIP"},
                    {"is_not": "vip"},
                    {"not_in": ["vip", "new"]},
                    {"matches": "^v"},
                    {"above": 1},
                )
            )
    return "call.language", dice.pick((["en", "es"], {"is_not": "en"}, {"matches": "^e"}, {"contains": "S"}))


RESULTS = (
    "score", "raw_score", "agent_score", "band", "passed", "status", "coverage", "critical_errors",
    "critical_errors.customer", "critical_errors.compliance", "non_critical_errors", "unverified", "missing",
)  # fmt: skip


def test_of_result(dice: Dice, subject: str) -> Any:
    if dice.chance(10):
        return {"exists": dice.chance(50)}
    if subject.endswith("score") or subject.startswith("section."):
        return ordered(dice, (80, 0, 50, 33.33, 100))
    if subject.startswith("band."):
        return subject
    plain: dict[str, Sequence[Any]] = {
        "passed": (True, False),
        "status": ("complete", "not_scored", {"is_not": "complete"}),
        "coverage": ({"below": 1}, {"at_least": 0.5}, 1),
    }
    return dice.pick(plain[subject]) if subject in plain else ordered(dice, (1, 0, 2))


def add_escalations(dice: Dice, card: dict[str, Any]) -> None:
    questions = list(questions_of(card).values())
    bands = [band["band"] for band in card.get("bands", ())]
    subjects = [each for each in RESULTS if each != "band"]
    subjects += [f"section.{section['section']}" for section in card["sections"]]
    found = []
    for name in dice.some(NAMES, 0, 3):
        when = condition_by(dice, questions, subjects)
        if bands and dice.chance(30):
            when["band"] = dice.pick((dice.pick(bands), dice.some(bands, 1, 2), {"is_not": dice.pick(bands)}))
        found.append({"escalation": name, "when": when, "do": [{"coach": {"due": "24 h"}}]})
    if found:
        card["escalations"] = found
