"""acme_log: calls from the log of Acme's telephone system, a text file with one event a line.

    CALL c-1 agent=ana queue=garden      a call begins
    A Hello, Acme garden tools.          the agent says
    C My rake is broken.                 the customer says

Before the first CALL, and where a line is none of the three, that line is a problem; the others are read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import ClassVar, Final

from pauta import Call, HumanEvaluation, Place, Problem, calls_from

SPEAKERS: Final = {"A": "agent", "C": "customer"}


class AcmeLog:
    """One event a line."""

    name: ClassVar[str] = "acme_log"
    purpose: ClassVar[str] = "Reads calls from the log of Acme's telephone system."
    endings: ClassVar[tuple[str, ...]] = (".acmelog",)
    options: ClassVar[Mapping[str, object]] = {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "calls": {"type": ["string", "array"], "items": {"type": "string"}, "description": "The log files."},
        },
    }

    def __init__(self, options: Mapping[str, object]) -> None:
        pass

    def calls(self, target: str) -> Iterable[Call | Problem]:
        """The calls of a log. `calls_from` holds every field against the published schema of a call."""
        return calls_from(_records(target))

    def evaluations(self, target: str) -> Iterable[HumanEvaluation | Problem]:
        """People do not answer in the log."""
        return ()


def _records(target: str) -> Iterator[tuple[Mapping[str, object], Place] | Problem]:
    try:
        text = Path(target).read_bytes().decode()
    except OSError as error:
        yield Problem("E510", f"'{target}' cannot be read: {error.strerror}", Place(target))
        return
    except UnicodeDecodeError as error:
        yield Problem("E509", f"byte {error.start + 1} of '{target}' is not UTF-8", Place(target), "save it as UTF-8")
        return
    call: dict[str, object] = {}
    turns: list[dict[str, str]] = []
    begun = Place(target)
    for number, line in enumerate(text.split("\n"), 1):
        word, _, rest = line.strip().partition(" ")
        at = Place(target, number, 1)
        if word == "CALL":
            if call:
                yield {**call, "turns": turns}, begun
            call, turns, begun = _call(rest), [], at
        elif word in SPEAKERS and call:
            turns.append({"speaker": SPEAKERS[word], "text": rest})
        elif word:
            hint = "a call begins with CALL, and then A or C say something"
            yield Problem("E501", f"'{line.strip()[:40]}' is no event of a call", at, hint)
    if call:
        yield {**call, "turns": turns}, begun


def _call(text: str) -> dict[str, object]:
    """The record of a call that begins: its id, its agent, its queue as the call type."""
    call_id, *facts = text.split() or [""]
    given = dict(fact.partition("=")[::2] for fact in facts)
    names = {"agent": "agent", "queue": "call_type"}
    return {"call_id": call_id, **{names[name]: value for name, value in given.items() if name in names and value}}
