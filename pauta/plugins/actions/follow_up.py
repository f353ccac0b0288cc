"""The actions that a card's escalations may ask for: coach, notify, recognise, plan, train, finding.

    do: [{coach: {due: 24 h, form: in_person}}, {notify: {to: [supervisor, quality-lead]}}]
    do: [{recognise: {keep_as_example: true, question: empathy, why: She named the worry before she solved it}}]
    do: [{plan: {expect: Ask for the name first, target: 95 % of calls, measured_by: asked_name, due: 30 d}}]

What an action opens is kept by the follow-up (`pauta coach`, `pauta findings`). Texts that people read are a string or
a map of language to string. Durations are those of cards: `24 h`, `3 d`, `2 business days`, `8 business hours`,
`next monthly session`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Final, TypeAlias

from pauta import Duty, Exemplar, Notice, Occasion, Opened, ProblemsFound, ProcessFinding, hookimpl

Schema: TypeAlias = Mapping[str, object]

DURATION: Final[Schema] = {
    "type": "string",
    "pattern": r"^([0-9]+([.,][0-9]+)? ?(s|min|h|d|business hours?)|[0-9]+ ?business days?|next monthly session)$",
    "patternErrorMessage": "a duration is written 24 h, 3 d, 2 business days, 8 business hours or next monthly session",
}
TEXT: Final[Schema] = {
    "type": ["string", "object"],
    "minLength": 1,
    "minProperties": 1,
    "additionalProperties": {"type": "string"},
}
NAMES: Final[Schema] = {
    "type": ["string", "array"],
    "minLength": 1,
    "minItems": 1,
    "uniqueItems": True,
    "items": {"type": "string", "minLength": 1},
}
NAME: Final[Schema] = {"type": "string", "minLength": 1}
FORM: Final[Schema] = {"enum": ["in_person", "group", "call"]}
FLAG: Final[Schema] = {"type": "boolean"}


def _options(**described: tuple[Schema, str]) -> Schema:
    """An object of these options and no others, each with its schema and what it is for."""
    properties = {name: {**schema, "description": purpose} for name, (schema, purpose) in described.items()}
    return {"type": "object", "additionalProperties": False, "properties": properties}


class _Action:
    """What the six have in common: options that hold names, texts and durations."""

    def __init__(self, options: Any) -> None:
        """Take the options as checked."""
        self._options: Mapping[str, Any] = options or {}

    def _names(self, key: str) -> tuple[str, ...]:
        given = self._options.get(key, ())
        return (given,) if isinstance(given, str) else tuple(given)

    def _text(self, key: str, language: str) -> str:
        """A text in the language of those who read it, else in the first that it has."""
        given = self._options.get(key, "")
        if isinstance(given, Mapping):
            return str(given.get(language) or next(iter(given.values())))
        return str(given)

    def _due(self, occasion: Occasion, key: str = "due") -> Any:
        """A deadline; None also where it cannot be counted, which the follow-up tells of: the duty stays."""
        try:
            return occasion.due(self._options[key]) if key in self._options else None
        except ProblemsFound:
            return None

    def _seconds(self, key: str, occasion: Occasion) -> float | None:
        """A duration as seconds from the occasion on."""
        due = self._due(occasion, key)
        return None if due is None else float((due - occasion.at).total_seconds())

    def _about(self, occasion: Occasion) -> tuple[str, ...]:
        return self._names("about") or occasion.missed


class Coach(_Action):
    """A feedback duty: somebody talks with the agent about this call before a deadline."""

    name: ClassVar[str] = "coach"
    purpose: ClassVar[str] = "Open a feedback duty with a deadline."
    options: ClassVar[Schema] = _options(
        due=(DURATION, "When it must have been held."),
        form=(FORM, "How: in person, in a group or by a call."),
        owner=(NAMES, "Who gives the feedback, where that is not left to the operation's feedback mode."),
        about=(NAMES, "The questions it is about; else those that were missed."),
        message=(TEXT, "What the one who gives it should know."),
    )

    def opens(self, occasion: Occasion) -> Sequence[Opened]:
        """A duty to coach."""
        message = self._text("message", occasion.language)
        about = self._about(occasion)
        return [Duty("coach", self._due(occasion), self._names("owner"), self._options.get("form"), about, message)]


class Notify(_Action):
    """A message to people by role; a message is not feedback, and closes no duty."""

    name: ClassVar[str] = "notify"
    on_warning: ClassVar[bool] = True
    purpose: ClassVar[str] = "Tell people by role or name."
    options: ClassVar[Schema] = {
        **_options(
            to=(NAMES, "Roles or people."),
            message=(TEXT, "What they are told, beside the result."),
            via=(NAMES, "The sinks that carry it, else the operation's."),
            group_by=(NAMES, "One message for all that have the same: agent, team, question, scorecard, call_type."),
            every=(DURATION, "At most one message of a group in this time."),
            repeat=(DURATION, "Tell again after this time while nothing was done."),
            unless=(NAMES, "Escalations that silence this one where they fire for the same call."),
        ),
        "required": ["to"],
    }

    def opens(self, occasion: Occasion) -> Sequence[Opened]:
        """A notice; who is told by whom, and how often, is the follow-up's."""
        told = self._options.get("message")
        return [
            Notice(
                to=self._names("to"),
                message=self._text("message", occasion.language),
                via=self._names("via"),
                group_by=self._names("group_by"),
                every_s=self._seconds("every", occasion) or 0.0,
                repeat_s=self._seconds("repeat", occasion),
                unless=self._names("unless"),
                messages=dict(told) if isinstance(told, Mapping) else {},
            )
        ]


