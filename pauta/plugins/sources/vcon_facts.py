"""What a vCon says about a call besides its words: when, how long, which way, over which channel, about what."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import tzinfo
from typing import Final

from pauta.plugins.sources.clocks import is_whole, moment_of, seconds_between
from pauta.plugins.sources.documents import first, listing, mapping, word
from pauta.plugins.sources.speakers import AGENT, CUSTOMER
from pauta.plugins.sources.vcon_forms import NO_CONVERSATION, Dialog, content_of, first_moment
from pauta.plugins.sources.vcon_parties import Cast

_DIRECTIONS: Final = {"in": "inbound", "inbound": "inbound", "out": "outbound", "outbound": "outbound"}
_CHANNELS: Final = ("voice", "chat", "email")


def facts_of(document: Mapping[str, object], dialogs: Sequence[Dialog], cast: Cast) -> dict[str, object]:
    """The fields of the call record that are not about one agent."""
    begin = first_moment([dialog.start for dialog in dialogs])
    written = next((dialog.entry.get("start") for dialog in dialogs if dialog.entry.get("start")), None)
    started_at = begin.isoformat() if begin is not None and is_whole(begin) else None
    return {
        "started_at": written if begin is None else started_at,
        "duration_s": _duration(dialogs),
        "call_type": _call_type(document, dialogs),
        "direction": _direction(dialogs, cast),
        "channel": _channel(dialogs),
    }


def _duration(dialogs: Sequence[Dialog]) -> object:
    """From the start of the first dialog to the end of the last; not known where a recording gives no duration.

    A duration that is none is handed on as it is: the door says what is wrong with it.
    """
    end: float | None = None
    for dialog in dialogs:
        written = dialog.entry.get("duration")
        if written is not None and (dialog.duration is None or dialog.duration < 0):
            return written
        if dialog.kind.startswith("recording") and dialog.duration is None:
            return None
        if dialog.kind in NO_CONVERSATION:
            continue
        offset = dialog.offset if dialog.offset is not None else 0.0 if len(dialogs) == 1 else None
        if offset is None:
            return None
        end = max(end or 0.0, offset + (dialog.duration or 0.0))
    only_text = all(dialog.duration is None for dialog in dialogs) and len(dialogs) == 1
    return None if end is None or only_text else round(end, 6)


def _call_type(document: Mapping[str, object], dialogs: Sequence[Dialog]) -> str | None:
    for name in ("skill", "campaign", "interaction_type"):
        for dialog in dialogs:
            found = dialog.entry.get(name)
            said = word(next(iter(found), None) if isinstance(found, list) else found)
            if said:
                return said
    return word(_tags(document).get("call_type"))


def _direction(dialogs: Sequence[Dialog], cast: Cast) -> str | None:
    """As the recorder noted it, else by who began: the originator, else the first of a dialog's parties."""
    for dialog in dialogs:
        noted = word(mapping(dialog.entry.get("meta")).get("direction"))
        if noted and noted.casefold() in _DIRECTIONS:
            return _DIRECTIONS[noted.casefold()]
    person = cast.person(dialogs[0].speaker) if dialogs else None
    return {AGENT: "outbound", CUSTOMER: "inbound"}.get(person.role or "") if person else None


def _channel(dialogs: Sequence[Dialog]) -> str | None:
    noted = next((said for dialog in dialogs if (said := word(dialog.entry.get("interaction_type")))), "").casefold()
    if noted in _CHANNELS:
        return noted
    kinds = {dialog.kind for dialog in dialogs}
    if any(kind.startswith("recording") for kind in kinds):
        return "voice"
    texts = [dialog for dialog in dialogs if dialog.kind == "text"]
    if not texts:
        return None
    letters = any("message_id" in each.entry or each.mediatype.startswith(("multipart/", "message/")) for each in texts)
    return "email" if letters else "chat"


def holds_of(dialogs: Sequence[Dialog], zone: tzinfo | None) -> float | None:
    """The seconds in which anybody was on hold, each second once; None where nobody was, or where an end is unknown."""
    total: float | None = None
    for dialog in dialogs:
        spans = _holds(dialog, zone)
        if spans is None:
            return None
        for begin, end in _union(spans):
            total = (total or 0.0) + end - begin
    return None if total is None else round(total, 6)


def _holds(dialog: Dialog, zone: tzinfo | None) -> list[tuple[float, float]] | None:
    """When somebody was on hold, from the start of the dialog on; a hold ends when the party leaves, or the dialog."""
    events = []
    for entry in map(mapping, listing(dialog.entry.get("party_history"))):
        moment = moment_of(entry.get("time"), zone)
        time = seconds_between(dialog.start, moment) if moment is not None and dialog.start is not None else None
        event = (word(entry.get("event")) or "").casefold()
        if event in ("hold", "unhold", "drop"):
            if time is None:
                return None
            events.append((time, event, word(entry.get("party"))))
    since: dict[str | None, float] = {}
    spans = []
    for time, event, party in sorted(events, key=lambda each: each[0]):
        if event == "hold":
            since.setdefault(party, time)
        elif party in since:
            spans.append((since.pop(party), time))
    if since and dialog.duration is None:
        return None
    spans += [(begin, max(begin, dialog.duration or 0.0)) for begin in since.values()]
    return spans


def _union(spans: Sequence[tuple[float, float]]) -> Iterator[tuple[float, float]]:
    last: tuple[float, float] | None = None
    for begin, end in sorted(spans):
        if last is not None and begin <= last[1]:
            last = (last[0], max(last[1], end))
        else:
            if last is not None:
                yield last
            last = (begin, end)
    if last is not None:
        yield last


def attributes_of(document: Mapping[str, object], dialogs: Sequence[Dialog], cast: Cast) -> dict[str, object]:
    """What else is known of the call, by name; what is not there is left out."""
    found: dict[str, object] = {
        "subject": first(document, "subject"),
        "tags": _tags(document) or None,
        "redacted_from": word(mapping(document.get("redacted")).get("uuid")),
        "amended_from": word(mapping(first(document, "amended", "appended")).get("uuid")),
        "customer_validation": word(cast.first(CUSTOMER).get("validation")),
        "contact_list": word(cast.first(CUSTOMER).get("contact_list")),
    }
    for name in ("campaign", "skill", "interaction_id", "disposition"):
        said = (first(each.entry, name) or mapping(each.entry.get("meta")).get(name) for each in dialogs)
        found[name] = next((value for value in said if value), None)
    return {name: value for name, value in found.items() if isinstance(value, str | list | dict) and value}


def _tags(document: Mapping[str, object]) -> dict[str, object]:
    """The tags of the attachment that holds them, `name:value` each; a tag without a value is true."""
    tags: dict[str, object] = {}
    for entry in map(mapping, listing(document.get("attachments"))):
        if word(first(entry, "purpose", "type")) != "tags":
            continue
        body = content_of(entry)
        for each in listing(body):
            name, colon, value = (word(each) or "").partition(":")
            if name.strip():
                tags[name.strip()] = value.strip() if colon else True
        tags.update({name: value for name, value in mapping(body).items() if isinstance(value, str | int | float)})
    return tags
