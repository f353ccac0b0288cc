"""The digest of a card's meaning: the same for the same card, however it is spaced, ordered and commented."""

from __future__ import annotations

import hashlib
import json
from typing import Final

from pauta.engine.loading.data import Map, written

NOT_MEANT: Final = ("status", "changes", "owner", "examples")
"""What may change in a published version, besides `effective.until`."""


def digest_of(data: Map) -> str:
    """The SHA-256, in hex, of what a merged card means.

    Keys are sorted, the order of lists counts, scalars stand as written; `null`, `true` and `false` are told from text.
    """
    meant: dict[str, object] = {key: value for key, value in data.items() if key not in NOT_MEANT}
    effective = meant.pop("effective", None)
    if isinstance(effective, Map):
        rest = {key: value for key, value in effective.items() if key != "until"}
        if rest:
            meant["effective"] = rest
    text = json.dumps(_canonical(meant), sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def _canonical(value: object) -> object:
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        return {key: _canonical(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_canonical(each) for each in value]
    return value if value is None or isinstance(value, bool) else written(value)
