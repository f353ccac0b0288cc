"""The second, plain scorer: SCORECARD.md read sentence by sentence, one evaluation at a time, in exact fractions.

It shares no line with the engine and is written from the contract alone, so that a slip in one of the two shows as a
disagreement. It trusts its card: faults of cards are the loader's to find.

    scored(card, call, answers, criteria)   one evaluation as a plain dict
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from math import floor
from typing import Any

from reference_card import Answer, Data, Question, error_of, judged, question_of
from reference_conditions import Values, exact, holds, written

NOISE = Fraction(1, 10**9)
STATES = ("unverified", "missing", "not_applicable", "not_asked")
CLASSES = ("customer", "business", "compliance")
Settled = tuple[Question, Answer]


class Sheet:
    """All answers of one evaluation, settled question by question as conditions ask for them."""

    def __init__(self, card: Data, call: Data, answers: Data | None, criteria: Data) -> None:
        sets = card.get("answer_sets", {})
        self.sections = card["sections"]
        self.questions = {
            question.id: question
            for section in self.sections
            for question in (question_of(each, section, sets) for each in section["questions"])
        }
        self.section_when = {written(section["section"]): section.get("when") for section in self.sections}
        self.call, self.given, self.criteria = call, answers, criteria
        self.settled: dict[str, Answer] = {}
        self.asked = {name for name, question in self.questions.items() if self.when_holds(question)}
        for name in self.questions:
            self.answer(name)

    @property
    def automatic(self) -> bool:
        return self.given is None

    def answer(self, name: str) -> Answer:
        if name not in self.settled:
            self.settled[name] = self.settle(self.questions[name])
        return self.settled[name]

    def when_holds(self, question: Question) -> bool:
        conditions = (self.section_when[question.section], question.data.get("when"))
        return all(holds(each, self.values()) for each in conditions if each is not None)

    def values(self) -> Values:
        return Values(self.call, lambda name: self.answer(name).seen)

    def entry(self, name: str) -> Data:
        """The person's entry: answer, comment, fault."""
        entry = (self.given or {}).get(name)
        return entry if isinstance(entry, Mapping) else {"answer": entry}

    def settle(self, question: Question) -> Answer:
        if not self.when_holds(question):
            return Answer("not_asked")
        criterion, default = question.data.get("criterion"), question.data.get("default")
        if self.automatic and criterion is None and default is None:
            return Answer("not_asked", looked_at=False)
        answer = self.found(question, self.entry(question.id).get("answer"), criterion, default)
        if answer.state == "missing" and question.may_stay_open:
            return Answer("open")
        comment = question.data.get("comment", "optional")
        if not self.automatic and answer.seen not in (None, "not_applicable"):  # an answer that somebody could choose
            needed = comment == "required" or (comment == "required_on_error" and bool(answer.errors))
            return replace(answer, needs_comment=answer.needs_comment or needed)
        return replace(answer, needs_comment=False)

    def found(self, question: Question, raw: Any, criterion: Any, default: Any) -> Answer:
        """A person's answer goes first, then the criterion's, then `default`."""
        missing = Answer("missing")
        if raw is not None and str(raw).strip() not in ("", "missing"):
            if raw == "unverified":
                return Answer("unverified", by="person")
            if raw == "not_applicable" and any(option.not_applicable for option in question.options.values()):
                return self.not_applicable(question, "person")
            if raw in STATES:
                return missing
            return judged(question, raw, "person") or missing
        if criterion is not None:
            verdict = self.criteria.get(question.id, "unverified")
            if isinstance(criterion, Mapping) and "condition" in criterion:
                verdict = "met" if holds(criterion["condition"], self.values()) else "not_met"
            said = self.said(question, criterion, verdict)
            could_not_tell = said.state == "unverified" and not self.automatic
            proposal = said.state != "unverified" and isinstance(criterion, Mapping) and criterion.get("confirm")
            return missing if could_not_tell or proposal else said
        return (judged(question, default, "default") or missing) if default is not None else missing

    def said(self, question: Question, criterion: Any, verdict: Any) -> Answer:
        """What the criterion's verdict means: `{'answer': x}` is an answer or number of its own."""
        if verdict == "not_applicable":
            return self.not_applicable(question, "criterion")
        unverified = Answer("unverified", by="criterion")
        if verdict == "unverified":
            return unverified
        if isinstance(verdict, Mapping):
            return judged(question, verdict["answer"], "criterion") or unverified
        meant = (criterion.get("answers") or {}) if isinstance(criterion, Mapping) else {}
        raw = meant[verdict] if verdict in meant else self.by_points(question, verdict)
        return (judged(question, raw, "criterion") if raw is not None else None) or unverified

    @staticmethod
    def by_points(question: Question, verdict: str) -> Any:
        """`met` is the answer with the most points, `not_met` the one with the fewest."""
        if question.kind == "scale":
            return float(question.high if verdict == "met" else question.low)
        points = {name: option.points for name, option in question.options.items() if option.points is not None}
        if question.kind != "one" or not points:
            return None
        return (max if verdict == "met" else min)(points, key=points.__getitem__)

    @staticmethod
    def not_applicable(question: Question, by: str) -> Answer:
        """Present with its id where nobody named one: the question's own not-applicable answer, if it has one."""
        own = next((name for name, option in question.options.items() if option.not_applicable), None)
        told = judged(question, own, by) if own is not None else None
        return told or Answer("not_applicable", "not_applicable", by=by)


