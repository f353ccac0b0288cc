"""Calls and people's evaluations from Amazon Connect: what Contact Lens found in a contact, and exported evaluations.

A voice contact or a chat is one JSON file. Its id is `CustomerMetadata.ContactId`, else what the file's name says
before `_analysis`. A voice file does not say when the call began; the name of the recording does, to the minute
(`.._20260301T14:05_UTC.wav`), and it is taken from there. Nor does it name the agent: only chats do, by the name shown
to the customer. What Contact Lens measured becomes metrics (`non_talk_s`, `interruptions`, `agent_talk_s`,
`agent_greeting_s`, ..), its categories `attributes.categories`, sentiment -1 to 1.

An evaluation is one JSON file too, as Connect exports it:

    - contact_lens:                                      contact and definition become call and card
        answers: evaluations/*.json
        scorecards: {Compliance Evaluation Form: compliance}      by title or definition id; else the title as an id
        questions: {q570b206a: rating}                            by reference or text; else the reference
        not_applicable: N/A                                       the answer for what was ticked as not applicable

It names the agent only where `name_agent: true` asks for it: a contact belongs to one agent, and calls from Contact
Lens do not know the agent by the same id. The number of the definition's version means nothing to a card, and is left
out.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import ClassVar, Final

from pauta import Call, HumanEvaluation, Place, Problem, evaluations_from, hookimpl
from pauta.plugins.sources.amazon import analysed_calls
from pauta.plugins.sources.clocks import moment_of
from pauta.plugins.sources.documents import document_in, first, listing, mapping, word

_NAME: Final = re.compile(r"(.+?)_(?:call|chat)?_?(?:redacted_)?analysis_", re.IGNORECASE)
_RECORDED: Final = re.compile(r"_(\d{4})(\d\d)(\d\d)T(\d\d)[:_]?(\d\d)_UTC\.\w+\Z", re.ASCII)
_IDS: Final[Mapping[str, object]] = {"type": "object", "additionalProperties": {"type": "string", "minLength": 1}}


class ContactLens:
    """A contact as Contact Lens analysed it, or an evaluation as Connect exports it."""

    name: ClassVar[str] = "contact_lens"
    purpose: ClassVar[str] = "Reads calls and chats from Amazon Connect Contact Lens, and evaluations exported there."
    endings: ClassVar[tuple[str, ...]] = (".json",)
    options: ClassVar[Mapping[str, object]] = {
        "type": "object",
        "properties": {
            "calls": {"type": ["string", "array"], "items": {"type": "string"}, "description": "Files of contacts."},
            "answers": {
                "type": ["string", "array"],
                "items": {"type": "string"},
                "description": "Files of evaluations.",
            },
            "scorecards": {**_IDS, "description": "Cards, by title or id of the evaluation's definition."},
            "questions": {**_IDS, "description": "Questions, by their reference or text in the evaluation."},
            "not_applicable": {
                "type": "string",
                "minLength": 1,
                "default": "N/A",
                "description": "The answer that stands for what was ticked as not applicable.",
            },
            "name_agent": {
                "type": "boolean",
                "default": False,
                "description": "Whether evaluations name the agent, by Connect's id; calls must then have the same.",
            },
        },
        "additionalProperties": False,
    }

    def __init__(self, options: Mapping[str, object]) -> None:
        """Take the options as checked."""
        self._scorecards = _names(options.get("scorecards"))
        self._questions = _names(options.get("questions"))
        self._not_applicable = str(options.get("not_applicable", "N/A"))
        self._name_agent = options.get("name_agent") is True

    @classmethod
    def recognises(cls, head: bytes) -> bool:
        """Whether a file of JSON begins as one of Connect's."""
        return b'"ParticipantId"' in head or (b'"evaluationId"' in head and b'"metadata"' in head)

    def calls(self, target: str) -> Iterator[Call | Problem]:
        """The call of a file, once for each of its agents, or the Problem that says why there is none."""
        document = document_in(target)
        if isinstance(document, Problem):
            yield document
            return
        at = Place(target)
        if "evaluationId" in document and "questions" in document:
            hint = "give it as answers: --answers FILE, or - contact_lens: {answers: ..}"
            yield Problem("E544", f"'{target}' is an evaluation by a person, and no contact", at, hint)
        elif not isinstance(document.get("Transcript"), list) or not isinstance(document.get("Participants"), list):
            yield Problem(
                "E540", f"'{target}' is no contact of Contact Lens: it has no Participants and Transcript", at
            )
        else:
            yield from analysed_calls(document, _contact_id(document, target), at, _recorded_at(document))

    def evaluations(self, target: str) -> Iterator[HumanEvaluation | Problem]:
        """The evaluation in a file, or the Problem that says why there is none."""
        document = document_in(target)
        if isinstance(document, Problem):
            yield document
            return
        at = Place(target)
        metadata = document.get("metadata")
        if not isinstance(metadata, dict) or not isinstance(document.get("questions"), list):
            what = "is a contact, and no evaluation" if "Transcript" in document else "is no evaluation of Connect"
            code = "E544" if "Transcript" in document else "E540"
            yield Problem(code, f"'{target}' {what}: it has no metadata and questions", at)
            return
        yield from evaluations_from([(self._record(document, metadata), at)])

    def _record(self, document: Mapping[str, object], metadata: Mapping[str, object]) -> dict[str, object]:
        title = word(metadata.get("evaluationDefinitionTitle")) or ""
        definition = word(metadata.get("evaluationDefinitionId")) or ""
        answers: dict[str, object] = {}
        for each in map(mapping, listing(document.get("questions"))):
            reference, text = word(each.get("questionRefId")) or "", word(each.get("questionText")) or ""
            question = self._questions.get(reference) or self._questions.get(text) or reference
            answers[question] = self._answer(mapping(each.get("answer")))
        return {
            "call_id": word(metadata.get("contactId")),
            "agent": word(metadata.get("agentId")) if self._name_agent else None,
            "scorecard": self._scorecards.get(title) or self._scorecards.get(definition) or _as_id(title),
            "evaluator": _person(metadata.get("evaluator")),
            "evaluated_at": first(metadata, "evaluationSubmitTimestamp", "evaluationStartTimestamp"),
            "answers": answers,
        }

    def _answer(self, answer: Mapping[str, object]) -> dict[str, object]:
        """The chosen options by their text, or the value; a question may have neither."""
        given: object = answer.get("value")
        values = [mapping(each) for each in listing(answer.get("values"))]
        if values:
            chosen = [first(each, "valueText", "valueRefId") for each in values if each.get("selected") is True]
            given = chosen[0] if len(chosen) == 1 else chosen or None
        if mapping(answer.get("metadata")).get("notApplicable") is True:
            given = self._not_applicable
        return {"answer": given, "comment": answer.get("notes")}


