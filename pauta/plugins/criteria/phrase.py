r"""`phrase`: look for words in what was said, and quote them.

Most of what a scorecard asks of a call's opening, its verification and its close comes down to words: was the bank
named, was the name asked for, was a guarantee given that must not be given. A phrase is found however it is spelt
(case, accents, apostrophes and punctuation do not count) and only as whole words, in every alphabet.

    criterion:
      phrase: {speaker: agent, within: {first: 20 s}, any: ["harper valley (national) bank", "thank you for calling"]}

    met       "Hello, thank you for calling Harper Valley Bank."  said by the agent in the first 20 seconds
    not met   "Harper Valley, please hold."                       a word is missing; `pauta try` shows such near misses

How a phrase is written:

    how (can|may) i help (you)    one of several; words that may be left out
    frustrat*                     a stem: any word that begins so
    your ... name                 a gap: up to five words between; `...3`: up to three
    re:\b\d{4}[ -]?\d{4}\b        a pattern, searched in the text as it was written, ignoring case

`any`, `all` and `none` are lists, or maps of language to list; together they must all hold. `at_least` says how many
different phrases of `any` there must be. A phrase lies in one turn. `speaker` is agent, customer, system or other, else
anybody; `within` is `first` or `last` with `20 s`, `3 turns` or `50 words` (counted over all speakers; a phrase lies
within the first words with all of its own).

Unverified: a call without words; within seconds where turns have no start (`first`) or no end (`last`); a call in a
language (or in none that the record names) for which a map has no list; a pattern that takes too long (0.1 s in a turn,
2 s in a call). Not met: a call in which the named speaker says nothing, `none` included, for nothing was there to be
judged. Evidence: every place where a phrase was found, those of a broken `none` too, 50 at most.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar, Final

from pauta import Call, CallBatch, Finding, Findings, Problem, ProblemsFound, Question, hookimpl
from pauta.plugins.criteria.phrases.asked import Fault, read_options
from pauta.plugins.criteria.phrases.finding import Finder
from pauta.plugins.criteria.phrases.scan import Scan

HINT: Final = "phrases look like `how (can|may) i help (you)`, `frustrat*`, `your ... name`; test one with `pauta try`"

_PHRASES: Final = {
    "description": "Phrases, or a map of language to phrases.",
    "type": ["array", "object"],
    "items": {"type": "string"},
    "minItems": 1,
    "additionalProperties": {"type": "array", "items": {"type": "string"}, "minItems": 1},
    "minProperties": 1,
}
_STRETCH: Final = {
    "type": "string",
    "pattern": r"^[0-9]+([.,][0-9]+)? ?(s|min|h|turns?|words?)$",
    "patternErrorMessage": "it is written 20 s, 1 min, 3 turns or 50 words",
}


class Phrase:
    """Looks for phrases in what was said."""

    name: ClassVar[str] = "phrase"
    purpose: ClassVar[str] = "Look for words in what was said: by whom, where in the call, all or any or none of them."
    options: ClassVar[Mapping[str, object]] = {
        "type": "object",
        "properties": {
            "speaker": {
                "description": "Who must say it; anybody where not given.",
                "enum": ["agent", "customer", "system", "other"],
            },
            "within": {
                "description": "Where in the call: the first or the last `20 s`, `3 turns` or `50 words`.",
                "type": "object",
                "properties": {"first": _STRETCH, "last": _STRETCH},
                "additionalProperties": False,
                "minProperties": 1,
                "maxProperties": 1,
            },
            "any": _PHRASES,
            "all": _PHRASES,
            "none": _PHRASES,
            "at_least": {"description": "How many different phrases of `any`.", "type": "integer", "minimum": 1},
        },
        "additionalProperties": False,
    }

    def __init__(self, options: Mapping[str, object], question: Question) -> None:
        self._asked, faults = read_options(options)
        if faults:
            raise ProblemsFound(Problem("E362", sentence, None, HINT) for _, sentence in faults)
        self._finder, self._use = Finder([self._asked]), 0

    @classmethod
    def check(cls, options: Mapping[str, object]) -> Sequence[Fault]:
        """What is wrong with options that the schema lets pass: the path to the option, and a sentence."""
        return read_options(options)[1]

    @classmethod
    def bind_all(cls, uses: Sequence[tuple[Mapping[str, object], Question]]) -> Sequence[Phrase]:
        """All uses of a plan, with one pass over the text for them all."""
        made = [cls(options, question) for options, question in uses]
        finder = Finder([each._asked for each in made])
        for use, each in enumerate(made):
            each._finder, each._use = finder, use
        return made

    @classmethod
    def prepare_all(cls, asked: Sequence[tuple[Phrase, CallBatch]]) -> None:
        """Look through what was said in some batches for the phrases of all plans at once, when the first one asks."""
        by_columns: dict[int, dict[tuple[int, int], tuple[Finder, CallBatch]]] = {}
        for each, batch in asked:
            finder = each._finder
            by_columns.setdefault(id(batch.said().texts), {})[id(finder), id(batch)] = finder, batch
        for batches in by_columns.values():
            scan = Scan([(finder.matcher, batch.said()) for finder, batch in batches.values()])
            for finder, batch in batches.values():
                batch.once(("phrase.scan", finder), lambda scan=scan: scan)  # type: ignore[misc]

    def answer(self, call: Call) -> Finding:
        """Look through one call."""
        return self.answer_batch(CallBatch(size=1, calls=(call,)))[0]

    def answer_batch(self, batch: CallBatch) -> Findings:
        """Look through every call of a batch, for all uses of the plan at once."""
        return batch.once(("phrase.findings", self._finder), lambda: self._found(batch))[self._use]

    def _found(self, batch: CallBatch) -> Sequence[Findings]:
        finder, turns = self._finder, batch.said()
        scan = batch.once(("phrase.scan", finder), lambda: Scan([(finder.matcher, turns)]))
        return finder.findings(*scan.of(finder.matcher, turns), batch)


@hookimpl
def register_criteria(register: Callable[[type[Phrase]], None]) -> None:
    """Offer the criterion."""
    register(Phrase)