class Card:
    """The card's scoring: formula, errors, bounds, rounding."""

    def __init__(self, card: Data) -> None:
        self.scoring: Data = card.get("scoring") or {}
        method = self.scoring.get("method", "weighted")
        self.method = method if isinstance(method, str) else next(iter(method))
        self.weights = {
            written(section["section"]): exact(section["weight"]) if section.get("weight") is not None else None
            for section in card["sections"]
        }
        self.weighted_sections = any(weight is not None for weight in self.weights.values())

    def sums(self, rows: Sequence[Settled], section: str, failed: bool) -> tuple[Fraction, Fraction]:
        """Σ w·credit and Σ w of a section's scored, answered questions."""
        own = [(question, answer) for question, answer in rows if question.section == section]
        upper = sum((question.weight * answer.points / question.max for question, answer in own), Fraction(0))
        lower = sum((question.weight for question, _ in own if not question.bonus), Fraction(0))
        return (min(upper, Fraction(0)) if failed else upper), lower

    def formula(self, rows: Sequence[Settled], failed: frozenset[str]) -> Fraction | None:
        """The score of scored, answered questions before bounds; None where there is no score."""
        if self.method != "weighted":
            return self.other_method(rows)
        sums = {section: self.sums(rows, section, section in failed) for section in self.weights}
        if not self.weighted_sections:
            lower = sum(below for _, below in sums.values())
            return 100 * sum(above for above, _ in sums.values()) / lower if lower else None
        scores = {section: 100 * above / below for section, (above, below) in sums.items() if below}
        total = sum(self.weights[section] for section in scores)
        return sum(self.weights[section] * score for section, score in scores.items()) / total if total else None

    def other_method(self, rows: Sequence[Settled]) -> Fraction | None:
        if self.method == "deductions":
            return 100 + sum((min(answer.points, Fraction(0)) for _, answer in rows), Fraction(0)) if rows else None
        credits = [answer.points / question.max for question, answer in rows if not question.bonus]
        if not credits:
            return None
        if self.method == "worst_grade":
            return 100 * min(credits)
        return Fraction(100 if all(credit >= 1 - NOISE for credit in credits) else 0)

    def held(self, score: Fraction | None) -> Fraction | None:
        if score is None:
            return None
        score = score if self.scoring.get("above_100") else min(score, Fraction(100))
        return score if self.scoring.get("below_0") else max(score, Fraction(0))

    def shown(self, score: Fraction | None, more: int = 0) -> float | None:
        """sign · floor(|x|·10^d + 0.5 + 1e-9) / 10^d; a share, which is not in percent, shows two decimals more."""
        if score is None:
            return None
        scale = 10 ** (int(self.scoring.get("decimals", 2)) + more)
        whole = floor(abs(score) * scale + Fraction(1, 2) + NOISE)
        return (-whole if score < 0 else whole) / scale

    def errors(self, rows: Sequence[Settled]) -> tuple[Counter[str], bool, frozenset[str]]:
        """The errors by class, with the accumulated one; whether the card fails; which sections fail."""
        made = [(error, question.section) for question, answer in rows for error in answer.errors]
        count = Counter(harm for (harm, _), _ in made)
        fails = [error[1] for error, _ in made]
        rule = self.scoring.get("accumulation")
        if rule and count["non_critical"] >= int(rule["non_critical"]):
            harm, failing = error_of(rule["make"])
            count[harm] += 1
            fails.append(failing)
        return count, "card" in fails, frozenset(where for (_, what), where in made if what == "section")

    def total(self, rows: Sequence[Settled]) -> Fraction | None:
        """The score after errors, of all answered questions."""
        _, card_failed, failed = self.errors(rows)
        score = self.held(self.formula([row for row in rows if row[0].scored], failed))
        rule = self.scoring.get("on_critical", "zero")
        if score is None or not card_failed or rule == "keep":
            return score
        return min(score, Fraction(0) if rule == "zero" else exact(rule["at_most"]))


