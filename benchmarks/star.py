"""How well phrases tell what agents did: the verification questions of cards/star-bank.yaml on the STAR bank chats.

    python benchmarks/star.py [--calls FOLDER] [--to docs/measured/star.md]

FOLDER holds star.calls.jsonl and star.labels.jsonl (../shared/data/calls beside the project). The labels name the
prepared reply that the agent sent in each turn (`ask_name`, ...), or none where the agent typed freely, and when the
database was queried. They are compared with what the card finds in the words. What was typed freely has been read
(star-typed.yaml), so that a third comparison can be made where the labels are silent.

The agents are split in two by a hash of their id. The phrases were written while looking at one part; the other is held
out.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from pauta import Call, Verdict
from pauta.engine.evaluation.evaluate import evaluate
from pauta.engine.evaluation.plan import compile_plan
from pauta.engine.host import Host
from pauta.engine.loading.load import load_card
from pauta.engine.model.calls import batch_of
from pauta.engine.model.scorecard import Scorecard
from pauta.plugins.criteria.phrase import Phrase
from pauta.plugins.sources.jsonl import Jsonl

ROOT = Path(__file__).resolve().parents[1]
CARD = ROOT / "benchmarks" / "cards" / "star-bank.yaml"
TYPED = ROOT / "benchmarks" / "star-typed.yaml"
SEED = "star-1"
THINGS = {"n": "name", "a": "account_number", "p": "pin", "b": "birth_date", "m": "maiden_name", "t": "pet"}
ACTS = {
    "ask_name": "name",
    "bank_ask_account_number": "account_number",
    "bank_ask_pin": "pin",
    "bank_ask_dob": "birth_date",
    "bank_ask_mothers_maiden_name": "maiden_name",
    "bank_ask_childhood_pets_name": "pet",
}
QUESTIONS = [*THINGS.values(), "pin_or_fallback"]


def tuned_on(agent: str) -> bool:
    """Whether the phrases were written while looking at the chats of this agent."""
    return hashlib.sha256(f"{SEED} {agent}".encode()).digest()[0] % 2 == 0


def holds(question: str, asked: set[str]) -> bool:
    """Whether a question is answered yes where some things were asked."""
    if question == "pin_or_fallback":
        return "pin" in asked or {"birth_date", "maiden_name", "pet"} <= asked
    return question in asked


@dataclass(frozen=True)
class Chat:
    """What is known of a chat, for one scope: as labelled, with what was typed read too, and whether any was typed."""

    labelled: set[str]
    read: set[str]
    typed: bool


def chat(events: Sequence[Mapping[str, Any]], read: Mapping[int, str], in_time: bool) -> Chat:
    """The truth of one chat: of all its turns, or of those before the first database query."""
    query = next((n for n, event in enumerate(events) if "api" in event), len(events))
    turns = [event for event in (events[:query] if in_time else events) if "act" in event]
    labelled = {ACTS[event["act"]] for event in turns if event["act"] in ACTS}
    free = [event["at"] for event in turns if event["act"] is None]
    return Chat(labelled, labelled | {THINGS[letter] for at in free for letter in read.get(at, "")}, bool(free))


@dataclass
class Counts:
    """Found and true, found and false, missed, rightly not found."""

    tp: int = 0
    fp: int = 0
    fn: int = 0
    tn: int = 0

    def add(self, found: bool, true: bool) -> None:
        """Count one chat."""
        name = ("tp" if true else "fp") if found else ("fn" if true else "tn")
        setattr(self, name, getattr(self, name) + 1)

    @property
    def row(self) -> str:
        """The counts, precision and recall as cells of a table."""
        return " | ".join(
            [*map(str, (self.tp, self.fp, self.fn, self.tn)), share(self.tp, self.fp), share(self.tp, self.fn)]
        )


def share(part: int, rest: int) -> str:
    return f"{part / (part + rest):.3f}" if part + rest else "-"


def found_in_time(card: Scorecard, host: Host, calls: Sequence[Call]) -> list[set[str]]:
    """For each call the questions that the card's criteria meet."""
    results = evaluate(compile_plan(card, host), batch_of(calls))
    assert not results.problems, results.problems
    met = {name: results.answers[name].findings for name in QUESTIONS}
    return [
        {name for name, findings in met.items() if findings and findings.verdicts[row] == Verdict.MET}
        for row in range(len(calls))
    ]


def found_at_all(card: Scorecard, calls: Sequence[Call]) -> list[set[str]]:
    """For each call the questions whose phrases alone are found, wherever; the card's own, without order and result."""
    uses = []
    for name in THINGS.values():
        question = card.by_id[name]
        assert question.criterion is not None
        options: Any = question.criterion.use.options
        uses.append((options[0]["sequence"]["steps"][0]["phrase"], question))
    made = [each.answer_batch(batch_of(calls)) for each in Phrase.bind_all(uses)]
    rows = []
    for row in range(len(calls)):
        asked = {name for name, each in zip(THINGS.values(), made) if each.verdicts[row] == Verdict.MET}
        rows.append({name for name in QUESTIONS if holds(name, asked)})
    return rows


