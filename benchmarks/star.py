"""How well phrases tell what agents did: the verification questions of cards/star-bank.yaml on the STAR bank chats.

    python benchmarks/star.py [--calls FOLDER] [--to docs/measured/star.md]

FOLDER holds star.calls.jsonl and star.labels.jsonl (../shared/data/calls beside the project). The labels say which
prepared reply the agent sent in each turn (`ask_name`, ...), or none where the agent typed freely, and when the
database was queried. They are compared with what the card's criteria found in the words.

The agents are split in two by a hash of their id: the phrases were written while looking at one part, and only counts
are taken of the other, the held-out one.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pauta import Call
from pauta.engine.evaluation.evaluate import evaluate
from pauta.engine.evaluation.plan import compile_plan
from pauta.engine.host import Host
from pauta.engine.loading.load import load_card
from pauta.engine.model.calls import batch_of
from pauta.engine.model.findings import Verdict
from pauta.engine.problems import has_errors
from pauta.plugins.sources.jsonl import Jsonl

ROOT = Path(__file__).resolve().parents[1]
CARD = ROOT / "benchmarks" / "cards" / "star-bank.yaml"
SEED = "star-1"
ACTS = {
    "name": ["ask_name"],
    "account_number": ["bank_ask_account_number"],
    "pin": ["bank_ask_pin"],
    "birth_date": ["bank_ask_dob"],
    "maiden_name": ["bank_ask_mothers_maiden_name"],
    "pet": ["bank_ask_childhood_pets_name"],
}


def tuned_on(agent: str) -> bool:
    """Whether the phrases were written while looking at the chats of this agent."""
    return hashlib.sha256(f"{SEED} {agent}".encode()).digest()[0] % 2 == 0


if __name__ == "__main__":
    host = Host()
    loaded = load_card(CARD, host)
    plan = compile_plan(loaded.scorecard, host)
    folder = ROOT.parent / "shared/data/calls"
    calls = [c for c in Jsonl({}).calls(str(folder / "star.calls.jsonl")) if isinstance(c, Call) and c.attributes.get("line_of_business") == "bank"]
    labels = {r["call_id"]: r["events"] for r in map(json.loads, (folder / "star.labels.jsonl").read_text().splitlines())}
    calls = [c for c in calls if tuned_on(c.agent)]
    res = evaluate(plan, batch_of(calls))
    for q, acts in ACTS.items():
        n = {"raw": [0] * 4, "known": [0] * 4, "anyraw": [0]*4}
        unk = [0, 0]
        for row, c in enumerate(calls):
            ev = labels[c.call_id]
            first = next((k for k, e in enumerate(ev) if "api" in e), len(ev))
            truth = any(e.get("act") in acts for e in ev[:first])
            free = any("act" in e and e["act"] is None for e in ev[:first])
            said = res.answers[q].findings.verdicts[row] == Verdict.MET
            cell = 0 if said and truth else 1 if said else 2 if truth else 3
            n["raw"][cell] += 1
            if truth or not free:
                n["known"][cell] += 1
                if cell in (1, 2):
                    print("   ", q, c.call_id, "FP" if cell == 1 else "FN", [(e.get('act') or e.get('api'), e['at']) for e in ev][:14])
                    for e in res.answers[q].findings[row].evidence[:6]: print("        ", e.turn, e.quote, e.from_s)
            else:
                unk[int(said)] += 1
        for k, (tp, fp, fn, tn) in n.items():
            print(q, k, tp, fp, fn, tn, "P %.3f R %.3f" % (tp / max(1, tp + fp), tp / max(1, tp + fn)))
        print("  unknown: silent, said", unk)
