"""Pack for collection calls: its criteria, its card, its sample calls (`calls.jsonl`)."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from pauta import hookimpl
from pauta.plugins.packs.collections.criteria import NoThreats, WhoCalls
from pauta.plugins.packs.collections.promise import PromiseToPay


@hookimpl
def register_criteria(register: Callable[[type[WhoCalls | PromiseToPay | NoThreats]], None]) -> None:
    """Offer the criteria."""
    for offered in (WhoCalls, PromiseToPay, NoThreats):
        register(offered)


@hookimpl
def register_scorecards(register: Callable[[str | os.PathLike[str]], None]) -> None:
    """Offer the card."""
    register(Path(__file__).parent / "scorecards")