class Recognise(_Action):
    """Praise for what was good, and the call kept as an example where that is asked for."""

    name: ClassVar[str] = "recognise"
    purpose: ClassVar[str] = "Praise the agent, and keep the call as an example."
    options: ClassVar[Schema] = _options(
        keep_as_example=(FLAG, "Whether the call joins the library of examples."),
        question=(NAME, "The question it is an example of."),
        why=(TEXT, "What made it good."),
        consent=(FLAG, "Whether the agent must agree before others hear it."),
        expires=(DURATION, "How long it stays in the library."),
        to=(NAMES, "Who hears of it besides the agent."),
        due=(DURATION, "When the agent must have been told."),
        form=(FORM, "How: in person, in a group or by a call."),
        message=(TEXT, "What the agent is told."),
    )

    def opens(self, occasion: Occasion) -> Sequence[Opened]:
        """A duty to praise; the call as an example where that is asked for; a notice to others who hear of it."""
        message = self._text("message", occasion.language)
        about = tuple(filter(None, (self._options.get("question"),)))
        found: list[Opened] = [Duty("recognise", self._due(occasion), (), self._options.get("form"), about, message)]
        if self._options.get("keep_as_example"):
            why, consent = self._text("why", occasion.language), bool(self._options.get("consent"))
            found.append(Exemplar(self._options.get("question"), why, consent, self._due(occasion, "expires")))
        if self._names("to"):
            found.append(Notice(self._names("to"), message))
        return found


class Plan(_Action):
    """An action plan: what is expected, how it is measured, by when, and when somebody looks again."""

    name: ClassVar[str] = "plan"
    purpose: ClassVar[str] = "Open an action plan with a target that is measured."
    options: ClassVar[Schema] = _options(
        expect=(TEXT, "What is expected of the agent."),
        target=({"type": ["string", "number"]}, "What must be reached: `95`, `95 % of calls`."),
        measured_by=(NAME, "What it is measured by: a question, a section, `score`, a metric."),
        due=(DURATION, "By when."),
        follow_up=(DURATION, "When progress is looked at, again and again until it is due."),
        owner=(NAMES, "Who follows it up."),
        about=(NAMES, "The questions it is about; else those that were missed."),
    )

    def opens(self, occasion: Occasion) -> Sequence[Opened]:
        """An action plan, with its target, its measure and the days on which progress is looked at."""
        details = {
            "expect": self._text("expect", occasion.language),
            "target": self._options.get("target"),
            "measured_by": self._options.get("measured_by"),
            "follow_up_s": self._seconds("follow_up", occasion),
        }
        return [Duty("plan", self._due(occasion), self._names("owner"), None, self._about(occasion), details=details)]


class Train(_Action):
    """A training that the agent must take."""

    name: ClassVar[str] = "train"
    purpose: ClassVar[str] = "Assign a training."
    options: ClassVar[Schema] = _options(
        course=(TEXT, "Which training."),
        hours=({"type": "number", "exclusiveMinimum": 0}, "How many hours it takes."),
        objectives=({"type": "array", "minItems": 1, "items": TEXT}, "What the agent can do afterwards."),
        test=(FLAG, "Whether it ends with a test."),
        due=(DURATION, "By when it must be done."),
        owner=(NAMES, "Who sees to it."),
        about=(NAMES, "The questions it is about; else those that were missed."),
    )

    def opens(self, occasion: Occasion) -> Sequence[Opened]:
        """A training to take."""
        objectives = [
            str(each.get(occasion.language) or next(iter(each.values()))) if isinstance(each, Mapping) else str(each)
            for each in self._options.get("objectives", ())
        ]
        details = {
            "course": self._text("course", occasion.language),
            "hours": self._options.get("hours"),
            "objectives": objectives,
            "test": bool(self._options.get("test")),
        }
        return [Duty("train", self._due(occasion), self._names("owner"), None, self._about(occasion), details=details)]


class OfProcess(_Action):
    """A finding about the process, a policy or a system, which lowers no agent's score."""

    name: ClassVar[str] = "finding"
    purpose: ClassVar[str] = "Open a finding about the process, a policy or a system."
    options: ClassVar[Schema] = _options(
        about=({"enum": ["process", "policy", "system"]}, "What is at fault."),
        text=(TEXT, "What was found."),
        questions=(NAMES, "The questions that show it; else those that were missed."),
        owner=(NAMES, "Who must mend it."),
        due=(DURATION, "By when it must be mended."),
        verify=(DURATION, "How long after the fix the share of misses is looked at again."),
    )

    def opens(self, occasion: Occasion) -> Sequence[Opened]:
        """A finding, with its evidence."""
        text = self._text("text", occasion.language) or (occasion.raised.reason if occasion.raised else occasion.title)
        questions = self._names("questions") or occasion.missed
        about = self._options.get("about", "process")
        verify_s = self._seconds("verify", occasion)
        return [ProcessFinding(about, text, questions, self._names("owner"), self._due(occasion), verify_s)]


@hookimpl
def register_actions(
    register: Callable[[type[Coach | Notify | Recognise | Plan | Train | OfProcess]], None],
) -> None:
    """Offer the six."""
    for offered in (Coach, Notify, Recognise, Plan, Train, OfProcess):
        register(offered)