TRUTHS: dict[str, tuple[str, Callable[[Chat, str], bool | None]]] = {
    "as labelled": (
        "The labels as they are: what was asked in a turn that was typed freely counts as not asked.",
        lambda chat, question: holds(question, chat.labelled),
    ),
    "where the labels can tell": (
        "Without the chats in which the labels name no such act but the agent typed freely: there they cannot tell.",
        lambda chat, question: holds(question, chat.labelled) or (None if chat.typed else False),
    ),
    "labels and reading": (
        "The labels, and for turns typed freely what was read there (`benchmarks/star-typed.yaml`).",
        lambda chat, question: holds(question, chat.read),
    ),
}


def tables(chats: Sequence[Chat], found: Sequence[set[str]]) -> Iterator[str]:
    for title, (explained, truth) in TRUTHS.items():
        yield f"**{title.capitalize()}.** {explained}\n"
        yield "| question | tp | fp | fn | tn | precision | recall | left out |"
        yield "|---|---:|---:|---:|---:|---:|---:|---:|"
        for question in QUESTIONS:
            counts, left_out = Counts(), 0
            for each, met in zip(chats, found):
                true = truth(each, question)
                if true is None:
                    left_out += 1
                else:
                    counts.add(question in met, true)
            yield f"| {question} | {counts.row} | {left_out} |"
        yield ""


HEAD = """# Measured: phrases against what agents did (STAR bank chats)

Written by `benchmarks/star.py`; do not edit. The card is `benchmarks/cards/star-bank.yaml` (digest {digest}).

STAR's chats were led by agents who could send prepared replies or type freely. The labels name the prepared reply of
each turn and the moments at which the agent queried the database. Asked is whether the agent asked for the name, the
account number and the PIN, or for the three fallback questions, **before the first database query**.

The criteria see the words only, and no turn shows a query. So two things are measured:

- *in time*: the questions of the card. They are met where the agent asks before the first turn that tells the result
  of a query (or where no such turn follows). The truth is what happened before the first query itself. A query whose
  result the agent keeps quiet about cannot be seen in words: the agent queries, says nothing, asks for more, and
  queries again. Such chats are the false finds that remain where the labels can tell.
- *at all*: the phrases alone, against whether the thing was asked anywhere in the chat: how good the phrases are.

The labels say nothing of what an agent typed freely, and agents who typed often asked for several things at once. So
each measure is given three times: with the labels as they are, without the chats they cannot tell about, and with the
typed turns read. Their reader is the author of the phrases; the phrases were fixed before the turns of the held-out
agents were read or counted, and not changed since.

The {agents} agents of the {calls} bank chats are split by the first byte of SHA-256("{seed} " + agent id): even, and
the phrases were written while looking at them; odd, and they are held out.
"""


def in_short(chats: Sequence[Chat], found: Sequence[set[str]]) -> Iterator[str]:
    """The question that matters most, in the three measures."""
    yield "## In short\n\nWas the name asked for before the first query? On the held-out agents:\n"
    yield "| measure | chats | precision | recall |\n|---|---:|---:|---:|"
    false = []
    for title, (_, truth) in TRUTHS.items():
        counts = Counts()
        for each, met in zip(chats, found):
            true = truth(each, "name")
            if true is not None:
                counts.add("name" in met, true)
        false.append(counts.fp)
        total = counts.tp + counts.fp + counts.fn + counts.tn
        yield f"| {title} | {total} | {share(counts.tp, counts.fp)} | {share(counts.tp, counts.fn)} |"
    yield (
        f"\nOf the {false[0]} finds that are false by the labels as they are, {false[0] - false[1]} lie in chats in "
        "which the agent\ntyped freely and the labels name no such act; the last row goes by what stands there.\n"
    )


def report(card: Scorecard, host: Host, calls: Sequence[Call], labels: Mapping[str, Any]) -> Iterator[str]:
    agents = {str(call.agent) for call in calls}
    yield HEAD.format(digest=card.digest[:12], agents=len(agents), calls=len(calls), seed=SEED)
    typed = yaml.safe_load(TYPED.read_text(encoding="utf-8"))
    sections: list[str] = []
    for title, held_out in (("Held-out agents", True), ("Agents the phrases were written on", False)):
        part = [call for call in calls if tuned_on(str(call.agent)) is not held_out]
        sections.append(f"## {title}: {len(part)} chats, {len({call.agent for call in part})} agents\n")
        scopes = (("In time", True, found_in_time(card, host, part)), ("At all", False, found_at_all(card, part)))
        for scope, in_time, found in scopes:
            chats = [chat(labels[call.call_id], typed.get(call.call_id, {}), in_time) for call in part]
            if held_out and in_time:
                yield from in_short(chats, found)
            sections += [f"### {scope}\n", *tables(chats, found)]
    yield from sections


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=Path, default=ROOT.parent / "shared" / "data" / "calls")
    parser.add_argument("--to", type=Path, default=ROOT / "docs" / "measured" / "star.md")
    chosen = parser.parse_args()
    host = Host()
    loaded = load_card(CARD, host)
    if loaded.scorecard is None:
        raise SystemExit("\n".join(map(str, loaded.problems)))
    bank = [
        call
        for call in Jsonl({}).calls(str(chosen.calls / "star.calls.jsonl"))
        if isinstance(call, Call) and call.attributes.get("line_of_business") == "bank"
    ]
    lines = (chosen.calls / "star.labels.jsonl").read_text(encoding="utf-8").splitlines()
    labels = {record["call_id"]: record["events"] for record in map(json.loads, lines)}
    text = "\n".join(report(loaded.scorecard, host, bank, labels)).rstrip() + "\n"
    chosen.to.parent.mkdir(parents=True, exist_ok=True)
    chosen.to.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
