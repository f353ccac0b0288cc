"""The forms of a vCon: which may be read, its dialogs in today's spelling, and what the body of an entry holds.

Old and new spellings (draft 0.0.1 to -04) mean the same here:

    mimetype -> mediatype          must_support -> critical          appended -> amended
    attachment type -> purpose     body that is a text holding JSON -> the value that it holds
"""

import base64
import binascii
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Final

from pauta import Place, Problem, ProblemsFound
from pauta.plugins.sources.clocks import is_whole, moment_of, seconds_between
from pauta.plugins.sources.documents import first, json_value, listing, mapping, number, shown, word

EXTENSIONS: Final = frozenset({"cc", "wtf", "wtf_transcription"})
"""The extensions whose fields are understood here: contact centre, and the world transcription format."""
MOST: Final = {"parties": 1000, "dialog": 10_000, "analysis": 1000, "attachments": 1000}
"""More of them is no conversation."""
CONVERSATION: Final = ("recording", "recording-set", "text")
NO_CONVERSATION: Final = ("transfer", "incomplete")
_SIGNED: Final = ("payload", "signatures", "signature", "protected")
_ENCRYPTED: Final = ("ciphertext", "recipients", "encrypted_key")


def refusal(document: Mapping[str, object], file: str) -> Problem | None:
    """Why a document is no vCon that may be read; None where it is one."""
    at = Place(file)
    if any(key in document for key in _ENCRYPTED) and "parties" not in document:
        hint = "decrypt it with the program that has the key, and give the unsigned vCon"
        return Problem("E541", f"'{file}' is an encrypted vCon (JWE): nobody here has the key", at, hint)
    if any(key in document for key in _SIGNED) and "parties" not in document:
        hint = "check the signature with the program that has the certificates, and give the unsigned vCon"
        return Problem("E541", f"'{file}' is a signed vCon (JWS), and its signature is not checked here", at, hint)
    for part, optional in (("parties", False), ("dialog", True)):
        given = document.get(part)
        if not isinstance(given, list) and not (optional and given is None):
            return Problem("E540", f"'{file}' is no vCon: it has no list of {part}", at)
    if word(document.get("uuid")) is None:
        return Problem("E540", f"'{file}' is a vCon without a uuid, so that the call has no id", at)
    unknown = _not_understood(first(document, "critical", "must_support"))
    if unknown is not None:
        message = f"'{file}' must not be read without understanding the extension {unknown}, which is not known here"
        return Problem("E542", message, at, "ask the program that wrote it for a vCon without the extension")
    if not document.get("dialog"):
        return Problem("E540", f"'{file}' is a vCon without a conversation: its dialog is empty", at)
    for part, most in MOST.items():
        if len(listing(document.get(part))) > most:
            return Problem("E508", f"'{file}' has more than {most:,} entries of {part}", at)
    return None


def _not_understood(critical: object) -> str | None:
    """The first of the extensions that must be understood and is not."""
    if critical is None or critical == [] or critical == {}:
        return None
    names = critical if isinstance(critical, list) else [critical]
    return next((f"'{shown(name)}'" for name in names if str(name).casefold() not in EXTENSIONS), None)


@dataclass(frozen=True, slots=True)
class Dialog:
    """One stretch of the conversation.

    offset: seconds from the start of the first dialog, None where that is not known. duration: None where not given.
    channels: for each channel the party on it, None where nobody or several are. parties: everybody who took part.
    """

    index: int
    kind: str
    entry: Mapping[str, object]
    start: datetime | None
    offset: float | None
    duration: float | None
    channels: Sequence[int | None]
    parties: Sequence[int]

    @property
    def speaker(self) -> int | None:
        """Who wrote a text, or began a call: the originator, else the first of the parties."""
        own = self.entry.get("originator")
        return own if isinstance(own, int) else self.parties[0] if self.parties else None

    @property
    def mediatype(self) -> str:
        """The kind of content, '' where it is not said."""
        return (word(first(self.entry, "mediatype", "mimetype")) or "").casefold()


