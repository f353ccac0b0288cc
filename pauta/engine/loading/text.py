"""YAML to data with places: `read_yaml`. YAML 1.2 meanings, every fault a Problem, nothing that can hang or crash.

The parser's events are composed into data in one pass, against limits, by `compose.py`. Its own composer is left
alone: PyYAML's C loader dies of 30,000 nested brackets, while counting events costs nothing.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, TypeAlias, TypeVar, overload

import yaml

from pauta.engine.loading.compose import Composer, LimitPassedError
from pauta.engine.loading.data import Data, Map, Seq, WrittenFloat, WrittenInt, place_at, written
from pauta.engine.loading.encoding import decoded, without_control_characters
from pauta.engine.loading.syntax import syntax_problem
from pauta.engine.problems import Place, Problem, nearest

MAX_BYTES: Final = 1024 * 1024

D = TypeVar("D", Map, Seq)
Loader: TypeAlias = type[yaml.SafeLoader] | type[yaml.CSafeLoader]
LOADER: Final[Loader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@overload
def read_yaml(source: bytes | str, file: str) -> tuple[Map | None, list[Problem]]: ...
@overload
def read_yaml(source: bytes | str, file: str, top: type[D]) -> tuple[D | None, list[Problem]]: ...
def read_yaml(source: bytes | str, file: str, top: Any = Map) -> tuple[Any, list[Problem]]:
    """What a YAML text says, with everything that is wrong with it as text; `top` is what its top level must be.

    The data is None where the text could not be read to its end. A key written twice keeps its first value; a value
    that is refused stands as NaN, so that later checks can leave it alone.
    """
    size = len(source if isinstance(source, bytes) else source.encode("utf-8", "replace"))
    if size > MAX_BYTES:
        return None, [_too_large(file, size)]
    text, problem = decoded(source, file)
    if problem:
        return None, [problem]
    text, problems = without_control_characters(text, file)
    composer = Composer(file, problems)
    try:
        for event in yaml.parse(text, Loader=LOADER):
            composer.take(event)
    except yaml.YAMLError as error:
        return None, [*problems, syntax_problem(error, text, file)]
    except LimitPassedError as limit:
        return None, [*problems, limit.problem]
    if not isinstance(composer.top, top):
        return None, [*problems, _wrong_top(composer.top, top, file)]
    return composer.top, problems


@overload
def read_yaml_file(path: Path | str) -> tuple[Map | None, list[Problem]]: ...
@overload
def read_yaml_file(path: Path | str, top: type[D]) -> tuple[D | None, list[Problem]]: ...
def read_yaml_file(path: Path | str, top: Any = Map) -> tuple[Any, list[Problem]]:
    """What a YAML file says (see `read_yaml`); a file that is missing, too large or no file is a Problem too."""
    file = str(path)
    try:
        with Path(path).open("rb") as stream:
            source = stream.read(MAX_BYTES + 1)
        if len(source) > MAX_BYTES:
            return None, [_too_large(file, max(Path(path).stat().st_size, len(source)))]
    except (OSError, ValueError) as error:
        return None, [_unreadable(Path(path), error)]
    return read_yaml(source, file, top)


def _too_large(file: str, size: int) -> Problem:
    return Problem(
        "E104",
        f"the file is too large: {size / MAX_BYTES:.1f} MiB, and 1 MiB is the most",
        Place(file),
        "a card is written by people and stays small: is this the right file?",
    )


def _wrong_top(found: Data, top: type[Map] | type[Seq], file: str) -> Problem:
    if found is None:
        return Problem("E103", "the file is empty", Place(file), None)
    wanted = "'key: value' lines" if top is Map else "a list, '- ' before each entry"
    kind = {Map: "'key: value' lines", Seq: "a list"}.get(type(found), "a text")  # type: ignore[arg-type]
    place = found.at if isinstance(found, Map | Seq) else Place(file, 1, 1)
    return Problem("E125", f"the file must hold {wanted}, and it holds {kind}", place, None)


def _unreadable(path: Path, error: OSError | ValueError) -> Problem:
    place = Place(str(path))
    if isinstance(error, FileNotFoundError):
        beside = _beside(path)
        near = nearest(path.stem, beside)
        hint = f"did you mean '{path.parent / beside[near]}'?" if near else None
        return Problem("E101", f"there is no file '{path}'", place, hint)
    if isinstance(error, IsADirectoryError):
        return Problem("E102", f"'{path}' is a folder, not a file", place, "name a file in it")
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return Problem("E102", f"'{path}' cannot be opened: {reason.lower()}", place, None)


def _beside(path: Path) -> dict[str, str]:
    """The names of the YAML files in the folder of a path, by what stands before the ending."""
    try:
        return {each.stem: each.name for each in sorted(path.parent.iterdir()) if each.suffix in (".yaml", ".yml")}
    except OSError:
        return {}


__all__ = [
    "MAX_BYTES", "Data", "Map", "Seq", "WrittenFloat", "WrittenInt", "place_at", "read_yaml", "read_yaml_file",
    "written",
]  # fmt: skip
