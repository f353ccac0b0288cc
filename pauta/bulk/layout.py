"""Which columns of a table hold what of a call, of a person's evaluation, and of its answers.

Columns are named as in the call record. `attributes` and `metrics` are a struct, a map, JSON as text, or columns of
their own (`attributes.tier`). Answers of one person stand in `answer.<question>`, in a struct or map `answers`, or
under the bare name of a question of a card in play; beside them `<question>.comment`, `.fault` and `.at`.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from pauta.engine.loading.records import ANSWER_FIELDS, HUMAN_FIELDS, MOST_WARNINGS, TURN_FIELDS, folded, unknown_field
from pauta.engine.model.calls import CALL_FIELDS
from pauta.engine.problems import Place, Problem

if TYPE_CHECKING:
    import pyarrow as pa

OF_CALLS: Final = (*CALL_FIELDS, "turns")
OF_PEOPLE: Final = tuple(name for name in HUMAN_FIELDS if name not in ("call_id", "agent", "answers"))
MAPS: Final = ("attributes", "metrics")
MOMENTS: Final = ("started_at", "evaluated_at")
BESIDE: Final = ANSWER_FIELDS[1:]


@dataclass
class Layout:
    """Places of columns. fields: of calls and evaluations. facts: of `attributes` and `metrics`, by name in them.

    answers: by question. beside: by question and `comment`, `fault` or `at`. nested: of the column `answers`.
    """

    fields: dict[str, int] = field(default_factory=dict)
    facts: dict[str, dict[str, int]] = field(default_factory=dict)
    answers: dict[str, int] = field(default_factory=dict)
    beside: dict[tuple[str, str], int] = field(default_factory=dict)
    nested: int | None = None
    warnings: list[Problem] = field(default_factory=list)

    @property
    def has_people(self) -> bool:
        """Whether rows can hold a person's evaluation."""
        return "evaluator" in self.fields

    @property
    def has_answers(self) -> bool:
        """Whether there is any column of answers."""
        return bool(self.answers) or self.nested is not None


def layout_of(schema: pa.Schema, questions: Collection[str], file: str) -> Layout | Problem:
    """What the columns of a table are, or why it is no table of calls. questions: those of the cards in play."""
    at = Place(file)
    names = list(schema.names)
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        return Problem("E511", f"'{file}' has the column '{twice}' twice", at, "rename one of the two")
    layout = Layout()
    unknown = [name for n, name in enumerate(names) if not _place(layout, name, n, questions, names)]
    if "call_id" not in layout.fields:
        return Problem("E511", f"'{file}' has no column call_id", at, f"it has: {', '.join(names)}")
    if layout.has_answers and not layout.has_people:
        some = ", ".join(list(layout.answers)[:3]) or "answers"
        message = f"'{file}' has answers ({some}) and no column evaluator: nobody can tell whose they are"
        return Problem("E511", message, at, "add the column evaluator, null where nobody evaluated the call")
    first = Place(file, 1, 1)
    known = (*OF_CALLS, *OF_PEOPLE)
    layout.warnings += [unknown_field(name, known, first) for name in [*unknown, *_strange_turns(schema, layout)]]
    del layout.warnings[MOST_WARNINGS:]
    return layout


def _place(layout: Layout, name: str, at: int, questions: Collection[str], names: Collection[str]) -> bool:
    """Take a column into the layout; False where it is nothing that is known."""
    head, _, rest = name.partition(".")
    if name in OF_CALLS or name in OF_PEOPLE:
        layout.fields[name] = at
    elif head in MAPS and rest:
        layout.facts.setdefault(head, {})[rest] = at
    elif name == "answers":
        layout.nested = at
    elif head == "answer" and rest:
        _place_answer(layout, *_question_and_part(rest), at)
    elif head in questions and (not rest or rest in BESIDE):
        _place_answer(layout, head, rest, at)
    elif folded(name) in (*OF_CALLS, *OF_PEOPLE) and folded(name) not in names:
        layout.fields[folded(name)] = at
    else:
        return False
    return True


def _question_and_part(name: str) -> tuple[str, str]:
    question, _, part = name.rpartition(".")
    return (question, part) if question and part in BESIDE else (name, "")


def _place_answer(layout: Layout, question: str, part: str, at: int) -> None:
    if part:
        layout.beside[question, part] = at
    else:
        layout.answers[question] = at


def _strange_turns(schema: pa.Schema, layout: Layout) -> list[str]:
    """Fields of turns that no turn has."""
    import pyarrow as pa

    if "turns" not in layout.fields:
        return []
    kind = schema.field(layout.fields["turns"]).type
    inner = kind.value_type if pa.types.is_list(kind) or pa.types.is_large_list(kind) else None
    if inner is None or not pa.types.is_struct(inner):
        return []
    return [f"turns.{each.name}" for each in inner if each.name not in TURN_FIELDS]
