"""Records that are not as they should be: mended where the meaning is plain, else told field by field what is wrong.

Cerberus is asked only here, about the records that the typed form of `records.py` does not take. What is mended:
fields in another spelling (`Call ID`), numbers as text (`'1,5'`, `'12.0'`), ids as numbers, words in capitals, space
around words, and cells that are empty.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Final, TypeAlias

import cerberus
from cerberus.errors import CUSTOM

from pauta.engine.loading import records
from pauta.engine.model.calls import CALL_FIELDS, ENGINE, SPEAKERS
from pauta.engine.model.conditions import number_of
from pauta.engine.model.moments import MOMENT_EXAMPLE, moment_from
from pauta.engine.problems import Place, Problem, nearest

Record: TypeAlias = Mapping[str, object]
Refuse: TypeAlias = Callable[[str, str], None]
Fault: TypeAlias = tuple[str, str, str | None]
"""Code, sentence and hint."""

MOST_FAULTS: Final = 4
"""So many are told of one record; the number of the others is said."""


def mended_call(record: Record, at: Place | None) -> tuple[dict[str, object], Problem]:
    """A call record with everything mended that can be, and what to say if that is not enough."""
    document, faults = _renamed(record, (*CALL_FIELDS, "turns"))
    turns = document.get("turns")
    if records.typed_turns(turns) is not None:
        document.pop("turns", None)  # as they should be: what is wrong stands elsewhere
    elif isinstance(turns, list | tuple):
        both = [_renamed(turn, records.TURN_FIELDS) if isinstance(turn, dict) else (turn, []) for turn in turns]
        document["turns"] = [turn for turn, _ in both]
        faults += [fault for _, found in both for fault in found]
        faults += [
            ("E503", f"turns[{n}] is empty and must be a map", None) for n, turn in enumerate(turns) if turn is None
        ]
    mended, problem = _mended(document, _call_schema(), "call", faults, at)
    return {"turns": turns, **mended}, problem


def mended_human(record: Record, at: Place | None) -> tuple[dict[str, object], Problem]:
    """An evaluation record with everything mended that can be, and what to say if that is not enough."""
    document, faults = _renamed(record, records.HUMAN_FIELDS)
    answers = document.get("answers")
    if isinstance(answers, dict):
        both = [
            _renamed(given, records.ANSWER_FIELDS) if isinstance(given, dict) else ({"answer": given}, [])
            for given in answers.values()
        ]
        document["answers"] = dict(zip(answers, (answer for answer, _ in both), strict=True))
        faults += [fault for _, found in both for fault in found]
    return _mended(document, _human_schema(), "evaluation of call", faults, at)


def _mended(
    document: dict[str, object], schema: Mapping[str, object], what: str, faults: list[Fault], at: Place | None
) -> tuple[dict[str, object], Problem]:
    validator = cerberus.Validator(schema, allow_unknown=True, ignore_none_values=True)
    validator.validate(document)
    faults += [_fault(error) for error in _leaves(validator._errors)]
    mended: dict[str, object] = validator.document
    call_id = mended.get("call_id")
    subject = f"{what} '{call_id}'" if records.is_word(call_id) else "the record"
    code, _, hint = faults[0] if faults else ("E503", "", None)
    told = [sentence for _, sentence, _ in faults[:MOST_FAULTS]] or ["it does not have the form of a record"]
    more = f"; and {len(faults) - MOST_FAULTS} more" if len(faults) > MOST_FAULTS else ""
    return mended, Problem(code, f"{subject}: {'; '.join(told)}{more}", at, hint)


def _renamed(record: Record, known: Sequence[str]) -> tuple[dict[str, object], list[Fault]]:
    """The record with its fields in the spelling of the format, and the fields that it then has twice."""
    renamed: dict[str, object] = {}
    faults: list[Fault] = []
    for name, value in record.items():
        usual = records.folded(name)
        target = usual if name not in known and usual in known else name
        if target != name and (target in record or target in renamed):
            faults.append(("E513", f"{target} is given twice, once as '{name}'", "keep one of the two"))
            target = name
        renamed[target] = value
    return renamed, faults


def _leaves(errors: Iterable[Any]) -> Iterator[Any]:
    """The single faults among Cerberus' errors, whose groups hold the errors inside a list or a map."""
    for error in sorted(errors):
        if error.is_group_error:
            yield from _leaves(error.child_errors)
        else:
            yield error


