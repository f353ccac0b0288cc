"""Plugins found: single files in a folder, installed packages with an entry point in the group `pauta`.

Code                 where a plugin's code lies, so that a problem can name file and line
files_in(folder)     the plugin files of a folder
installed_plugins()  the entry points of the group
"""

from __future__ import annotations

import ast
import contextlib
import importlib.util
import os
import sys
import threading
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, ModuleType
from typing import TYPE_CHECKING, Final

import pluggy

from pauta.engine.problems import Place

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP: Final = "pauta"
HELPS_OTHERS: Final = ("_", "test_", "conftest.py")
"""A file whose name begins so is no plugin: it helps those beside it, or tests them."""

_NOT_A_PLUGINS: Final = (
    "<",
    str(Path(__file__).parents[1]) + os.sep,
    str(Path(importlib.util.__file__).parent) + os.sep,
    threading.__file__,
    contextlib.__file__,
    pluggy.__path__[0] + os.sep,
)
"""Where the frames of the engine and of the machinery of imports and hooks lie; `<frozen ...>` is one of them."""

_ANSWERING: Final = ("answer_batch", "answer", "combine")


@dataclass(frozen=True, slots=True)
class Code:
    """Where a plugin's code lies: files, or folders (which end in a separator). Empty where nobody knows."""

    paths: tuple[str, ...] = ()

    def place_of(self, error: BaseException) -> Place | None:
        """Where in the plugin an error arose: the innermost line of its own, else the last one known."""
        if isinstance(error, SyntaxError) and error.filename:
            return Place(near(error.filename), error.lineno or 0, error.offset or 0)
        lines = traceback.walk_tb(error.__traceback__)
        return self._innermost([(frame.f_code.co_filename, line) for frame, line in lines])

    def place_of_frame(self, frame: FrameType | None) -> Place | None:
        """Where in the plugin a running thread is."""
        lines = reversed(list(traceback.walk_stack(frame)))
        return self._innermost([(each.f_code.co_filename, line) for each, line in lines])

    def place_of_function(self, function: object) -> Place | None:
        """Where a function or a method is written; of a class the method that answers, else its first."""
        if isinstance(function, type):
            methods = [each for each in vars(function).values() if hasattr(each, "__code__")]
            first = min(methods, key=lambda each: each.__code__.co_firstlineno, default=None)
            function = next((found for name in _ANSWERING if (found := getattr(function, name, None))), first)
        code = getattr(function, "__code__", None)
        return Place(near(code.co_filename), code.co_firstlineno, 1) if code is not None else None

    def _innermost(self, lines: Sequence[tuple[str, int]]) -> Place | None:
        own = [each for each in lines if each[0].startswith(self.paths)] if self.paths else []
        foreign = [each for each in lines if not each[0].startswith(_NOT_A_PLUGINS)]
        chosen = own or foreign
        return Place(near(chosen[-1][0]), chosen[-1][1], 1) if chosen else None


def near(file: str) -> str:
    """A path as people write it: from the current folder where the file lies below it."""
    path, here = Path(file), Path.cwd()
    return str(path.relative_to(here)) if path.is_absolute() and path.is_relative_to(here) else file


def files_in(folder: Path) -> list[Path]:
    """The plugin files of a folder, by name; none where there is no such folder."""
    found = sorted(folder.glob("*.py")) if folder.is_dir() else []
    return [path for path in found if not path.name.startswith(HELPS_OTHERS)]


def code_of_file(path: Path) -> Code:
    """Where a plugin file lies."""
    return Code((str(path.absolute()),))


def version_of_file(path: Path) -> str:
    """The `__version__` that a file gives itself, else a few letters that change whenever the file does."""
    try:
        text = path.read_bytes()
    except OSError:
        return "?"
    try:
        statements = ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        statements = []
    for each in statements:
        if isinstance(each, ast.Assign) and any(getattr(target, "id", "") == "__version__" for target in each.targets):
            given = getattr(each.value, "value", None)
            if isinstance(given, str) and given.isprintable() and given:
                return given
    import hashlib

    return f"file-{hashlib.sha256(text).hexdigest()[:8]}"


def module_at(path: Path) -> ModuleType:
    """A plugin file as a module. Raises whatever its code raises."""
    name = f"pauta_plugin_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} cannot be read as a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        sys.modules.pop(name, None)
        raise
    return module


def code_of_module(name: str) -> Code:
    """Where the package (or the module) of an entry point lies, found without importing it."""
    try:
        spec = importlib.util.find_spec(name.partition(".")[0])
    except (ImportError, ValueError, AttributeError):
        spec = None
    if spec is None:
        return Code()
    folders = tuple(str(Path(each).absolute()) + os.sep for each in spec.submodule_search_locations or ())
    return Code(folders or ((spec.origin,) if spec.origin else ()))


def installed_plugins() -> list[EntryPoint]:
    """The entry points of the group, by name.

    Most machines have none, and looking costs the import of a large part of the standard library: so the lists of
    entry points are first searched for the group's name.
    """
    if not _may_be_there():
        return []
    from importlib.metadata import entry_points

    return sorted(entry_points(group=GROUP), key=lambda each: (each.name, each.value))


def _may_be_there() -> bool:
    """Whether an installed distribution names the group, or lies where a plain look cannot tell."""
    if any(hasattr(finder, "find_distributions") for finder in sys.meta_path if not _is_plain(finder)):
        return True
    for entry in dict.fromkeys(sys.path):
        folder = Path(entry or ".")
        if folder.is_file():
            return True
        try:
            names = [name for name in os.listdir(folder) if name.endswith((".dist-info", ".egg-info", ".egg"))]  # noqa: PTH208  # names are enough
        except OSError:
            continue
        for name in names:
            if name.endswith(".egg") or _names_group(folder / name / "entry_points.txt"):
                return True
    return False


def _is_plain(finder: object) -> bool:
    return getattr(finder, "__module__", "").startswith("_frozen_importlib")


def _names_group(file: Path) -> bool:
    try:
        text = file.read_bytes()
    except OSError:
        return False
    return f"[{GROUP}]".encode() in text.replace(b" ", b"")