def _names(value: object) -> dict[str, str]:
    return {str(key): str(name) for key, name in value.items()} if isinstance(value, Mapping) else {}


def _as_id(title: str) -> str | None:
    return re.sub(r"[^a-z0-9]+", "-", title.casefold()).strip("-") or None


def _person(value: object) -> str | None:
    """The evaluator: the last part of an ARN, or the name as it stands."""
    name = word(value)
    return name.rpartition("/")[2] or None if name and name.startswith("arn:") else name


def _contact_id(document: Mapping[str, object], file: str) -> str:
    known = word(mapping(document.get("CustomerMetadata")).get("ContactId"))
    name = Path(file).name.removesuffix(".json")
    found = _NAME.match(name)
    return known or (found[1] if found else name)


def _recorded_at(document: Mapping[str, object]) -> str | None:
    """When the recording began, to the minute, as its name says."""
    found = _RECORDED.search(word(mapping(document.get("CustomerMetadata")).get("InputS3Uri")) or "")
    if not found:
        return None
    year, month, day, hour, minute = found.groups()
    moment = moment_of(f"{year}-{month}-{day}T{hour}:{minute}:00+00:00")
    return moment.isoformat() if moment else None


@hookimpl
def register_sources(register: Callable[[type[ContactLens]], None]) -> None:
    """Offer the source."""
    register(ContactLens)
