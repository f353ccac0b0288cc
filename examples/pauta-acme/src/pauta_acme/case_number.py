"""acme_case_number: the agent read the case number back, digit by digit.

A customer who wrote the number down wrong calls again and cannot be found. Read back, it is heard.

    criterion: {acme_case_number: {digits: 6}}
        met: "Your case is 4 0 7, 2 2 9."
        not met: "You will get the number by mail."

It has both ways: `answer` for one call, and `answer_batch`, which looks at each distinct turn once however many calls
have it. They must agree, and the contract suite holds them to it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import ClassVar, cast

from pauta import Call, CallBatch, Evidence, Finding, Findings, Question, Verdict, findings_of


class CaseNumber:
    """Met where the agent says so many single digits in a row."""

    name: ClassVar[str] = "acme_case_number"
    purpose: ClassVar[str] = "The agent read the case number back, digit by digit."
    needs: ClassVar[tuple[str, ...]] = ("turns",)
    options: ClassVar[Mapping[str, object]] = {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "digits": {
                "type": "integer",
                "minimum": 2,
                "maximum": 20,
                "description": "How many digits a case number has; 6 if not given.",
            },
        },
    }

    def __init__(self, options: Mapping[str, object], question: Question) -> None:
        more = cast(int, options.get("digits", 6)) - 1
        self._pattern = re.compile(rf"(?<!\w)[0-9](?:[ ,.-]{{1,3}}[0-9]){{{more}}}(?!\w)", re.ASCII)

    def answer(self, call: Call) -> Finding:
        """The first place where the digits are said."""
        for number, turn in enumerate(call.turns):
            found = self._pattern.search(turn.text) if turn.speaker == "agent" else None
            if found:
                place = Evidence(number, found.start(), found.end(), found.group(), turn.start, turn.end)
                return Finding(Verdict.MET, "the case number was read back", (place,))
        return Finding(Verdict.NOT_MET, "no case number was read back")

    def answer_batch(self, batch: CallBatch) -> Findings:
        """The same for many calls: only those in which one of the texts holds digits are looked at turn by turn."""
        texts = {turn.text for call in batch.calls for turn in call.turns if turn.speaker == "agent"}
        found = {text for text in texts if self._pattern.search(text)}
        nothing = Finding(Verdict.NOT_MET, "no case number was read back")
        return findings_of(
            [self.answer(call) if any(turn.text in found for turn in call.turns) else nothing for call in batch.calls]
        )
