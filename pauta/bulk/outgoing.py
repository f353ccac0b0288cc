"""Results as Arrow columns in the published schema: the very values of `engine/evaluation/records.py`, by column."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from pauta.bulk.answered import NONE, STATES, Answers, CardCells, Group, Ragged, cells_of, dictionary
from pauta.bulk.schema import rejects_schema, result_schema, word_type
from pauta.engine.model.calls import ENGINE
from pauta.engine.model.results import Results, Status
from pauta.engine.model.scorecard import UNVERIFIED
from pauta.engine.problems import Problem

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Facts", "Group", "Outgoing", "evaluation_ids", "rejects_batch", "rejects_schema", "result_schema"]

STATUSES: Final = tuple(status.name.lower() for status in Status)
SEPARATOR: Final = "\x1f"
"""What stands between the fields of which an evaluation's id is a hash, as in records.py."""


@dataclass(frozen=True)
class Facts:
    """What results repeat of a table of calls, a column each, a row a call.

    call_id, started_at, evaluated_at: strings. agent, team, call_type, evaluator, mode: dictionaries of strings.
    """

    call_id: pa.StringArray
    started_at: pa.StringArray
    evaluated_at: pa.StringArray
    agent: pa.DictionaryArray
    team: pa.DictionaryArray
    call_type: pa.DictionaryArray
    evaluator: pa.DictionaryArray
    mode: pa.DictionaryArray


@dataclass
class Outgoing:
    """Makes tables of results. The table of a card's answers is kept as long as batches have the same answers."""

    version: str
    _tables: dict[int, tuple[tuple[Any, ...], CardCells]] = field(default_factory=dict)

    def batch(self, groups: Sequence[Group], facts: Facts, size: int) -> pa.RecordBatch:
        """The results of some calls, `size` in all, in the order that the groups say."""
        import pyarrow as pa

        if not groups:
            return pa.RecordBatch.from_pylist([], result_schema())
        columns = _Columns(groups, facts, size, [self._cells(group.results) for group in groups], self.version)
        made = columns.all()
        schema = result_schema()
        return pa.RecordBatch.from_arrays([made[name] for name in schema.names], schema=schema)

    def _cells(self, results: Results) -> CardCells:
        key = (results.scorecard, *(each.cells for each in results.answers.values()))
        known = self._tables.get(id(results.scorecard))
        if known is not None and all(one is other for one, other in zip(known[0], key, strict=True)):
            return known[1]
        table = cells_of(results.scorecard, results.answers)
        self._tables[id(results.scorecard)] = (key, table)
        return table


