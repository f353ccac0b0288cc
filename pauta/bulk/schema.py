"""The published form of results as a table: one row an evaluation, its answers a list of structs.

    result_schema, rejects_schema    the columns of batches
    stored_schema                    those of results as files say them
    row_from, record_from            a record (DESIGN.md, "A result") as such a row, and back

Words that repeat are dictionary columns, inside answers too: a batch holds each word once.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import pyarrow as pa

WORDS: Final = (
    "agent", "team", "call_type", "scorecard", "version", "digest", "evaluator", "mode", "status", "band",
)  # fmt: skip
"""Columns of words that repeat."""
FIELDS: Final = (
    "evaluation_id", "call_id", "agent", "team", "call_type", "started_at", "scorecard", "version", "digest",
    "evaluator", "evaluated_at", "mode", "status", "score", "raw_score", "agent_score", "coverage", "band", "passed",
    "critical_errors", "critical_by_class", "non_critical_errors", "accumulated", "card_failed", "sections",
    "scores_by", "answers", "missing", "unverified", "comments_missing", "escalations", "engine",
)  # fmt: skip
"""The fields of a result, in its order; what a later version adds stands in `more`, as JSON."""
ANSWER_FIELDS: Final = (
    "question", "answer", "state", "points", "out_of", "weight", "share", "credit", "error", "fault", "answered_by",
    "comment", "at", "evidence", "reason", "criterion_answer",
)  # fmt: skip


@cache
def result_schema() -> pa.Schema:
    """The columns of results."""
    import pyarrow as pa

    text, number, count, few = pa.string(), pa.float64(), pa.int64(), word_type(few=True)
    word = word_type()
    named = pa.map_(word, number)
    kinds: dict[str, Any] = {
        **dict.fromkeys(("score", "raw_score", "agent_score", "coverage"), number),
        **dict.fromkeys(("critical_errors", "non_critical_errors"), count),
        **dict.fromkeys(("passed", "accumulated", "card_failed"), pa.bool_()),
        **dict.fromkeys(("missing", "unverified", "comments_missing", "escalations"), pa.list_(word)),
        **dict.fromkeys(WORDS, word),
        "critical_by_class": pa.map_(few, count),
        "sections": pa.list_(pa.struct({"section": word, "weight": number, "score": number, "raw_score": number})),
        "scores_by": pa.struct({"tags": named, "aims": named}),
        "answers": pa.list_(answer_type()),
        "engine": pa.struct({"version": word, "plugins": pa.map_(word, word)}),
    }
    return pa.schema([(name, kinds.get(name, text)) for name in (*FIELDS, "more")])


@cache
def stored_schema() -> pa.Schema:
    """The columns of results as files have them: words inside answers are plain text there.

    Parquet writes those by dictionary all the same; but pyarrow cannot read a file of several groups of rows whose
    schema says that a column inside a struct is a dictionary.
    """
    import pyarrow as pa

    return pa.schema([(field.name, _stored(field.type, top=True)) for field in result_schema()])


def _stored(kind: pa.DataType, *, top: bool = False) -> pa.DataType:
    import pyarrow as pa

    if pa.types.is_dictionary(kind):
        return kind if top else kind.value_type
    if pa.types.is_map(kind):
        return pa.map_(_stored(kind.key_type), _stored(kind.item_type))
    if pa.types.is_list(kind):
        return pa.list_(_stored(kind.value_type))
    if pa.types.is_struct(kind):
        return pa.struct([(field.name, _stored(field.type)) for field in kind])
    return kind


def word_type(*, few: bool = False) -> pa.DataType:
    """Words by dictionary; `few`: at most 127 of them, whatever the cards."""
    import pyarrow as pa

    return pa.dictionary(pa.int8() if few else pa.int32(), pa.string())


@cache
def answer_type() -> pa.StructType:
    """One answer of one evaluation."""
    import pyarrow as pa

    text, number, count = pa.string(), pa.float64(), pa.int64()
    word, few = word_type(), word_type(few=True)
    error = pa.struct({"critical": few, "fails": few})
    evidence = pa.struct({"turn": count, "span": pa.list_(count), "quote": text, "start": number, "end": number})
    return pa.struct(
        {
            "question": word, "answer": value_type(), "state": few, "points": number, "out_of": number,
            "weight": number, "share": number, "credit": number, "errors": pa.list_(error), "fault": few,
            "answered_by": few, "comment": text, "at": number, "evidence": pa.list_(evidence), "reason": word,
            "criterion_answer": value_type(), "more": text,
        }
    )  # fmt: skip


@cache
def value_type() -> pa.StructType:
    """An answer: its text, its number where it is one, its options where several were chosen."""
    import pyarrow as pa

    word = word_type()
    return pa.struct({"text": word, "number": pa.float64(), "chosen": pa.list_(word)})


@cache
def rejects_schema() -> pa.Schema:
    """The columns of rows that were refused: where they stand and why."""
    import pyarrow as pa

    text = pa.string()
    kinds = {"file": text, "row": pa.int64(), "call_id": text, "code": text, "message": text, "hint": text}
    return pa.schema(list(kinds.items()))


def row_from(evaluation: Mapping[str, Any]) -> dict[str, object]:
    """A record as a row of the table."""
    row = {name: evaluation.get(name) for name in FIELDS}
    row["answers"] = [_answer_row(each) for each in evaluation.get("answers") or ()]
    row["more"] = _more(evaluation, FIELDS)
    return row


def _answer_row(answer: Mapping[str, Any]) -> dict[str, object]:
    row = {name: answer.get(name) for name in ANSWER_FIELDS}
    error = row.pop("error")
    row["errors"] = error if isinstance(error, list) else [error] if error else []
    row["answer"], row["criterion_answer"] = _value(row["answer"]), _value(row["criterion_answer"])
    row["more"] = _more(answer, ANSWER_FIELDS)
    return row


def _more(record: Mapping[str, Any], known: Sequence[str]) -> str | None:
    """The fields that this schema does not know, as JSON."""
    more = {name: value for name, value in record.items() if name not in known}
    return json.dumps(more, ensure_ascii=False, allow_nan=False) if more else None


def _value(answer: object) -> dict[str, object] | None:
    match answer:
        case None:
            return None
        case list():
            return {"text": "; ".join(map(str, answer)), "number": None, "chosen": [str(each) for each in answer]}
        case int() | float():
            return {"text": str(answer), "number": float(answer), "chosen": None}
    return {"text": str(answer), "number": None, "chosen": None}


def record_from(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of the table as the record that it was."""
    record: dict[str, Any] = {name: row[name] for name in FIELDS}
    record["critical_by_class"] = dict(row["critical_by_class"] or ())
    record["scores_by"] = {name: dict(each or ()) for name, each in (row["scores_by"] or {}).items()}
    record["engine"] = row["engine"] and {**row["engine"], "plugins": dict(row["engine"]["plugins"] or ())}
    record["answers"] = [_answer(each) for each in row["answers"] or ()]
    record.update(json.loads(row["more"] or "{}"))
    return record


def _answer(row: Mapping[str, Any]) -> dict[str, Any]:
    errors = row["errors"] or []
    answer = {name: row.get(name) for name in ANSWER_FIELDS}
    answer["error"] = None if not errors else errors[0] if len(errors) == 1 else errors
    answer["answer"], answer["criterion_answer"] = _plain(row["answer"]), _plain(row["criterion_answer"])
    answer.update(json.loads(row["more"] or "{}"))
    return answer


def _plain(value: Mapping[str, Any] | None) -> object:
    if value is None:
        return None
    if value["chosen"] is not None:
        return value["chosen"]
    number = value["number"]
    return value["text"] if number is None else int(number) if number.is_integer() else number
