"""A new plugin from a template: a working one with its test, to be changed into what is wanted.

KINDS                      what can be made
new_plugin(kind, name)     its files as path -> text, as a single file or as a package of its own
"""

from __future__ import annotations

import keyword
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from string import Template
from typing import Final

from pauta import __version__

KINDS: Final = ("criterion", "rule", "action", "method", "source", "sink")

TEMPLATES: Final = Path(__file__).parent / "templates"
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,47}")


def new_plugin(kind: str, name: str, *, package: bool = False) -> dict[str, str]:
    """The files of a new plugin by their path: `NAME.py` and `test_NAME.py`, or a folder `NAME` with a package.

    Raises ValueError, with a sentence, where the name will not do.
    """
    _check(name, package=package)
    words: dict[str, str] = {
        "kind": kind,
        "name": name,
        "class_name": "".join(part.capitalize() for part in name.split("_")),
        "distribution": f"pauta-{name.replace('_', '-').strip('-')}",
        "version": __version__,
    }
    module = _filled(kind, words)
    if not package:
        plugin = f'Path(__file__).with_name("{name}.py")'
        beside = {"imports": "from pathlib import Path\n\n", "plugin": plugin}
        return {f"{name}.py": module, f"test_{name}.py": _filled(f"test_{kind}", {**words, **beside})}
    installed = {"imports": "", "plugin": f'"{name}"'}
    return {
        f"{name}/pyproject.toml": _filled("pyproject", words),
        f"{name}/README.md": _filled("readme", words),
        f"{name}/src/{name}/__init__.py": module,
        f"{name}/src/{name}/py.typed": "",
        f"{name}/tests/test_{name}.py": _filled(f"test_{kind}", {**words, **installed}),
    }


def _check(name: str, *, package: bool) -> None:
    if not _NAME.fullmatch(name):
        raise ValueError(f"'{name}' will not do as a name: small letters, digits and _, a letter first, at most 48")
    if keyword.iskeyword(name) or keyword.issoftkeyword(name):
        raise ValueError(f"'{name}' is a word of Python's own, and no module can be called so")
    if name in sys.stdlib_module_names or name in ("pauta", "pytest", "tests", "conftest"):
        raise ValueError(f"'{name}' is the name of another module, which it would hide")
    if name.startswith("test_"):
        raise ValueError(f"'{name}' begins as tests do, and would not be loaded as a plugin")
    if package and name.endswith("_"):
        raise ValueError(f"'{name}' ends in _, and no package is called so")


def _filled(template: str, words: Mapping[str, str]) -> str:
    """A template with its blanks filled."""
    return Template((TEMPLATES / f"{template}.txt").read_text(encoding="utf-8")).substitute(words)
