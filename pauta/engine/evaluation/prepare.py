"""What several cards do with the same calls, done once: told before the first of them is evaluated."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pauta.engine.evaluation.plan import Plan
from pauta.engine.host import LoadedPlugin, PluginError
from pauta.engine.model.calls import Call, CallBatch
from pauta.engine.model.turns import turns_of
from pauta.engine.seam.isolation import Isolated
from pauta.engine.seam.read_only import batch_for_plugin


def prepare(asked: Sequence[tuple[Plan, CallBatch]]) -> None:
    """Let the criteria of several plans share their work over batches that hold the same calls.

    Each batch must then be evaluated as it is. It changes no result: a plan that is not prepared works alone. Callers
    that hold turns as columns give the batches rows of the same columns (`Turns.of_rows`).
    """
    sharing: dict[type, tuple[LoadedPlugin, list[tuple[Any, CallBatch]]]] = {}
    for plan, batch in asked:
        for criterion in plan.criteria.values():
            for each in criterion.walk():
                made, plugin = each.made, each.plugin
                if plugin is not None and hasattr(made, "prepare_all") and not isinstance(made, Isolated):
                    sharing.setdefault(type(made), (plugin, []))[1].append((made, batch))
    if not sharing or len(asked) < 2:
        return
    _side_by_side([batch for _, batch in asked])
    for kind, (plugin, uses) in sharing.items():
        if not plugin.built_in:
            uses = [(made, batch_for_plugin(batch, plugin.name)) for made, batch in uses]
        try:
            plugin.run(lambda kind=kind, uses=uses: kind.prepare_all(uses), "preparing batches")  # type: ignore[misc]
        except PluginError:
            continue  # what is wrong is told where it is asked about calls


def _side_by_side(batches: Sequence[CallBatch]) -> None:
    """The turns of records that several batches hold, as rows of the same columns."""
    held = [batch for batch in batches if batch.turns is None and batch.calls]
    calls: dict[int, Call] = {id(call): call for batch in held for call in batch.calls}
    number = {key: n for n, key in enumerate(calls)}
    turns = turns_of(list(calls.values()))
    for batch in held:
        batch.turns = turns.of_rows(np.array([number[id(call)] for call in batch.calls], dtype=np.int64))
