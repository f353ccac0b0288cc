"""The contract of a criterion, as tests to inherit."""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import partial
from typing import Any, ClassVar

from pauta.engine.contracts import BatchCriterion, CallCriterion, Options
from pauta.engine.evaluation.evaluate import evaluate
from pauta.engine.evaluation.plan import compile_plan
from pauta.engine.host import Host
from pauta.engine.model.calls import Call, CallBatch, batch_of
from pauta.engine.model.findings import Finding
from pauta.engine.problems import Problem
from pauta.engine.seam.read_only import batch_for_plugin, question_for_plugin, read_only
from pauta.testing.contract import CardContract, watched
from pauta.testing.samples import sample_calls

ASKED = "asked"


class CriterionContract(CardContract):
    """What a criterion must hold to. `answers` is what the question offers, as cards write it."""

    kind: ClassVar[str] = "criteria"
    answers: ClassVar[Any] = "yes_no"

    def calls(self) -> Sequence[Call]:
        """The calls that it is tried on; add your own to `sample_calls()`."""
        return sample_calls()

    def card(self, options: Any) -> dict[str, Any]:
        """A card of one question that the criterion answers."""
        question = {
            "question": ASKED,
            "text": "Was it done?",
            "guidance": "Listen for it from the first word to the last.",
            "answers": self.answers,
            "criterion": {self.name: options},
        }
        return {"scorecard": "contract", "version": "1.0.0", "sections": [{"section": "all", "questions": [question]}]}

    def findings(self, options: Options, calls: Sequence[Call]) -> list[Finding]:
        """What it says about calls, as the engine hears it. Raises AssertionError where the engine refuses it."""
        said, problems = self._said(self.host(), options, calls)
        assert not problems, "\n".join(map(str, problems))
        return said

    def test_what_it_says_can_be_believed(self) -> None:
        """No call makes it fail; answers are those of the question, numbers finite, quotes said where it says."""
        for options in self.good_options:
            self.findings(options, self.calls())

    def test_a_batch_says_what_its_calls_say_one_by_one(self) -> None:
        """The size of the batch changes no finding."""
        host = self.host()
        for options in self.good_options:
            together = self._said(host, options, self.calls())[0]
            for call, of_batch in zip(self.calls(), together, strict=True):
                alone = self._said(host, options, [call])[0][0]
                assert alone == of_batch, _differ(call, "alone", alone, "in a batch", of_batch)

    def test_both_ways_agree(self) -> None:
        """Where it has `answer` and `answer_batch`, they say the same."""
        host = self.host()
        for options in self.good_options:
            made = self._made(host, options)
            if not (isinstance(made, CallCriterion) and isinstance(made, BatchCriterion)):
                continue
            owner = host.owner(self.kind, self.name)
            batch = batch_for_plugin(batch_of(self.calls()), owner.name)
            fast = watched(owner, partial(_findings_of, made, batch), "answering about a batch")
            for row, call in enumerate(batch.calls):
                easy = watched(owner, partial(made.answer, call), f"answering about call '{call.call_id}'")
                assert easy == fast[row], _differ(call, "answer", easy, "answer_batch", fast[row])

    def test_the_order_of_calls_changes_nothing(self) -> None:
        """Neither what went before nor what comes after is heard."""
        host = self.host()
        order = list(range(len(self.calls())))
        random.Random(7).shuffle(order)  # noqa: S311  # the same order every time
        for options in self.good_options:
            straight = self._said(host, options, self.calls())[0]
            mixed = self._said(host, options, [self.calls()[row] for row in order])[0]
            for row, finding in zip(order, mixed, strict=True):
                wrong = _differ(self.calls()[row], "in order", straight[row], "in another order", finding)
                assert finding == straight[row], wrong

    def test_the_same_batch_twice_is_the_same(self) -> None:
        """It remembers nothing: the same object says the same again, and so does another one made alike."""
        host = self.host()
        for options in self.good_options:
            plan = compile_plan(self._card(host, options), host)
            first, second = (evaluate(plan, batch_of(self.calls())).answers[ASKED].findings for _ in range(2))
            assert first is not None
            assert second is not None
            again = self._said(host, options, self.calls())[0]
            for row, call in enumerate(self.calls()):
                assert first[row] == second[row], _differ(call, "at first", first[row], "again", second[row])
                assert first[row] == again[row], _differ(call, "at first", first[row], "made anew", again[row])

    def test_a_batch_of_nothing_is_no_fault(self) -> None:
        """A batch may be empty."""
        for options in self.good_options:
            assert self.findings(options, []) == []

    def _made(self, host: Host, options: Any) -> Any:
        """The criterion itself."""
        question = question_for_plugin(self._card(host, options).questions[0])
        owner = host.owner(self.kind, self.name)
        return watched(owner, lambda: host.criteria[self.name](read_only(options), question), "making it")

    def _card(self, host: Host, options: Any) -> Any:
        loaded = self.loaded(host, options)
        assert loaded.scorecard is not None, "\n".join(map(str, loaded.problems))
        return loaded.scorecard

    def _said(self, host: Host, options: Any, calls: Sequence[Call]) -> tuple[list[Finding], list[Problem]]:
        plan = compile_plan(self._card(host, options), host)
        results = evaluate(plan, batch_of(calls))
        found = results.answers[ASKED].findings
        assert found is not None, "\n".join(map(str, results.problems))
        return [found[row] for row in range(len(calls))], list(results.problems)


def _findings_of(made: BatchCriterion, batch: CallBatch) -> list[Finding]:
    found = made.answer_batch(batch)
    return [found[row] for row in range(batch.size)]


def _differ(call: Call, one: str, said: Finding, other: str, says: Finding) -> str:
    return f"about call '{call.call_id}' it says {one}: {said}, {other}: {says}"
