"""A Host with one plugin to try out, whatever form it has."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from pauta.engine.host import BUILT_IN, Host
from pauta.engine.seam.discovery import module_at

TIME_LIMIT_S: Final = 20.0
"""What a plugin may take at a time while it is tried out: less than in a run, so that a test ends."""


def host_with(plugin: object, **settings: Any) -> Host:
    """A Host of the built-in plugins and one more: a module, its dotted name, the path of its file, or any object.

    `settings` are those of Host. A built-in plugin is taken as a stranger: its code is watched and not trusted.

    Raises AssertionError, with the Problem in words, where the plugin does not load.
    """
    found, name = _found(plugin)
    given: dict[str, Any] = {"installed": False, "timeouts": TIME_LIMIT_S, "built_in": BUILT_IN, **settings}
    host = Host(**{**given, "built_in": [each for each in given["built_in"] if each != name]})
    loaded = host.register(found, name, version=str(getattr(found, "__version__", "?")))
    assert loaded.failure is None, str(loaded.failure)
    return host


def _found(plugin: object) -> tuple[object, str]:
    """The plugin itself, and what it is called."""
    if isinstance(plugin, Path):
        return module_at(plugin), plugin.stem
    if isinstance(plugin, str):
        return importlib.import_module(plugin), plugin
    return plugin, plugin.__name__ if isinstance(plugin, ModuleType) else type(plugin).__name__
