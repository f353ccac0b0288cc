"""What stays of a call whose customer is forgotten: the scores, and nothing that was said.

The store masks such calls whenever they are written again, so that scoring them anew brings no word back. Their
digests are those of the whole result: the same result still writes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from pauta.engine.model.calls import Call
from pauta.store.tables import KEPT, KeptRow, cell

FORGOTTEN: Final = "[forgotten]"
"""What stands where there were words."""

MARK: Final = "forgotten"
"""The mark that holds the ids of the calls, a JSON list."""

_SAID: Final = ("comment", "reason")
_FREE: Final = ("answer", "criterion_answer")


def masked_answers(answers: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Answers without words: no quotes, comments, reasons, nor answers in free text; points and times as they were."""
    return [_masked(each) for each in answers]


def _masked(answer: Mapping[str, Any]) -> dict[str, Any]:
    said = {name: FORGOTTEN for name in _SAID if answer.get(name)}
    if answer.get("credit") is None and not answer.get("out_of"):
        said |= {name: FORGOTTEN for name in _FREE if isinstance(answer.get(name), str)}
    evidence = [{**each, "quote": FORGOTTEN if each.get("quote") else None} for each in answer.get("evidence") or ()]
    return {**answer, **said, "evidence": evidence}


def words_in(answers: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """What `masked_answers` takes away."""
    for before, after in zip(answers, masked_answers(answers), strict=True):
        yield from (str(before[name]) for name in (*_SAID, *_FREE) if before.get(name) != after.get(name))
        yield from (str(each["quote"]) for each in before.get("evidence") or () if each.get("quote"))


def masked_fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    """A map of the caller's own fields with its texts masked, however deep; numbers stay."""
    return {name: _without_text(value) for name, value in fields.items()}


def _without_text(value: Any) -> Any:
    if isinstance(value, Mapping):
        return masked_fields(value)
    if isinstance(value, list | tuple):
        return [_without_text(each) for each in value]
    return FORGOTTEN if isinstance(value, str) else value


def masked_row(row: KeptRow) -> KeptRow:
    """The row of an evaluation with its answers masked and its digest kept."""
    masked = cell(masked_answers(json.loads(str(row[_ANSWERS]))))
    return *row[:_ANSWERS], masked, *row[_ANSWERS + 1 :]


_ANSWERS: Final = KEPT.index("answers")


def masked_call(call: Call) -> Call:
    """A call with the texts of its own fields masked."""
    return replace(call, metrics=masked_fields(call.metrics), attributes=masked_fields(call.attributes))
