"""Evaluation records for tests of the store and the sinks, in the shape of a result."""

from typing import Any


def evaluation(evaluation_id: str = "e1", **changes: Any) -> dict[str, Any]:
    """One evaluation with an answer of each kind of error; `changes` replace fields."""
    return {
        "evaluation_id": evaluation_id, "call_id": "c-1", "agent": "ana", "team": "north", "call_type": "sale",
        "started_at": "2026-01-01T10:00:00Z", "scorecard": "retail", "version": "1.0.0", "digest": "d1",
        "evaluator": "engine", "evaluated_at": None, "mode": None, "status": "complete", "score": 83.33,
        "raw_score": 0.1 + 0.2, "agent_score": None, "coverage": 1.0, "band": "good", "passed": True,
        "critical_errors": 2, "critical_by_class": {"customer": 1, "business": 1, "compliance": 0},
        "non_critical_errors": 1, "accumulated": False, "card_failed": True,
        "sections": [{"section": "opening", "weight": None, "score": 1.5, "raw_score": 2.0}],
        "scores_by": {"tags": {"voice": 50.0}, "aims": {}},
        "answers": [
            {"question": "greeting", "answer": "no", "state": "answered", "points": 0.0, "out_of": 2.0, "weight": 1.0,
             "share": 1.0, "credit": 0.0, "error": {"critical": "customer", "fails": "card"}, "fault": "agent",
             "answered_by": "criterion", "comment": None, "at": None, "reason": "nobody said it",
             "evidence": [{"turn": 1, "span": [0, 4], "quote": "¿Sí?", "start": 1.0, "end": None}],
             "criterion_answer": "no"},
            {"question": "offers", "answer": ["named", "N/A"], "state": "answered", "points": 1.0, "out_of": 2.0,
             "weight": 1.0, "share": 0.5, "credit": 0.5, "fault": "process", "answered_by": "person", "comment": "=1+1",
             "error": [{"critical": None, "fails": "nothing"}, {"critical": "business", "fails": "section"}],
             "at": 3.5, "reason": None, "evidence": [], "criterion_answer": None},
            {"question": "empathy", "answer": None, "state": "not_asked", "points": None, "out_of": 2.0, "weight": 1.0,
             "share": 0.0, "credit": None, "error": None, "fault": None, "answered_by": None, "comment": None,
             "at": None, "reason": None, "evidence": [], "criterion_answer": None},
        ],
        "missing": [], "unverified": ["tone"], "comments_missing": [], "escalations": ["coach", "notify"],
        "engine": {"version": "0.1.0", "plugins": {}},
        **changes,
    }  # fmt: skip
