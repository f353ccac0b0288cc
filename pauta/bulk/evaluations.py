"""People's evaluations that stand in files of their own, held by column in a folder and found by the id of their call.

Every process of a run maps the same files, so that they are in memory once. An evaluation of 40 answers takes some
300 bytes: its answers are numbers of pairs of a question and an answer.

Writing        evaluations on their way into a folder
Evaluations    those of a folder
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

from pauta.bulk.columns import Column
from pauta.engine.model.answers import columns_of
from pauta.engine.model.calls import Answer, HumanEvaluation
from pauta.engine.problems import Place

if TYPE_CHECKING:
    import pyarrow as pa

WORDS: Final = ("agent", "scorecard", "version", "evaluator", "mode")
"""What is one of few words, held as a number; -1 is none."""
TEXTS: Final = ("call_id", "evaluated_at", "comment")
"""What is held as text: the last of each evaluation's notes, the others of each evaluation; nothing is none."""
NUMBERS: Final[Mapping[str, Any]] = {
    **dict.fromkeys(WORDS, np.int32),
    "file": np.int32,
    "line": np.int64,
    "key": np.uint64,
    "answers_end": np.int64,
    "notes_end": np.int64,
    "answer": np.int32,
    "about": np.int32,
    "fault": np.int32,
    "second": np.float64,
    **{f"{name}_end": np.int64 for name in TEXTS},
}
"""answer: into all pairs of a question and an answer. about, fault, second: of notes, into all questions and faults."""
NAMES: Final = "names.json"
FEW: Final = 256
"""Of a question with more different answers only those are shown that some rows have."""

Note = tuple[int, str, Answer]
"""The row of an evaluation, a question, and what stands beside its answer."""