def scored(card: Data, call: Data, answers: Data | None, criteria: Data | None = None) -> dict[str, Any]:
    """One evaluation. `answers` None is an automatic one; `criteria`: question -> a verdict, or {'answer': its own}."""
    sheet, rules = Sheet(card, call, answers, criteria or {}), Card(card)
    everything = [(question, sheet.settled[name]) for name, question in sheet.questions.items()]
    rows = [(question, answer) for question, answer in everything if answer.state == "answered"]
    counted = [row for row in rows if row[0].scored]
    count, card_failed, failed = rules.errors(rows)
    weighted = rules.method == "weighted"
    sections = {}
    for section in rules.weights:
        above, below = rules.sums(counted, section, weighted and section in failed)
        sections[section] = 100 * above / below if below else None
    missing = [question.id for question, answer in everything if answer.state == "missing"]
    unverified = [question.id for question, answer in everything if answer.state == "unverified"]
    no_comment = [  # a blank comment is none
        question.id
        for question, answer in everything
        if answer.needs_comment and not (sheet.entry(question.id).get("comment") or "").strip()
    ]
    score = rules.shown(rules.total(rows))
    held_up = rules.scoring.get("unverified") == "incomplete" and bool(unverified)
    status = "incomplete" if missing or no_comment or held_up else "not_scored" if score is None else "complete"
    result: dict[str, Any] = {
        "status": status,
        "score": score,
        "raw_score": rules.shown(rules.held(rules.formula(counted, frozenset()))),
        "agent_score": rules.shown(rules.total([row for row in rows if not excused(*row, sheet)])),
        "band": band_of(card, score) if status == "complete" else None,
        "passed": passed(rules, everything, status, score, card_failed, sheet),
        "critical_errors": sum(count[harm] for harm in CLASSES),
        "critical_by_class": {harm: count[harm] for harm in CLASSES},
        "non_critical_errors": count["non_critical"],
        "coverage": coverage(rules, sheet, everything),
        "sections": {section: rules.shown(value) for section, value in sections.items()},
        "scores_by": scores_by(rules, sheet, counted),
        "answers": {question.id: shown_answer(answer) for question, answer in everything},
        "answered_by": {question.id: answer.by for question, answer in everything},
        "points": {question.id: float(answer.points) for question, answer in counted},
        "missing": missing,
        "unverified": unverified,
        "no_comment": no_comment,
    }
    result["escalations"] = escalations(card, sheet, result) if status != "incomplete" else []
    return result