def _fault(error: Any) -> Fault:
    path = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in error.document_path).lstrip(".")
    if error.rule == "required":
        return "E502", f"{path} is missing", None
    if error.code == CUSTOM.code:
        code, sentence, hint = error.info[0].split("\n")
        return code, f"{path} {sentence}", hint or None
    kind = {"dict": "a map", "list": "a list"}[error.constraint]
    return "E503", f"{path} is {shown(error.value)} and must be {kind}", None


def _told(code: str, sentence: str, hint: str = "") -> str:
    """A fault in the one form that Cerberus carries, a text."""
    return f"{code}\n{sentence}\n{hint}"


def shown(value: object) -> str:
    """A value as sentences show it: short, text in quotes."""
    match value:
        case dict():
            return "a map"
        case list() | tuple():
            return "a list"
        case bool() | None:
            return str(value).lower().replace("none", "null")
    text = ascii(value) if isinstance(value, str) and not value.isprintable() else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _word(value: object) -> object:
    """Ids as numbers become text; empty text is as good as none."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        number = number_of(value)
        return value if number is None else str(value) if isinstance(value, int) else records.text_of(number)
    return value.strip() or None if isinstance(value, str) else value


def _small_word(value: object) -> object:
    word = _word(value)
    return word.casefold() if isinstance(word, str) else word


def _moment(value: object) -> object:
    word = _word(value)
    return word.upper() if isinstance(word, str) and moment_from(word) else word


def _number(value: object) -> object:
    if isinstance(value, str):
        number = number_of(value)
        return (value.strip() or None) if number is None else number
    return value


def _text(value: object) -> object:
    return "" if value is None else _word(value) if isinstance(value, int | float) else value


def _must_be_word(field: str, value: object, refuse: Refuse) -> None:
    if isinstance(value, str) and not records.is_text(value):
        _half_a_character(field, value, refuse)
    elif isinstance(value, str):
        if not records.is_word(value):
            refuse(field, _told("E503", f"is {shown(value)} and must be text of one line"))
    else:
        refuse(field, _told("E503", f"is {shown(value)} and must be text"))


def _must_be_text(field: str, value: object, refuse: Refuse) -> None:
    if not isinstance(value, str):
        refuse(field, _told("E503", f"is {shown(value)} and must be text"))
    elif not records.is_text(value):
        _half_a_character(field, value, refuse)


def _half_a_character(field: str, value: str, refuse: Refuse) -> None:
    hint = "the program that wrote the record cut a character in two (a lone surrogate)"
    refuse(field, _told("E509", f"is {shown(value)}, which holds half a character", hint))


def _must_be_moment(field: str, value: object, refuse: Refuse) -> None:
    if not isinstance(value, str) or moment_from(value) is None:
        hint = f"write date, time and offset, such as {MOMENT_EXAMPLE} (Z stands for +00:00)"
        refuse(field, _told("E506", f"is {shown(value)}, which is no moment as RFC 3339 writes it", hint))


def _must_be_evaluator(field: str, value: object, refuse: Refuse) -> None:
    if value == ENGINE:
        hint = "give the person's name or number"
        refuse(field, _told("E507", f"is '{ENGINE}', which stands for evaluations without a person", hint))
    else:
        _must_be_word(field, value, refuse)


def _one_of(known: Sequence[str]) -> Callable[[str, object, Refuse], None]:
    def check(field: str, value: object, refuse: Refuse) -> None:
        if value not in known:
            near = nearest(value, known) if isinstance(value, str) else None
            hint = f"did you mean '{near}'?" if near else f"known are: {', '.join(known)}"
            refuse(field, _told("E507", f"is {shown(value)} and must be one of {', '.join(known)}", hint))

    return check


def _between(least: float, most: float, what: str) -> Callable[[str, object, Refuse], None]:
    def check(field: str, value: object, refuse: Refuse) -> None:
        if isinstance(value, bool) or not isinstance(value, int | float):
            refuse(field, _told("E503", f"is {shown(value)} and must be {what}"))
        elif not least <= value <= most:
            refuse(field, _told("E504", f"is {shown(value)} and must be {what}"))

    return check


def _must_be_data(field: str, value: object, refuse: Refuse) -> None:
    if not isinstance(value, dict):
        refuse(field, _told("E503", f"is {shown(value)} and must be a map of names to values"))
    elif not records.is_data(value):
        hint = f"numbers must be finite, text whole, and maps nested {records.DEEPEST} levels deep at most"
        what = "a number that is not finite, half a character, or too many levels"
        refuse(field, _told("E504", f"holds what cannot be kept: {what}", hint))


def _must_be_answer(field: str, value: object, refuse: Refuse) -> None:
    if records.typed_answer(value) is None:
        hint = "an answer is its text, a number, or a list of them; beside a comment: {answer: .., comment: ..}"
        refuse(field, _told("E503", f"is {shown(value)}, which is no answer", hint))


def _must_be_question(field: str, value: object, refuse: Refuse) -> None:
    if not records.is_word(value):
        refuse(field, _told("E503", f"has the name {shown(value)}, which no question has"))


def _must_end_after_start(field: str, value: object, refuse: Refuse) -> None:
    if not isinstance(value, dict):
        return
    start, end = _number(value.get("start")), _number(value.get("end"))
    if isinstance(start, int | float) and isinstance(end, int | float) and end < start:
        refuse(field, _told("E505", f"ends at {end:g} s, before it starts at {start:g} s"))


_SECONDS: Final = {
    "coerce": _number,
    "check_with": _between(0, records.MOST_SECONDS, f"a number of seconds from 0 to {records.MOST_SECONDS:,.0f}"),
}
_ONE_WORD: Final = {"coerce": _word, "check_with": _must_be_word}
_MOMENT: Final = {"coerce": _moment, "check_with": _must_be_moment}


def _choice(known: Sequence[str]) -> dict[str, object]:
    return {"coerce": _small_word, "check_with": _one_of(known)}


@cache
def _call_schema() -> dict[str, object]:
    turn = {
        "speaker": {"required": True, **_choice(SPEAKERS)},
        "text": {"default": "", "coerce": _text, "check_with": _must_be_text},
        "start": _SECONDS,
        "end": _SECONDS,
        "sentiment": {"coerce": _number, "check_with": _between(-1, 1, "a number from -1 to 1")},
    }
    return {
        "call_id": {"required": True, **_ONE_WORD},
        "started_at": _MOMENT,
        "duration_s": _SECONDS,
        **dict.fromkeys(("agent", "team", "customer_segment", "call_type", "language"), _ONE_WORD),
        "direction": _choice(records.DIRECTIONS),
        "channel": _choice(records.CHANNELS),
        "metrics": {"check_with": _must_be_data},
        "attributes": {"check_with": _must_be_data},
        "turns": {"type": "list", "schema": {"type": "dict", "schema": turn, "check_with": _must_end_after_start}},
    }


@cache
def _human_schema() -> dict[str, object]:
    answer = {
        "answer": {"check_with": _must_be_answer},
        "comment": {"coerce": _text, "check_with": _must_be_text},
        "fault": _choice(records.FAULTS),
        "at": _SECONDS,
    }
    return {
        "call_id": {"required": True, **_ONE_WORD},
        "evaluator": {"required": True, "coerce": _word, "check_with": _must_be_evaluator},
        **dict.fromkeys(("agent", "scorecard", "version"), _ONE_WORD),
        "evaluated_at": _MOMENT,
        "mode": _choice(records.MODES),
        "answers": {
            "required": True,
            "type": "dict",
            "keysrules": {"check_with": _must_be_question},
            "valuesrules": {"type": "dict", "schema": answer},
        },
    }
