"""Messages about results: which results are worth one, and what it says. Used by the sinks that write to people.

A template is Jinja2 with `evaluation` (the result) and `call`, or for a digest `evaluations`; it runs in a sandbox, and
what transcripts and people wrote is escaped where the template is HTML. Its first line may be `Subject: ...`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pauta import Delivery, Problem, ProblemsFound, wants_from

SUBJECT: Final = "Subject:"
LONGEST_SUBJECT: Final = 200
NO_CALL: Final[Mapping[str, object]] = {}
OPTIONS: Final[Mapping[str, object]] = {
    "when": {
        "type": "object",
        "description": "Which results are sent: a condition on result and call, `{critical_errors: {at_least: 1}}`.",
    },
    "each": {
        "enum": ["evaluation", "run"],
        "default": "evaluation",
        "description": "A message for each evaluation, or one for all of a run.",
    },
    "template": {
        "type": "string",
        "description": "A file with the text of the message, in Jinja2; one that ends in .html makes an HTML message.",
    },
}
_TEXT: Final = """\
Subject: {{ evaluation.scorecard }}: {{ evaluation.agent or evaluation.call_id }} \
{{ evaluation.band or evaluation.status }}
Call {{ evaluation.call_id }}{% if evaluation.agent %} of {{ evaluation.agent }}{% endif %}, evaluated by \
{{ evaluation.evaluator }} with {{ evaluation.scorecard }} {{ evaluation.version }}

Score: {{ evaluation.score if evaluation.score is not none else "none" }}\
{% if evaluation.band %} ({{ evaluation.band }}){% endif %}
Critical errors: {{ evaluation.critical_errors }}, non-critical: {{ evaluation.non_critical_errors }}
{% for answer in evaluation.answers if answer.fault %}
- {{ answer.question }}: {{ answer.answer }}{% if answer.comment %} ({{ answer.comment }}){% endif %}\
{% if answer.reason %} - {{ answer.reason }}{% endif %}
{%- endfor %}
"""
_DIGEST: Final = """\
Subject: {{ evaluations | length }} evaluations to look at
{% for evaluation in evaluations -%}
- {{ evaluation.call_id }} {{ evaluation.agent or "" }} {{ evaluation.scorecard }}: \
{{ evaluation.score if evaluation.score is not none else evaluation.status }}\
{% if evaluation.critical_errors %}, {{ evaluation.critical_errors }} critical{% endif %}
{% endfor %}
"""


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent: a subject of one line, and a text or HTML."""

    subject: str
    body: str
    html: bool = False


class Writer:
    """Says which results are sent, and writes the messages about them."""

    def __init__(self, options: Mapping[str, object]) -> None:
        """Raises ProblemsFound where the condition or the template is wrong."""
        condition = options.get("when")
        self._wants = wants_from(condition) if condition else None
        self.digest = options.get("each") == "run"
        path = options.get("template")
        self._html = isinstance(path, str) and path.lower().endswith((".html", ".htm"))
        self._template = self._made(path if isinstance(path, str) else None)

    def _made(self, path: str | None) -> Any:
        from jinja2 import TemplateError
        from jinja2.sandbox import ImmutableSandboxedEnvironment

        environment = ImmutableSandboxedEnvironment(
            autoescape=self._html, trim_blocks=False, keep_trailing_newline=True
        )
        try:
            text = Path(path).read_text(encoding="utf-8") if path else _DIGEST if self.digest else _TEXT
            return environment.from_string(text)
        except (OSError, UnicodeDecodeError, TemplateError) as error:
            reason = (error.strerror or "").lower() if isinstance(error, OSError) else str(error)
            line = f", line {error.lineno}" if hasattr(error, "lineno") else ""
            message = f"the template '{path}' cannot be used{line}: {reason}"
            raise ProblemsFound([Problem("E572", message, None, "it is a Jinja2 template, in UTF-8")]) from error

    def wants(self, evaluation: Mapping[str, object], call: Mapping[str, object] = NO_CALL) -> bool:
        """Whether a result is worth a message."""
        return self._wants is None or self._wants(evaluation, call)

    def about(self, evaluation: Mapping[str, object], call: Mapping[str, object] | None = None) -> Message:
        """The message about one evaluation."""
        return self._message(evaluation=evaluation, call=call or {})

    def about_all(self, items: Sequence[Delivery]) -> Message:
        """The message about those of a run."""
        return self._message(evaluations=[item.evaluation for item in items])

    def _message(self, **known: object) -> Message:
        from jinja2 import TemplateError

        try:
            text = self._template.render(**known)
        except (TemplateError, TypeError, ValueError, ArithmeticError) as error:
            message = f"the template cannot be filled in: {error}"
            raise ProblemsFound(
                [Problem("E572", message, None, "it has `evaluation` and `call`, or `evaluations`")]
            ) from error
        first, _, rest = text.partition("\n")
        subject, body = (first.removeprefix(SUBJECT), rest) if first.startswith(SUBJECT) else ("Evaluations", text)
        return Message(one_line(subject), body, self._html)


def one_line(text: str) -> str:
    """A text that may stand in a header: one line, without control characters, not too long."""
    shown = "".join(char if char.isprintable() else " " for char in text)
    return " ".join(shown.split())[:LONGEST_SUBJECT]