class Writing:
    """Evaluations on their way into a folder; close it, and they can be found. As a context it lets go of its files."""

    def __init__(self, folder: Path) -> None:
        self._folder, self.rows = folder, 0
        self._files: dict[str, BinaryIO] = {
            name: (folder / name).open("wb") for name in (*NUMBERS, *(f"{name}_text" for name in TEXTS))
        }
        self._ends = dict.fromkeys(("answers", "notes", *TEXTS), 0)
        for name in TEXTS:
            self._write(f"{name}_end", np.zeros(1))  # where the first begins, as Arrow has it
        self._words: dict[str, dict[str | None, int]] = {name: {} for name in (*WORDS, "file", "fault", "question")}
        self._pairs: dict[tuple[int, type, Any], int] = {}

    def __enter__(self) -> Writing:
        return self

    def __exit__(self, *_: object) -> None:
        for file in self._files.values():
            with suppress(OSError):  # what cannot be written was told when it was tried
                file.close()

    def add(self, humans: Sequence[HumanEvaluation]) -> None:
        """Take evaluations as records."""
        columns, beside = columns_of([human.answers for human in humans])
        answers = {name: Column(column.codes.astype(np.int32), list(column.values)) for name, column in columns.items()}
        places = [human.at or Place("") for human in humans]
        self.add_columns(
            {name: self.words(name, [getattr(human, name) for human in humans]) for name in WORDS},
            [human.call_id for human in humans],
            [human.evaluated_at for human in humans],
            (self.words("file", [place.file for place in places]), np.array([place.line for place in places])),
            answers,
            [(row, question, note) for (row, question), note in beside.items()],
        )

    def add_columns(
        self,
        words: Mapping[str, NDArray[np.int32]],
        call_ids: Sequence[str],
        moments: Sequence[str | None],
        places: tuple[NDArray[np.int32], NDArray[Any]],
        answers: Mapping[str, Column],
        notes: Iterable[Note],
    ) -> None:
        """Take evaluations by column. words: see `words`. places: files, see `words`, and lines. answers: by question.

        notes: what stands beside the answers.
        """
        size = len(call_ids)
        for name in WORDS:
            self._write(name, words[name])
        for name, numbers in zip(("file", "line"), places, strict=True):
            self._write(name, numbers)
        self._write("key", keys_of(call_ids))
        self._write_texts("call_id", call_ids)
        self._write_texts("evaluated_at", moments)
        self._write_answers(answers, size)
        self._write_notes(sorted(notes, key=lambda each: each[:2]), size)
        self.rows += size

    def words(self, name: str, words: Sequence[str | None]) -> NDArray[np.int32]:
        """Words of a kind as numbers."""
        known = self._words[name]
        for word in dict.fromkeys(words):
            known.setdefault(word, -1 if word is None else len(known) - (None in known))
        return np.fromiter(map(known.__getitem__, words), dtype=np.int32, count=len(words))

    def _write(self, name: str, numbers: NDArray[Any]) -> None:
        self._files[name].write(np.ascontiguousarray(numbers, dtype=NUMBERS[name]).data)

    def _write_ends(self, name: str, lengths: Any) -> None:
        ends = np.cumsum(lengths, dtype=np.int64) + self._ends[name]
        self._write(f"{name}_end", ends)
        self._ends[name] = int(ends[-1]) if len(ends) else self._ends[name]

    def _write_texts(self, name: str, texts: Sequence[str | None]) -> None:
        encoded = [(text or "").encode() for text in texts]
        self._files[f"{name}_text"].write(b"".join(encoded))
        self._write_ends(name, list(map(len, encoded)))

    def _write_answers(self, answers: Mapping[str, Column], size: int) -> None:
        pairs = np.full((size, len(answers)), -1, dtype=np.int32)
        for n, (question, column) in enumerate(answers.items()):
            number = int(self.words("question", [question])[0])
            known = [self._pair(number, value) for value in column.values]
            pairs[:, n] = np.array([*known, -1], dtype=np.int32).take(column.codes)
        there = pairs >= 0
        self._write("answer", pairs[there])
        self._write_ends("answers", there.sum(axis=1))

    def _pair(self, question: int, value: Any) -> int:
        return -1 if value is None else self._pairs.setdefault((question, type(value), value), len(self._pairs))

    def _write_notes(self, notes: Sequence[Note], size: int) -> None:
        beside = [note for _, _, note in notes]
        self._write("about", self.words("question", [question for _, question, _ in notes]))
        self._write("fault", self.words("fault", [note.fault for note in beside]))
        self._write("second", np.array([np.nan if note.at is None else note.at for note in beside]))
        self._write_texts("comment", [note.comment for note in beside])
        self._write_ends("notes", np.bincount(np.array([row for row, _, _ in notes], dtype=np.intp), minlength=size))

    def close(self) -> None:
        """All are there: sort their keys, and write what the numbers stand for."""
        for file in self._files.values():
            file.close()
        keys, files, lines = (np.fromfile(self._folder / name, dtype=NUMBERS[name]) for name in ("key", "file", "line"))
        order = np.lexsort((lines, files, keys))
        np.save(self._folder / "order.npy", order)
        np.save(self._folder / "keys.npy", keys[order])
        names = {name: [word for word in known if word is not None] for name, known in self._words.items()}
        pairs = [(question, value) for question, _, value in self._pairs]
        with (self._folder / NAMES).open("w", encoding="utf-8") as stream:
            json.dump([self.rows, names, pairs], stream)


