"""A good plugin, to stand beside the bad ones: it counts turns, and remembers nothing."""

from typing import ClassVar

from pauta import Evidence, Finding, Verdict, hookimpl

__version__ = "3.0"


class Turns:
    """Answers with the number of turns."""

    name = "turns"
    purpose = "Count the turns of a call."
    needs = ("turns",)
    options: ClassVar = {"type": "object", "properties": {"speaker": {"type": "string"}}, "additionalProperties": False}

    def __init__(self, options, question):
        self._speaker = options.get("speaker")

    def answer(self, call):
        mine = [n for n, turn in enumerate(call.turns) if self._speaker in (None, turn.speaker)]
        evidence = tuple(Evidence(n, 0, 1, call.turns[n].text[:1]) for n in mine if call.turns[n].text)
        return Finding(Verdict.ANSWER, f"{len(mine)} turns", evidence, len(mine))


class Tagged:
    """Met where the record has a tag; asked batch by batch."""

    name = "tagged"
    options: ClassVar = {"type": "object", "properties": {"tag": {"type": "string"}}, "required": ["tag"]}

    def __init__(self, options, question):
        self._tag = options["tag"]

    def answer(self, call):
        there = self._tag in call.attributes.get("tags", [])
        return Finding(Verdict.MET if there else Verdict.NOT_MET, f"tags: {call.attributes.get('tags')}")


@hookimpl
def register_criteria(register):
    register(Turns)
    register(Tagged)
