"""pauta: scorecards for calls as data, scored and explained.

This is the face that plugins may use. Names are handed on at first use, so that a command which needs none of the
heavy ones does not pay for them. Their types stand in `__init__.pyi`.
"""

from importlib import import_module

__version__ = "0.1.0"

_ROOMS = {
    "bulk.schema": "record_from row_from stored_schema",
    "engine.acting": "Message",
    "engine.contracts": "Delivery NotTaken Outbox Recipient RetryLater Sheet",
    "engine.evaluation.conditions": "where",
    "engine.hookspecs": "hookimpl",
    "engine.loading.asked": "wants_from",
    "engine.loading.conditions": "Subjects condition_from",
    "engine.loading.csv_rows": "CsvSheet csv_sheet",
    "engine.loading.json_lines": "json_lines",
    "engine.loading.records": "call_from calls_from evaluations_from human_from unknown_field",
    "engine.model.calls": "Answer Call CallBatch HumanEvaluation Turn",
    "engine.model.conditions": "Condition holds tests_of",
    "engine.model.findings": "Evidence Finding Findings Verdict findings_of",
    "engine.model.followup": "Asked Duty Exemplar Fact Miss Notice Occasion Opened Over ProcessFinding Raise Window",
    "engine.model.patterns": "compiled",
    "engine.model.results": "Results",
    "engine.model.scorecard": "Question",
    "engine.model.turns": "Turns turns_from turns_of",
    "engine.problems": "Place Problem ProblemsFound",
    "engine.whole_file": "WholeFile",
    "store": "AnyStore PostgresStore Store Written",
}
_HOME = {name: room for room, names in _ROOMS.items() for name in names.split()}
__all__ = sorted([*_HOME, "__version__"])


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"pauta hands on no '{name}'; it has: {', '.join(__all__)}")
    return getattr(import_module(f"pauta.{_HOME[name]}"), name)
