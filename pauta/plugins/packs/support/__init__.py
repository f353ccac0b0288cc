"""Pack for support calls: its criteria, its card, its sample calls (`calls.jsonl`)."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from pauta import hookimpl
from pauta.plugins.packs.support.criteria import ProblemRestated, ResolutionChecked, StepsConfirmed


@hookimpl
def register_criteria(register: Callable[[type[ProblemRestated | StepsConfirmed | ResolutionChecked]], None]) -> None:
    """Offer the criteria."""
    for offered in (ProblemRestated, StepsConfirmed, ResolutionChecked):
        register(offered)


@hookimpl
def register_scorecards(register: Callable[[str | os.PathLike[str]], None]) -> None:
    """Offer the card."""
    register(Path(__file__).parent / "scorecards")
