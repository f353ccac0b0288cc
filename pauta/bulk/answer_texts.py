"""The answers of many evaluations as one column of JSON text: the very bytes that a database keeps of them.

An answer is three texts: what stands before its share, its share, what stands behind. The first and the last are the
same wherever a question is answered alike, shares are few, so all texts are taken out of one table, one after the
other, and the answers of an evaluation are as many of them as it has, already side by side. What only some answers have
(comments, evidence, reasons) are texts of their own in that table. `engine/evaluation/rows.py` says how an answer is
written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from pauta.bulk.outgoing import Made
from pauta.engine.evaluation.records import answer
from pauta.engine.evaluation.rows import answer_kinds, as_json, found_texts
from pauta.engine.model.calls import Note
from pauta.engine.model.results import Results

if TYPE_CHECKING:
    import pyarrow as pa

NOTHING: Final = 0
"""The place of the text that is empty."""
PARTS: Final = 3
"""So many texts an answer is made of."""


class AnswerTexts:
    """The answers of a batch of results as JSON text, a text an evaluation."""

    def __init__(self, made: Made) -> None:
        import pyarrow as pa

        self._layout = made.answers.layout
        self._words: list[str] = [""]
        columns = [self._columns(group.results) for group in made.groups]
        before, behind = (self._layout.flat([each[n] for each in columns], np.int32) for n in (0, 1))
        shares = self._shares(made.answers.shares)
        shares[behind == NOTHING] = NOTHING  # an answer that somebody wrote beside is one whole text
        self._places = np.stack([before, shares, behind], axis=1)
        self._table = pa.array(self._words, pa.string())

    def column(self, start: int, stop: int) -> pa.StringArray:
        """The answers of some evaluations."""
        import pyarrow as pa

        offsets, own = self._layout.cut(start, stop)
        side_by_side = self._table.take(pa.array(self._places[own].ravel()))
        _, ends, text = side_by_side.buffers()
        until = np.frombuffer(ends, dtype=np.int32).take(offsets * PARTS)
        return pa.StringArray.from_buffers(stop - start, pa.py_buffer(until), text)

    def _shares(self, shares: NDArray[np.float64]) -> NDArray[np.int32]:
        """(total,): the places of the shares' texts. 0.0 and -0.0 are two."""
        import pyarrow as pa

        coded = pa.array(shares.view(np.int64)).dictionary_encode()
        distinct = coded.dictionary.to_numpy().view(np.float64).tolist()
        first = len(self._words)
        self._words += ["null" if share != share else repr(share) for share in distinct]
        places: NDArray[np.int32] = coded.indices.to_numpy() + np.int32(first)
        return places

    def _columns(self, results: Results) -> tuple[list[NDArray[np.int32]], list[NDArray[np.int32]]]:
        """For each question the places, (rows,), of what stands before the shares and behind them."""
        notes: dict[str, dict[int, Note]] = {}
        for (row, name), note in results.batch.notes.items():
            notes.setdefault(name, {})[row] = note
        before, behind = [], []
        last = len(results.scorecard.questions) - 1
        for n, question in enumerate(results.scorecard.questions):
            begin, end = "[" if n == 0 else ",", "]" if n == last else ""
            given = results.answers[question.id]
            pieces, kind_at = answer_kinds(results, question, given)
            first = len(self._words)
            for head, middle, why, tail in pieces:
                self._words += [begin + head, f'{middle}"evidence":[],"reason":{why}{tail}{end}']
            heads = (first + 2 * kind_at).astype(np.int32)
            tails = heads + np.int32(1)
            for row, found in found_texts(given.findings).items() if given.findings is not None else ():
                _, middle, _, tail = pieces[kind_at[row]]
                tails[row] = self._place(f"{middle}{found}{tail}{end}")
            for row, note in notes.get(question.id, {}).items():
                heads[row] = self._place(begin + as_json(answer(results, question, given, row, note)) + end)
                tails[row] = NOTHING
            before.append(heads)
            behind.append(tails)
        return before, behind

    def _place(self, word: str) -> int:
        self._words.append(word)
        return len(self._words) - 1
