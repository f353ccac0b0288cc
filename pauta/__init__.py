"""pauta: scorecards for calls as data, scored and explained.

This is the face that plugins may use. Names are handed on at first use, so that a command which needs none of the
heavy ones does not pay for them.
"""

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from pauta.engine.contracts import Sheet as Sheet
    from pauta.engine.evaluation.conditions import where as where
    from pauta.engine.hookspecs import hookimpl as hookimpl
    from pauta.engine.loading.conditions import condition_from as condition_from
    from pauta.engine.loading.records import (
        call_from as call_from,
        calls_from as calls_from,
        evaluations_from as evaluations_from,
        human_from as human_from,
        unknown_field as unknown_field,
    )
    from pauta.engine.model.calls import (
        Answer as Answer,
        Call as Call,
        CallBatch as CallBatch,
        HumanEvaluation as HumanEvaluation,
        Turn as Turn,
    )
    from pauta.engine.model.conditions import Condition as Condition, holds as holds, tests_of as tests_of
    from pauta.engine.model.findings import (
        Evidence as Evidence,
        Finding as Finding,
        Findings as Findings,
        Verdict as Verdict,
        findings_of as findings_of,
    )
    from pauta.engine.model.patterns import compiled as compiled
    from pauta.engine.model.scorecard import Question as Question
    from pauta.engine.problems import Place as Place, Problem as Problem, ProblemsFound as ProblemsFound
    from pauta.engine.whole_file import WholeFile as WholeFile
    from pauta.store import Store as Store, Written as Written

_ROOMS = {
    "engine.contracts": "Sheet",
    "engine.evaluation.conditions": "where",
    "engine.hookspecs": "hookimpl",
    "engine.loading.conditions": "condition_from",
    "engine.loading.records": "call_from calls_from evaluations_from human_from unknown_field",
    "engine.model.calls": "Answer Call CallBatch HumanEvaluation Turn",
    "engine.model.conditions": "Condition holds tests_of",
    "engine.model.findings": "Evidence Finding Findings Verdict findings_of",
    "engine.model.patterns": "compiled",
    "engine.model.scorecard": "Question",
    "engine.problems": "Place Problem ProblemsFound",
    "engine.whole_file": "WholeFile",
    "store": "Store Written",
}
_HOME = {name: room for room, names in _ROOMS.items() for name in names.split()}
__all__ = sorted([*_HOME, "__version__"])


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"pauta hands on no '{name}'; it has: {', '.join(__all__)}")
    return getattr(import_module(f"pauta.{_HOME[name]}"), name)
