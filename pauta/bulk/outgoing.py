"""Results as Arrow columns in the published schema: the very values of `engine/evaluation/records.py`, by column."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from operator import is_
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from pauta.bulk.answered import Answered, dictionary
from pauta.bulk.card_cells import NONE, STATES, CardCells, Known, QuestionCells, joined
from pauta.bulk.schema import rejects_schema, result_schema, word_type
from pauta.bulk.together import Answers, Group, Ragged
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
    _known: Known = field(default_factory=Known)
    _tables: dict[int, tuple[tuple[Any, ...], list[QuestionCells]]] = field(default_factory=dict)
    _joined: tuple[list[list[QuestionCells]], tuple[CardCells, list[list[int]]]] | None = None

    def batch(self, groups: Sequence[Group], facts: Facts, size: int) -> pa.RecordBatch:
        """The results of some calls, `size` in all, in the order that the groups say."""
        made = self.made(groups, facts, size)
        return no_results() if made is None else made.batch()

    def made(self, groups: Sequence[Group], facts: Facts, size: int) -> Made | None:
        """The same, to be taken in parts; None where there is none."""
        if not groups:
            return None
        tables = [self._cells(group.results) for group in groups]
        if self._joined is None or not _same(self._joined[0], tables):
            self._joined = tables, joined(tables)
        return Made(groups, facts, size, Answers(groups, size, *self._joined[1]), self.version)

    def _cells(self, results: Results) -> list[QuestionCells]:
        key = (results.scorecard, *[each.cells for each in results.answers.values()])
        known = self._tables.get(id(results.scorecard))
        if known is not None and _same(known[0], key):
            return known[1]
        table = self._known.of(results.scorecard, results.answers.values())
        self._tables[id(results.scorecard)] = (key, table)
        return table


def no_results() -> pa.RecordBatch:
    """A table of no evaluation."""
    import pyarrow as pa

    return pa.RecordBatch.from_pylist([], result_schema())


def _same(some: Sequence[object], others: Sequence[object]) -> bool:
    return len(some) == len(others) and all(map(is_, some, others))


class Made:
    """The results of a batch, of which any rows can be had as a table: what all rows need is worked out once.

    A row of the table is an evaluation. What cards differ in is brought together by row or by entry of a row, and a
    table of some rows is made of a part of that: tables take far more memory than what they are made of.
    """

    def __init__(self, groups: Sequence[Group], facts: Facts, size: int, answers: Answers, version: str) -> None:
        self.groups, self.facts, self.size, self.answers, self.version = groups, facts, size, answers, version
        self._one = len(groups) == 1 and groups[0].order is None
        orders = [group.order for group in groups if group.order is not None]
        self._order = np.concatenate(orders) if orders else np.zeros(0, dtype=np.intp)
        self.person = self._placed([group.by_person for group in groups], np.bool_)
        self.rows = self._placed([group.rows for group in groups], np.intp)
        self.plain = self._plain_columns()
        self.words = self._word_columns()
        self.lists = self._list_columns()

    def batch(self, start: int = 0, stop: int | None = None) -> pa.RecordBatch:
        """Some of the evaluations as a table, all where no others are said."""
        import pyarrow as pa

        schema = result_schema()
        made = Part(self, start, self.size if stop is None else stop).all()
        return pa.RecordBatch.from_arrays([made[name] for name in schema.names], schema=schema)

    def _placed(self, columns: Sequence[Any], dtype: Any) -> NDArray[Any]:
        """(size,): what each group says of its rows (an array or one value), in the order of the results."""
        if self._one:
            column = np.asarray(columns[0], dtype=dtype)
            return np.broadcast_to(column, (self.size,)) if column.ndim == 0 else column
        placed = np.empty(self.size, dtype=dtype)
        if np.ndim(columns[0]):
            placed[self._order] = np.concatenate(columns, dtype=dtype, casting="unsafe")
        else:
            placed[self._order] = np.repeat(np.array(columns, dtype=dtype), [len(group.rows) for group in self.groups])
        return placed

    def _plain_columns(self) -> dict[str, NDArray[Any]]:
        """What is one value of each evaluation."""
        return {
            name: self._placed([getattr(group.results, of) for group in self.groups], dtype)
            for name, (of, dtype) in _PLAIN.items()
        }

    def _word_columns(self) -> dict[str, tuple[NDArray[np.int32], list[str]]]:
        """What is one word of each evaluation: indices, and the words."""
        cards = [group.results.scorecard for group in self.groups]
        made = {
            name: self._named([(0, [getattr(card, of)]) for card in cards])
            for name, of in (("scorecard", "id"), ("version", "version"), ("digest", "digest"))
        }
        bands = [[band.id for band in card.bands] for card in cards]
        made["band"] = self._named([(group.results.band, own) for group, own in zip(self.groups, bands, strict=True)])
        return made

    def _named(self, columns: Sequence[tuple[Any, Sequence[str]]]) -> tuple[NDArray[np.int32], list[str]]:
        """Words by index from one list of each group, as indices into one list."""
        words: dict[str, int] = {}
        placed = []
        for index, names in columns:
            places = np.array([words.setdefault(name, len(words)) for name in names] + [NONE], dtype=np.int32)
            placed.append(places[index])
        return self._placed(placed, np.int32), list(words)

    def _list_columns(self) -> dict[str, Named]:
        """What evaluations have of several names: sections, tags, aims, classes of errors, plugins, flags."""
        results = [group.results for group in self.groups]
        sections = [each.scorecard.sections for each in results]
        scores = [each.detail.sections() for each in results]
        by_tag, by_aim = (
            [{key: scores for (kind, key), scores in each.scores_by.items() if kind == part} for each in results]
            for part in ("tags", "aims")
        )
        made = {
            "sections": self._list(
                [[each.id for each in own] for own in sections],
                weight=[[np.nan if each.weight is None else each.weight for each in own] for own in sections],
                score=[[failed[each.id] for each in own] for own, (_, failed) in zip(sections, scores, strict=True)],
                raw_score=[[raw[each.id] for each in own] for own, (raw, _) in zip(sections, scores, strict=True)],
            ),
            "tags": self._list([list(each) for each in by_tag], value=[list(each.values()) for each in by_tag]),
            "aims": self._list([list(each) for each in by_aim], value=[list(each.values()) for each in by_aim]),
            "critical_by_class": self._list(
                [[harm.value for harm in each.critical_by_class] for each in results],
                np.int64,
                value=[list(each.critical_by_class.values()) for each in results],
            ),
            "plugins": self._list([list(each.plugins) for each in results]),
            "versions": self._list([list(each.plugins.values()) for each in results]),
        }
        for name, of in (("comments_missing", "comment_missing"), ("escalations", "fired")):
            flags = [getattr(each, of) for each in results]
            made[name] = self._list(
                [list(each) for each in flags], np.bool_, value=[[*each.values()] for each in flags]
            )
        return made

    def _list(
        self, names: Sequence[Sequence[str]], dtype: Any = np.float64, **values: Sequence[Sequence[Any]]
    ) -> Named:
        layout = Ragged(self.groups, [len(each) for each in names], self.size)
        words: dict[str, int] = {}
        index = [[words.setdefault(name, len(words)) for name in each] for each in names]
        flat = {name: layout.flat(each, dtype) for name, each in values.items()}
        return Named(layout, layout.flat(index, np.int32), list(words), flat)


@dataclass(frozen=True)
class Named:
    """Named values, some of each evaluation. names: (total,) into `words`. values: (total,) each, by what they are."""

    layout: Ragged
    names: NDArray[np.int32]
    words: list[str]
    values: Mapping[str, NDArray[Any]]

    def cut(self, start: int, stop: int) -> tuple[NDArray[np.int32], NDArray[np.int32], list[NDArray[Any]]]:
        """The offsets, names and values of some evaluations."""
        offsets, own = self.layout.cut(start, stop)
        return offsets, self.names[own], [each[own] for each in self.values.values()]


_PLAIN: Final[Mapping[str, tuple[str, Any]]] = {
    **{name: (name, np.float64) for name in ("score", "raw_score", "agent_score", "coverage")},
    "status": ("status", np.int32),
    "passed": ("passed", np.int8),
    "critical_errors": ("critical", np.int64),
    "non_critical_errors": ("non_critical", np.int64),
    "accumulated": ("accumulated", np.bool_),
    "card_failed": ("card_failed", np.bool_),
}
"""Columns of one plain value: where it stands in Results, and what it is."""


class Part:
    """The columns of some evaluations. start, stop: which ones."""

    def __init__(self, made: Made, start: int, stop: int) -> None:
        self.made, self.start, self.stop, self.size = made, start, stop, stop - start
        self.person, self.rows = made.person[start:stop], made.rows[start:stop]
        self.answers = Answered(made.answers, start, stop)

    def all(self, *, answers: bool = True) -> dict[str, pa.Array]:
        """Every column by name; answers, of which there are most, only where they are wanted."""
        import pyarrow as pa

        made = self._about()
        plain = {name: column[self.start : self.stop] for name, column in self.made.plain.items()}
        made |= {
            name: pa.array(plain[name], from_pandas=True) for name in ("score", "raw_score", "agent_score", "coverage")
        }
        for name in ("critical_errors", "non_critical_errors", "accumulated", "card_failed"):
            made[name] = pa.array(plain[name])
        made |= {
            "status": dictionary(plain["status"], STATUSES),
            "band": self._word("band"),
            "passed": pa.array(plain["passed"] > 0, mask=plain["passed"] < 0),
            "critical_by_class": self._map("critical_by_class", pa.map_(word_type(few=True), pa.int64())),
            "sections": self._sections(),
            "scores_by": self._scores_by(),
            "answers": self.answers.column() if answers else None,
            "missing": self.answers.names_where(self.answers.table.is_missing),
            "unverified": self.answers.names_where(self.answers.table.state == STATES.index(UNVERIFIED)),
            "comments_missing": self._flags("comments_missing"),
            "escalations": self._flags("escalations"),
            "engine": self._engine(),
            "more": pa.nulls(self.size, pa.string()),
        }
        return made

    def _word(self, name: str) -> pa.DictionaryArray:
        index, words = self.made.words[name]
        return dictionary(index[self.start : self.stop], words)

    def _named(self, name: str) -> tuple[pa.Array, NDArray[np.int32], list[str], list[NDArray[Any]]]:
        import pyarrow as pa

        offsets, names, values = self.made.lists[name].cut(self.start, self.stop)
        return pa.array(offsets), names, self.made.lists[name].words, values

    def _about(self) -> dict[str, pa.Array]:
        """Whose evaluation it is, and of what."""
        import pyarrow as pa

        first, facts = int(self.rows[0]), self.made.facts
        in_order = bool((self.rows == np.arange(first, first + self.size)).all())
        rows = None if in_order else pa.array(self.rows)

        def taken(column: pa.Array) -> pa.Array:
            return column.slice(first, self.size) if rows is None else column.take(rows)

        made = {name: taken(getattr(facts, name)) for name in ("call_id", "agent", "team", "call_type", "started_at")}
        made |= {name: self._word(name) for name in ("scorecard", "version", "digest")}
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

    def _sections(self) -> pa.ListArray:
        import pyarrow as pa

        offsets, names, words, values = self._named("sections")
        columns = [dictionary(names, words), *(pa.array(each, from_pandas=True) for each in values)]
        kind = result_schema().field("sections").type.value_type
        return pa.ListArray.from_arrays(offsets, pa.StructArray.from_arrays(columns, fields=list(kind)))

    def _scores_by(self) -> pa.StructArray:
        import pyarrow as pa

        kind = result_schema().field("scores_by").type
        maps = [self._map(name, kind.field(name).type) for name in ("tags", "aims")]
        return pa.StructArray.from_arrays(maps, fields=list(kind))

    def _map(self, name: str, kind: Any) -> pa.MapArray:
        """A map a row: the names that its card has, with what they have in that row."""
        import pyarrow as pa

        offsets, names, words, (values,) = self._named(name)
        few = kind.key_type.index_type == pa.int8()
        keys = dictionary(names.astype(np.int8) if few else names, words)
        return pa.MapArray.from_arrays(offsets, keys, pa.array(values, from_pandas=True), type=kind)

    def _flags(self, name: str) -> pa.ListArray:
        """For each row the names of what is true of it."""
        import pyarrow as pa

        offsets, names, words, (flags,) = self._named(name)
        places = np.flatnonzero(flags)
        until = np.searchsorted(places, offsets.to_numpy()).astype(np.int32)
        return pa.ListArray.from_arrays(pa.array(until), dictionary(names[places], words))

    def _engine(self) -> pa.StructArray:
        import pyarrow as pa

        kind = result_schema().field("engine").type
        offsets, names, words, _ = self._named("plugins")
        _, versions, version_words, _ = self._named("versions")
        columns = dictionary(names, words), dictionary(versions, version_words)
        used = pa.MapArray.from_arrays(offsets, *columns, type=kind.field("plugins").type)
        version = dictionary(np.zeros(self.size, dtype=np.int32), [self.made.version])
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
