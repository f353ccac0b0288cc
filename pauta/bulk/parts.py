"""What a long run has done so far, beside its target: whole parts, and from where it goes on after it was broken off.

`.results.parquet.parts/` beside `results.parquet` holds `part-00000.parquet`, ... and `run.json`, which says what they
were made of and how far they reach. A part counts once run.json names it. Another input, card, plugin or version of
pauta begins anew.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any, BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

from pauta.bulk.joined import JoinedParquet
from pauta.bulk.matched import Used, together
from pauta.bulk.schema import rejects_schema, stored_schema
from pauta.bulk.work import written
from pauta.engine.pipeline import CardSummary, Summary

STATE: Final = "run.json"
LOCK: Final = "lock"
PIECES_OF_A_PART: Final = 64
"""About a million rows: less than a minute's work, and a year of calls has few parts."""
PIECES_WITH_TURNS: Final = 12
"""About 50,000 calls with what was said: again less than a minute's work."""


@dataclass
class State:
    """How far a run has come: so many whole parts, made of all pieces before `next_piece`.

    files: what they are in. once: what was said of files that is said once a file.
    """

    made_of: Mapping[str, Any]
    parts: int = 0
    next_piece: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    cards: dict[str, dict[str, Any]] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)
    once: dict[str, Any] = field(default_factory=dict)

    def summary(self) -> Summary:
        """What the run did so far."""
        summary = Summary()
        for name, count in self.counts.items():
            setattr(summary, name, count)
        for name, each in self.cards.items():
            card = CardSummary(**{key: value for key, value in each.items() if key != "by_status"})
            card.by_status.update(each["by_status"])
            summary.by_card[name] = card
        return summary

    def keep(self, summary: Summary) -> None:
        """Take over what the run did."""
        names = ("calls", "evaluations", "unclaimed", "refused", "errors", "warnings", "failures")
        self.counts = {name: getattr(summary, name) for name in names}
        self.cards = {name: {**vars(card), "by_status": dict(card.by_status)} for name, card in summary.by_card.items()}