class _Columns:
    """The columns of one batch of results."""

    def __init__(
        self, groups: Sequence[Group], facts: Facts, size: int, cells: Sequence[CardCells], version: str
    ) -> None:
        self.groups, self.facts, self.size, self.version = groups, facts, size, version
        self.answers = Answers(groups, size, cells)
        self.person = self._placed([group.by_person for group in groups], np.bool_)
        self.rows = self._placed([group.rows for group in groups], np.intp)

    def _placed(self, columns: Sequence[Any], dtype: Any) -> NDArray[Any]:
        """(size,): what each group says of its rows (an array or one value), in the order of the results."""
        if len(self.groups) == 1 and self.groups[0].order is None:
            column = np.asarray(columns[0], dtype=dtype)
            return np.broadcast_to(column, (self.size,)) if column.ndim == 0 else column
        placed = np.empty(self.size, dtype=dtype)
        for group, column in zip(self.groups, columns, strict=True):
            placed[group.order] = column
        return placed

    def _of(self, name: str, dtype: Any = np.float64) -> NDArray[Any]:
        return self._placed([getattr(group.results, name) for group in self.groups], dtype)

    def all(self) -> dict[str, pa.Array]:
        import pyarrow as pa

        made = self._about()
        made |= {
            name: pa.array(self._of(name), from_pandas=True)
            for name in ("score", "raw_score", "agent_score", "coverage")
        }
        passed = self._of("passed", np.int8)
        by_class = [group.results.critical_by_class for group in self.groups]
        made |= {
            "status": dictionary(self._of("status", np.int32), STATUSES),
            "band": self._named(
                [(group.results.band, [band.id for band in group.results.scorecard.bands]) for group in self.groups]
            ),
            "passed": pa.array(passed > 0, mask=passed < 0),
            "critical_errors": pa.array(self._of("critical", np.int64)),
            "critical_by_class": self._map(
                [[harm.value for harm in each] for each in by_class],
                [list(each.values()) for each in by_class], pa.map_(word_type(few=True), pa.int64()), np.int64,
            ),
            "non_critical_errors": pa.array(self._of("non_critical", np.int64)),
            "accumulated": pa.array(self._of("accumulated", np.bool_)),
            "card_failed": pa.array(self._of("card_failed", np.bool_)),
            "sections": self._sections(),
            "scores_by": self._scores_by(),
            "answers": self.answers.column(),
            "missing": self.answers.names_where(self.answers.table.is_missing),
            "unverified": self.answers.names_where(self._in_state(UNVERIFIED)),
            "comments_missing": self._flags([group.results.comment_missing for group in self.groups]),
            "escalations": self._flags([group.results.fired for group in self.groups]),
            "engine": self._engine(),
            "more": pa.nulls(self.size, pa.string()),
        }  # fmt: skip
        return made

    def _in_state(self, state: str) -> NDArray[np.bool_]:
        return np.asarray(self.answers.table.state == STATES.index(state), dtype=np.bool_)

    def _about(self) -> dict[str, pa.Array]:
        """Whose evaluation it is, and of what."""
        import pyarrow as pa

        whole = len(self.rows) == len(self.facts.call_id) and bool((self.rows == np.arange(len(self.rows))).all())
        rows = None if whole else pa.array(self.rows)

        def taken(column: pa.Array) -> pa.Array:
            return column if rows is None else column.take(rows)

        facts = self.facts
        cards = [group.results.scorecard for group in self.groups]
        made = {name: taken(getattr(facts, name)) for name in ("call_id", "agent", "team", "call_type", "started_at")}
        for name in ("id", "version", "digest"):
            field_name = "scorecard" if name == "id" else name
            made[field_name] = self._named([(0, [getattr(card, name)]) for card in cards])
        made["evaluator"] = self._evaluators(taken(facts.evaluator))
        automatic = pa.array(~self.person)
        for name in ("evaluated_at", "mode"):
            column = taken(getattr(facts, name))
            made[name] = column if self.person.all() else _null_where(automatic, column)
        parts = [made[name] for name in ("call_id", "agent", "scorecard", "version", "evaluator")]
        made["evaluation_id"] = evaluation_ids(parts)
        return made

    def _evaluators(self, people: pa.DictionaryArray) -> pa.DictionaryArray:
        import pyarrow as pa

        if self.person.all():
            return people
        if not self.person.any():
            return dictionary(np.zeros(self.size, dtype=np.int32), [ENGINE])
        words = [*people.dictionary.to_pylist(), ENGINE]
        indices = people.indices.fill_null(len(words) - 1).to_numpy(zero_copy_only=False)
        return pa.DictionaryArray.from_arrays(
            pa.array(np.where(self.person, indices, len(words) - 1).astype(np.int32)), pa.array(words, pa.string())
        )

    def _named(self, columns: Sequence[tuple[Any, Sequence[str]]]) -> pa.DictionaryArray:
        """Words by index from one list of each group, as one dictionary column."""
        words: dict[str, int] = {}
        placed = []
        for index, names in columns:
            places = np.array([words.setdefault(name, len(words)) for name in names] + [NONE], dtype=np.int32)
            placed.append(places[index])
        return dictionary(self._placed(placed, np.int32), list(words))

    def _sections(self) -> pa.ListArray:
        import pyarrow as pa

        cards = [group.results.scorecard for group in self.groups]
        layout = Ragged(self.groups, [len(card.sections) for card in cards], self.size)
        words: dict[str, int] = {}
        names = [[words.setdefault(each.id, len(words)) for each in card.sections] for card in cards]
        weights = [[np.nan if each.weight is None else each.weight for each in card.sections] for card in cards]
        columns = [dictionary(layout.flat(names, np.int32), list(words)), _numbers(layout, weights)]
        for kind in ("section_scores", "section_raw_scores"):
            found = [
                [getattr(group.results, kind)[each.id] for each in group.results.scorecard.sections]
                for group in self.groups
            ]
            columns.append(_numbers(layout, found))
        kind = result_schema().field("sections").type.value_type
        return pa.ListArray.from_arrays(
            pa.array(layout.offsets), pa.StructArray.from_arrays(columns, fields=list(kind))
        )

    def _scores_by(self) -> pa.StructArray:
        import pyarrow as pa

        kind = result_schema().field("scores_by").type
        maps = []
        for name in ("tags", "aims"):
            of = [
                {key: scores for (kind_, key), scores in group.results.scores_by.items() if kind_ == name}
                for group in self.groups
            ]
            maps.append(
                self._map([list(each) for each in of], [list(each.values()) for each in of], kind.field(name).type)
            )
        return pa.StructArray.from_arrays(maps, fields=list(kind))

    def _map(
        self, keys: Sequence[Sequence[str]], values: Sequence[Sequence[Any]], kind: Any, dtype: Any = np.float64
    ) -> pa.MapArray:
        """A map a row: the keys of its group, with what they have in that row."""
        import pyarrow as pa

        layout = Ragged(self.groups, [len(each) for each in keys], self.size)
        words: dict[str, int] = {}
        indices = [[words.setdefault(key, len(words)) for key in each] for each in keys]
        index = layout.flat(indices, np.int8 if kind.key_type.index_type == pa.int8() else np.int32)
        items = layout.flat(values, dtype)
        return pa.MapArray.from_arrays(
            pa.array(layout.offsets), dictionary(index, list(words)), pa.array(items, from_pandas=True), type=kind
        )

    def _flags(self, flags: Sequence[Mapping[str, NDArray[np.bool_]]]) -> pa.ListArray:
        """For each row the names of what is true of it."""
        import pyarrow as pa

        layout = Ragged(self.groups, [len(each) for each in flags], self.size)
        words: dict[str, int] = {}
        names = layout.flat([[words.setdefault(name, len(words)) for name in each] for each in flags], np.int32)
        places = np.flatnonzero(layout.flat([list(each.values()) for each in flags], np.bool_))
        until = np.searchsorted(places, layout.offsets).astype(np.int32)
        return pa.ListArray.from_arrays(pa.array(until), dictionary(names[places], list(words)))

    def _engine(self) -> pa.StructArray:
        import pyarrow as pa

        kind = result_schema().field("engine").type
        plugins = [dict(group.results.plugins) for group in self.groups]
        layout = Ragged(self.groups, [len(each) for each in plugins], self.size)
        columns = []
        for part in (list, lambda each: list(each.values())):
            words: dict[str, int] = {}
            index = [[words.setdefault(word, len(words)) for word in part(each)] for each in plugins]
            columns.append(dictionary(layout.flat(index, np.int32), list(words)))
        used = pa.MapArray.from_arrays(pa.array(layout.offsets), *columns, type=kind.field("plugins").type)
        version = dictionary(np.zeros(self.size, dtype=np.int32), [self.version])
        return pa.StructArray.from_arrays([version, used], fields=list(kind))


