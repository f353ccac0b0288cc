"""Loose records at the door: call records and people's evaluations, typed or refused with a sentence.

    call_from, human_from          one record; a good one is typed at once, any other is asked about field by field
    calls_from, evaluations_from   the records of a file, with one warning for each field that the format does not know

A record that is wrong in several ways is one Problem that names them all, so that one record costs one line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final, TypeAlias, TypeGuard, TypeVar

from pauta.engine.loading.values import (
    DEEPEST as DEEPEST,
    MOST_NUMBER,
    is_data as is_data,
    is_text as is_text,
    is_word as is_word,
)
from pauta.engine.model.answers import PlainAnswers, number
from pauta.engine.model.calls import CALL_FIELDS, ENGINE, SPEAKERS, Answer, Call, HumanEvaluation, RawAnswer, Turn
from pauta.engine.model.moments import moment_from
from pauta.engine.problems import Place, Problem, did_you_mean

Record: TypeAlias = Mapping[str, object]
T = TypeVar("T", Call, HumanEvaluation)

TURN_FIELDS: Final = ("speaker", "start", "end", "text", "sentiment")
HUMAN_FIELDS: Final = ("call_id", "agent", "scorecard", "version", "evaluator", "evaluated_at", "mode", "answers")
ANSWER_FIELDS: Final = ("answer", "comment", "fault", "at")
DIRECTIONS: Final = ("inbound", "outbound")
CHANNELS: Final = ("voice", "chat", "email")
MODES: Final = ("live", "recorded")
FAULTS: Final = ("agent", "process", "system", "policy", "customer")
MOST_SECONDS: Final = 1e9
"""A call longer than thirty years is a mistake of units."""
MOST_WARNINGS: Final = 20
"""A file whose field names are made up record by record gets so many warnings about them, and no more."""


_CALL: Final = frozenset((*CALL_FIELDS, "turns"))
_TURN: Final = frozenset(TURN_FIELDS)
_HUMAN: Final = frozenset(HUMAN_FIELDS)
_ANSWER: Final = frozenset(ANSWER_FIELDS)
_WHOSE: Final = frozenset({"call_id", "agent"})
MOST_NAMED: Final = 5
_NO_DATA: Final[Mapping[str, object]] = {}


def call_from(record: Record, at: Place | None = None, *, default_id: str | None = None) -> Call | Problem:
    """The call that a record is about, or the Problem that says what is wrong with it, field by field.

    `default_id` is the id of a record that has none, as the examples of a card have none.
    """
    if default_id is not None and record.get("call_id") is None:
        record = {**record, "call_id": default_id}
    call = _typed_call(record, at)
    if call is not None:
        return call
    from pauta.engine.loading.loose import mended_call

    mended, problem = mended_call(record, at)
    return _typed_call(mended, at) or problem


def human_from(record: Record, at: Place | None = None) -> HumanEvaluation | Problem:
    """What one evaluator answered about one call, or the Problem that says what is wrong with the record."""
    human = _typed_human(record, at)
    if human is not None:
        return human
    from pauta.engine.loading.loose import mended_human

    mended, problem = mended_human(record, at)
    return _typed_human(mended, at) or problem


def calls_from(
    records: Iterable[tuple[Record, Place] | Problem], strangers: Strangers | None = None
) -> Iterator[Call | Problem]:
    """The calls of a file's records, in order; problems in between are handed on.

    Records that are no calls, such as labels or answers in the same folder, are left out and counted in one warning,
    or in `strangers`, where a file is read in pieces.
    """
    gathered = Strangers() if strangers is None else strangers
    yield from _each(gathered.left_out(records), call_from, _unknown_of_call)
    if strangers is None and gathered.count:
        yield gathered.warning()


def evaluations_from(records: Iterable[tuple[Record, Place] | Problem]) -> Iterator[HumanEvaluation | Problem]:
    """People's evaluations in a file's records, in order; problems in between are handed on."""
    yield from _each(records, human_from, _unknown_of_human)


def _each(
    records: Iterable[tuple[Record, Place] | Problem],
    read: Callable[[Record, Place], T | Problem],
    unknown: Callable[[Record], Iterator[tuple[str, frozenset[str]]]],
) -> Iterator[T | Problem]:
    told: set[str] = set()
    for entry in records:
        if isinstance(entry, Problem):
            yield entry
            continue
        record, at = entry
        for name, known in unknown(record) if len(told) < MOST_WARNINGS else ():
            if name not in told and len(told) < MOST_WARNINGS:
                told.add(name)
                yield unknown_field(name, known, at)
        yield read(record, at)


@dataclass
class Strangers:
    """The records of a file that hold nothing of a call but whose it is, and fields (the first few) that none has."""

    count: int = 0
    fields: list[str] = field(default_factory=list)
    first: Place | None = None

    def left_out(self, records: Iterable[tuple[Record, Place] | Problem]) -> Iterator[tuple[Record, Place] | Problem]:
        """Records without those that are no calls, which are counted."""
        for entry in records:
            if isinstance(entry, Problem) or not self._is_stranger(entry[0]):
                yield entry
                continue
            self.add(Strangers(1, [str(name) for name in entry[0] if name not in _CALL], entry[1]))

    def add(self, later: Strangers) -> None:
        """Count those of a later part of the file with these."""
        self.count += later.count
        self.first = self.first or later.first
        if len(self.fields) < MOST_NAMED:
            self.fields = list(dict.fromkeys([*self.fields, *later.fields]))[:MOST_NAMED]

    @staticmethod
    def _is_stranger(record: Record) -> bool:
        if not record.keys() - _CALL or record.keys() & _CALL - _WHOSE:
            return False
        unknown = [folded(name) for name in record.keys() - _CALL]
        return not any(name in _CALL or did_you_mean(name, _CALL) for name in unknown)

    def warning(self) -> Problem:
        """What is said of them at the end of the file."""
        named = ", ".join(self.fields)
        counted = f"{self.count} records hold" if self.count > 1 else "1 record holds"
        message = f"{counted} nothing of a call but whose it is (with {named}): no calls, left out"
        hint = "people's answers go with --answers; labels and other files are best kept in a folder of their own"
        return Problem("W503", message, self.first, hint)


def unknown_field(name: str, known: Iterable[str], at: Place | None) -> Problem:
    """The warning about a field that no record has: it is left out, and said once for a file."""
    known = tuple(known)
    own = "facts of your own belong under 'attributes' or 'metrics'" if "attributes" in known else None
    hint = did_you_mean(name.rpartition(".")[2], known) or own
    return Problem("W501", f"the field '{name}' is not part of the format and is left out, here and below", at, hint)


def _unknown_of_call(record: Record) -> Iterator[tuple[str, frozenset[str]]]:
    yield from _unknown_in(record, _CALL, "")
    turns = record.get("turns")
    for turn in turns if isinstance(turns, list) else ():
        yield from _unknown_in(turn, _TURN, "turns.")


def _unknown_of_human(record: Record) -> Iterator[tuple[str, frozenset[str]]]:
    yield from _unknown_in(record, _HUMAN, "")
    answers = record.get("answers")
    for answer in answers.values() if isinstance(answers, dict) else ():
        if type(answer) is not str:
            yield from _unknown_in(answer, _ANSWER, "answers.")


def _unknown_in(record: object, known: frozenset[str], where: str) -> Iterator[tuple[str, frozenset[str]]]:
    if isinstance(record, dict) and not record.keys() <= known:
        yield from ((where + name, known) for name in record if name not in known and folded(name) not in known)


def folded(name: str) -> str:
    """A field's name as the format writes it: `Call ID`, `call-id` and `CALL_ID` are `call_id`."""
    return "_".join(str(name).strip().casefold().replace("-", " ").replace("_", " ").split())


