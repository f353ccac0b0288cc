"""An explanation as people read it: text for a terminal, one HTML page, JSON for other programs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from pauta.engine.evaluation.explain import Explanation
from pauta.engine.model.scorecard import ANSWERED, NOT_ASKED, Question, Section

STATES_SAID: Final = {
    "not_applicable": "not applicable",
    "unverified": "could not be verified",
    "missing": "not answered",
    "not_asked": "not asked",
}
WHO: Final = {"person": "by a person", "criterion": "by the criterion", "default": "by default"}
QUOTES_SHOWN: Final = 3


def explanation_text(explanation: Explanation, language: str | None = None) -> str:
    """One evaluation line by line, for a terminal."""
    record = explanation.record
    lines = [_headline(record), _verdict(record), ""]
    answers = {each["question"]: each for each in record["answers"]}
    for section, scores in zip(explanation.card.sections, record["sections"], strict=True):
        lines.append(_section_line(section, scores, language))
        for question in section.questions:
            lines += [f"  {line}" for line in _question_lines(question, answers[question.id], explanation, language)]
        lines.append("")
    for title, part in (
        ("Weight that went elsewhere", list(handed_on_lines(explanation))),
        ("What the errors did", list(effect_lines(explanation))),
        ("Escalations", list(record["escalations"])),
        ("The cheapest change that would have passed", list(change_lines(explanation))),
    ):
        if part:
            lines += [title, *(f"  {line}" for line in part), ""]
    return "\n".join(lines).rstrip() + "\n"


def explanation_json(explanation: Explanation) -> str:
    """One evaluation as JSON: the record, and what led to it."""
    return json.dumps(
        {
            "evaluation": explanation.record,
            "handed_on": explanation.handed_on,
            "effects": explanation.effects,
            "cheapest_change": explanation.cheapest,
        },
        ensure_ascii=False,
        indent=2,
    )


def explanation_html(explanation: Explanation, language: str | None = None) -> str:
    """One evaluation as a page of its own: no script, everything escaped."""
    from pauta.reports.pages import page

    answers = {each["question"]: each for each in explanation.record["answers"]}
    sections = [
        {
            "title": section.title.in_language(language, section.id),
            "weight": section.weight,
            "score": figure(scores["score"]),
            "questions": [
                _question_map(question, answers[question.id], explanation, language) for question in section.questions
            ],
        }
        for section, scores in zip(explanation.card.sections, explanation.record["sections"], strict=True)
    ]
    return page(
        "explanation.html",
        language=language or explanation.card.language or "en",
        title=explanation.card.title.in_language(language, explanation.card.id),
        headline=_headline(explanation.record),
        verdict=_verdict(explanation.record),
        record=explanation.record,
        sections=sections,
        handed_on=list(handed_on_lines(explanation)),
        effects=list(effect_lines(explanation)),
        changes=list(change_lines(explanation)),
    )


def _headline(record: dict[str, Any]) -> str:
    who = "an automatic evaluation" if record["evaluator"] == "engine" else f"evaluated by {record['evaluator']}"
    agent = f", agent {record['agent']}" if record["agent"] else ""
    return f"{record['scorecard']} {record['version']}: call {record['call_id']}{agent}, {who}"


def _verdict(record: dict[str, Any]) -> str:
    passed = {True: "passed", False: "not passed", None: "no verdict"}[record["passed"]]
    band = f", band {record['band']}" if record["band"] else ""
    coverage = "" if record["coverage"] is None else f", coverage {100 * record['coverage']:g} %"
    return (
        f"{record['status'].replace('_', ' ')}, {passed}: score {figure(record['score'])} "
        f"(before errors {figure(record['raw_score'])}, the agent's {figure(record['agent_score'])}){band}{coverage}"
    )


def _section_line(section: Section, scores: dict[str, Any], language: str | None) -> str:
    weight = "" if section.weight is None else f", weight {section.weight:g}"
    score = "no score" if scores["score"] is None else f"{figure(scores['score'])} of 100"
    before = f" (before errors {figure(scores['raw_score'])})" if scores["raw_score"] != scores["score"] else ""
    return f"{section.title.in_language(language, section.id)}: {score}{before}{weight}"


def _question_lines(
    question: Question, answer: dict[str, Any], explanation: Explanation, language: str | None
) -> Iterator[str]:
    facts = _question_map(question, answer, explanation, language)
    yield f"{question.id}: {facts['answer']}{facts['by']}{facts['worth']}"
    if facts["text"]:
        yield f"    {facts['text']}"
    for error in facts["errors"]:
        yield f"    {error}"
    if answer["reason"]:
        yield f"    {answer['reason']}"
    if facts["beside"]:
        yield f"    {facts['beside']}"
    for quote in facts["quotes"]:
        yield f"    {quote}"
    if answer["comment"]:
        yield f"    comment: {answer['comment']}"


def _question_map(
    question: Question, answer: dict[str, Any], explanation: Explanation, language: str | None
) -> dict[str, Any]:
    state = answer["state"]
    said = answer_said(answer["answer"]) if state == ANSWERED else STATES_SAID[state]
    by = f" {WHO[answer['answered_by']]}" if answer["answered_by"] and state != NOT_ASKED else ""
    return {
        "id": question.id,
        "text": question.text.in_language(language) or question.title.in_language(language),
        "answer": said,
        "by": by,
        "worth": _worth(question, answer, explanation),
        "errors": list(error_lines(answer)),
        "reason": answer["reason"],
        "comment": answer["comment"],
        "beside": _beside(answer),
        "quotes": [quote_said(each) for each in answer["evidence"][:QUOTES_SHOWN]],
        "missed": answer["credit"] is not None and answer["credit"] < 1,
    }


def _worth(question: Question, answer: dict[str, Any], explanation: Explanation) -> str:
    if not question.scored or answer["state"] == NOT_ASKED:
        return ""
    parts = []
    if answer["points"] is not None:
        parts.append(f"{answer['points']:g} of {answer['out_of']:g} points")
    parts.append(f"weight {answer['weight']:g}" + (", a bonus" if question.bonus else ""))
    if answer["share"]:
        full = explanation.full_shares[question.id]
        grown = f", {100 * full:.4g} % as written" if full is not None and abs(full - answer["share"]) > 1e-9 else ""
        parts.append(f"{100 * answer['share']:.4g} % of the score{grown}")
    return " (" + ", ".join(parts) + ")"


def _beside(answer: dict[str, Any]) -> str:
    """What the criterion said, where somebody else's answer counted."""
    proposed = answer["criterion_answer"]
    if proposed is None or answer["answered_by"] == "criterion":
        return ""
    return f"the criterion says: {STATES_SAID.get(str(proposed), answer_said(proposed))}"


