"""The demo: an operation with three shipped cards, sixty calls in three languages, and what people answered to some.

make_demo(folder)   everything as files, ready for `pauta score` in the folder

The company, its customers and its agents are made up.
"""

from __future__ import annotations

from pathlib import Path

from pauta.scorecards import NAMES, card_files
from pauta.starting import schema_files, write_new


def make_demo(folder: Path) -> list[Path]:
    """Write the demo's folder. Returns its files, in order.

    Raises ProblemsFound (E741) where a file of another content stands in the way; then nothing is written.
    """
    start = Path(__file__).parent
    shipped = {
        "pauta.yaml": "pauta.yaml",
        "README.md": "README.md",
        "calls/calls.jsonl": "calls.jsonl",
        "answers/ines.vidal.jsonl": "answers.jsonl",
        "answers/marc.oduya.csv": "answers.csv",
    }
    files = {path: (start / source).read_text(encoding="utf-8") for path, source in shipped.items()}
    cards = {f"scorecards/{file}": text for name in NAMES for file, text in card_files(name).items()}
    return write_new(folder, {**files, **cards, **schema_files()})