class Parts:
    """The parts of a run in the making. Raises BlockingIOError where another run makes them."""

    def __init__(self, target: Path, made_of: Mapping[str, Any], *, folder: bool, rejects: Path | None) -> None:
        self._target, self._is_folder, self._rejects_target = target, folder, rejects
        self._folder = target.parent / f".{target.name}.parts"
        self._lock = _locked(self._folder / LOCK)
        self.state = self._found(json.loads(json.dumps(made_of)))
        self._part: JoinedParquet | None = None
        self._rejects: JoinedParquet | None = None
        self._keys: list[NDArray[np.uint64]] = []
        self._used: list[Used] = []

    def _found(self, made_of: Mapping[str, Any]) -> State:
        try:
            state = State(**json.loads((self._folder / STATE).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            state = State({})
        if state.made_of == made_of and all((self._folder / name).exists() for name in state.files):
            return state
        for each in self._folder.iterdir():
            if each.name != LOCK:
                shutil.rmtree(each) if each.is_dir() else each.unlink()
        return State(made_of)

    @property
    def known_keys(self) -> Iterator[NDArray[np.uint64]]:
        """The keys of the calls of earlier parts, part by part."""
        return (np.load(self._file("keys", number, ".npy")) for number in range(self.state.parts))

    def _file(self, kind: str, number: int, ending: str = ".parquet") -> Path:
        return self._folder / f"{kind}-{number:05}{ending}"

    @property
    def known_used(self) -> Iterator[Used]:
        """The evaluations from files of their own that the calls of earlier parts took."""
        for name in self.state.files:
            if name.startswith("used-"):
                with np.load(self._folder / name) as kept:
                    yield Used(kept["evaluations"], kept["agents"], kept["names"].tolist())

    def append(self, made: Any, rejects: Any, keys: NDArray[np.uint64], used: Used | None = None) -> None:
        """Take what came of the next piece: Parquet files in memory or on the disk, or None."""
        if used is not None:
            self._used.append(used)
        self._part = self._appended(self._part, "part", made)
        self._rejects = self._appended(self._rejects, "rejects", rejects)
        self._keys.append(keys)

    def _appended(self, joined: JoinedParquet | None, kind: str, made: Any) -> JoinedParquet | None:
        if made is None:
            return joined
        if joined is None:
            joined = JoinedParquet(self._file(kind, self.state.parts))
        if isinstance(made, str):
            joined.append_file(Path(made))
            Path(made).unlink()
        else:
            joined.append(made)
        return joined

    def finish_part(self, next_piece: int, summary: Summary, once: Mapping[str, Any] | None = None) -> None:
        """The part is whole: from now on a run that is broken off goes on behind it."""
        files = [self._file("keys", self.state.parts, ".npy")]
        for kind, joined in (("part", self._part), ("rejects", self._rejects)):
            file = self._file(kind, self.state.parts)
            if joined is not None:
                joined.close()
                files.append(file)
            else:
                file.unlink(missing_ok=True)
        with _kept(files[0]) as stream:
            np.save(stream, np.concatenate([*self._keys, np.zeros(0, np.uint64)]))
        if self._used:
            files.append(self._file("used", self.state.parts, ".npz"))
            whole = together(self._used)
            with _kept(files[-1]) as stream:
                np.savez(stream, evaluations=whole.evaluations, agents=whole.agents, names=np.array(whole.names, "U"))
            self._used = []
        self._part = self._rejects = None
        self._keys = []
        self.state.parts += 1
        self.state.files += [file.name for file in files]
        self.state.next_piece = next_piece
        self.state.once = dict(once or {})
        self.state.keep(summary)
        beside = self._folder / f"{STATE}.new"
        with _kept(beside) as stream:
            stream.write(json.dumps(asdict(self.state)).encode())
        beside.replace(self._folder / STATE)

    def drop(self) -> None:
        """Leave the part that is not whole; those that are stay for the next run."""
        for joined in (self._part, self._rejects):
            if joined is not None:
                joined.drop()
        self._lock.close()

    def finish(self, before: Any = None, after: Any = None) -> None:
        """All pieces are done: put the results, and the rejects where they are wanted, in place.

        before, after: rejects that are of no piece, as Parquet files in memory.
        """
        parts = self._whole("part")
        if self._is_folder:
            self._target.mkdir(parents=True, exist_ok=True)
            for old in self._target.glob("part-*.parquet"):
                old.unlink()
            for part in parts or [self._empty("part", stored_schema())]:
                part.replace(self._target / part.name)
        else:
            self._one("part", parts, stored_schema()).replace(self._target)
        if self._rejects_target is not None:
            rejects = [*self._beside("before", before), *self._whole("rejects"), *self._beside("after", after)]
            self._one("rejects", rejects, rejects_schema()).replace(self._rejects_target)
        shutil.rmtree(self._folder, ignore_errors=True)
        self._lock.close()

    def _beside(self, name: str, made: Any) -> list[Path]:
        if made is None:
            return []
        file = self._folder / f"{name}.parquet"
        file.write_bytes(made)
        return [file]

    def _whole(self, kind: str) -> list[Path]:
        return [self._folder / name for name in self.state.files if name.startswith(f"{kind}-")]

    def _one(self, kind: str, files: list[Path], schema: Any) -> Path:
        """All parts as one file."""
        if len(files) == 1:
            return files[0]
        if not files:
            return self._empty(kind, schema)
        joined = JoinedParquet(self._folder / f"whole-{kind}.parquet")
        for file in files:
            joined.append_file(file)
        joined.close()
        return self._folder / f"whole-{kind}.parquet"

    def _empty(self, kind: str, schema: Any) -> Path:
        path = self._folder / f"{kind}-00000.parquet"
        path.write_bytes(written([], schema, schema))
        return path


@contextmanager
def _kept(path: Path) -> Iterator[BinaryIO]:
    """A file to write, which is on the disk once it is closed."""
    with path.open("wb") as stream:
        yield stream
        stream.flush()
        os.fsync(stream.fileno())


def _locked(path: Path) -> IO[str]:
    """A file that nobody else has locked, for as long as it is open; the end of the process opens it too."""
    try:
        import fcntl
    except ImportError:  # Windows keeps files that are open from being replaced
        fcntl = None  # type: ignore[assignment]
    while True:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = path.open("w")
        try:
            if fcntl is not None:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if path.exists() and os.path.samestat(path.stat(), os.fstat(lock.fileno())):
                return lock
        except BlockingIOError:
            lock.close()
            raise BlockingIOError(errno.EAGAIN, "another run is writing it") from None
        lock.close()  # the run before took its folder away just now
