"""The report's own words, by language. What a card says is in the card; this is what stands around it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

LANGUAGES: Final = ("en", "es", "pt")

_WORDS: Final[Mapping[str, tuple[str, str, str]]] = {
    "report": ("Call quality report", "Informe de calidad de llamadas", "Relatório de qualidade das ligações"),
    "calls_of": ("Calls of", "Llamadas del", "Ligações de"),
    "until": ("to", "al", "a"),
    "headline": ("At a glance", "De un vistazo", "Em resumo"),
    "evaluations": ("Evaluations", "Evaluaciones", "Avaliações"),
    "by_people": ("by people", "por personas", "por pessoas"),
    "by_engine": ("by the engine", "por el motor", "pelo motor"),
    "complete": ("Complete", "Completas", "Completas"),
    "incomplete": ("incomplete", "incompletas", "incompletas"),
    "not_scored": ("not scored", "sin nota", "sem nota"),
    "mean_score": ("Mean score", "Nota media", "Nota média"),
    "agent_score": ("Agents' own", "Propia del agente", "Própria do agente"),
    "agent_score_note": (
        "without what was not the agent's fault",
        "sin lo que no fue culpa del agente",
        "sem o que não foi culpa do agente",
    ),
    "passed": ("Passed", "Aprobadas", "Aprovadas"),
    "of_known": ("of {n} with a verdict", "de {n} con veredicto", "de {n} com veredito"),
    "open": ("{n} open", "{n} abiertas", "{n} em aberto"),
    "coverage": ("Coverage", "Cobertura", "Cobertura"),
    "coverage_note": (
        "of each card's weight was looked at",
        "del peso de cada pauta fue revisado",
        "do peso de cada planilha foi analisado",
    ),
    "with_critical": ("With a critical error", "Con error crítico", "Com erro crítico"),
    "critical_count": ("{n} critical errors", "{n} errores críticos", "{n} erros críticos"),
    "scores": ("Scores", "Notas", "Notas"),
    "scores_note": (
        "Evaluations by score, in steps of five points. The strip below the axis shows the bands.",
        "Evaluaciones por nota, en pasos de cinco puntos. La franja bajo el eje muestra los rangos.",
        "Avaliações por nota, em passos de cinco pontos. A faixa sob o eixo mostra os níveis.",
    ),
    "pass_mark": ("pass {n}", "mínimo {n}", "mínimo {n}"),
    "mean": ("mean {n}", "media {n}", "média {n}"),
    "evaluated": ("{n} evaluated", "{n} evaluadas", "{n} avaliadas"),
    "accuracy": ("Accuracy by kind of error", "Precisión por tipo de error", "Precisão por tipo de erro"),
    "accuracy_note": (
        "For each critical class the share of evaluations without an error of the class; for non-critical errors the "
        "share of applicable opportunities without one. They are four different questions and are never blended.",
        "Para cada clase crítica, la parte de evaluaciones sin un error de esa clase; para los no críticos, la parte "
        "de oportunidades aplicables sin error. Son cuatro preguntas distintas y nunca se mezclan.",
        "Para cada classe crítica, a parte das avaliações sem erro da classe; para os não críticos, a parte das "
        "oportunidades aplicáveis sem erro. São quatro perguntas diferentes e nunca se misturam.",
    ),
    "card": ("Scorecard", "Pauta", "Planilha"),
    "all_cards": ("All scorecards", "Todas las pautas", "Todas as planilhas"),
    "customer": ("Customer", "Cliente", "Cliente"),
    "business": ("Business", "Negocio", "Negócio"),
    "compliance": ("Compliance", "Cumplimiento", "Conformidade"),
    "non_critical": ("Non-critical", "No críticos", "Não críticos"),
    "errors_by_class": ("Critical errors by class", "Errores críticos por clase", "Erros críticos por classe"),
    "in_evaluations": (
        "{n} errors in {m} evaluations",
        "{n} errores en {m} evaluaciones",
        "{n} erros em {m} avaliações",
    ),
    "with_error": ("{n} of {m} with one", "{n} de {m} con error", "{n} de {m} com erro"),
    "opportunities": ("{n} in {m} opportunities", "{n} en {m} oportunidades", "{n} em {m} oportunidades"),
    "questions": ("Questions", "Preguntas", "Perguntas"),
    "questions_note": (
        "The most often missed first. The red part of a bar is critical errors.",
        "Primero las que más fallan. La parte roja de la barra son errores críticos.",
        "Primeiro as que mais falham. A parte vermelha da barra são erros críticos.",
    ),
    "question": ("Question", "Pregunta", "Pergunta"),
    "missed": ("Missed", "Falladas", "Falhas"),
    "missed_of": ("{n} of {m}", "{n} de {m}", "{n} de {m}"),
    "of_them_critical": ("{n} critical", "{n} críticas", "{n} críticas"),
    "answer_yes": ("yes", "sí", "sim"),
    "answer_no": ("no", "no", "não"),
    "asked": ("Asked", "Preguntada", "Perguntada"),
    "not_applicable": ("Not applicable", "No aplica", "Não se aplica"),
    "unverified": ("Unverified", "Sin verificar", "Sem verificar"),
    "not_the_agents": ("Not the agent's", "No del agente", "Não do agente"),
    "agents": ("Agents", "Agentes", "Agentes"),
    "agents_note": (
        "Few evaluations say little: look at the number before the mean.",
        "Pocas evaluaciones dicen poco: mire la cantidad antes que la media.",
        "Poucas avaliações dizem pouco: veja a quantidade antes da média.",
    ),
    "agent": ("Agent", "Agente", "Agente"),
    "nobody": ("no agent named", "sin agente", "sem agente"),
    "critical": ("Critical errors", "Errores críticos", "Erros críticos"),
    "non_critical_errors": ("Non-critical errors", "Errores no críticos", "Erros não críticos"),
    "bands": ("Bands", "Rangos", "Níveis"),
    "subjects": ("By aim and subject", "Por objetivo y tema", "Por objetivo e tema"),
    "subjects_note": (
        "Mean scores before errors, over the questions of each aim and each tag.",
        "Notas medias antes de errores, sobre las preguntas de cada objetivo y etiqueta.",
        "Notas médias antes dos erros, sobre as perguntas de cada objetivo e etiqueta.",
    ),
    "aims": ("Aims", "Objetivos", "Objetivos"),
    "tags": ("Tags", "Etiquetas", "Etiquetas"),
    "aim_agent": ("agent performance", "desempeño del agente", "desempenho do agente"),
    "aim_experience": ("customer experience", "experiencia del cliente", "experiência do cliente"),
    "aim_process": ("process", "proceso", "processo"),
    "aim_improvement": ("improvement", "mejora", "melhoria"),
    "critical_calls": (
        "Evaluations with critical errors",
        "Evaluaciones con errores críticos",
        "Avaliações com erros críticos",
    ),
    "showing": ("The {n} gravest of {m}.", "Las {n} más graves de {m}.", "As {n} mais graves de {m}."),
    "none_critical": (
        "No evaluation has a critical error.",
        "Ninguna evaluación tiene un error crítico.",
        "Nenhuma avaliação tem erro crítico.",
    ),
    "none_at_all": (
        "There are no evaluations to report on.",
        "No hay evaluaciones que informar.",
        "Não há avaliações a relatar.",
    ),
    "score": ("score {n}", "nota {n}", "nota {n}"),
    "before_errors": ("{n} before errors", "{n} antes de errores", "{n} antes dos erros"),
    "no_score": ("no score", "sin nota", "sem nota"),
    "accumulated": (
        "Several non-critical errors together made one critical error.",
        "Varios errores no críticos juntos hicieron uno crítico.",
        "Vários erros não críticos juntos fizeram um crítico.",
    ),
    "answered": ("answered", "respuesta", "resposta"),
    "fault_process": ("fault: process", "causa: proceso", "causa: processo"),
    "fault_system": ("fault: system", "causa: sistema", "causa: sistema"),
    "fault_policy": ("fault: policy", "causa: política", "causa: política"),
    "fault_customer": ("fault: customer", "causa: cliente", "causa: cliente"),
    "notes": ("How to read this", "Cómo leer este informe", "Como ler este relatório"),
    "note_counted": (
        "Of several evaluations of one call, agent and scorecard one counts: the latest final one by a person, else "
        "the engine's. Incomplete evaluations are counted as such and enter no other figure.",
        "De varias evaluaciones de una llamada, agente y pauta cuenta una: la última final de una persona, si no, la "
        "del motor. Las incompletas se cuentan como tales y no entran en ninguna otra cifra.",
        "De várias avaliações de uma ligação, agente e planilha conta uma: a última final de uma pessoa, senão a do "
        "motor. As incompletas são contadas como tais e não entram em nenhum outro número.",
    ),
    "note_verdict": (
        "The engine alone cannot pass an evaluation whose card has questions for people that could fail it; such "
        "evaluations are open. So the share of passed ones is of those with a verdict.",
        "El motor solo no puede aprobar una evaluación cuya pauta tiene preguntas para personas que podrían anularla; "
        "esas quedan abiertas. Por eso la parte de aprobadas es sobre las que tienen veredicto.",
        "O motor sozinho não pode aprovar uma avaliação cuja planilha tem perguntas para pessoas que poderiam zerá-la; "
        "essas ficam em aberto. Por isso a parte de aprovadas é sobre as que têm veredito.",
    ),
    "note_missed": (
        "A question is missed where its answer earned less than full credit or made an error. What could not be "
        "verified is neither met nor missed.",
        "Una pregunta está fallada si su respuesta ganó menos que el crédito completo o hizo un error. Lo que no se "
        "pudo verificar no está ni cumplido ni fallado.",
        "Uma pergunta falhou se a resposta ganhou menos que o crédito total ou gerou um erro. O que não pôde ser "
        "verificado não está nem cumprido nem falhado.",
    ),
}
_DECIMAL_COMMA: Final = ("es", "pt")


class Words:
    """The words of one language: `words("open", n=3)`; a language that is not spoken here is answered in English."""

    def __init__(self, language: str) -> None:
        base = language.split("-")[0]
        self.language = language if base in LANGUAGES else LANGUAGES[0]
        self._column = LANGUAGES.index(base) if base in LANGUAGES else 0
        self._comma = base in _DECIMAL_COMMA

    def __call__(self, name: str, **values: object) -> str:
        """A word or sentence, with numbers put in."""
        return _WORDS[name][self._column].format(**values)

    def known(self, name: str, kind: str = "") -> str:
        """The word for a name of a record, `fault_system` of the kind `fault_`; the name itself where there is none."""
        return _WORDS[kind + name][self._column] if kind + name in _WORDS else name

    def number(self, value: float | None, decimals: int = 1) -> str:
        """A number as this language writes it, a dash where there is none."""
        if value is None:
            return "\N{EN DASH}"
        written = f"{value:.{decimals}f}"
        return written.replace(".", ",") if self._comma else written

    def percent(self, share: float | None, decimals: int = 0) -> str:
        """A share of 1 in percent. Less than all is never written as 100, more than none never as 0."""
        if share is None:
            return "\N{EN DASH}"
        step = 10.0**-decimals
        shown = round(100 * share, decimals)
        if share < 1 and shown >= 100:
            shown = 100 - step
        if share > 0 and shown <= 0:
            shown = step
        return f"{self.number(shown, decimals)}\N{NARROW NO-BREAK SPACE}%"
