"""What messages of the follow-up say, in the language of who reads them: a title that says it all, a line a thing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from pauta.engine.model.scorecard import Text
from pauta.followup.calendar import Calendar
from pauta.followup.deadlines import shown
from pauta.followup.people import People

WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        "many": "{count} times: {title}", "in": "{title}, {where}", "call": "call {call}",
        "missed": "missed: {questions}",
        "late": "Late: {kind} with {agent}, due {due}, owed by {owner}", "more": "and {count} more",
        "coach": "coaching", "plan": "action plan", "train": "training", "recognise": "recognition",
        "evaluated": "call evaluated",
    },
    "es": {
        "many": "{count} veces: {title}", "in": "{title}, {where}", "call": "llamada {call}",
        "missed": "falló: {questions}",
        "late": "Con retraso: {kind} con {agent}, para el {due}, a cargo de {owner}", "more": "y {count} más",
        "coach": "coaching", "plan": "plan de acción", "train": "formación", "recognise": "reconocimiento",
        "evaluated": "llamada evaluada",
    },
    "pt": {
        "many": "{count} vezes: {title}", "in": "{title}, {where}", "call": "ligação {call}",
        "missed": "falhou: {questions}",
        "late": "Em atraso: {kind} com {agent}, até {due}, a cargo de {owner}", "more": "e mais {count}",
        "coach": "coaching", "plan": "plano de ação", "train": "treinamento", "recognise": "reconhecimento",
        "evaluated": "ligação avaliada",
    },
    "ru": {
        "many": "{count} раз: {title}", "in": "{title}, {where}", "call": "звонок {call}",
        "missed": "ошибки: {questions}",
        "late": "Просрочено: {kind} ({agent}), срок {due}, отвечает {owner}", "more": "и ещё {count}",
        "coach": "коучинг", "plan": "план действий", "train": "обучение", "recognise": "признание",
        "evaluated": "звонок оценён",
    },
}  # fmt: skip


def words_of(language: str) -> Mapping[str, str]:
    """The words of a language, else those of its main language, else English."""
    return WORDS.get(language) or WORDS.get(language.partition("-")[0]) or WORDS["en"]


def title_of(rows: Sequence[Mapping[str, Any]], people: People, language: str) -> str:
    """What a message is about, in one line: the title, how often, and what its group has in common."""
    words, details = words_of(language), rows[0]["details"]
    title = _in(details.get("titles"), language, str(details["title"]))
    group = {name: str(value) for name, value in details["group"].items() if value}
    if "agent" in group:
        group["agent"] = people.get(group["agent"]).name
    elif len(rows) == 1 and rows[0]["agent"] and rows[0]["escalation"] != "overdue":
        group["agent"] = people.get(str(rows[0]["agent"])).name
    if group:
        title = words["in"].format(title=title, where=", ".join(group.values()))
    return words["many"].format(count=len(rows), title=title) if len(rows) > 1 else title


def line_of(row: Mapping[str, Any], people: People, language: str) -> tuple[str, str]:
    """One thing that a message is about: agent, card and call, which are never masked; and what is said of it."""
    words, details = words_of(language), row["details"]
    facts = [people.get(str(row["agent"])).name if row["agent"] else "", str(details["scorecard"])]
    if row["call_id"]:
        facts.append(words["call"].format(call=row["call_id"]))
    why = ""
    if details["reason"]:
        why = str(details["reason"])
    elif details["questions"]:
        why = words["missed"].format(questions=", ".join(details["questions"][:5]))
    said = _in(details.get("messages"), language, str(row["message"] or ""))
    return "; ".join(filter(None, facts)), "; ".join(filter(None, [why, said]))


def _in(texts: Any, language: str, otherwise: str) -> str:
    """A text in a language, of those that there are."""
    return Text(texts or {}).in_language(language, otherwise)


def late_line(duty: Mapping[str, Any], people: People, language: str, calendar: Calendar) -> str:
    """What is said of a duty that is late."""
    words = words_of(language)
    owner = ", ".join(people.get(each).name for each in str(duty["owner"]).split(", ") if each) or "-"
    kind = words.get(str(duty["kind"]), str(duty["kind"]))
    due = shown(datetime.fromisoformat(str(duty["due"])), calendar, language)
    return words["late"].format(kind=kind, agent=people.get(str(duty["agent"])).name, due=due, owner=owner)


def more_line(count: int, language: str) -> str:
    """How many things a message does not list."""
    return words_of(language)["more"].format(count=count)
