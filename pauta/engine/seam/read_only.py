"""What is handed to a plugin: the same data, and whoever tries to change it is told so at once.

Maps and lists stay a `dict` and a `list` (so that `json.dumps` and `isinstance` take them) whose changing methods
raise. Arrays are views that cannot be written to. A copy is an ordinary map, list or array again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any, NoReturn

from pauta.engine.model.calls import Call, CallBatch
from pauta.engine.model.columns import Coded, Numbers, Subject, Words
from pauta.engine.model.findings import Findings
from pauta.engine.model.scorecard import Question
from pauta.engine.model.turns import Turns

if TYPE_CHECKING:
    from pauta.engine.contracts import Sheet
    from pauta.engine.model.results import Results


def _refused(self: object, *args: object, **kwargs: object) -> NoReturn:
    raise TypeError("what a plugin is given belongs to everybody and cannot be changed; change a copy")


class ReadOnlyDict(dict[Any, Any]):
    """A map that cannot be changed."""

    __setitem__ = __delitem__ = __ior__ = _refused
    clear = pop = popitem = setdefault = update = _refused

    def __reduce__(self) -> tuple[type, tuple[dict[Any, Any]]]:
        return dict, (dict(self),)


class ReadOnlyList(list[Any]):
    """A list that cannot be changed."""

    __setitem__ = __delitem__ = __iadd__ = __imul__ = _refused
    append = extend = insert = pop = remove = clear = sort = reverse = _refused

    def __reduce__(self) -> tuple[type, tuple[list[Any]]]:
        return list, (list(self),)


def read_only(value: Any) -> Any:
    """A value as JSON or YAML has it, all the way down."""
    if isinstance(value, ReadOnlyDict | ReadOnlyList):
        return value
    if isinstance(value, Mapping):
        return ReadOnlyDict({key: read_only(each) for key, each in value.items()})
    if isinstance(value, list):
        return ReadOnlyList(map(read_only, value))
    return tuple(map(read_only, value)) if type(value) is tuple else value


def locked(array: Any) -> Any:
    """A view of an array that cannot be written to."""
    view = array.view()
    view.setflags(write=False)
    return view


def question_for_plugin(question: Question) -> Question:
    """The question a criterion answers; its own options among them."""
    asked = question.criterion
    if asked is None:
        return question
    use = replace(asked.use, options=read_only(asked.use.options))
    return replace(question, criterion=replace(asked, use=use))


def batch_for_plugin(batch: CallBatch, plugin: str) -> CallBatch:
    """A batch as a plugin sees it. What it computes `once` is its own, so that it can spoil nobody else's."""

    def own() -> dict[Any, Any]:
        return {}

    return CallBatch(
        size=batch.size,
        calls=batch.once("read-only calls", lambda: tuple(map(_call, batch.calls))),
        answers=ReadOnlyDict({name: _column(column) for name, column in batch.answers.items()}),
        automatic=None if batch.automatic is None else locked(batch.automatic),
        evaluators=tuple(batch.evaluators),
        humans=tuple(batch.humans),
        notes=ReadOnlyDict(batch.notes),
        subjects=_Subjects(batch.subjects),
        turns=batch.turns and batch.once("read-only turns", lambda: _turns(batch.said())),
        _once=batch.once(("of plugin", plugin), own),
    )


def _call(call: Call) -> Call:
    return replace(call, metrics=read_only(call.metrics), attributes=read_only(call.attributes))


def _turns(turns: Turns) -> Turns:
    columns = (turns.starts, turns.ends, turns.first, turns.counts)
    return Turns(tuple(turns.texts), _column(turns.speakers), *map(locked, columns))


def _column(column: Coded[Any]) -> Coded[Any]:
    return Coded(locked(column.codes), column.values)


def _subject(subject: Subject) -> Subject:
    return Words(_column(subject.column)) if isinstance(subject, Words) else Numbers(locked(subject.values))


class _Subjects(Mapping[str, Subject]):
    """The columns of a batch, also those that are not known yet."""

    def __init__(self, subjects: Mapping[str, Subject]) -> None:
        self._subjects = subjects

    def __getitem__(self, name: str) -> Subject:
        return _subject(self._subjects[name])

    def __contains__(self, name: object) -> bool:
        return name in self._subjects

    def __iter__(self) -> Iterator[str]:
        return iter(self._subjects)

    def __len__(self) -> int:
        return len(self._subjects)


def findings_for_plugin(parts: Sequence[Findings]) -> tuple[Findings, ...]:
    """What the parts of a composite found."""
    return tuple(
        Findings(
            locked(part.verdicts), ReadOnlyDict(part.answers), ReadOnlyDict(part.evidence), ReadOnlyDict(part.reasons)
        )
        for part in parts
    )


def sheet_for_plugin(sheet: Sheet) -> Sheet:
    """What a scoring method sees."""
    return replace(sheet, **{each.name: locked(getattr(sheet, each.name)) for each in fields(sheet)})


def results_for_plugin(results: Results, plugin: str) -> Results:
    """What a rule sees."""
    import numpy as np

    def seen(value: Any) -> Any:
        return locked(value) if isinstance(value, np.ndarray) else value

    answers = {
        name: replace(each, **{part.name: seen(getattr(each, part.name)) for part in fields(each)})
        for name, each in results.answers.items()
    }
    columns = {each.name: seen(getattr(results, each.name)) for each in fields(results)}
    maps = {
        name: ReadOnlyDict({key: seen(value) for key, value in columns[name].items()})
        for name in ("comment_missing", "fired", "plugins")
    }
    nouns = {"answers": ReadOnlyDict(answers), "batch": batch_for_plugin(results.batch, plugin), "pieces": {}}
    return replace(results, **{**columns, **maps, **nouns})
