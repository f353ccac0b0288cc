"""The text of an e-mail that is a dialog of a vCon: its plain part, else its HTML without the tags.

Mail is hostile text, and the parsers of the standard library take hours over some of it; this one goes over every part
once, looks at the beginning of each part's head only, and gives up below a few levels of parts in parts.
"""

import base64
import binascii
import quopri
import re
from collections.abc import Iterator
from html import unescape
from typing import Final

LEVELS: Final = 8
HEAD: Final = 4096
"""So much of a part's head is looked at."""

_BOUNDARY: Final = re.compile(r"""boundary\s{0,9}=\s{0,9}(?:"([^"]{1,200})"|([^\s";,]{1,200}))""", re.IGNORECASE)
_CHARSET: Final = re.compile(r"""charset\s{0,9}=\s{0,9}"?([\w.:-]{1,40})""", re.IGNORECASE)
_FIELD: Final = re.compile(r"(?im)^(content-type|content-transfer-encoding):[ \t]*(.*(?:\n[ \t]+.*)*)")
_TAG: Final = re.compile(r"<[^<>]*>")


def text_of_mail(mediatype: str, body: str) -> str | None:
    """The text of a mail, or of its parts, whose kind stands beside it; None where it has none."""
    text = body.replace("\r\n", "\n")
    if mediatype.casefold().startswith("message/rfc822"):
        mediatype, encoding, text = _split(text)
        found = list(_texts(mediatype, encoding, text, LEVELS))
    else:
        found = list(_texts(mediatype, "", text, LEVELS))
    plain = next((text for kind, text in found if kind == "text/plain"), None)
    return plain if plain is not None else next((without_tags(text) for _, text in found), None)


def without_tags(text: str) -> str:
    """The words of an HTML text."""
    for begin, end in (("<!--", "-->"), ("<script", "</script"), ("<style", "</style")):
        text = "".join(_outside(text, begin, end))
    return " ".join(unescape(_TAG.sub(" ", text)).split())


def _outside(text: str, begin: str, end: str) -> Iterator[str]:
    """What stands outside of two marks, capitals or not; a mark that is never closed hides nothing."""
    folded = text.lower() if len(text.lower()) == len(text) else text  # a few letters have longer small ones
    here = 0
    while (start := folded.find(begin, here)) >= 0 and (stop := folded.find(end, start)) >= 0:
        yield text[here:start]
        here = stop + len(end)
    yield text[here:]


def _texts(mediatype: str, encoding: str, text: str, levels: int) -> Iterator[tuple[str, str]]:
    """The texts of a part and of those in it, each with its kind."""
    kind = mediatype.partition(";")[0].strip().casefold() or "text/plain"
    if kind.startswith("multipart/"):
        found = _BOUNDARY.search(mediatype[:HEAD])
        boundary = (found[1] or found[2]) if found else None
        for part in (
            re.split(rf"(?m)^--{re.escape(boundary)}(?:--)?[ \t]*$\n?", text)[1:] if boundary and levels else ()
        ):
            yield from _texts(*_split(part), levels - 1)
    elif kind in ("text/plain", "text/html"):
        decoded = _decoded(text, encoding, mediatype)
        if decoded is not None and decoded.strip():
            yield kind, decoded


def _split(part: str) -> tuple[str, str, str]:
    """The kind and the encoding that a part's head names, and what stands below it."""
    head, _, text = part.partition("\n\n") if not part.startswith("\n") else ("", "", part[1:])
    fields = {name.casefold(): value for name, value in _FIELD.findall(head[:HEAD])}
    return fields.get("content-type", ""), fields.get("content-transfer-encoding", "").strip().casefold(), text


def _decoded(text: str, encoding: str, mediatype: str) -> str | None:
    if encoding not in ("base64", "quoted-printable"):
        return text
    charset = _CHARSET.search(mediatype[:HEAD])
    try:
        data = base64.b64decode(text) if encoding == "base64" else quopri.decodestring(text.encode())
        return data.decode(charset[1] if charset else "utf-8", "replace")
    except (binascii.Error, ValueError, LookupError):
        return None
