"""The contracts of what else cards name: rules, actions, scoring methods, as tests to inherit."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from pauta.engine.contracts import Options, Sheet
from pauta.engine.evaluation.binding import method_of, rules_of
from pauta.engine.host import Host, PluginError
from pauta.engine.model.calls import Call
from pauta.engine.model.followup import Duty, Exemplar, Notice, Occasion, Opened, ProcessFinding, Raise
from pauta.engine.seam.read_only import read_only
from pauta.testing.contract import CardContract, watched
from pauta.testing.samples import sample_calls, sample_evaluations, sample_results

if TYPE_CHECKING:
    from numpy.typing import NDArray

QUESTION = {"question": "asked", "text": "Was it done?", "answers": "yes_no"}
SECTIONS = [{"section": "all", "questions": [QUESTION]}]
CARD = {"scorecard": "contract", "version": "1.0.0", "sections": SECTIONS}


class RuleContract(CardContract):
    """What a rule of escalation must hold to."""

    kind: ClassVar[str] = "rules"

    def calls(self) -> Sequence[Call]:
        """The calls whose results it is tried on; add your own to `sample_calls()`."""
        return sample_calls()

    def card(self, options: Any) -> dict[str, Any]:
        """A card with one escalation, raised by the rule."""
        return {**CARD, "escalations": [{"escalation": "asked", "rule": {self.name: options}, "do": ["coach"]}]}

    def fires(self, options: Options, calls: Sequence[Call]) -> list[bool]:
        """For which calls it fires, as the engine hears it. Raises AssertionError where the engine refuses it."""
        host = self.host()
        loaded = self.loaded(host, options)
        assert loaded.scorecard is not None, "\n".join(map(str, loaded.problems))
        try:
            fired = rules_of(loaded.scorecard, host)["asked"].fires(sample_results(calls))
        except PluginError as error:
            raise AssertionError(f"it failed on results: {error.reason}") from error
        return [bool(each) for each in fired]

    def test_it_says_yes_or_no_to_each_result(self) -> None:
        """(rows,) bool, for many results, one and none."""
        for options in self.good_options:
            for calls in (self.calls(), self.calls()[:1], ()):
                assert len(self.fires(options, calls)) == len(calls)

    def test_a_batch_fires_where_its_results_fire_one_by_one(self) -> None:
        """The size of the batch changes nothing."""
        for options in self.good_options:
            together = self.fires(options, self.calls())
            alone = [self.fires(options, [call])[0] for call in self.calls()]
            assert together == alone

    def test_the_order_of_results_changes_nothing(self) -> None:
        """Neither what went before nor what comes after is looked at."""
        for options in self.good_options:
            assert self.fires(options, self.calls()[::-1]) == self.fires(options, self.calls())[::-1]

    def test_the_same_results_twice_fire_the_same(self) -> None:
        """It remembers nothing."""
        for options in self.good_options:
            assert self.fires(options, self.calls()) == self.fires(options, self.calls())


class ActionContract(CardContract):
    """What an action must hold to: it opens duties, notices, findings or examples, and does nothing by itself."""

    kind: ClassVar[str] = "actions"

    def card(self, options: Any) -> dict[str, Any]:
        """A card with one escalation, which does it."""
        return {**CARD, "escalations": [{"escalation": "asked", "when": {"score": 0}, "do": [{self.name: options}]}]}

    def test_its_options_say_what_they_are_for(self) -> None:
        """A designer who writes the action sees each option's description in the editor."""
        properties: Any = self.host().actions[self.name].options.get("properties", {})
        silent = [name for name, schema in properties.items() if not schema.get("description")]
        assert not silent, f"no description: {', '.join(silent)}"

    def opened(self, options: Any, occasion: Occasion) -> list[Opened]:
        """What it opens for an occasion."""
        host = self.host()
        made = watched(host.owner(self.kind, self.name), partial(host.actions[self.name], options), "making it")
        return list(watched(host.owner(self.kind, self.name), partial(made.opens, occasion), "opening"))

    def test_it_opens_what_the_follow_up_can_keep(self) -> None:
        """Duties, notices, findings and exemplary calls, over one evaluation and many, the same when asked again."""
        for options in self.good_options:
            for occasion in sample_occasions():
                opened = self.opened(options, occasion)
                strange = [each for each in opened if not isinstance(each, Duty | Notice | ProcessFinding | Exemplar)]
                assert not strange, f"it opens {strange[0]!r}"
                assert opened == self.opened(options, occasion), "it opens something else the second time"


