"""Occasions to act: an escalation that was raised, by an evaluation or over many, as its actions see it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from pauta.engine.model.followup import Occasion, Raise, StandingEscalation
from pauta.engine.model.moments import moment_from
from pauta.engine.model.scorecard import Escalation, Scorecard
from pauta.engine.problems import ProblemsFound
from pauta.followup.deadlines import deadline
from pauta.followup.facts import Record, in_utc
from pauta.followup.plugged import Tell

if TYPE_CHECKING:
    from pauta.followup.night import Setting

_WARNING: Final = {"en": "Warning", "es": "Aviso", "pt": "Aviso", "ru": "Предупреждение"}


@dataclass(frozen=True, slots=True)
class About:
    """The window that something was raised about: its kind and key, and the team of it, where it has one."""

    kind: str
    key: str
    team: str | None


class Occasions:
    """Makes occasions in one night. What is wrong with a deadline is told."""

    def __init__(self, setting: Setting, now: datetime, tell: Tell) -> None:
        self._setting, self._now, self._tell = setting, now, tell

    def card_of(self, record: Record) -> Scorecard | None:
        """The card of an evaluation; one that is gone is told of."""
        card = self._setting.card_of(record["scorecard"], record["version"], record["digest"])
        if card is None:
            what = f"{record['scorecard']}@{record['version']}"
            self._tell("E783", f"the card {what} is not there any more, so what its escalations do is not known", None)
        return card

    def of_evaluation(
        self,
        key: str,
        escalation: Escalation,
        card: Scorecard,
        record: Record,
        call: Record,
        at: datetime | None = None,
    ) -> Occasion:
        """That an evaluation raises an escalation of its card. at: when, where it is not when a person evaluated it."""
        given = moment_from(str(record["evaluated_at"])) if record.get("evaluated_at") else None
        when = at or (in_utc(given) if given is not None else self._now)
        language = self._language_of(record["agent"])
        return Occasion(
            key=key,
            escalation=escalation.id,
            title=escalation.title.in_language(language, escalation.id),
            titles=escalation.title.by_language,
            source=f"card {card.name}",
            at=when,
            agent=record["agent"],
            team=record["team"],
            due=lambda duration: self._due(duration, when),
            language=language,
            evaluation=record,
            call=call,
        )

    def over_window(self, key: str, standing: StandingEscalation, about: About, raised: Raise) -> Occasion:
        """That an escalation of the operation is raised now about a window. The title of a warning says so."""
        agent = about.key if about.kind == "agent" else None
        language = self._language_of(agent)
        title, titles = standing.title.in_language(language, standing.id), standing.title.by_language
        if raised.warning:
            title = _warned(title, language)
            titles = {name: _warned(text, name) for name, text in titles.items()}
        return Occasion(
            key=key,
            escalation=standing.id,
            title=title,
            titles=titles,
            source=self._setting.source,
            at=self._now,
            agent=agent,
            team=about.key if about.kind == "team" else about.team,
            due=lambda duration: self._due(duration, self._now),
            language=language,
            kind=about.kind,
            over_key=about.key,
            raised=raised,
        )

    def _due(self, duration: str, at: datetime) -> datetime:
        """A deadline. One that cannot be counted is told of, and raises ProblemsFound."""
        try:
            return deadline(duration, at, self._setting.calendar)
        except ProblemsFound as found:
            for problem in found.problems:
                self._tell(problem.code, problem.message, None)
            raise

    def _language_of(self, agent: str | None) -> str:
        people = self._setting.people
        return (people.get(agent).language if agent else None) or self._setting.language


def raise_of(row: Mapping[str, Any]) -> Raise:
    """What was raised about a window, from its row of `raised`."""
    details = row["details"] or {}
    return Raise(
        str(row["reason"]),
        str(row["about"]),
        tuple(details.get("evaluations") or ()),
        tuple(details.get("questions") or ()),
        bool(row["warning"]),
        details.get("figures") or {},
        details.get("measures") or {},
    )


def _warned(title: str, language: str) -> str:
    return f"{_WARNING.get(language.partition('-')[0].casefold(), _WARNING['en'])}: {title}"
