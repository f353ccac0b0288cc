"""A file that is written whole or not at all: whoever reads it meanwhile, and whatever happens, finds the old one."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TextIO


class WholeFile:
    """A text file in the making, beside the one it will replace. `keep` puts it in place, `drop` forgets it.

    Raises OSError where its folder is missing or may not be written to. A target that is no ordinary file, such as
    `/dev/stdout`, is written to as it is.
    """

    def __init__(self, path: str | Path, *, encoding: str = "utf-8", newline: str = "\n") -> None:
        self.path = Path(os.path.realpath(path))
        self._beside: Path | None = None
        self.stream: TextIO
        if self.path.exists() and not self.path.is_file():
            self.stream = self.path.open("w", encoding=encoding, newline=newline)
            return
        handle, name = tempfile.mkstemp(prefix=f".{self.path.name}.", suffix=".part", dir=self.path.parent)
        self._beside = Path(name)
        self.stream = os.fdopen(handle, "w", encoding=encoding, newline=newline)

    def keep(self) -> None:
        """Put the file in place of the old one, once all of it is on the disk."""
        self.stream.flush()
        if self._beside is None:
            self.stream.close()
            return
        os.fsync(self.stream.fileno())
        self.stream.close()
        self._beside.chmod(self._mode())
        self._beside.replace(self.path)

    def drop(self) -> None:
        """Forget what was written; the old file stays."""
        try:
            with suppress(OSError):  # what it could not write for want of room it cannot write now
                self.stream.close()
        finally:
            if self._beside is not None:
                self._beside.unlink(missing_ok=True)

    def _mode(self) -> int:
        """The permissions of the old file, else those that any new file gets."""
        if self.path.exists():
            return self.path.stat().st_mode & 0o777
        mask = os.umask(0)
        os.umask(mask)
        return 0o666 & ~mask
