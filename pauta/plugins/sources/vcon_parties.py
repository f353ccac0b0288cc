"""Who took part in a vCon, and what they were: the agents with their ids, the customer, and the others.

What a party is, the contact-centre extension says (`role`); where no party is called agent there, the option `agent`
names it by `tel`, `mailto`, `name`, `uuid` or `index`, or `first_party_is` goes by the order of the list. Where the
agent is known, the only other party is the customer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pauta.plugins.sources.documents import listing, mapping, word
from pauta.plugins.sources.speakers import AGENT, CUSTOMER, ROLE_WORDS, Person
from pauta.plugins.sources.vcon_forms import Dialog

IDS: Final = ("uuid", "mailto", "sip", "name", "tel")
"""What identifies an agent, the first that is there: the uuid is the one that stays the same from call to call."""
_SCHEMES: Final = ("mailto:", "tel:", "sip:", "sips:")
_NAMED_BY: Final = ("tel", "mailto", "sip", "name", "uuid", "email", "id")


@dataclass(frozen=True)
class Cast:
    """The parties of a vCon. roles: None where nothing says it. ids: of agents, None for all others.

    names: the party behind each name, number and address, None where several have it.
    """

    parties: Sequence[Mapping[str, object]]
    roles: Sequence[str | None]
    ids: Sequence[str | None]
    names: Mapping[str, int | None]

    @property
    def agents(self) -> list[str]:
        """The agents who have an id, each once."""
        return list(dict.fromkeys(each for each in self.ids if each is not None))

    def person(self, party: object) -> Person | None:
        """What a party is; None where there is no such party."""
        if isinstance(party, int) and not isinstance(party, bool) and 0 <= party < len(self.roles):
            return Person(self.roles[party], self.ids[party])
        return None

    def named(self, label: str) -> Person | None:
        """What the party is that goes by a name, a number or an address; None where none or several do."""
        return self.person(self.names.get(_bare(label)))

    def first(self, role: str) -> Mapping[str, object]:
        """The first party of a role, an empty one where there is none."""
        return next((party for party, its in zip(self.parties, self.roles) if its == role), {})

    def of(self, agent: str | None) -> Mapping[str, object]:
        """The party of an agent, the first agent where it is none in particular."""
        found = next((party for party, its in zip(self.parties, self.ids) if its == agent is not None), None)
        return self.first(AGENT) if found is None else found


def cast_of(document: Mapping[str, object], dialogs: Sequence[Dialog], options: Mapping[str, object]) -> Cast:
    """Who took part, as the vCon and the options say."""
    parties = [mapping(each) for each in listing(document.get("parties"))]
    roles = [_role(party) for party in parties]
    if AGENT not in roles:
        roles = [AGENT if _is_named(index, party, options.get("agent")) else role
                 for index, (party, role) in enumerate(zip(parties, roles))]  # fmt: skip
    if AGENT not in roles:
        _by_order(roles, options.get("first_party_is"))
    _by_elimination(roles)
    present = {party for dialog in dialogs for party in [*dialog.parties, dialog.speaker]}
    taking_part = [n for n, role in enumerate(roles) if role == AGENT and n in present]
    agents = frozenset(taking_part or [n for n, role in enumerate(roles) if role == AGENT])
    field = options.get("agent_id")
    ids = [_id(party, n, str(field) if field else None, len(agents)) if n in agents else None
           for n, party in enumerate(parties)]  # fmt: skip
    roles = ["other" if role == AGENT and n not in agents else role for n, role in enumerate(roles)]
    return Cast(parties, roles, ids, _names(parties))


def _names(parties: Sequence[Mapping[str, object]]) -> dict[str, int | None]:
    """The party behind each name, number and address, as it is compared; None where several have it."""
    names: dict[str, int | None] = {}
    for index, party in enumerate(parties):
        for bare in {_bare(party.get(key)) for key in _NAMED_BY} - {""}:
            names[bare] = None if bare in names else index
    return names


def _role(party: Mapping[str, object]) -> str | None:
    said = word(party.get("role")) or word(mapping(party.get("meta")).get("role"))
    kind = (word(party.get("type")) or "").casefold()
    role = ROLE_WORDS.get(said.casefold(), "other") if said else None
    return role or ("system" if kind == "bot" else None)


def _is_named(index: int, party: Mapping[str, object], given: object) -> bool:
    """Whether one of the options' descriptions of agents fits a party: every field that it names."""
    descriptions = given if isinstance(given, list | tuple) else [given]
    return any(
        isinstance(each, Mapping)
        and bool(each)
        and all(
            (index == value) if key == "index" else _bare(party.get(key)) == _bare(value) for key, value in each.items()
        )
        for each in descriptions
    )


def _by_order(roles: list[str | None], first: object) -> None:
    """The first party is what the option says, the second the other one of the two."""
    open_ones = [n for n, role in enumerate(roles) if role is None]
    if first == AGENT and open_ones[:1] == [0]:
        roles[0] = AGENT
    elif first == CUSTOMER and len(roles) > 1 and roles[0] in (None, CUSTOMER) and roles[1] is None:
        roles[0], roles[1] = CUSTOMER, AGENT


def _by_elimination(roles: list[str | None]) -> None:
    """Where the agent is known and no customer, those of whom nothing is known are; and the other way round."""
    open_ones = [n for n, role in enumerate(roles) if role is None]
    if AGENT in roles:
        role = "other" if CUSTOMER in roles else CUSTOMER
        for n in open_ones:
            roles[n] = role
    elif CUSTOMER in roles and len(open_ones) == 1:
        roles[open_ones[0]] = AGENT


def _id(party: Mapping[str, object], index: int, field: str | None, agents: int) -> str | None:
    keys = (field,) if field else IDS
    found = next((each for key in keys if (each := word(party.get(key)))), None)
    if found is None:
        return f"party {index}" if agents > 1 else None
    return next((found[len(each) :] for each in _SCHEMES if found.casefold().startswith(each)), found)


def _bare(value: object) -> str:
    """A name, number or address as it is compared: without its scheme, capitals and spaces."""
    text = (word(value) or "").casefold()
    text = next((text[len(each) :] for each in _SCHEMES if text.startswith(each)), text)
    return text.replace(" ", "")
