"""Who is who in a transcript: names and labels become agent, customer, system and other, as each agent sees the call.

A transcript calls its speakers what it likes: `Agent`, `Ana`, `spk_0`, 1. What they are is said, in this order, by the
option `speakers`, by the label itself where it is such a word, and by `first_speaker`. Where that leaves the agent in
the dark, the words are left out and a warning says so: a criterion that looks for the agent's words must not find
none of them and call that a result.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pauta import Call, Place, Problem, call_from
from pauta.plugins.sources.documents import shown

AGENT: Final = "agent"
CUSTOMER: Final = "customer"
ROLES: Final = (AGENT, CUSTOMER, "system", "other")
ROLE_WORDS: Final = {
    "agent": AGENT, "representative": AGENT, "operator": AGENT, "advisor": AGENT,
    "customer": CUSTOMER, "client": CUSTOMER, "caller": CUSTOMER,
    "system": "system", "ivr": "system", "bot": "system",
    "supervisor": "other", "sme": "other", "thirdparty": "other", "other": "other",
}  # fmt: skip
"""Labels and roles that say of themselves what they are."""

OPTIONS: Final[Mapping[str, object]] = {
    "speakers": {
        "type": "object",
        "additionalProperties": {"type": "string", "enum": list(ROLES)},
        "description": "Who the names and labels of a transcript are: `{Ana: agent, spk_1: customer}`.",
    },
    "first_speaker": {
        "type": "string",
        "enum": [AGENT, CUSTOMER],
        "description": "Who speaks first, where labels say nothing; the second to speak is then the other one.",
    },
}
MOST_AGENTS: Final = 100
"""A call with more agents is none that anybody could evaluate agent by agent."""
HINT: Final = "say it in pauta.yaml: speakers: {NAME: agent}, or first_speaker: agent"


@dataclass(frozen=True, slots=True)
class Person:
    """What a speaker is: a role, None where nothing says it, and the agent's id where it is one who has an id."""

    role: str | None = None
    agent: str | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """What somebody said at a stretch, in seconds from the start of the call; `label` is who, in the file's words."""

    text: str
    label: str | None = None
    start: float | None = None
    end: float | None = None
    sentiment: float | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """One agent's view of a call: the turns as records have them, or why there are none."""

    agent: str | None
    turns: Sequence[Mapping[str, object]] = ()
    why: str | None = None


def labels_of(said: Iterable[Said]) -> list[str]:
    """The labels of those who speak, in the order in which they first do."""
    return list(dict.fromkeys(each.label for each in in_time(said) if each.label is not None))


def roles_of(
    labels: Sequence[str], given: Mapping[str, object], first_speaker: str | None = None
) -> dict[str, str | None]:
    """What each label stands for, None where nothing says it. `labels` are in the order of first speaking."""
    roles = {label: _said_of(label, given) for label in labels}
    unknown = [label for label in labels if roles[label] is None]
    if first_speaker is not None and not {AGENT, CUSTOMER} & set(roles.values()):
        second = CUSTOMER if first_speaker == AGENT else AGENT
        roles.update(zip(unknown, [first_speaker, second, *["other"] * len(unknown)]))
    elif AGENT in roles.values():
        roles.update(dict.fromkeys(unknown, "other" if CUSTOMER in roles.values() else CUSTOMER))
    elif CUSTOMER in roles.values() and len(unknown) == 1:
        roles[unknown[0]] = AGENT
    return roles


def _said_of(label: str, given: Mapping[str, object]) -> str | None:
    said = given.get(label)
    return said if isinstance(said, str) else ROLE_WORDS.get(label.casefold())


def parts_of(said: Sequence[Said], people: Mapping[str, Person], agents: Sequence[str] = ()) -> list[Part]:
    """The call as each of its agents sees it, once for a call without a known one; colleagues are `other`."""
    named = dict.fromkeys([*agents, *(each.agent for each in people.values() if each.agent is not None)])
    if len(named) > MOST_AGENTS:
        return [Part(None, why=f"it names {len(named)} agents, and at most {MOST_AGENTS} can be told apart")]
    return [_part(agent, len(named), said, people) for agent in named or [None]]


def _part(agent: str | None, agents: int, said: Sequence[Said], people: Mapping[str, Person]) -> Part:
    def role(label: str | None) -> str | None:
        person = people.get(label, Person()) if label is not None else Person()
        if person.role != AGENT or person.agent == agent:
            return person.role
        if person.agent is None:  # `Agent`, where it is open which of several is meant
            return AGENT if agents == 1 else None
        return "other"

    roles = [role(each.label) for each in said]
    if None in roles and AGENT not in roles:
        open_ones = dict.fromkeys(each.label for each, known in zip(said, roles) if each.label and known is None)
        which = (
            f" among those who speak: {', '.join(shown(each, 40) for each in list(open_ones)[:3])}"
            if open_ones
            else ": no speaker is named"
        )
        return Part(agent, why=f"nothing says who the agent is{which}")
    turns = [_turn(each, known or "other") for each, known in zip(said, roles)]
    return Part(agent, turns)


def _turn(said: Said, speaker: str) -> dict[str, object]:
    """The turn as records have it. Times before the call, or an end before the start, are as good as none."""
    start = None if said.start is None or said.start < 0 else round(said.start, 6)
    end = None if said.end is None or said.end < 0 else round(said.end, 6)
    if start is not None and end is not None and end < start:
        end = None
    return {"speaker": speaker, "text": said.text, "start": start, "end": end, "sentiment": said.sentiment}


def in_time(said: Iterable[Said]) -> list[Said]:
    """What was said in the order of its starts; as it stands where one of them is not known."""
    listed = list(said)
    if any(each.start is None for each in listed):
        return listed
    return sorted(listed, key=lambda each: each.start or 0.0)


def told(record: Mapping[str, object], at: Place, *warnings: Problem | None) -> Iterator[Call | Problem]:
    """The call of a record after what there is to say of it; of a record that is refused, why, and nothing else."""
    call = call_from(record, at)
    if isinstance(call, Call):
        yield from (warning for warning in warnings if warning is not None)
    yield call


def without_words(call_id: str, why: str, at: Place | None, hint: str | None = None) -> Problem:
    """The warning about a call that comes without its words, so that what asks for them is unverified."""
    message = f"call '{shown(call_id)}' comes without its words: {why}"
    return Problem("W540", message, at, hint or "what looks for words in it is unverified")
