"""Results written back into the vCons that the calls came from: an entry of type `report` under `analysis`.

    {"type": "report", "dialog": [0], "mediatype": "application/json", "vendor": "pauta",
     "product": "scorecard-evaluation", "schema": "pauta/evaluation/1", "encoding": "json", "body": {the result}}

The same evaluation replaces its own entry, every other entry stays byte for byte as it was, and `updated_at` says when.
A result that stands there already changes nothing. What evaluators wrote beside their answers stays out unless
`include_notes: true`. A signed or encrypted vCon is never changed: the result goes into a new one that amends it.

The files go to the folder `path`, named for the call; `in_place: true` changes the ones that were read.
"""

import base64
import hashlib
import json
import re
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar, Final, cast

from pauta import Call, Problem, ProblemsFound, WholeFile, hookimpl
from pauta.plugins.sinks.vcon_text import Edits, begin_of, brought_up_to_date, entries, named

VENDOR, PRODUCT, SCHEMA = "pauta", "scorecard-evaluation", "pauta/evaluation/1"
_SAFE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}\Z")


class Vcon:
    """A vCon a call, with the results about it."""

    name: ClassVar[str] = "vcon"
    purpose: ClassVar[str] = "Writes results back into the vCons that calls came from, as an analysis of type report."
    endings: ClassVar[tuple[str, ...]] = ()
    options: ClassVar[Mapping[str, object]] = {
        "type": "object",
        "properties": {
            "path": {"type": "string", "description": "The folder to write vCons to; made where there is none."},
            "in_place": {"type": "boolean", "default": False, "description": "Change the files that were read."},
            "vcon_body": {
                "enum": ["value", "string"],
                "default": "value",
                "description": "Whether a body is the JSON value itself (the current draft) or a string that holds it.",
            },
            "include_notes": {
                "type": "boolean",
                "default": False,
                "description": "Also write what evaluators noted beside their answers.",
            },
        },
        "additionalProperties": False,
    }

    def __init__(
        self, options: Mapping[str, object], *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        """Make the folder; raises OSError where it cannot be, ProblemsFound where nothing says where to write."""
        self._in_place = options.get("in_place") is True
        if not self._in_place and "path" not in options:
            hint = "- vcon: {path: results/}, or {in_place: true}"
            raise ProblemsFound([Problem("E571", "the sink 'vcon' is not told where to write", None, hint)])
        self._folder = Path(str(options["path"])) if "path" in options else None
        if self._folder is not None:
            self._folder.mkdir(parents=True, exist_ok=True)
        self._as_string = options.get("vcon_body") == "string"
        self._notes = options.get("include_notes") is True
        self._now = now
        self._files: dict[tuple[str, str | None], str] = {}
        self.written = self.without = 0
        self._names: set[str] = set()

    @property
    def outcome(self) -> str:
        """What became of the run, for its summary."""
        left = f", {self.without} left out: their calls came from no vCon" if self.without else ""
        return f"{self.written} evaluations in {len(self._names)} vCons{left}"

    def about(self, calls: Sequence[Call], cards: Sequence[Mapping[str, object]]) -> None:
        """Take note of the files that the calls of the next batch came from."""
        self._files = {(call.call_id, call.agent): call.at.file for call in calls if call.at is not None}

    def write(self, evaluations: Sequence[Mapping[str, object]]) -> None:
        """Write a batch of evaluations; all texts are made before the first file is touched."""
        texts: dict[Path, str] = {}
        for evaluation in evaluations:
            source = self._files.get((str(evaluation["call_id"]), cast("str | None", evaluation.get("agent"))))
            made = None if source is None else self._with(Path(source), evaluation, texts)
            if made is None:
                self.without += 1
                continue
            target, text = made
            texts[target] = text
            self.written += 1
        for target, text in texts.items():
            self._names.add(str(target))
            _keep(target, text)

    def close(self) -> None:
        """Nothing is left to do: every batch is on the disk."""

    def _with(
        self, source: Path, evaluation: Mapping[str, object], made: Mapping[Path, str]
    ) -> tuple[Path, str] | None:
        """Where the vCon of an evaluation goes, and its text with the evaluation; None where the file is no vCon."""
        raw = source.read_bytes()
        document = _object(raw)
        if document is None:
            return None
        sealed = "ciphertext" in document or "signatures" in document
        if not sealed and not {"uuid", "parties"} <= document.keys():
            return None
        beside = self._folder if self._folder is not None else source.parent
        ends = ".amended.vcon" if sealed else ".vcon"
        target = source if self._in_place and not sealed else beside / f"{_name(str(evaluation['call_id']))}{ends}"
        before = made.get(target) or (target.read_text(encoding="utf-8-sig") if target.exists() else None)
        moment = self._now().isoformat(timespec="seconds")
        if before is None:
            before = _amending(document, raw, moment) if sealed else raw.decode("utf-8-sig")
        return target, self._reported(brought_up_to_date(before, moment), evaluation, moment)

    def _reported(self, text: str, evaluation: Mapping[str, object], moment: str) -> str:
        """The text with the evaluation's entry in it; as it was where the same entry stands there already."""
        start = begin_of(text)
        top = named(text, start)
        dialogs = top["dialog"].value if "dialog" in top else []
        entry = self._entry(evaluation, len(dialogs) if isinstance(dialogs, list) else 0)
        edits = Edits(text)
        if "analysis" not in top or not isinstance(top["analysis"].value, list):
            edits.add(start, "analysis", [entry])
        else:
            listed = list(entries(text, top["analysis"].start))
            own = next((each for each in listed if _id_of(each.value) == evaluation["evaluation_id"]), None)
            if own is not None and own.value == entry:
                return text
            if own is not None:
                edits.replace(own, entry)
            else:
                edits.append(top["analysis"].start, entry)
        if "updated_at" in top:
            edits.replace(top["updated_at"], moment)
        else:
            edits.add(start, "updated_at", moment)
        return edits.made()

    def _entry(self, evaluation: Mapping[str, object], dialogs: int) -> dict[str, object]:
        record = dict(evaluation)
        if not self._notes:
            answers = cast("Sequence[Mapping[str, object]]", record.get("answers") or ())
            record["answers"] = [{**each, "comment": None} for each in answers]
        return {
            "type": "report",
            **({"dialog": list(range(dialogs))} if dialogs else {}),
            "mediatype": "application/json",
            "vendor": VENDOR,
            "product": PRODUCT,
            "schema": SCHEMA,
            "encoding": "json",
            "body": json.dumps(record, ensure_ascii=False, allow_nan=False) if self._as_string else record,
        }


def evaluations_in(path: str | Path) -> Iterator[dict[str, Any]]:
    """The evaluations that stand in a vCon, each as the record that was written."""
    document = json.loads(Path(path).read_text(encoding="utf-8-sig"))
    for entry in document.get("analysis") or ():
        body = _body(entry)
        if body is not None:
            yield body


def _body(entry: object) -> dict[str, Any] | None:
    """The record in an entry that is one of ours, however its body is written."""
    if not isinstance(entry, dict) or (entry.get("product"), entry.get("schema")) != (PRODUCT, SCHEMA):
        return None
    body = entry.get("body")
    try:
        read = json.loads(body) if isinstance(body, str) else body
    except ValueError:
        return None
    return read if isinstance(read, dict) else None


def _id_of(entry: object) -> object:
    body = _body(entry)
    return None if body is None else body.get("evaluation_id")


def _object(raw: bytes) -> dict[str, Any] | None:
    try:
        document = json.loads(raw.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def _amending(document: Mapping[str, Any], raw: bytes, moment: str) -> str:
    """A new vCon that amends a sealed one: with what a signed one says, without the content of an encrypted one."""
    digest = hashlib.sha512(raw).digest()
    inside = _payload(document)
    said = json.loads(inside) if inside else {"parties": [], "dialog": [], "attachments": []}
    old = said.get("uuid") or (document.get("unprotected") or {}).get("uuid")
    of = {"uuid": old} if old else {}
    hashed = "sha512-" + base64.urlsafe_b64encode(digest).decode().rstrip("=")
    changed = {
        **{name: value for name, value in said.items() if name not in ("amended", "appended", "redacted")},
        "uuid": str(uuid.UUID(bytes=digest[:16], version=4)),
        "created_at": moment,
        "amended": {**of, "content_hash": hashed},
    }
    return json.dumps(changed, ensure_ascii=False)


def _payload(document: Mapping[str, Any]) -> str | None:
    payload = document.get("payload")
    if not isinstance(payload, str):
        return None
    return base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)).decode()


def _name(call_id: str) -> str:
    """A file name for a call: its id where that is a plain one, else a hash of it."""
    return call_id if _SAFE.match(call_id) else hashlib.sha256(call_id.encode()).hexdigest()[:32]


def _keep(target: Path, text: str) -> None:
    if target.exists() and target.read_text(encoding="utf-8-sig") == text:
        return
    file = WholeFile(target)
    try:
        file.stream.write(text)
    except BaseException:
        file.drop()
        raise
    file.keep()


@hookimpl
def register_sinks(register: Callable[[type[Vcon]], None]) -> None:
    """Offer the sink."""
    register(Vcon)