class Evaluations:
    """The evaluations of a folder, each known by its number."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with (folder / NAMES).open(encoding="utf-8") as stream:
            self.size, self.names, pairs = json.load(stream)
        self._numbers: dict[str, NDArray[Any]] = {}
        self.questions: list[str] = self.names["question"]
        self._question_of = np.array([question for question, _ in pairs], dtype=np.int32)
        self._values: list[list[Any]] = [[] for _ in self.questions]
        self._code_of = np.empty(len(pairs), dtype=np.int32)
        for n, (question, value) in enumerate(pairs):
            self._code_of[n] = len(self._values[question])
            self._values[question].append(tuple(value) if isinstance(value, list) else value)

    def numbers(self, name: str) -> NDArray[Any]:
        """A column of NUMBERS."""
        if name not in self._numbers:
            path = self._folder / name
            there = path.stat().st_size > 0
            self._numbers[name] = (
                np.memmap(path, dtype=NUMBERS[name], mode="r") if there else np.zeros(0, dtype=NUMBERS[name])
            )
        return self._numbers[name]

    @cached_property
    def _texts(self) -> dict[str, pa.LargeStringArray]:
        return {name: self._text(name) for name in TEXTS}

    def _text(self, name: str) -> pa.LargeStringArray:
        import pyarrow as pa

        offsets = self.numbers(f"{name}_end")
        path = self._folder / f"{name}_text"
        there = pa.memory_map(str(path)).read_buffer() if path.stat().st_size else pa.py_buffer(b"")
        return pa.LargeStringArray.from_buffers(len(offsets) - 1, pa.py_buffer(offsets), there)

    def texts(self, name: str, rows: NDArray[np.int64]) -> pa.StringArray:
        """Texts of some evaluations, null where there is none or the number is below 0."""
        import pyarrow as pa
        import pyarrow.compute as pc

        found = self._texts[name].take(pa.array(rows, mask=rows < 0)).cast(pa.string())
        return pc.if_else(pc.equal(found, ""), None, found)

    @cached_property
    def _index(self) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
        keys, order = (np.load(self._folder / f"{name}.npy", mmap_mode="r") for name in ("keys", "order"))
        return keys, order

    def of_calls(self, call_ids: pa.StringArray) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
        """Who evaluated some calls: places in `call_ids` and evaluations, in the order of both."""
        import pyarrow.compute as pc

        keys, order = self._index
        wanted = keys_of(call_ids.to_pylist())
        first, counts = _found(keys, wanted)
        rows = np.repeat(np.arange(len(wanted)), counts)
        inside = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
        found = np.asarray(order[np.repeat(first, counts) + inside])
        same = pc.equal(call_ids.take(rows), self.texts("call_id", found))
        kept = same.fill_null(False).to_numpy(zero_copy_only=False)
        return rows[kept], found[kept]

    def in_order_of_calls(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Evaluations in the order in which the first of each call stands; those of one call together."""
        keys, order = self._index
        first = order[np.searchsorted(keys, self.numbers("key")[rows], "left")]
        files, lines = self.numbers("file"), self.numbers("line")
        return rows[np.lexsort((lines[rows], files[rows], lines[first], files[first]))]

    def words(self, name: str, rows: NDArray[np.int64]) -> pa.DictionaryArray:
        """Words of some evaluations, of all those there are only the ones that they have; below 0 there is none."""
        import pyarrow as pa

        codes = self.codes(name, rows)
        used, places = np.unique(codes, return_inverse=True)
        none = int((used < 0).sum())
        words = [self.names[name][code] for code in used[none:].tolist()]
        indices = pa.array((places - none).astype(np.int32), mask=codes < 0)
        return pa.DictionaryArray.from_arrays(indices, pa.array(words, pa.string()))

    def codes(self, name: str, rows: NDArray[np.int64]) -> NDArray[np.int32]:
        """Words of some evaluations as numbers, below 0 there is none."""
        if not self.size:
            return np.full(len(rows), -1, dtype=np.int32)
        return np.where(rows < 0, np.int32(-1), self.numbers(name)[rows])

    def answers(self, rows: NDArray[np.int64]) -> dict[str, Column]:
        """The answers of some evaluations by question, of the questions that one of them answers; below 0 is none."""
        flat, whose = self._spread("answers", rows)
        pairs = self.numbers("answer")[flat]
        asked = self._question_of[pairs]
        there = np.unique(asked)
        place = np.zeros(len(self.questions), dtype=np.intp)
        place[there] = np.arange(len(there))
        codes = np.full((len(there), len(rows)), -1, dtype=np.int32)
        codes[place[asked], whose] = self._code_of[pairs]
        return {
            self.questions[question]: _few(Column(codes[n], self._values[question]))
            for n, question in enumerate(there.tolist())
        }

    def notes(self, rows: NDArray[np.int64]) -> dict[str, list[tuple[int, Answer]]]:
        """What stands beside the answers of some evaluations: by question the places in `rows`, and notes alone."""
        flat, whose = self._spread("notes", rows)
        comments = self.texts("comment", flat).to_pylist()
        notes: dict[str, list[tuple[int, Answer]]] = {}
        numbers = (self.numbers(name)[flat].tolist() for name in ("about", "fault", "second"))
        for row, comment, about, fault, second in zip(whose.tolist(), comments, *numbers, strict=True):
            of = None if fault < 0 else self.names["fault"][fault]
            note = Answer(None, comment, of, None if second != second else second)
            notes.setdefault(self.questions[about], []).append((row, note))
        return notes

    def _spread(self, name: str, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.intp]]:
        """Where all that some evaluations have of something stands, and whose it is."""
        if not self.size:
            return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.intp)
        ends = self.numbers(f"{name}_end")
        stop = np.where(rows < 0, 0, ends[np.maximum(rows, 0)])
        counts = stop - np.where(rows <= 0, 0, ends[np.maximum(rows - 1, 0)])
        whose = np.repeat(np.arange(len(rows)), counts)
        before = np.cumsum(counts) - counts
        return np.arange(len(whose)) + np.repeat(stop - counts - before, counts), whose

    def humans(self, rows: NDArray[np.int64]) -> list[HumanEvaluation]:
        """Some evaluations as records, without what was answered."""
        said = [self.texts(name, rows).to_pylist() for name in TEXTS[:2]]
        for name in (*WORDS, "file"):
            words = [*self.names[name], None]
            said.append([words[code] for code in self.codes(name, rows).tolist()])
        return [
            HumanEvaluation(call_id, scorecard, evaluator, {}, version, agent, moment, mode, Place(file or "", line, 1))
            for call_id, moment, agent, scorecard, version, evaluator, mode, file, line in zip(
                *said, self.numbers("line")[rows].tolist(), strict=True
            )
        ]

    def human(self, row: int) -> HumanEvaluation:
        """One evaluation as a record."""
        one = np.array([row])
        answers = self.answers(one).items()
        given = {question: Answer(column.values[int(column.codes[0])]) for question, column in answers}
        for question, ((_, note),) in self.notes(one).items():
            value = given[question].value if question in given else None
            given[question] = replace(note, value=value)
        return replace(self.humans(one)[0], answers=given)


def keys_of(call_ids: Iterable[str | None]) -> NDArray[np.uint64]:
    """(calls,) uint64: hashes of ids, by which evaluations are found; two ids may share one."""
    blake = hashlib.blake2b
    digests = [blake((each or "").encode(), digest_size=8).digest() for each in call_ids]
    return np.frombuffer(b"".join(digests), dtype="<u8")


def _found(keys: NDArray[np.uint64], wanted: NDArray[np.uint64]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Where each of some keys stands first among sorted ones, and how often; near ones are looked for together."""
    order = np.argsort(wanted)
    ends = [np.searchsorted(keys, wanted[order], side) for side in ("left", "right")]
    first = np.empty(len(wanted), dtype=np.intp)
    counts = np.empty(len(wanted), dtype=np.intp)
    first[order], counts[order] = ends[0], ends[1] - ends[0]
    return first, counts


def _few(column: Column) -> Column:
    """The same column; where it may hold many values, with those alone that it has."""
    if len(column.values) <= FEW:
        return column
    used, places = np.unique(column.codes, return_inverse=True)
    none = int((used < 0).sum())
    return Column((places - none).astype(np.int32), [column.values[code] for code in used[none:].tolist()])