def dialogs_of(document: Mapping[str, object], zone: tzinfo | None, at: Place) -> list[Dialog]:
    """The dialogs in their order. Raises ProblemsFound where one points at a party that is not there."""
    count = len(listing(document.get("parties")))
    entries = [mapping(each) for each in listing(document.get("dialog"))]
    starts = [moment_of(each.get("start"), zone) for each in entries]
    begin = first_moment(starts)
    found = []
    for index, (entry, start) in enumerate(zip(entries, starts)):
        channels = _channels(entry.get("parties"))
        named = [*_indices(entry.get("parties")), *_indices(entry.get("originator"))]
        wrong = next((each for each in named if not _is_index(each, count)), None)
        if wrong is not None:
            message = f"dialog {index} names the party {wrong!r}, and the vCon has {count} parties"
            raise ProblemsFound([Problem("E543", message[:200], at, "parties are counted from 0")])
        offset = seconds_between(begin, start) if begin is not None and start is not None else None
        parties = [each for each in dict.fromkeys(_indices(entry.get("parties"))) if isinstance(each, int)]
        length = number(entry.get("duration"))
        kind = (word(entry.get("type")) or "").casefold()
        found.append(Dialog(index, kind, entry, start, offset, length, channels, parties))
    return found


def first_moment(moments: Sequence[datetime | None]) -> datetime | None:
    """The first of moments, of those with an offset where any has one."""
    known = [moment for moment in moments if moment is not None]
    whole = [moment for moment in known if is_whole(moment)]
    return min(whole or known, default=None)


def _is_index(value: object, count: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < count


def _indices(value: object) -> Iterator[object]:
    """The indices in a value that is one, a list of them, or a list of such lists; null stands for nobody."""
    for each in value if isinstance(value, list) else [value]:
        if isinstance(each, list):
            yield from (one for one in each if one is not None)
        elif each is not None:
            yield each


def _channels(value: object) -> list[int | None]:
    """Who is on which channel, where the parties are a list."""
    found: list[int | None] = []
    for each in listing(value):
        alone = each[0] if isinstance(each, list) and len(each) == 1 else each
        found.append(alone if isinstance(alone, int) else None)
    return found


def covered_by(entry: Mapping[str, object], dialogs: Sequence[Dialog]) -> list[int]:
    """The dialogs that an analysis or an attachment is about: all, where it names none."""
    given = entry.get("dialog")
    known = {dialog.index for dialog in dialogs}
    if given is None or given == []:
        return sorted(known)
    return [each for each in _indices(given) if isinstance(each, int) and each in known]


def content_of(entry: Mapping[str, object]) -> object:
    """What the body of an entry holds: a value, a text, or None where there is none or it cannot be read.

    A text that holds a JSON object or list is that object or list, whatever the encoding says: writers differ.
    """
    body = entry.get("body")
    encoding = (word(entry.get("encoding")) or "").casefold()
    if encoding in ("base64url", "base64") and isinstance(body, str):
        body = _decoded(body)
    if not isinstance(body, str):
        return body
    opening = body.lstrip()[:1]
    if encoding != "json" and opening not in ("{", "["):
        return body
    try:
        value = json_value(body, "the body")
    except ProblemsFound:  # broken JSON is no text that somebody said; "[laughs]" is
        return None if opening == "{" or (opening == "[" and encoding == "json") else body
    return value if isinstance(value, dict | list | str) else body


def _decoded(body: str) -> str | None:
    """The text behind base64, in either alphabet, padded or not; None where it is no text."""
    compact = "".join(body.split()).replace("+", "-").replace("/", "_").rstrip("=")
    try:
        return base64.urlsafe_b64decode(compact + "=" * (-len(compact) % 4)).decode("utf-8-sig")
    except (binascii.Error, ValueError):
        return None
