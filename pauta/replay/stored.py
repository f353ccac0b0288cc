"""Evaluations of a store as rows to compare: the answers that people and criteria gave, without the call's words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from pauta.engine.loading.records import call_from
from pauta.engine.model.calls import Answer, Call, HumanEvaluation
from pauta.engine.model.scorecard import ANSWERED, NOT_APPLICABLE, UNVERIFIED, Scorecard
from pauta.engine.problems import Problem
from pauta.replay.rows import Claims, Counts, Filter, Row, Tell

Record = Mapping[str, Any]


def stored_rows(
    evaluations: Iterable[Record],
    call_of: Callable[[Record], Record],
    claimed: Claims,
    wanted: Filter,
    counts: Counts,
    tell: Tell,
) -> Iterator[Row]:
    """The stored evaluations to compare. call_of: what the store knows of the call of an evaluation.

    The old version scored the evaluation already, so it claims the call, whatever it says today.
    """
    for record in evaluations:
        if record["scorecard"] not in claimed.ids:
            continue
        if claimed.fixed is not None and record["version"] != claimed.fixed.version:
            counts.other_versions += 1
            continue
        about = {name: value for name, value in record.items() if name in ("call_id", "agent", "team", "call_type",
                                                                           "started_at")}  # fmt: skip
        call = call_from({**about, **call_of(record)})
        counts.calls += 1
        if isinstance(call, Problem):
            counts.refused += 1
            tell(call)
            continue
        if not wanted.wants(call):
            counts.left_out += 1
            continue
        old = claimed.before(call, str(record["version"]))
        if isinstance(old, Problem):
            counts.unclaimed += 1
            if old not in counts.told:
                counts.told.add(old)
                tell(old)
            continue
        row = claimed.row(call, None)
        after = row.after if isinstance(row, Row) else None
        yield Row(call, answers_of(record, call, old), old, after)


def answers_of(record: Record, call: Call, card: Scorecard) -> HumanEvaluation:
    """The answers of a stored evaluation as if they were given again."""
    comments_missing = set(record.get("comments_missing") or ())
    answers = {
        str(each["question"]): _answer(each, card, str(each["question"]) in comments_missing)
        for each in record.get("answers") or ()
        if each.get("state") in (ANSWERED, NOT_APPLICABLE, UNVERIFIED)
    }
    return HumanEvaluation(
        call_id=call.call_id,
        scorecard=record["scorecard"],
        evaluator=record["evaluator"],
        answers=answers,
        version=record["version"],
        agent=call.agent,
        evaluated_at=record.get("evaluated_at"),
    )


def _answer(each: Record, card: Scorecard, comment_missing: bool) -> Answer:
    question = card.by_id.get(str(each["question"]))
    value = each["state"] if each["state"] == UNVERIFIED else each.get("answer")
    own = each.get("fault") if question is not None and each.get("fault") != question.fault.value else None
    comment = each.get("comment")
    return Answer(
        tuple(value) if isinstance(value, list) else value,
        comment=None if comment_missing else comment,
        fault=own,
        at=each.get("at"),
    )