def _typed_call(record: Record, at: Place | None) -> Call | None:
    """The call of a record in which all is as it should be, else None. It runs once a call and makes no sentence."""
    get = record.get
    call_id, started_at, duration_s, agent = get("call_id"), get("started_at"), get("duration_s"), get("agent")
    team, segment, call_type, language = get("team"), get("customer_segment"), get("call_type"), get("language")
    direction, channel, metrics, attributes = get("direction"), get("channel"), get("metrics"), get("attributes")
    if not (is_word(call_id) and _word_or_none(agent) and _moment_or_none(started_at) and _seconds_or_none(duration_s)):
        return None
    if not (_word_or_none(team) and _word_or_none(segment) and _word_or_none(call_type) and _word_or_none(language)):
        return None
    if not (_word_or_none(direction) and (direction is None or direction in DIRECTIONS)):
        return None
    if not (_word_or_none(channel) and (channel is None or channel in CHANNELS)):
        return None
    turns = typed_turns(get("turns"))
    if turns is None or not _data_or_none(metrics) or not _data_or_none(attributes) or _misspelt(record, _CALL):
        return None
    seconds = None if duration_s is None else float(duration_s)
    return Call(
        call_id, started_at, seconds, agent, team, segment, call_type, direction, channel, language,
        metrics or _NO_DATA, attributes or _NO_DATA, turns, at,
    )  # fmt: skip


