"""Pack for sales calls: its criteria, its card, its sample calls (`calls.jsonl`)."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from pauta import hookimpl
from pauta.plugins.packs.sales.criteria import ConsentRecorded, NeedsBeforeOffer, TermsBeforeConsent

Offered: TypeAlias = NeedsBeforeOffer | TermsBeforeConsent | ConsentRecorded


@hookimpl
def register_criteria(register: Callable[[type[Offered]], None]) -> None:
    """Offer the criteria."""
    for offered in (NeedsBeforeOffer, TermsBeforeConsent, ConsentRecorded):
        register(offered)


@hookimpl
def register_scorecards(register: Callable[[str | os.PathLike[str]], None]) -> None:
    """Offer the card."""
    register(Path(__file__).parent / "scorecards")
