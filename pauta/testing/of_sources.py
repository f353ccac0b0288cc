"""The contract of a source, as tests to inherit."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, ClassVar, TypeAlias

from pauta.engine.endpoints import calls_in, evaluations_in, files_of
from pauta.engine.host import Host
from pauta.engine.loading.operation import Feed
from pauta.engine.model.calls import SPEAKERS, Call, HumanEvaluation
from pauta.engine.problems import Problem
from pauta.testing.contract import Contract, schema_refusals, watched

Entries: TypeAlias = list[Call | HumanEvaluation | Problem]

GARBAGE = (
    b"",
    b"\n",
    b"\xef\xbb\xbf",
    b"\x00\xff\xfe\x80",
    b"[" * 5000,
    b"{}",
    b"[]\n",
    b"null\n",
    b'"',
    b"a,b\n1,2\n",
)
"""What a file may hold that is no file of calls."""


class SourceContract(Contract):
    """What a source must hold to. Say in `target` how a good file of it looks, and in `ids` which calls are in it."""

    kind: ClassVar[str] = "sources"
    ids: ClassVar[Sequence[str]]

    def target(self, folder: Path) -> str:
        """A good file (or other target) that holds the calls `ids`; write it into the folder."""
        raise NotImplementedError

    def evaluations_target(self, folder: Path) -> str | None:
        """A good file of people's evaluations; None where the source reads none."""
        return None

    def refusals(self, options: Any) -> list[Problem]:
        """What its schema has against options."""
        return schema_refusals(self.host(), self.kind, self.name, options)

    def test_good_options_are_taken(self) -> None:
        """What it must take is neither refused by its schema nor by itself."""
        super().test_good_options_are_taken()
        host = self.host()
        for options in self.good_options:
            watched(host.owner(self.kind, self.name), lambda o=options: host.sources[self.name](o), "making it")  # type: ignore[misc]

    def test_it_reads_the_calls_of_a_good_file(self, tmp_path: Path) -> None:
        """All of them, in order, and without a problem."""
        for options in self.good_options:
            entries = self.read(self.target(tmp_path), options)
            assert [entry for entry in entries if isinstance(entry, Problem)] == []
            assert [entry.call_id for entry in entries if isinstance(entry, Call)] == list(self.ids)

    def test_the_same_file_twice_is_the_same(self, tmp_path: Path) -> None:
        """Reading changes nothing: neither the file nor what is read of it the next time."""
        target = self.target(tmp_path)
        before = _files(tmp_path)
        assert self.read(target) == self.read(target)
        assert _files(tmp_path) == before, "it changed the file"

    def test_its_calls_are_sound(self, tmp_path: Path) -> None:
        """Numbers are finite, texts whole, speakers known: what no card could score is a Problem, not a Call."""
        entries = self.read(self.target(tmp_path))
        for call in entries:
            if isinstance(call, Call):
                wrong = list(faults_of_call(call))
                assert not wrong, f"call '{call.call_id}': {'; '.join(wrong)}"
        pairs = [(call.call_id, call.agent) for call in entries if isinstance(call, Call)]
        assert len(set(pairs)) == len(pairs), "two calls have the same id and agent"

    def test_it_is_found_by_the_ending_of_its_file(self, tmp_path: Path) -> None:
        """Where it has endings, a file that is only named is read by it."""
        host, target = self.host(), self.target(tmp_path)
        if not host.sources[self.name].endings or not _takes_files(host, self.name):
            return
        files, problems = files_of([target], host)
        assert problems == []
        assert list(calls_in(files, host)) == self.read(target)

    def test_people_s_evaluations_are_read(self, tmp_path: Path) -> None:
        """A file of evaluations, where it reads such, holds some, and nothing else."""
        target = self.evaluations_target(tmp_path)
        if target is not None:
            host = self.host()
            entries = list(evaluations_in([self._feed(target, self.good_options[0])], host))
            assert entries
            assert [entry for entry in entries if not isinstance(entry, HumanEvaluation)] == []

    def test_a_missing_file_is_told(self, tmp_path: Path) -> None:
        """A file that is not there is a Problem that names it."""
        host = self.host()
        if _takes_files(host, self.name):
            entries = self.read(str(tmp_path / f"nothing{self._ending(host)}"), failures=("E621",))
            assert [entry for entry in entries if not isinstance(entry, Problem)] == []
            assert any("nothing" in str(entry) for entry in entries), f"no problem names it: {entries}"

    def test_what_is_no_call_is_told_and_harms_nothing(self, tmp_path: Path) -> None:
        """Files that are empty, cut off or something else make Problems or nothing, and never a failure."""
        host = self.host()
        if not _takes_files(host, self.name):
            return
        good = Path(self.target(tmp_path)).read_bytes()
        for number, content in enumerate((*GARBAGE, good[: len(good) // 2], good + b"\x00\xff", good[1:])):
            path = tmp_path / f"garbage-{number}{self._ending(host)}"
            path.write_bytes(content)
            for entry in self.read(str(path)):
                wrong = [] if isinstance(entry, Problem) else list(faults_of_call(entry))
                assert not wrong, f"from {content[:40]!r}: {'; '.join(wrong)}"

    def read(self, target: str, options: Any = None, *, failures: Collection[str] = ()) -> list[Call | Problem]:
        """What the engine reads with it. Raises AssertionError where the source fails (but with codes `failures`)."""
        chosen = self.good_options[0] if options is None else options
        entries = list(calls_in([self._feed(target, chosen)], self.host()))
        for entry in entries:
            if isinstance(entry, Problem) and entry.code.startswith("E6"):
                assert entry.code in failures, str(entry)
        return entries

    def _feed(self, target: str, options: Any) -> Feed:
        return Feed(target, self.name, options, written=target)

    def _ending(self, host: Host) -> str:
        return next(iter(host.sources[self.name].endings), ".txt")


def faults_of_call(call: Call) -> list[str]:
    """What is wrong with a call that a source made: nothing, where the engine can take it as it stands."""
    wrong = [] if call.call_id and isinstance(call.call_id, str) else ["it has no id"]
    wrong += [f"{where} is {value!r}" for where, value in _numbers(call) if not math.isfinite(value)]
    wrong += [f"'{turn.speaker}' is no speaker" for turn in call.turns if turn.speaker not in SPEAKERS]
    texts = [call.call_id, *(turn.text for turn in call.turns)]
    wrong += [f"{text[:20]!r} is half a character" for text in texts if not _whole(text)]
    return wrong


def _numbers(call: Call) -> list[tuple[str, float]]:
    found = [("duration_s", call.duration_s), *((f"metrics.{name}", value) for name, value in call.metrics.items())]
    for number, turn in enumerate(call.turns):
        found += [(f"turn {number}: {name}", getattr(turn, name)) for name in ("start", "end", "sentiment")]
    return [(where, value) for where, value in found if isinstance(value, int | float)]


def _whole(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _takes_files(host: Host, name: str) -> bool:
    return bool(getattr(host.sources[name], "takes_files", True))


def _files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
