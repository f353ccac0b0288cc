"""The words of the agent's page, in the language of the agent: English, Spanish, Portuguese, Russian."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Final

LANGUAGES: Final = ("en", "es", "pt", "ru")

_WORDS: Final[Mapping[str, tuple[str, str, str, str]]] = {
    "page": ("Coaching page", "Hoja de retroalimentación", "Folha de feedback", "Лист обратной связи"),
    "period": ("{a} to {b}", "{a} a {b}", "{a} a {b}", "{a} – {b}"),
    "team": ("team {n}", "equipo {n}", "equipe {n}", "команда {n}"),
    "glance": ("At a glance", "De un vistazo", "Em resumo", "Главное"),
    "calls": ("Calls evaluated", "Llamadas evaluadas", "Ligações avaliadas", "Оценено звонков"),
    "open_ones": ("{n} not complete yet", "{n} sin completar", "{n} incompletas", "ещё не завершено: {n}"),
    "own_score": ("Own score, mean", "Nota propia, media", "Nota própria, média", "Своя оценка, средняя"),
    "own_score_note": (
        "only what is in the agent's hands",
        "solo lo que está en manos del agente",
        "só o que está nas mãos do agente",
        "только то, что зависит от оператора",
    ),
    "latest": ("Latest call", "Última llamada", "Última ligação", "Последний звонок"),
    "critical": ("Own critical errors", "Errores críticos propios", "Erros críticos próprios",
                 "Свои критические ошибки"),
    "strengths": ("What goes well", "Lo que sale bien", "O que vai bem", "Что получается"),
    "no_strengths": (
        "No question was met often enough to name it yet.",
        "Todavía no hay preguntas cumplidas con la frecuencia suficiente para nombrarlas.",
        "Ainda não há perguntas cumpridas com frequência suficiente para citar.",
        "Пока нет вопросов, выполненных достаточно часто, чтобы их назвать.",
    ),
    "met_of": ("{n} of {m} calls", "{n} de {m} llamadas", "{n} de {m} ligações", "{n} из {m} звонков"),
    "improved": (
        "improved: missed {n} before, {m} lately",
        "mejoró: fallada {n} antes, {m} últimamente",
        "melhorou: falha {n} antes, {m} recentemente",
        "стало лучше: раньше промахов {n}, в последнее время {m}",
    ),
    "misses": ("What to work on", "Lo que hay que trabajar", "O que trabalhar", "Над чем поработать"),
    "no_misses": (
        "Nothing was missed in these calls.",
        "No falló nada en estas llamadas.",
        "Nada falhou nestas ligações.",
        "В этих звонках промахов нет.",
    ),
    "missed_of": (
        "missed in {n} of {m} calls",
        "fallada en {n} de {m} llamadas",
        "falha em {n} de {m} ligações",
        "промах в {n} из {m} звонков",
    ),
    "critical_customer": ("critical for the customer", "crítico para el cliente", "crítico para o cliente",
                          "критично для клиента"),
    "critical_business": ("critical for the business", "crítico para el negocio", "crítico para o negócio",
                          "критично для бизнеса"),
    "critical_compliance": ("critical for compliance", "crítico de cumplimiento", "crítico de conformidade",
                            "критично для соблюдения правил"),
    "others": (
        "Not held against you",
        "Lo que no cuenta en su contra",
        "O que não conta contra você",
        "Не ставится вам в вину",
    ),
    "others_note": (
        "These misses are of the process, the system, a policy or the customer. They lower no score on this page.",
        "Estos fallos son del proceso, del sistema, de una política o del cliente. No bajan ninguna nota de esta hoja.",
        "Estas falhas são do processo, do sistema, de uma política ou do cliente. Não baixam nenhuma nota desta folha.",
        "Эти промахи – от процесса, системы, правил или клиента. Они не снижают оценок на этом листе.",
    ),
    "fault_process": ("process", "proceso", "processo", "процесс"),
    "fault_system": ("system", "sistema", "sistema", "система"),
    "fault_policy": ("policy", "política", "política", "правила"),
    "fault_customer": ("customer", "cliente", "cliente", "клиент"),
    "trend": ("How it goes", "Cómo va", "Como vai", "Динамика"),
    "trend_note": (
        "Own score of each call; the line is the mean of {n}.",
        "Nota propia de cada llamada; la línea es la media de {n}.",
        "Nota própria de cada ligação; a linha é a média de {n}.",
        "Своя оценка по каждому звонку; линия – среднее по {n}.",
    ),
    "no_trend": (
        "With fewer than two scored calls there is no trend yet.",
        "Con menos de dos llamadas con nota aún no hay tendencia.",
        "Com menos de duas ligações com nota ainda não há tendência.",
        "Пока меньше двух оценённых звонков, динамики нет.",
    ),
    "trend_said": (
        "{n} calls: mean {a} in the first half, {b} in the second",
        "{n} llamadas: media {a} en la primera mitad, {b} en la segunda",
        "{n} ligações: média {a} na primeira metade, {b} na segunda",
        "Звонков: {n}; среднее {a} в первой половине, {b} во второй",
    ),
    "plans": ("Open plan", "Plan abierto", "Plano aberto", "Открытый план"),
    "target": ("target {n}", "meta {n}", "meta {n}", "цель {n}"),
    "measured": ("{n}: {a} before, {b} since", "{n}: {a} antes, {b} desde entonces", "{n}: {a} antes, {b} desde então",
                 "{n}: было {a}, стало {b}"),
    "since_calls": ("{n} calls since", "{n} llamadas desde entonces", "{n} ligações desde então",
                    "звонков с тех пор: {n}"),
    "reached": ("reached", "alcanzada", "alcançada", "достигнута"),
    "not_reached": ("not reached yet", "aún no alcanzada", "ainda não alcançada", "пока не достигнута"),
    "agreements": ("Last agreements", "Últimos acuerdos", "Últimos acordos", "Последние договорённости"),
    "own_words": ("In the agent's words", "En palabras del agente", "Nas palavras do agente", "Словами оператора"),
    "with": ("with {n}", "con {n}", "com {n}", "{n}"),
    "duties": ("To be done", "Pendiente", "A fazer", "Предстоит"),
    "due": ("by {n}", "hasta el {n}", "até {n}", "до {n}"),
    "kind_coach": ("feedback session", "sesión de retroalimentación", "sessão de feedback", "встреча"),
    "kind_plan": ("plan", "plan", "plano", "план"),
    "kind_train": ("training", "capacitación", "treinamento", "обучение"),
    "kind_recognise": ("recognition", "reconocimiento", "reconhecimento", "похвала"),
    "state_open": ("open", "abierta", "aberta", "открыто"),
    "state_scheduled": ("scheduled", "programada", "agendada", "назначено"),
    "state_overdue": ("overdue", "vencida", "atrasada", "просрочено"),
    "state_held": ("held", "realizada", "realizada", "проведено"),
    "state_followed_up": ("followed up", "con seguimiento", "acompanhada", "проверено"),
    "state_closed": ("closed", "cerrada", "encerrada", "закрыто"),
    "today": ("Agreed today", "Acordado hoy", "Acordado hoje", "Договорились сегодня"),
    "signed": ("Agent", "Agente", "Agente", "Оператор"),
    "gave": ("Feedback given by", "Retroalimentación dada por", "Feedback dado por", "Обратную связь дал(а)"),
    "date": ("Date", "Fecha", "Data", "Дата"),
    "hidden": (
        "{n} coaching records are not shown: they are seen by the agent, the one who gives them and the line above.",
        "No se muestran {n} registros: los ven el agente, quien da la retroalimentación y la línea superior.",
        "{n} registros não são mostrados: são vistos pelo agente, por quem dá o feedback e pela linha acima.",
        "Записей не показано: {n}. Их видят оператор, тот, кто их ведёт, и руководители выше.",
    ),
    "nothing": (
        "No call of this agent was evaluated in this period.",
        "Ninguna llamada de este agente fue evaluada en este período.",
        "Nenhuma ligação deste agente foi avaliada neste período.",
        "За этот период звонки оператора не оценивались.",
    ),
    "more": ("and {n} more", "y {n} más", "e mais {n}", "и ещё {n}"),
    "score": ("score {n}", "nota {n}", "nota {n}", "оценка {n}"),
    "answer_yes": ("yes", "sí", "sim", "да"),
    "answer_no": ("no", "no", "não", "нет"),
}  # fmt: skip
_MONTHS: Final = {
    "en": "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec",
    "es": "ene feb mar abr may jun jul ago sep oct nov dic",
    "pt": "jan fev mar abr mai jun jul ago set out nov dez",
    "ru": "янв фев мар апр мая июн июл авг сен окт ноя дек",
}


class AgentWords:
    """The words of one language: `words("due", n=..)`; one that is not spoken here is answered in English."""

    def __init__(self, language: str) -> None:
        base = language.split("-")[0].casefold()
        self.base = base if base in LANGUAGES else LANGUAGES[0]
        self.language = language if base in LANGUAGES else LANGUAGES[0]
        self._column = LANGUAGES.index(self.base)

    def __call__(self, name: str, **values: object) -> str:
        """A word or sentence, with values put in."""
        return _WORDS[name][self._column].format(**values)

    def known(self, name: str, kind: str = "") -> str:
        """The word for a name of a record; the name itself where there is none."""
        return _WORDS[kind + name][self._column] if kind + name in _WORDS else name.replace("_", " ")

    def number(self, value: float | None) -> str:
        """A number as this language writes it, with one decimal where it is no whole; a dash where there is none."""
        if value is None:
            return "\N{EN DASH}"
        written = f"{value:.1f}".removesuffix(".0")
        return written if self.base == "en" else written.replace(".", ",")

    def day(self, day: date | None) -> str:
        """A day as people say it: `3 Mar 2026`."""
        if day is None:
            return "\N{EN DASH}"
        return f"{day.day} {_MONTHS[self.base].split()[day.month - 1]} {day.year}"
