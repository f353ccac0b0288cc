"""What a criterion says about one call: whether it can be believed, and the same in plain numbers and texts.

Evidence is looked up in the call: a quote that nobody said is no evidence.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from numbers import Integral, Real
from typing import Any, Final

from pauta.engine.model.calls import Call
from pauta.engine.model.findings import Evidence, Finding, Verdict

_PLAIN: Final = frozenset((int, float, str))


def wrong_with(finding: Any, call: Call | None) -> str | None:
    """Why a finding about a call cannot be believed, in one sentence; None where it can."""
    if not isinstance(finding, Finding):
        return f"the criterion answered with {type(finding).__name__}, not a Finding"
    verdict: object = finding.verdict
    evidence: object = finding.evidence
    if not isinstance(verdict, Verdict):
        return f"the criterion answered with the verdict {verdict!r:.80}, not one of Verdict"
    sentence = _wrong_answer(finding.answer) if verdict is Verdict.ANSWER else None
    if sentence:
        return f"the criterion {sentence}"
    if not _is_text(finding.reason):
        return f"the criterion gave the reason {finding.reason!a:.80}, which is no text"
    if not isinstance(evidence, tuple | list):
        return f"the criterion gave {type(evidence).__name__} as evidence, not a list of Evidence"
    sentence = next((found for each in evidence if (found := _wrong_place(each, call))), None)
    return f"the criterion's evidence cannot be looked up: {sentence}" if sentence else None


def _wrong_answer(answer: object) -> str | None:
    if answer is None:
        return "promised an answer and gave none"
    if _is_text(answer) or _is_number(answer):
        return None
    return f"answered with {answer!a:.80} ({type(answer).__name__}), which is neither text nor a number"


def _wrong_place(each: Any, call: Call | None) -> str | None:
    if not isinstance(each, Evidence):
        return f"{type(each).__name__} is no Evidence"
    wrong = [moment for moment in (each.from_s, each.to_s) if moment is not None and not _is_number(moment)]
    if wrong:
        return f"{wrong[0]!r:.80} is no time"
    if each.quote is not None and not _is_text(each.quote):
        return f"the quote {each.quote!a:.80} is no text"
    if (each.start is None) != (each.stop is None) or (each.start is not None and each.turn is None):
        return "words have a turn, a start and a stop"
    return None if call is None else _wrong_words(each, call)


def _wrong_words(each: Evidence, call: Call) -> str | None:
    if each.turn is None:
        return None
    if not is_row(each.turn, len(call.turns)):
        return f"turn {each.turn!r:.40} of a call that has {len(call.turns)}"
    if each.start is None or each.stop is None:
        return None
    text = call.turns[each.turn].text
    if not (is_row(each.start, len(text) + 1) and is_row(each.stop, len(text) + 1) and each.start <= each.stop):
        return f"letters {each.start!r:.40} to {each.stop!r:.40} of a turn that has {len(text)}"
    if each.quote is not None and each.quote != text[each.start : each.stop]:
        return f"the quote {each.quote!r:.80} does not stand there"
    return None


def is_row(value: Any, size: int) -> bool:
    """Whether a value counts something of which there are `size`, from 0."""
    if type(value) is int:  # nearly always, and asking for numbers of any kind takes ten times as long
        return 0 <= value < size
    return not isinstance(value, bool) and isinstance(value, Integral) and 0 <= int(value) < size


def _is_number(value: Any) -> bool:
    """Whether it is a number that JSON can hold; True and False are none."""
    if type(value) is float:
        return math.isfinite(value)
    return not isinstance(value, bool) and isinstance(value, Real) and math.isfinite(value)


def _is_text(text: object) -> bool:
    """Whether it is text that can be written to a file: half of a pair of code units cannot."""
    if not isinstance(text, str):
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def plain_rows(found: object, rows: int) -> dict[int, Any] | None:
    """A map by row with plain numbers as keys; None where it is none, or has other keys."""
    if not isinstance(found, Mapping) or not all(is_row(row, rows) for row in found):
        return None
    return {int(row): value for row, value in found.items()}


def plain_answer(answer: Any) -> Any:
    """An answer, or any part of evidence, without the types of other libraries."""
    if answer is None or type(answer) in _PLAIN:
        return answer
    if isinstance(answer, str):
        return str(answer)
    return int(answer) if isinstance(answer, Integral) else float(answer)


def plain_evidence(each: Evidence) -> Evidence:
    """Evidence without the types of other libraries."""
    parts = (each.turn, each.start, each.stop, each.quote, each.from_s, each.to_s)
    if all(part is None or type(part) in _PLAIN for part in parts):
        return each
    return Evidence(*map(plain_answer, parts))