def shown_answer(answer: Answer) -> Any:
    """An id (or number, or ids), else the state; what may stay open shows as `missing` and counts as nothing."""
    if answer.state in ("answered", "not_applicable"):
        return answer.value
    return "missing" if answer.state == "open" else answer.state


def excused(question: Question, answer: Answer, sheet: Sheet) -> bool:
    """A miss (credit below 1, bonus questions aside) whose fault is not the agent's."""
    if not question.scored or question.bonus or answer.points / question.max >= 1 - NOISE:
        return False
    return (sheet.entry(question.id).get("fault") or question.data.get("fault", "agent")) != "agent"


def band_of(card: Data, score: float | None) -> str | None:
    reached = [each for each in card.get("bands", ()) if score is not None and at_least(score, each["from"])]
    return written(max(reached, key=lambda each: exact(each["from"]))["band"]) if reached else None


def at_least(score: float, mark: Any) -> bool:
    return exact(score) > exact(mark) - NOISE


def passed(
    rules: Card,
    everything: Sequence[Settled],
    status: str,
    score: float | None,
    card_failed: bool,
    sheet: Sheet,
) -> bool | None:
    mark = rules.scoring.get("pass_mark")
    if status == "incomplete":
        return None
    if card_failed or (score is not None and mark is not None and not at_least(score, mark)):
        return False
    if mark is None or score is None:
        return None
    for question, answer in everything:
        in_doubt = answer.state == "unverified" or (sheet.automatic and not answer.looked_at)
        if in_doubt and question.could_fail_the_card:
            return None
    return True


def coverage(rules: Card, sheet: Sheet, everything: Sequence[Settled]) -> float | None:
    """The share of the weight of questions whose `when` holds that was answered or not applicable."""
    open_to = [
        (question, answer) for question, answer in everything if question.id in sheet.asked and not question.bonus
    ]
    inside: Counter[str] = Counter()
    for question, _ in open_to:
        inside[question.section] += question.weight

    def share(question: Question) -> Fraction:
        if not rules.weighted_sections or not question.weight:
            return question.weight
        return question.weight * rules.weights[question.section] / inside[question.section]

    total = sum(share(question) for question, _ in open_to)
    told = sum(share(question) for question, answer in open_to if answer.state in ("answered", "not_applicable"))
    return rules.shown(told / total, more=2) if total else None


def scores_by(rules: Card, sheet: Sheet, counted: Sequence[Settled]) -> dict[str, dict[str, float | None]]:
    """The same formula, before errors, over the questions of each tag and of each aim."""
    groups: dict[str, dict[str, float | None]] = {"tags": {}, "aims": {}}
    for group, names_of in (("tags", tags_of), ("aims", aims_of)):
        for name in dict.fromkeys(name for question in sheet.questions.values() for name in names_of(question)):
            rows = [row for row in counted if name in names_of(row[0])]
            groups[group][name] = rules.shown(rules.held(rules.formula(rows, frozenset())))
    return groups


def tags_of(question: Question) -> list[str]:
    return [written(tag) for tag in question.data.get("tags") or ()]


def aims_of(question: Question) -> list[str]:
    return [question.data["aim"]] if question.data.get("aim") else []


def escalations(card: Data, sheet: Sheet, result: Data) -> list[str]:
    plain = ("score", "raw_score", "agent_score", "band", "passed", "status", "coverage")
    subjects = {name: result[name] for name in (*plain, "critical_errors", "non_critical_errors")}
    subjects |= {"missing": len(result["missing"]), "unverified": len(result["unverified"])}
    subjects |= {f"critical_errors.{harm}": count for harm, count in result["critical_by_class"].items()}
    subjects |= {f"section.{section}": score for section, score in result["sections"].items()}
    values = Values(sheet.call, lambda name: sheet.answer(name).seen, subjects)
    return [
        written(each["escalation"])
        for each in card.get("escalations", ())
        if each.get("when") is not None and holds(each["when"], values)
    ]
