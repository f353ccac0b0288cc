"""A new operation's folder: what `pauta init` makes, so that `pauta score` works in it at once.

make_operation(folder, name)   pauta.yaml, a first card with its cases, the schemas for editors, plugins/, calls/
write_new(folder, files)       files into a folder, nothing overwritten
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

from pauta.engine.host import Host
from pauta.engine.problems import Place, Problem, ProblemsFound
from pauta.schemas import merged_schema, schema


def make_operation(folder: Path, name: str) -> list[Path]:
    """Make an operation's folder. `name` is what people call it; its id is made of it. Returns the files, in order.

    Raises ProblemsFound (E741) where a file of another content stands in the way; then nothing is written.
    """
    start = Path(__file__).parent
    shipped = {
        "scorecards/first-card.yaml": "first-card.yaml",
        "scorecards/first-card.cases.yaml": "first-card.cases.yaml",
        "plugins/README.md": "plugins.md",
        "calls/sample.jsonl": "sample.jsonl",
    }
    files = {path: (start / source).read_text(encoding="utf-8") for path, source in shipped.items()}
    operation = (start / "pauta.yaml").read_text(encoding="utf-8").replace("my-operation", operation_id(name))
    return write_new(folder, {"pauta.yaml": operation, **files, **schema_files()})


def operation_id(name: str) -> str:
    """An id made of a name: letters of any alphabet, digits, `_` and `-`; `operation` where none of them is left."""
    return re.sub(r"[^\w-]+", "-", name).strip("-")[:64] or "operation"


def schema_files() -> dict[str, str]:
    """The schemas that the modelines of cards point to, with the options of every installed plugin."""
    host = Host()
    texts = {name: merged_schema(host, name) for name in ("scorecard", "operation")} | {"cases": schema("cases")}
    return {
        f"schemas/{name}.schema.json": json.dumps(text, ensure_ascii=False, indent=2) + "\n"
        for name, text in texts.items()
    }


def write_new(folder: Path, files: Mapping[str, str]) -> list[Path]:
    """Write files by their path in a folder; a file that is there already with the same content is left as it is.

    Raises ProblemsFound (E741) for every file of another content; then nothing is written.
    """
    paths = {folder / path: text.encode() for path, text in files.items()}
    in_the_way = [path for path, content in paths.items() if path.exists() and not _has(path, content)]
    if in_the_way:
        hint = "choose another folder, or move the file away"
        raise ProblemsFound(
            Problem("E741", f"'{path}' is there already, with another content", Place(str(path)), hint)
            for path in in_the_way
        )
    for path, content in paths.items():
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    return list(paths)


def _has(path: Path, content: bytes) -> bool:
    return path.is_file() and path.read_bytes() == content