def typed_turns(turns: object) -> tuple[Turn, ...] | None:
    """The turns of a record in which all are as they should be, else None."""
    if turns is None:
        return ()
    if not isinstance(turns, list | tuple):
        return None
    typed = []
    for turn in turns:
        if not isinstance(turn, dict) or not (turn.keys() <= _TURN or not _misspelt(turn, _TURN)):
            return None
        get = turn.get
        speaker, text, start, end, sentiment = get("speaker"), get("text"), get("start"), get("end"), get("sentiment")
        if type(text) is not str or type(speaker) is not str or speaker not in SPEAKERS:
            return None
        if type(start) is float and type(end) is float and sentiment is None:  # as most are
            if not 0 <= start <= end <= MOST_SECONDS:
                return None
            typed.append(Turn(speaker, text, start, end))
            continue
        if not (_seconds_or_none(start) and _seconds_or_none(end) and _within(sentiment, -1, 1)):
            return None
        if start is not None and end is not None and end < start:
            return None
        typed.append(Turn(speaker, text, _float(start), _float(end), _float(sentiment)))
    return tuple(typed) if is_text("".join([turn.text for turn in typed])) else None


def _typed_human(record: Record, at: Place | None) -> HumanEvaluation | None:
    get = record.get
    call_id, evaluator, scorecard, version = get("call_id"), get("evaluator"), get("scorecard"), get("version")
    agent, evaluated_at, mode, given = get("agent"), get("evaluated_at"), get("mode"), get("answers")
    if not (is_word(call_id) and is_word(evaluator) and evaluator != ENGINE and _word_or_none(agent)):
        return None
    if not (_word_or_none(scorecard) and _word_or_none(version) and _moment_or_none(evaluated_at)):
        return None
    if not (_word_or_none(mode) and (mode is None or mode in MODES)) or _misspelt(record, _HUMAN):
        return None
    answers = _typed_answers(given)
    if answers is None:
        return None
    return HumanEvaluation(call_id, scorecard, evaluator, answers, version, agent, evaluated_at, mode, at)


def _typed_answers(given: object) -> Mapping[str, Answer] | None:
    """Answers by question, those without a word or a comment left out; None where one is no answer."""
    if not isinstance(given, dict):
        return None
    questions = tuple(given)
    shared = _SHEETS.get(questions)
    if shared is not None:
        plain = PlainAnswers.of(shared, given)
        if plain is not None:
            return plain
    elif not _are_words(given):
        return None
    elif len(_SHEETS) < MOST_WORDS_SEEN:
        _SHEETS[questions] = questions
    bare = _bare_answers(given)
    if bare is not None:
        number(bare)
        return PlainAnswers.of(_SHEETS.get(questions, questions), given) or bare
    answers = {}
    for question, value in given.items():
        answer = typed_answer(value)
        if answer is None:
            return None
        if answer is not NOT_GIVEN:
            answers[question] = answer
    return answers


