"""Results as a Parquet file, for lakes and notebooks: one row an evaluation, its answers as a list of structs.

Words that repeat (agents, cards, bands, states) are dictionary columns. Rows go to the disk in groups, so that a year
of evaluations needs no more memory than a group. `evaluations_in` reads a file back as it was written:

    SELECT agent, avg(score) FROM 'march.parquet' GROUP BY agent
    SELECT a.question, count(*) FROM 'march.parquet', UNNEST(answers) AS t(a) WHERE a.fault = 'agent' GROUP BY 1
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

from pauta import Problem, ProblemsFound, WholeFile, hookimpl

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
GROUP: Final = 10_000


class Parquet:
    """One row an evaluation."""

    name: ClassVar[str] = "parquet"
    purpose: ClassVar[str] = "Writes results to a Parquet file, one row an evaluation, answers as a list of structs."
    endings: ClassVar[tuple[str, ...]] = (".parquet",)
    options: ClassVar[Mapping[str, object]] = {
        "type": "object",
        "properties": {
            "path": {"type": "string", "description": "The file to write."},
            "row_group": {
                "type": "integer",
                "minimum": 1,
                "default": GROUP,
                "description": "How many evaluations are held in memory and written together.",
            },
        },
        "required": ["path"],
        "additionalProperties": False,
    }

    def __init__(self, options: Mapping[str, object]) -> None:
        """Begin the file; raises OSError where that is not possible, ProblemsFound where the extra is missing."""
        try:
            import pyarrow.parquet as pq
        except ImportError as error:
            message = "Parquet files cannot be written: their writer is not installed"
            raise ProblemsFound([Problem("E570", message, None, "pip install 'pauta[parquet]'")]) from error
        self._file = WholeFile(str(options["path"]))
        self._group = int(str(options.get("row_group", GROUP)))
        self._schema = _schema()
        self._writer = pq.ParquetWriter(self._file.stream.buffer, self._schema, compression="zstd")
        self._waiting: list[dict[str, object]] = []
        self.written = 0

    @property
    def outcome(self) -> str:
        """What became of the run, for its summary."""
        return f"{self.written} evaluations"

    def write(self, evaluations: Sequence[Mapping[str, object]]) -> None:
        """Take a batch of evaluations; a group goes to the disk when it is full."""
        self._waiting += [_row(each) for each in evaluations]
        self.written += len(evaluations)
        while len(self._waiting) >= self._group:
            self._flush(self._group)

    def _flush(self, rows: int) -> None:
        import pyarrow as pa

        self._writer.write_table(pa.Table.from_pylist(self._waiting[:rows], self._schema), row_group_size=rows)
        del self._waiting[:rows]

    def close(self) -> None:
        """Write what waits, and put the file in place."""
        if self._waiting:
            self._flush(len(self._waiting))
        self._writer.close()
        self._file.keep()

    def drop(self) -> None:
        """Leave the old file as it is."""
        self._writer.close()
        self._file.drop()


def evaluations_in(path: str | Path) -> Iterator[dict[str, Any]]:
    """The evaluations of a file, each as the record that was written, in order."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=1000):
            yield from map(_record, batch.to_pylist())


def _schema() -> "pa.Schema":
    import pyarrow as pa

    text, number, count = pa.string(), pa.float64(), pa.int64()
    word = pa.dictionary(pa.int32(), text)
    value = pa.struct({"text": text, "number": number, "chosen": pa.list_(text)})
    error = pa.struct({"critical": text, "fails": text})
    evidence = pa.struct({"turn": count, "span": pa.list_(count), "quote": text, "start": number, "end": number})
    answer = pa.struct(
        {
            "question": text, "answer": value, "state": text, "points": number, "out_of": number, "weight": number,
            "share": number, "credit": number, "errors": pa.list_(error), "fault": text, "answered_by": text,
            "comment": text, "at": number, "evidence": pa.list_(evidence), "reason": text, "criterion_answer": value,
            "more": text,
        }
    )  # fmt: skip
    section = pa.struct({"section": text, "weight": number, "score": number, "raw_score": number})
    named = pa.map_(text, number)
    kinds: dict[str, Any] = {
        **dict.fromkeys(("score", "raw_score", "agent_score", "coverage"), number),
        **dict.fromkeys(("critical_errors", "non_critical_errors"), count),
        **dict.fromkeys(("passed", "accumulated", "card_failed"), pa.bool_()),
        **dict.fromkeys(("missing", "unverified", "comments_missing", "escalations"), pa.list_(text)),
        **dict.fromkeys(WORDS, word),
        "critical_by_class": pa.map_(text, count),
        "sections": pa.list_(section),
        "scores_by": pa.struct({"tags": named, "aims": named}),
        "answers": pa.list_(answer),
        "engine": pa.struct({"version": text, "plugins": pa.map_(text, text)}),
    }
    return pa.schema([(name, kinds.get(name, text)) for name in (*FIELDS, "more")])


def _row(evaluation: Mapping[str, Any]) -> dict[str, object]:
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
    """An answer in a struct: its text, its number where it is one, its options where several were chosen."""
    match answer:
        case None:
            return None
        case list():
            return {"text": "; ".join(map(str, answer)), "number": None, "chosen": [str(each) for each in answer]}
        case int() | float():
            return {"text": str(answer), "number": float(answer), "chosen": None}
    return {"text": str(answer), "number": None, "chosen": None}


def _record(row: Mapping[str, Any]) -> dict[str, Any]:
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


@hookimpl
def register_sinks(register: Callable[[type[Parquet]], None]) -> None:
    """Offer the sink."""
    register(Parquet)
