"""Faults of the bulk path that were found on the way, each with its case."""

from datetime import date
from zoneinfo import ZoneInfo

import numpy as np
import pytest

pa = pytest.importorskip("pyarrow")

from pauta.bulk.columns import days_of  # noqa: E402
from pauta.bulk.schema import record_from  # noqa: E402
from pauta.bulk.scorer import CardsGiven, Setup  # noqa: E402
from pauta.engine.host import Host  # noqa: E402
from pauta.engine.loading.load import card_from_text  # noqa: E402

TODAY = date(2026, 11, 21)


@pytest.mark.parametrize("zone", [None, ZoneInfo("America/Bogota")])
def test_a_moment_that_is_none_costs_its_row_alone(zone):
    moments = pa.array(["2026-03-02T03:00:00+00:00", "yesterday", None, "2026-03-02T23:00:00+00:00"])
    codes, days = days_of(moments, zone, TODAY)
    first = date(2026, 3, 2) if zone is None else date(2026, 3, 1)
    assert [days[code] for code in codes] == [first, TODAY, TODAY, date(2026, 3, 2)]


def test_a_card_with_many_answers_is_scored_without_a_person():
    questions = [
        f"{{question: q{n}, answers: {{scale: {{from: 0, to: 9}}}}, default: 5, "
        f"criterion: {{condition: {{call.channel: voice}}, answers: {{met: 9, not_met: 0}}}}}}"
        for n in range(60)
    ]
    text = "scorecard: wide\nversion: 1.0.0\nsections: [{section: s, questions: [" + ", ".join(questions) + "]}]\n"
    loaded = card_from_text(text, Host(installed=False))
    assert loaded.scorecard is not None, loaded.problems
    table = pa.table({"call_id": ["a", "b"], "channel": ["voice", "chat"]}).to_batches()[0]
    scored = Setup(CardsGiven((loaded.scorecard,)), installed=False).scorer().score(table)
    found = [record_from(row) for row in scored.results.to_pylist()]
    assert [record["score"] for record in found] == [100.0, 0.0]
    assert {answer["criterion_answer"] for answer in found[0]["answers"]} == {9}


def test_a_call_without_seconds_among_texts_comes_twice():
    text = "scorecard: a\nversion: 1.0.0\nsections: [{section: s, answers: yes_no, questions: [{question: q}]}]\n"
    loaded = card_from_text(text, Host(installed=False))
    assert loaded.scorecard is not None, loaded.problems
    table = pa.table({"call_id": ["a", "b", "b"], "duration_s": ["7,5", None, None]}).to_batches()[0]
    scorer = Setup(CardsGiven((loaded.scorecard,)), installed=False).scorer()
    scored = scorer.score(table, skip=np.array([False, False, True]))
    assert [problem.code for problem in scored.problems] == ["E531"]
    assert scored.calls == 2
