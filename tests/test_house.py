"""The rules of the house (DESIGN.md), walked file by file: imports point downward, rooms stay small and named well."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import pauta

TREE = Path(pauta.__file__).parent

FLOORS = (
    ("problems", "codes", "schemas", "whole_file"),
    ("model",),
    ("contracts", "acting", "routing"),
    ("hookspecs", "seam", "host", "loading", "evaluation"),
    ("endpoints", "redaction", "delivery", "outlets", "people", "pipeline"),
    ("store", "testing"),
    ("bulk", "replay"),
    ("face",),
    ("plugins",),
    ("followup", "calibration", "sampling"),
    ("reports", "importers"),
    ("web", "spark"),
    ("scorecards", "workspace"),
    ("starting", "doctor", "demo"),
    ("commands",),
    ("cli",),
    ("__main__",),
)
"""The rooms from the ground up; within a floor a room may import those named before it. `face` is pauta/__init__.py.

Beside those that DESIGN.md ranks: `codes` holds the pages of the problems; `whole_file` knows no other room; `seam`
is where plugins are found, checked and run for `host`; `endpoints` opens the sources and sinks of a run; `outlets`
are its sinks, `redaction` masks what they get, and `acting` holds the contracts of rules and actions; `delivery`
brings what waits in the outbox; `people` holds evaluations until their calls come; `bulk` scores tables of calls by
column, and `spark` does that on a cluster; `replay` scores calls by two versions of a card; `workspace` is the
operation's folder as commands see it; on the floor above it stand the folders that `init` and `demo` make, and what
`doctor` looks at; `commands` holds what one file `cli.py` would be too full for, and `__main__` starts that.
"""

STRANGERS = {frozenset({"loading", "evaluation"})}
"""Rooms of one floor that do not know each other."""

RANK = {room: (floor, place) for floor, rooms in enumerate(FLOORS) for place, room in enumerate(rooms)}

DRAWERS = {"utils", "util", "helpers", "helper", "common", "core", "base", "misc", "shared"}

FILE_LINES, FUNCTION_LINES = 400, 60

LONG_FILES: dict[str, str] = {}
"""Files that may be longer than FILE_LINES: path below pauta/ -> why."""

LONG_FUNCTIONS: dict[str, str] = {}
"""Functions that may be longer than FUNCTION_LINES: path:name -> why."""


def files(tree: Path = TREE) -> list[Path]:
    return sorted(tree.rglob("*.py"))


def module_of(file: Path, tree: Path) -> str:
    """The dotted name of a file: `pauta.engine.host`."""
    parts = file.relative_to(tree.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def room_of(module: str) -> str | None:
    """The room of a module; None for the shells that hold nothing (`pauta.engine`)."""
    parts = module.split(".")[1:]
    if not parts:
        return "face"
    if parts[0] == "engine":
        return parts[1] if len(parts) > 1 else None
    return parts[0]


@cache
def modules_in(tree: Path) -> set[str]:
    return {module_of(each, tree) for each in files(tree)}


def imports(file: Path, tree: Path) -> Iterator[tuple[int, str]]:
    """Line and module of everything that a file imports, wherever in the file it does."""
    modules = modules_in(tree)
    package = module_of(file, tree).split(".")
    if file.name != "__init__.py":
        package = package[:-1]
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            source = ".".join([*above, *([node.module] if node.module else [])])
            for alias in node.names:
                inside = f"{source}.{alias.name}"
                if inside != "pauta.__version__":  # a constant, and no room
                    yield node.lineno, inside if inside in modules else source


def upward(tree: Path = TREE) -> list[str]:
    """Every import of a room that is not below."""
    wrong = []
    for file in files(tree):
        room = room_of(module_of(file, tree))
        if room is None:
            continue
        if room not in RANK:
            wrong.append(f"{file.relative_to(tree.parent)}:1: room '{room}' has no rank in DESIGN.md")
            continue
        for line, module in imports(file, tree):
            if module.split(".")[0] != tree.name:
                continue
            target = room_of(module)
            if target is None or target == room:
                continue
            stranger = frozenset({room, target}) in STRANGERS
            if stranger or target not in RANK or RANK[target] > RANK[room]:
                how = "does not know" if stranger else "stands below"
                wrong.append(f"{file.relative_to(tree.parent)}:{line}: {room} {how} {target}, and imports {module}")
    return wrong


def test_imports_point_downward():
    assert upward() == []


def test_the_face_hands_on_only_what_stands_below_it():
    for home in pauta._HOME.values():
        assert RANK[room_of(f"pauta.{home}")] < RANK["face"], home


def test_every_name_of_the_face_is_there():
    for name in pauta.__all__:
        assert getattr(pauta, name) is not None


def test_built_in_plugins_are_strangers():
    """They import the face, the siblings in their own folder, and other people's packages: what a stranger may."""
    wrong = []
    for file in files(TREE / "plugins"):
        own = ".".join(["pauta", *file.relative_to(TREE).parts[:2]])
        for line, module in imports(file, TREE):
            if module.split(".")[0] == "pauta" and module != "pauta" and not f"{module}.".startswith(f"{own}."):
                wrong.append(f"{file.relative_to(TREE.parent)}:{line}: imports {module}")
    assert wrong == []


