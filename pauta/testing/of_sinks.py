"""The contract of a sink, as tests to inherit."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from pauta.engine.acting import Message, NotifyingSink
from pauta.engine.contracts import Delivery, DroppingSink, KnowingSink
from pauta.engine.endpoints import open_sink
from pauta.engine.host import Host
from pauta.engine.model.calls import Call
from pauta.engine.outlets import looks_at_the_call
from pauta.engine.problems import Problem
from pauta.engine.seam.read_only import read_only
from pauta.testing.contract import Contract, schema_refusals, watched
from pauta.testing.samples import HOSTILE, sample_calls, sample_card, sample_evaluations


class SinkContract(Contract):
    """What a sink must hold to. Say in `arrived` how to find out what it was given.

    good_options are beside the path, which the suite adds. same_bytes: whether the same results make the same file.
    """

    kind: ClassVar[str] = "sinks"
    same_bytes: ClassVar[bool] = True

    def arrived(self, folder: Path) -> Collection[str]:
        """The ids of the evaluations that arrived, as often as they are there. Asked only where something arrived."""
        raise NotImplementedError

    def told(self, folder: Path) -> Collection[str] | None:
        """The keys of the messages to people that arrived, for a sink with `notify`; None where it cannot be told."""
        return None

    def path(self, folder: Path) -> str:
        """What the sink is to write; '' for one that writes no file."""
        ending = next(iter(_endings(self.host().sinks[self.name])), "")
        return str(folder / f"results{ending}") if ending else ""

    def evaluations(self) -> Sequence[Mapping[str, Any]]:
        """What it is given: the evaluations of the sample calls, hostile texts among them."""
        return sample_evaluations()

    def calls(self) -> Sequence[Call]:
        """What these are about, for a sink that wants to know: the sample calls."""
        return sample_calls()

    def refusals(self, options: Any) -> list[Problem]:
        """What its schema has against options, the path beside them."""
        host = self.host()
        path = {"path": "results"} if _endings(host.sinks[self.name]) else {}
        given = {**path, **options} if isinstance(options, Mapping) else options
        return schema_refusals(host, self.kind, self.name, given)

    def test_everything_arrives(self, tmp_path: Path) -> None:
        """Each evaluation once, whatever its texts hold."""
        for number, options in enumerate(self.good_options):
            folder = _made(tmp_path / str(number))
            self.send(folder, [self.evaluations()], options)
            self._check_all_arrived(folder)

    def test_batches_of_one_are_as_good_as_one(self, tmp_path: Path) -> None:
        """The size of the batches changes nothing."""
        one, many = _made(tmp_path / "one"), _made(tmp_path / "many")
        self.send(one, [self.evaluations()])
        self.send(many, [[each] for each in self.evaluations()])
        self._check_all_arrived(many)
        self._check_same(one, many)

    def test_another_order_arrives_as_well(self, tmp_path: Path) -> None:
        """Calls come in any order."""
        self.send(tmp_path, [self.evaluations()[::-1]])
        self._check_all_arrived(tmp_path)

    def test_the_same_run_twice_is_as_good_as_once(self, tmp_path: Path) -> None:
        """A second run of the same results leaves what the first one left."""
        once, twice = _made(tmp_path / "once"), _made(tmp_path / "twice")
        self.send(once, [self.evaluations()])
        for _ in range(2):
            self.send(twice, [self.evaluations()])
        self._check_all_arrived(twice)
        self._check_same(once, twice)

    def test_it_closes_without_a_write(self, tmp_path: Path) -> None:
        """A run may have no results."""
        self.send(tmp_path, [])
        self.send(_made(tmp_path / "empty"), [[]])
        if files_in(tmp_path):
            assert list(self.arrived(tmp_path)) == []

    def test_a_run_broken_off_leaves_the_one_before(self, tmp_path: Path) -> None:
        """Where it has `drop`: what it wrote of the broken run is not seen."""
        self.send(tmp_path, [self.evaluations()[:2]])
        before = files_in(tmp_path)
        host = self.host()
        sink = self._opened(host, tmp_path, self.good_options[0])
        if isinstance(sink, DroppingSink):
            self._give(host, sink, self.evaluations())
            self._run(host, sink.drop, "dropping a run")
            assert files_in(tmp_path) == before
        else:
            self._close(host, sink)

    def test_messages_to_people_arrive(self, tmp_path: Path) -> None:
        """Where it has `notify`: whatever they say, one of them a second time under its key, as after a lost answer."""
        host = self.host()
        sink = self._opened(host, tmp_path, self.good_options[0])
        if isinstance(sink, NotifyingSink):
            messages = [
                Message(f"told-{number}", text, (text[:40],), ("lead@example.org",), (text, ""), ("e1",), language)
                for number, text in enumerate(HOSTILE)
                for language in [("en", "es", "pt-BR", "ru")[number % 4]]
            ]
            for message in [*messages, messages[0]]:
                self._run(host, lambda message=message: sink.notify(message), f"telling people '{message.key}'")
            there = self.told(tmp_path)
            assert there is None or sorted(there) == sorted(message.key for message in messages)
        self._close(host, sink)

    def test_a_folder_that_is_not_there_is_told_at_the_start(self, tmp_path: Path) -> None:
        """Not at the end, when the work is done and lost."""
        host, path = self.host(), self.path(tmp_path / "not" / "there")
        if path:
            opened = open_sink(path, host, name=self.name, options=self._options(self.good_options[0]))
            assert isinstance(opened, Problem), "it begins a file where no folder is"
            assert opened.message.strip()

    def test_its_ending_leads_to_it(self, tmp_path: Path) -> None:
        """`pauta score --to results.ending` opens it, unless another sink has the ending too."""
        host, path = self.host(), self.path(tmp_path)
        others = [each for name, each in host.sinks.items() if name != self.name]
        if path.endswith(_endings(host.sinks[self.name])) and not any(path.endswith(_endings(each)) for each in others):
            opened = open_sink(path, host, options=self._options(self.good_options[0]))
            assert type(opened) is host.sinks[self.name], opened
            self._close(host, opened)

    def send(self, folder: Path, batches: Sequence[Sequence[Mapping[str, Any]]], options: Any = None) -> None:
        """A run: open, write batch by batch, close. Raises AssertionError where the sink fails."""
        host = self.host()
        sink = self._opened(host, folder, self.good_options[0] if options is None else options)
        try:
            for batch in batches:
                self._give(host, sink, batch)
            self._close(host, sink)
        except AssertionError:
            if isinstance(sink, DroppingSink):
                self._run(host, sink.drop, "dropping the run that failed")
            raise

    def _options(self, options: Any) -> Mapping[str, object]:
        return {name: value for name, value in options.items() if name != "path"}

    def _opened(self, host: Host, folder: Path, options: Any) -> Any:
        sink = open_sink(self.path(folder), host, name=self.name, options=self._options(options))
        assert not isinstance(sink, Problem), str(sink)
        return sink

    def _give(self, host: Host, sink: Any, batch: Sequence[Mapping[str, Any]]) -> None:
        given = [read_only(each) for each in batch]
        if getattr(sink, "delivers", False):
            self._deliver(host, sink, given)
            return
        if not hasattr(sink, "write"):  # it carries messages to people, and takes no results
            return
        if isinstance(sink, KnowingSink):
            card = sample_card()
            known = {"scorecard": card.id, "version": card.version, "digest": card.digest, "title": "A card to try",
                     "document": None}  # fmt: skip
            about = {each["call_id"] for each in given}
            calls = [call for call in self.calls() if call.call_id in about]
            self._run(host, lambda: sink.about(calls, [known]), "hearing what comes")
        self._run(host, lambda: sink.write(given), f"writing {len(given)} evaluations")

    def _deliver(self, host: Host, sink: Any, given: Sequence[Mapping[str, Any]]) -> None:
        """Each at least once: every third is delivered again under the same key, as after a lost answer."""
        wants = getattr(sink, "wants", lambda _: True)
        with_call = looks_at_the_call(wants)
        items = []
        for evaluation in given:
            call = {"call_id": evaluation["call_id"], "agent": evaluation["agent"]}
            asked = (evaluation, call) if with_call else (evaluation,)
            if self._run(host, lambda asked=asked: wants(*asked), "choosing"):
                key = str(evaluation["evaluation_id"])
                items.append(Delivery(key, {**evaluation, "revision": 1}, call, 1, "2026-04-01T09:00:00+00:00"))
        if getattr(sink, "gathers", False):
            for attempt in (1, 2) if items else ():
                every = [replace(item, attempt=attempt) for item in items]
                self._run(host, lambda every=every: sink.deliver_all(f"all-{every[0].key}", every), "delivering all")
            return
        for number, item in enumerate(items):
            for attempt in (1, 2) if number % 3 == 0 else (1,):
                again = replace(item, attempt=attempt)
                self._run(host, lambda again=again: sink.deliver(again), f"delivering '{item.key}'")

    def _close(self, host: Host, sink: Any) -> None:
        if hasattr(sink, "close"):
            self._run(host, sink.close, "closing")

    def _run(self, host: Host, work: Any, doing: str) -> Any:
        return watched(host.owner(self.kind, self.name), work, doing)

    def _check_all_arrived(self, folder: Path) -> None:
        """Everything that it was given; a sink that only has `notify` is given nothing."""
        plugin = self.host().sinks[self.name]
        if not hasattr(plugin, "write") and not getattr(plugin, "delivers", False):
            return
        expected = sorted(str(each["evaluation_id"]) for each in self.evaluations())
        there = sorted(self.arrived(folder))
        lost, more = len(set(expected) - set(there)), len(there) - len(set(there) & set(expected))
        assert there == expected, (
            f"{lost} of {len(expected)} evaluations did not arrive, {more} came twice or from nowhere"
        )

    def _check_same(self, one: Path, other: Path) -> None:
        if self.same_bytes:
            assert files_in(one) == files_in(other), "the same results make other files"


def _endings(plugin: type) -> tuple[str, ...]:
    return tuple(getattr(plugin, "endings", ()))


def files_in(folder: Path) -> dict[str, bytes]:
    """What lies in a folder: its files by their path in it."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder
