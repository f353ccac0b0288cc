"""Warnings: what is hardly ever meant is said, and what is fine is left alone."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
import yaml
from engine_runs import HOST as TOLD
from strategies import Dice, card_by, yaml_of

from pauta.engine.host import Host
from pauta.engine.loading.load import card_from_text, load_card
from pauta.engine.loading.reach import unreachable
from pauta.engine.loading.worlds import between
from pauta.engine.model.conditions import holds
from pauta.engine.model.scorecard import Kind

HERE = Path(__file__).parent
SHARED = HERE.parents[0].parent / "shared"
CASES = [
    case
    for name in ("reach", "questions", "card")
    for case in yaml.safe_load((HERE / "cases" / "warnings" / f"{name}.yaml").read_text(encoding="utf-8"))
]
ENDINGS = yaml.safe_load((HERE / "cases" / "warnings" / "endings.yaml").read_text(encoding="utf-8"))
HEAD = 'scorecard: small\nversion: "1.0.0"\nlanguage: en\nsections:\n  - section: s\n    questions:\n'
HOST = Host(installed=False)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["case"])
def test_case(case):
    text = case.get("card") or HEAD + "".join(f"      {line}\n" for line in case["questions"].splitlines())
    problems = [each for each in card_from_text(text, HOST).problems if each.code not in ("W408", "W409")]
    lines = text.splitlines()
    found = [f"{each.code} {lines[each.place.line - 1][each.place.column - 1 :]}" for each in problems]
    for wanted in case["expect"]:
        match = next((each for each in found if each.startswith(wanted)), None)
        assert match is not None, f"no {wanted} among {found}"
        found.remove(match)
    assert [each for each in found if each.split()[0] not in case.get("also", ())] == []
    for words in case.get("said", ()):
        assert any(words in f"{each.message} {each.hint}" for each in problems), (words, problems)


CARD = {
    "scorecard": "endings",
    "version": "1.0.0",
    "scoring": {"pass_mark": 80, "accumulation": {"non_critical": 3, "make": {"critical": "customer"}}},
    "bands": [{"band": "high", "from": 80}, {"band": "middle", "from": 60}, {"band": "low", "from": 0}],
    "sections": [
        {
            "section": "s",
            "answers": "yes_no",
            "questions": [
                {"question": "a", "error": {"critical": "customer"}},
                {"question": "b", "error": {"critical": "customer"}},
                *({"question": f"n{n}", "error": "non_critical"} for n in range(4)),
            ],
        }
    ],
}


def endings(card, **more):
    text = yaml.safe_dump({**card, **more}, sort_keys=False)
    return [each.message for each in card_from_text(text, HOST).problems if each.code == "W408"]


@pytest.mark.parametrize("case", ENDINGS, ids=lambda case: case["case"])
def test_ending(case):
    raised = [{"escalation": f"e{n}", "when": when, "do": ["coach"]} for n, when in enumerate(case["when"])]
    said = endings(CARD, escalations=raised)
    if case["gap"] is None:
        assert said == []
    else:
        assert len(said) == 1
        assert case["gap"] in said[0]


def test_only_coaching_and_recognition_are_endings():
    always = {"score": {"at_least": 0}}
    notify, coach = ([{"escalation": "e", "when": always, "do": [name]}] for name in ("finding", "coach"))
    assert endings(CARD, escalations=notify) == ["no escalation of the card coaches or recognises"]
    assert endings(CARD, escalations=coach) == []
    assert endings(CARD) == ["the card has no escalations: no result ends in coaching or recognition"]


def test_other_methods_are_left_alone():
    raised = [{"escalation": "e", "when": {"score": 100}, "do": ["coach"]}]
    assert endings(CARD, escalations=raised) != []
    assert endings(CARD, escalations=raised, scoring={"method": "all_must_pass"}) == []


@pytest.mark.parametrize(
    ("scoring", "gap"),
    [
        ({"on_critical": "keep", "pass_mark": 80}, True),
        ({"on_critical": {"at_most": 79}, "pass_mark": 80}, False),
        ({"on_critical": "zero", "pass_mark": 80}, False),
    ],
)
def test_what_a_failed_card_may_score(scoring, gap):
    raised = [
        {"escalation": "a", "when": {"score": {"below": 80}}, "do": ["coach"]},
        {"escalation": "b", "when": {"score": {"at_least": 80}, "critical_errors": 0}, "do": ["recognise"]},
    ]
    card = {**CARD, "scoring": scoring}
    card["sections"] = [{"section": "s", "answers": "yes_no", "questions": [{"question": "a", "error": "critical"}]}]
    assert bool(endings(card, escalations=raised)) is gap


def test_break_points():
    assert sorted(between([3, 1])) == [0, 1, 2, 3, 4]
    assert 0.0 in between([])


@pytest.mark.parametrize("seed", range(150))
def test_what_is_called_unreachable_is_never_asked(seed):
    """Random cards, random worlds: no question is asked that was said to be out of reach."""
    loaded = card_from_text(yaml_of(card_by(Dice.seeded(seed))), TOLD)
    card = loaded.scorecard
    assert card is not None, "\n".join(map(str, loaded.problems))
    at = {problem.place for problem in unreachable(card)}
    told = {q.id for section in card.sections for q in section.questions if q.at in at or section.at in at}
    if not told:
        return
    roll = random.Random(seed)
    for _ in range(300):
        call = {
            "call.call_type": roll.choice(["support", "sales", "retention", None]),
            "call.duration_s": roll.choice([None, 0.0, 12.5, 13.0, 600.0, 601.0, -1.0]),
            "call.attributes.tier": roll.choice(["gold", "silver", None, ("gold", "x")]),
            "call.attributes.count": roll.choice([None, 2.0, 3.0, "3", 3.5, 4.0, (3.0, 4.0)]),
            "call.attributes.labels": roll.choice([None, "vip", "new", ("vip", "new"), (), "x"]),
            "call.language": roll.choice(["en", "es", "pt", None]),
        }
        world = World(card, call, {question.id: answer_of(roll, question.answers) for question in card.questions})
        assert [name for name in told if world.asked(name)] == []


class World:
    """One call with its answers; those to questions that are not asked are not heard."""

    def __init__(self, card, call, answers):
        self.card, self.call, self.answers = card, call, answers
        self.known = {}

    def asked(self, name):
        if name not in self.known:
            conditions = (self.card.section_of[name].when, self.card.by_id[name].when)
            self.known[name] = all(holds(each, self.value) for each in conditions if each is not None)
        return self.known[name]

    def value(self, subject):
        kind, _, name = subject.partition(".")
        if kind == "call":
            return self.call[subject]
        return self.answers[name] if self.asked(name) else None


def answer_of(roll, answers):
    if roll.random() < 0.1:
        return None
    match answers.kind:
        case Kind.ONE:
            return roll.choice(answers.options).id
        case Kind.MANY:
            return tuple(option.id for option in answers.options if roll.random() < 0.5)
        case Kind.NUMBER | Kind.SCALE:
            low = -5 if answers.minimum is None else answers.minimum
            high = 70 if answers.maximum is None else answers.maximum
            number = roll.choice([low, high, roll.uniform(low, high), float(roll.randint(int(low), int(high)))])
            return number if not answers.ranges or any(each.has(number) for each in answers.ranges) else None
    return roll.choice(["20 days", "2024-01-31", "a", "even"])


TRUE_OF = {
    "accumulation": ["W406 5"], "other-alphabets": ["W405"], "pauta-de-monitoreo": ["W403"] * 3, "unverified": ["W406"],
    "bank-inbound": ["W406"],
}  # fmt: skip


@pytest.mark.skipif(not SHARED.exists(), reason="the shared cards are not beside this checkout")
@pytest.mark.parametrize("path", sorted(SHARED.glob("*/*.yaml")) + sorted(SHARED.glob("examples/scorecards/*.yaml")),
                         ids=lambda path: path.stem)  # fmt: skip
def test_no_false_alarms(path):
    loaded = load_card(path, HOST)
    assert loaded.scorecard is not None, "\n".join(map(str, loaded.problems))
    codes = [each.code for each in loaded.problems if each.code != "W408" or loaded.scorecard.escalations]
    assert codes == [each.split()[0] for each in TRUE_OF.get(path.stem, ())]