def test_no_room_is_a_drawer():
    wrong = [str(each) for each in TREE.rglob("*") if each.stem.lower().strip("_") in DRAWERS]
    assert wrong == []


def test_files_are_short():
    lines = {str(file.relative_to(TREE)): len(file.read_text(encoding="utf-8").splitlines()) for file in files()}
    assert {name: count for name, count in lines.items() if count > FILE_LINES and name not in LONG_FILES} == {}
    assert [name for name in LONG_FILES if lines.get(name, 0) <= FILE_LINES] == [], "no exception without need"


def long_functions() -> dict[str, str]:
    """path:name -> where and how long, for functions that do not fit a screen; the docstring does not count."""
    found = {}
    for file in files():
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            begin = node.body[1] if ast.get_docstring(node) is not None and len(node.body) > 1 else node.body[0]
            length = (node.end_lineno or 0) - begin.lineno + 1
            if length > FUNCTION_LINES:
                name = file.relative_to(TREE)
                found[f"{name}:{node.name}"] = f"{name}:{node.lineno}: {node.name} has {length} lines"
    return found


def test_functions_fit_a_screen():
    found = long_functions()
    assert [where for name, where in found.items() if name not in LONG_FUNCTIONS] == []
    assert [name for name in LONG_FUNCTIONS if name not in found] == [], "no exception without need"


@pytest.mark.parametrize(
    ("path", "text", "said"),
    [
        (
            "engine/model/calls.py",
            "\nfrom pauta.engine import host\n",
            "pauta/engine/model/calls.py:2: model stands below",
        ),
        ("engine/loading/load.py", "import pauta.engine.evaluation.plan\n", "loading does not know evaluation"),
        (
            "engine/host.py",
            "def late():\n    from ..cli import main\n",
            "pauta/engine/host.py:2: host stands below cli",
        ),
        ("engine/host.py", "from pauta import Call\n", "host stands below face"),
        ("engine/odds.py", "", "room 'odds' has no rank"),
        ("engine/host.py", "from pauta import __version__\nfrom pauta.engine import hookspecs\n", None),
        ("store.py", "from pauta.engine.model import results\nimport json\n", None),
    ],
)
def test_the_walk_names_file_and_line(tmp_path, path, text, said):
    tree = tmp_path / "pauta"
    for name in ("__init__.py", "cli.py", "engine/host.py", "engine/hookspecs.py", "engine/model/results.py", path):
        file = tree / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text if name == path else "")
    wrong = upward(tree)
    assert len(wrong) == (1 if said else 0)
    assert said is None or said in wrong[0]