def error_lines(answer: dict[str, Any]) -> Iterator[str]:
    """Each error of an answer in words, with whose fault it is where it is not the agent's."""
    errors = answer["error"]
    whose = "" if answer["fault"] in (None, "agent") else f"; the fault of the {answer['fault']}"
    for error in errors if isinstance(errors, list) else [errors] if errors else []:
        if error["critical"] is None:
            yield f"a non-critical error{whose}"
        else:
            what = {"card": "fails the card", "section": "fails its section", "nothing": "is counted only"}
            yield f"a critical error ({error['critical']}), {what[error['fails']]}{whose}"


def handed_on_lines(explanation: Explanation) -> Iterator[str]:
    """Where the weight of what was not answered went."""
    for each in explanation.handed_on:
        where = "the other questions of its section" if each["within"] == "section" else "the rest of the card"
        state = STATES_SAID[each["state"]]
        yield f"{each['question']}: {state}, its {100 * each['share']:.4g} % of the score went to {where}"


def effect_lines(explanation: Explanation) -> Iterator[str]:
    """What each error did to the score, step by step; nothing where no error did anything."""
    if len(explanation.effects) <= 2:
        return
    for each in explanation.effects:
        match each["step"]:
            case "raw":
                yield f"before errors the score is {figure(each['score'])}"
            case "section":
                yield f"section '{each['section']}' is failed by an error: it counts as {figure(each['score'])}"
            case "accumulation":
                fails = ", which fails the card" if each["fails"] == "card" else ", which is counted only"
                count, harm = each["non_critical"], each["critical"]
                yield f"{count} non-critical errors make one more critical error ({harm}){fails}"
            case "card":
                done = {"zero": "the score becomes 0", "keep": "the score is kept", "at_most": "the score is capped"}
                yield f"the card is failed: {done[each['on_critical']]}"
            case "score":
                yield f"the score is {figure(each['score'])}"


def change_lines(explanation: Explanation) -> Iterator[str]:
    """The cheapest change that would have passed, a line for each question of it."""
    for each in explanation.cheapest or ():
        before = STATES_SAID.get(str(each["from"]), answer_said(each["from"]))
        yield f"{each['question']}: {answer_said(each['to'])} instead of {before} (score {figure(each['score'])})"


def quote_said(evidence: dict[str, Any]) -> str:
    """A piece of evidence: the words and when they were said."""
    times = [clock(each) for each in (evidence["start"], evidence["end"]) if each is not None]
    when = f" at {'-'.join(times)}" if times else ""
    turn = f" in turn {evidence['turn'] + 1}" if evidence["turn"] is not None else ""
    return f'"{evidence["quote"]}"{turn}{when}' if evidence["quote"] is not None else f"here:{when}"


def clock(seconds: float) -> str:
    """Seconds from the start of a call as minutes and seconds: 0:07.5."""
    minutes, rest = divmod(round(seconds, 1), 60)
    return f"{int(minutes)}:{rest:04.1f}".removesuffix(".0")


def answer_said(answer: object) -> str:
    """An answer in words: several with commas, none as such."""
    if isinstance(answer, list):
        return ", ".join(map(str, answer)) or "none of them"
    return "nothing" if answer is None else str(answer)


def figure(score: float | None) -> str:
    """A score as it is shown; a dash where there is none."""
    return "-" if score is None else f"{score:g}" if score == int(score) else f"{score:.10g}"
