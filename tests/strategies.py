"""Random cards of every kind, valid by SCORECARD.md, as the plain data that the reference scorer reads.

cards(traits)          a hypothesis strategy of cards
card_by(dice)          one card
yaml_of(card)          the card as the text of a file, for the real loader
rows_by(dice, card, n) n evaluations of a card: (call, answers or None, criteria); see random_rows
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml
from dice import Dice
from hypothesis import strategies as st
from random_conditions import add_conditions, add_escalations
from random_rows import FAULTS, NAMES, NUMERALS, Row, questions_of, rows_by, valid_answer, verdict_by
from reference_card import Question, question_of

WORDS = (
    "yes", "no", "partly", "N/A", "да", "нет", "sí", "не применимо", "on", "null", "true", "a: b", "- x", "#1", "~",
    "good work", "0x1F", "1_000", "12:30", "2024-01-31", "'", '"q"', "None", "{x}",
)  # fmt: skip
POINTS = (1, 0, 2, 5, 10, 3, -5, -1, 0.5, 2.5, 0.1, 0.2, 0.3, 0.7, 33.3)
TAME = ((1, 0, 0, 0.5, 0), (5, 2, 0, 1, 3), (0, 10, 5, 7, 0), (0.3, 0.1, 0.2, 0, 0.7), (5, 0, -5, 2, 1))
WEIGHTS = (1, 2, 5, 10, 40, 1, 20, 30, 3, 0, 2.5, 0.1, 0.7)
HARMS = ("customer", "business", "compliance")
AIMS = ("experience", "process", "improvement", "agent")


@dataclass(frozen=True)
class Traits:
    """What a card may have, for laws that hold for some cards only."""

    methods: tuple[str, ...] = ("weighted",) * 6 + ("worst_grade", "all_must_pass", "deductions")
    section_weights: bool | None = None
    question_weights: str | None = None
    conditions: bool = True
    criteria: bool = True
    bonus: bool = True
    escalations: bool = True
    errors: bool = True
    names: Sequence[str] = field(default=NAMES)


ANY = Traits()


@st.composite
def cards(draw: st.DrawFn, traits: Traits = ANY) -> dict[str, Any]:
    return card_by(Dice(lambda low, high: draw(st.integers(low, high))), traits)


def card_by(dice: Dice, traits: Traits = ANY) -> dict[str, Any]:
    """One valid card."""
    card: dict[str, Any] = {"scorecard": "random", "version": "1.0.0", "language": "en"}
    sets = {name: answers_by(dice, words=False) for name in dice.some(("set_1", "cumple", "шкала"), 0, 2)}
    if sets:
        card["answer_sets"] = sets
    card["scoring"] = scoring_by(dice, traits)
    if dice.chance(60):
        marks = dice.some((0, 50, 60, 75, 80, 90, 99.5, 100, 33.33), 1, 4)
        card["bands"] = [{"band": name, "from": mark} for name, mark in zip(NAMES, marks)]
    weighted_sections = dice.chance(40) if traits.section_weights is None else traits.section_weights
    weights = traits.question_weights or dice.pick(("none", "all", "some"))
    names = dice.some(traits.names, 3 if dice.chance(70) else 1, 10)
    count = min(dice.number(1, 4), len(names))
    sections: list[dict[str, Any]] = []
    for index in range(count):
        section: dict[str, Any] = {"section": dice.pick(NAMES) + f"_{index}"}
        if weighted_sections:
            section["weight"] = dice.pick(WEIGHTS)
        if dice.chance(25):
            section["answers"] = answers_by(dice, words=True, sets=tuple(sets))
        if traits.errors and dice.chance(25):
            section["error"] = error_by(dice)
        own = names[index::count]
        section["questions"] = [question_by(dice, name, section, sets, weights, traits) for name in own]
        sections.append(section)
    card["sections"] = sections
    if traits.conditions:
        add_conditions(dice, card)
    if traits.escalations:
        add_escalations(dice, card)
    return card


def scoring_by(dice: Dice, traits: Traits) -> dict[str, Any]:
    scoring: dict[str, Any] = {}
    method = dice.pick(traits.methods)
    if method != "weighted" or dice.chance(10):
        scoring["method"] = method
    if dice.chance(50):
        scoring["pass_mark"] = dice.pick((80, 50, 65.63, 100, 0, 99.99))
    if dice.chance(40):
        scoring["on_critical"] = dice.pick(("zero", "keep", {"at_most": 59}, {"at_most": 33.333}))
    if traits.errors and dice.chance(40):
        make: dict[str, Any] = {"critical": dice.pick(HARMS)}
        if dice.chance(60):
            make["fails"] = dice.pick(("card", "nothing"))
        scoring["accumulation"] = {"non_critical": dice.number(1, 3), "make": make}
    if dice.chance(20):
        scoring["unverified"] = "incomplete"
    if dice.chance(15):
        scoring["above_100"] = dice.chance(80)
    if dice.chance(25):
        scoring["below_0"] = dice.chance(80)
    if dice.chance(30):
        scoring["decimals"] = dice.number(0, 4)
    return scoring


def error_by(dice: Dice) -> Any:
    match dice.number(0, 9):
        case 0 | 1 | 2 | 3:
            return "non_critical"
        case 4:
            return "none"
        case 5:
            return dice.pick(("critical", {"critical": dice.pick(HARMS)}))
    return {"critical": dice.pick(HARMS), "fails": dice.pick(("card", "section", "nothing"))}


def answers_by(dice: Dice, *, words: bool, sets: Sequence[str] = ()) -> Any:
    """Every kind of `answers`."""
    if words and dice.chance(35):
        return dice.pick(("yes_no", "yes_no_na", "scale_1_5", *sets, *(("text", "date") if dice.chance(30) else ())))
    match dice.number(0, 9):
        case 0 | 1 | 2:
            return options_map(dice, words_by(dice))
        case 3 | 4:
            return options_list(dice, words_by(dice))
        case 5:
            options = words_by(dice)
            many: dict[str, Any] = {"choose": "many"}
            many["options"] = options_map(dice, options) if dice.chance(50) else options_list(dice, options)
            if dice.chance(40):
                many["at_most"] = dice.pick((1, 5, 0.8, 10))
            return many
        case 6:
            low = dice.pick((0, 1, -3, 0.5))
            scale: dict[str, Any] = {"scale": {"from": low, "to": low + dice.pick((4, 9, 1, 2.5))}}
            return scale | ({"anchors": {low: "least"}} if dice.chance(20) else {})
        case 7 | 8:
            return ranges_by(dice)
    if dice.chance(60):
        return words_by(dice)
    return {"number": {"unit": "s", "min": 0} if dice.chance(50) else {}}


def words_by(dice: Dice) -> list[Any]:
    if dice.chance(15):
        return [int(each) if "." not in each else float(each) for each in dice.some(NUMERALS, 1, 4)]
    return dice.some(WORDS, 2 if dice.chance(85) else 1, 5)


def options_map(dice: Dice, names: list[Any]) -> dict[Any, Any]:
    points = points_by(dice, len(names))
    if len(names) > 1 and dice.chance(30):
        points[-1] = None
    return dict(zip(names, points))


def points_by(dice: Dice, count: int) -> list[Any]:
    """Mostly points as people give them, sometimes any."""
    return list(dice.pick(TAME)[:count]) if dice.chance(65) else [dice.pick(POINTS) for _ in range(count)]


def options_list(dice: Dice, names: list[Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for index, (name, points) in enumerate(zip(names, points_by(dice, len(names)))):
        option: dict[str, Any] = {"answer": name}
        if index and dice.chance(15):
            option["not_applicable"] = True
        else:
            option["points"] = points
            if dice.chance(25):
                option["error"] = error_by(dice)
        if dice.chance(10):
            option["comment"] = dice.pick(("required", "optional"))
        if dice.chance(10):
            option["title"] = {"en": "Yes", "es": "Sí"}
        found.append(option)
    return found


def ranges_by(dice: Dice) -> dict[str, Any]:
    number: dict[str, Any] = {}
    if dice.chance(50):
        number["min"] = 0
    if dice.chance(20):
        number["max"] = 100
    bounds = sorted(dice.some((0, 4, 8, 10, 15.5, 60), 1, 3))
    ranges: list[dict[str, Any]] = [{"to": bound} for bound in bounds]
    if dice.chance(25):
        ranges[0]["from"] = bounds[0] - 3
    if dice.chance(80):
        ranges.append({})
    for each, points in zip(ranges, points_by(dice, len(ranges))):
        each["points"] = points
        if dice.chance(20):
            each["error"] = error_by(dice)
    return {"number": number, "ranges": ranges}


def question_by(
    dice: Dice, name: str, section: Mapping[str, Any], sets: Mapping[str, Any], weights: str, traits: Traits
) -> dict[str, Any]:
    data: dict[str, Any] = {"question": name}
    if dice.chance(30):
        data["text"] = dice.pick(("Was it so?", {"en": "Was it so?", "pt": "Foi assim?"}))
    if "answers" not in section or dice.chance(50):
        data["answers"] = answers_by(dice, words=True, sets=tuple(sets))
    if traits.errors and dice.chance(30):
        data["error"] = error_by(dice)
    question = question_of(data, section, sets)
    if question.scored:
        if question.max <= 0 or dice.chance(15):
            data["out_of"] = dice.pick((10, 5, 1, 0.8, 100))
        if weights == "all" or (weights == "some" and dice.chance(50)):
            data["weight"] = dice.pick(WEIGHTS)
        if traits.bonus and dice.chance(18):
            data["bonus"] = True
    if dice.chance(30):
        data["fault"] = dice.pick(FAULTS)
    if dice.chance(25):
        data["tags"] = dice.some(("critical", "voice", "да"), 1, 2)
    if dice.chance(20):
        data["aim"] = dice.pick(AIMS)
    if dice.chance(12):
        data["comment"] = dice.pick(("required", "required_on_error", "optional"))
    if dice.chance(15):
        data["required"] = dice.chance(40)
    if traits.criteria and dice.chance(35):
        add_criterion(dice, data, question)
    if dice.chance(15):
        data["default"] = valid_answer(dice, question)
    return data


def add_criterion(dice: Dice, data: dict[str, Any], question: Question) -> None:
    beside: dict[str, Any] = {"confirm": True} if dice.chance(20) else {}
    if question.kind == "one":
        points = [option.points for option in question.options.values() if option.points is not None]
        clear = len(points) > 1 and points.count(max(points)) == 1 == points.count(min(points))
        if not clear or dice.chance(20):
            names = list(question.options)
            beside["answers"] = {"met": dice.pick(names), "not_met": dice.pick(names)}
    elif question.kind == "scale":
        if dice.chance(20):
            beside["answers"] = {"met": valid_answer(dice, question), "not_met": valid_answer(dice, question)}
    elif question.kind == "many":
        names = [name for name, option in question.options.items() if not option.not_applicable]
        beside["answers"] = {"met": dice.pick(names), "not_met": dice.pick(names)}
    elif question.kind != "number":
        return
    data["criterion"] = {"told": {}, **beside} if beside or dice.chance(50) else "told"


class _Dumper(yaml.SafeDumper):
    """Words that YAML could take for something else stand in quotation marks."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def _word(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    plain = re.fullmatch(r"[^\W\d][\w-]*", text) and text.lower() not in ("null", "true", "false")
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if plain else '"')


_Dumper.add_representer(str, _word)
# `yes` and `no` are words in YAML 1.2, so they may stand bare.
_Dumper.yaml_implicit_resolvers = {
    letter: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool"]
    for letter, resolvers in yaml.SafeDumper.yaml_implicit_resolvers.items()
}
_Dumper.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"(?:true|false)\Z"), list("tf"))


def yaml_of(card: Mapping[str, Any], *, as_json: bool = False) -> str:
    """The card as the text of a file."""
    if as_json:
        return json.dumps(card, ensure_ascii=False, indent=1)
    return yaml.dump(card, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=120)


__all__ = ["ANY", "Dice", "Row", "Traits", "card_by", "cards", "questions_of", "rows_by", "verdict_by", "yaml_of"]