def sample_occasions() -> list[Occasion]:
    """Occasions over one evaluation, with misses and without, and over many."""
    at = datetime(2026, 3, 2, 9, tzinfo=UTC)
    about: dict[str, Any] = {"escalation": "asked", "title": "Asked", "source": "card contract@1.0.0", "at": at}
    about |= {"agent": "ana", "team": "north", "due": lambda duration: at + timedelta(days=1)}
    single = [Occasion(key=f"one {n}", evaluation=each, **about) for n, each in enumerate(sample_evaluations()[:5])]
    raised = Raise("ana missed 'asked' in 3 calls", "asked", ("e1", "e2", "e3"), ("asked",))
    return [*single, Occasion(key="many", kind="agent", over_key="ana", raised=raised, **about)]


class MethodContract(CardContract):
    """What a scoring method must hold to."""

    kind: ClassVar[str] = "methods"

    def card(self, options: Any) -> dict[str, Any]:
        """A card that is scored by the method."""
        return {**CARD, "scoring": {"method": {self.name: options}}}

    def scores(self, options: Options, sheet: Sheet) -> NDArray[np.float64]:
        """What it makes of a sheet, as the engine hears it. Raises AssertionError where the engine refuses it."""
        return self._scores(self.host(), options, sheet)

    def test_it_gives_each_call_a_number_or_no_score(self) -> None:
        """(rows,) of numbers, NaN where there is no score, never infinite; no score where nothing is answered."""
        for options in self.good_options:
            for sheet in (sample_sheet(), sample_sheet(rows=1), sample_sheet(rows=0)):
                scores = self.scores(options, sheet)
                assert not np.isinf(scores).any(), f"it scores {scores}"
                empty = ~sheet.answered.any(axis=0)
                assert np.isnan(scores[empty]).all(), "a call in which nothing is answered has no score: answer NaN"

    def test_a_batch_scores_what_its_calls_score_one_by_one(self) -> None:
        """The size of the batch changes no score."""
        host, sheet = self.host(), sample_sheet()
        for options in self.good_options:
            together = self._scores(host, options, sheet)
            alone = [self._scores(host, options, _rows(sheet, [row]))[0] for row in range(len(together))]
            np.testing.assert_allclose(together, alone, atol=1e-9)

    def test_the_order_of_calls_changes_nothing(self) -> None:
        """Neither what went before nor what comes after is looked at."""
        host, sheet = self.host(), sample_sheet()
        order = list(range(sheet.points.shape[1]))[::-1]
        for options in self.good_options:
            there, back = self._scores(host, options, sheet), self._scores(host, options, _rows(sheet, order))
            np.testing.assert_allclose(there, back[::-1], atol=1e-9)

    def test_the_same_sheet_twice_scores_the_same(self) -> None:
        """It remembers nothing: the same object says the same again."""
        host, sheet = self.host(), sample_sheet()
        for options in self.good_options:
            owner = host.owner(self.kind, self.name)
            made = watched(owner, partial(host.methods[self.name], read_only(options)), "making it")
            first, second = (watched(owner, partial(made.score, sheet), "scoring") for _ in range(2))
            np.testing.assert_array_equal(first, second)

    def _scores(self, host: Host, options: Options, sheet: Sheet) -> NDArray[np.float64]:
        loaded = self.loaded(host, options)
        assert loaded.scorecard is not None, "\n".join(map(str, loaded.problems))
        method = method_of(loaded.scorecard, host)
        assert method is not None
        try:
            return np.asarray(method.score(sheet), dtype=np.float64)
        except PluginError as error:
            raise AssertionError(f"it failed on a sheet: {error.reason}") from error


def sample_sheet(questions: int = 6, rows: int = 60) -> Sheet:
    """Points, credits and weights of so many questions and calls: nothing answered in the first, all in the second."""
    chance = np.random.default_rng(7)
    answered = chance.random((questions, rows)) < 0.8
    answered[:, 0:1], answered[:, 1:2] = False, True
    out_of = chance.integers(1, 9, size=(questions, 1)).astype(np.float64)
    credits = chance.integers(-1, 5, size=(questions, rows)) / 4
    credits[:, 1:2] = 1.0
    credits *= answered
    weights = np.array([0.0, *chance.integers(1, 30, size=questions - 1)], dtype=np.float64)
    bonus = np.arange(questions) == questions - 1
    return Sheet(credits * out_of, credits, answered, weights, bonus)


def _rows(sheet: Sheet, rows: Sequence[int]) -> Sheet:
    chosen = list(rows)
    return Sheet(
        sheet.points[:, chosen], sheet.credits[:, chosen], sheet.answered[:, chosen], sheet.weights, sheet.bonus
    )
