"""Pack for verification on any call: its criteria, its card, its sample calls (`calls.jsonl`)."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from pauta import hookimpl
from pauta.plugins.packs.verification.criteria import IdentityFirst, NoCardNumbers, NoCodes


@hookimpl
def register_criteria(register: Callable[[type[IdentityFirst | NoCardNumbers | NoCodes]], None]) -> None:
    """Offer the criteria."""
    for offered in (IdentityFirst, NoCardNumbers, NoCodes):
        register(offered)


@hookimpl
def register_scorecards(register: Callable[[str | os.PathLike[str]], None]) -> None:
    """Offer the card."""
    register(Path(__file__).parent / "scorecards")