def evaluation_ids(parts: Sequence[pa.Array]) -> pa.StringArray:
    """The ids of evaluations (`records.evaluation_id`) from call, agent, card, version and evaluator, each a column."""
    import pyarrow as pa
    import pyarrow.compute as pc

    texts = [pc.fill_null(_plain(part), "") for part in parts]
    keys = pc.binary_join_element_wise(*texts, SEPARATOR).cast(pa.binary()).to_pylist()
    digests = b"".join([_sha256(key).digest() for key in keys])
    halves = np.frombuffer(digests, dtype=np.uint8).reshape(len(keys), 32)[:, :16]
    offsets = np.arange(0, 32 * len(keys) + 1, 32, dtype=np.int32)
    return pa.StringArray.from_buffers(
        len(keys), pa.py_buffer(offsets), pa.py_buffer(halves.tobytes().hex().encode("ascii"))
    )


_sha256: Final = hashlib.sha256


def rejects_batch(file: str, refused: Sequence[tuple[int, str | None, Problem]]) -> pa.RecordBatch:
    """Rows that were refused, each with its number, its call's id as far as it has one, and why."""
    import pyarrow as pa

    rows = [
        {"file": file, "row": row, "call_id": call_id, "code": why.code, "message": why.message, "hint": why.hint}
        for row, call_id, why in refused
    ]
    return pa.RecordBatch.from_pylist(rows, rejects_schema())


def _plain(column: pa.Array) -> pa.StringArray:
    import pyarrow as pa

    return column.dictionary_decode() if pa.types.is_dictionary(column.type) else column


def _null_where(mask: pa.Array, column: pa.Array) -> pa.Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_dictionary(column.type):
        indices = pc.if_else(mask, pa.scalar(None, column.indices.type), column.indices)
        return pa.DictionaryArray.from_arrays(indices, column.dictionary)
    return pc.if_else(mask, pa.scalar(None, column.type), column)


def _numbers(layout: Ragged, columns: Sequence[Sequence[Any]]) -> pa.Array:
    import pyarrow as pa

    return pa.array(layout.flat(columns, np.float64), from_pandas=True)