def _bare_answers(given: dict[str, object]) -> dict[str, Answer] | None:
    """Answers of which each is text alone, which most are; None where one is something else, or empty."""
    texts: list[Any] = list(given.values())
    try:
        whole = is_text("".join(texts))
    except TypeError:
        return None
    return dict(zip(given, map(_alone, texts), strict=True)) if whole and "" not in texts else None


def _are_words(names: Mapping[str, object]) -> bool:
    """Whether all names are words; those of one card come again and again, and are looked at once."""
    if names.keys() <= _WORDS_SEEN:
        return True
    if not all(is_word(name) for name in names):
        return False
    if len(_WORDS_SEEN) < MOST_WORDS_SEEN:
        _WORDS_SEEN.update(names)
    return True


_WORDS_SEEN: Final[set[str]] = set()
MOST_WORDS_SEEN: Final = 4096
_SHEETS: Final[dict[tuple[str, ...], tuple[str, ...]]] = {}
"""The questions of records that came before: all of them words, and one object for those who were asked the same."""

NOT_GIVEN: Final = Answer(None)
"""An answer that is null or empty: the same as none."""


def typed_answer(value: object) -> Answer | None:
    """An answer alone or with what stands beside it; NOT_GIVEN where it is empty, None where it is no answer."""
    try:
        if not isinstance(value, dict):
            raw = _raw_answer(value)
            return _alone(raw) if isinstance(raw, str) else NOT_GIVEN if raw is None else Answer(raw)
        raw, comment, fault, at = (
            _raw_answer(value.get("answer")),
            value.get("comment"),
            value.get("fault"),
            value.get("at"),
        )
    except ValueError:
        return None
    if not (comment is None or (isinstance(comment, str) and is_text(comment))) or not _seconds_or_none(at):
        return None
    if not (_word_or_none(fault) and (fault is None or fault in FAULTS)) or _misspelt(value, _ANSWER):
        return None
    answer = Answer(raw, comment or None, fault, _float(at))
    return NOT_GIVEN if answer == NOT_GIVEN else answer


@lru_cache(maxsize=4096)
def _alone(text: str) -> Answer:
    """One object for all the bare answers of the same text: the answers of a whole year are held in memory."""
    return Answer(text)


def _raw_answer(value: object) -> RawAnswer | None:
    """An answer's value; truth values are taken as words. Raises ValueError for what is no text, number or list."""
    match value:
        case None | "":
            return None
        case bool():
            return "true" if value else "false"
        case str() if is_text(value):
            return value
        case int() | float() if -MOST_NUMBER <= value <= MOST_NUMBER:
            return float(value)
        case list() | tuple():
            return tuple(text_of(_raw_answer(each)) for each in value)
    raise ValueError("no answer")


def text_of(raw: RawAnswer | None) -> str:
    """The text of one of several chosen answers: 5.0 is `5`. Raises ValueError for a list, and for nothing at all."""
    if isinstance(raw, float):
        return str(int(raw)) if raw.is_integer() else repr(raw)
    if isinstance(raw, str):
        return raw
    raise ValueError("no answer's text")


def _word_or_none(value: object) -> TypeGuard[str | None]:
    return value is None or is_word(value)


def _moment_or_none(value: object) -> TypeGuard[str | None]:
    if not isinstance(value, str):
        return value is None
    return "t" not in value and "z" not in value and moment_from(value) is not None


def _within(value: object, least: float, most: float) -> TypeGuard[float | None]:
    """Whether a value is a number between two others, or absent; NaN is between none."""
    return value is None or (
        isinstance(value, int | float) and value is not True and value is not False and least <= value <= most
    )


def _seconds_or_none(value: object) -> TypeGuard[float | None]:
    return _within(value, 0, MOST_SECONDS)


def _float(value: float | None) -> float | None:
    return None if value is None else float(value)


def _data_or_none(value: object) -> TypeGuard[Mapping[str, object] | None]:
    return value is None or (isinstance(value, dict) and is_data(value))


def _misspelt(record: Record, known: frozenset[str]) -> bool:
    """Whether a field is a known one in another spelling, as headings of sheets are."""
    return not record.keys() <= known and any(name not in known and folded(name) in known for name in record)
