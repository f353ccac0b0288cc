"""The rules and actions that an operation's escalations name, asked: what fails costs what it was to answer.

Plugins of strangers run watched, get copies, and what they answer is looked at before it is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from pauta.engine.host import Host, PluginError
from pauta.engine.model.followup import Occasion
from pauta.engine.model.scorecard import Use
from pauta.engine.seam.loaded import said
from pauta.followup.sound import unsound

Tell: TypeAlias = Callable[[str, str, Use | None], None]
"""Takes the code and the sentence of a problem, and what of the card or the operation's file it is about."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What a plugin answered; `found` is None where it failed, and `error` then names the kind of fault."""

    found: Sequence[Any] | None
    error: str = ""


class Plugged:
    """Rules and actions by their use in an escalation; each is made once."""

    def __init__(self, host: Host, tell: Tell) -> None:
        self._host, self._tell = host, tell
        self._made: dict[int, Any] = {}

    def built_in(self, kind: str, use: Use) -> bool:
        """Whether a rule or an action is one of ours."""
        owner = self._host.owner(kind, use.name)
        return owner is None or owner.built_in

    def warns(self, use: Use) -> bool:
        """Whether an action is asked when there is only a warning; one that is not there is not."""
        return bool(getattr(self._host.actions.get(use.name), "on_warning", False))

    def found(self, use: Use, window: object, escalation: str) -> Sequence[Any] | None:
        """What a rule finds in a window; None and a problem where it fails."""
        return self._ask("rules", use, "found", window, f"rule '{use.name}' of escalation '{escalation}'").found

    def opens(self, use: Use, occasion: Occasion) -> Answered:
        """What an action makes of an occasion; a problem where it fails."""
        what = f"action '{use.name}' of escalation '{occasion.escalation}'"
        return self._ask("actions", use, "opens", occasion, what)

    def _ask(self, kind: str, use: Use, method: str, given: object, what: str) -> Answered:
        offered: Any = getattr(self._host, kind).get(use.name)
        if offered is None:
            problem = self._host.unknown(kind, use.name, use.at)
            self._tell(problem.code, problem.message, use)
            return Answered(None, "not there")
        owner = self._host.owner(kind, use.name)

        def work() -> Sequence[Any]:
            if id(use) not in self._made:
                self._made[id(use)] = offered(use.options)
            return list(getattr(self._made[id(use)], method)(given))

        built_in = self.built_in(kind, use)
        if isinstance(given, Occasion) and not built_in:
            given = replace(given, evaluation=deepcopy(given.evaluation), call=deepcopy(given.call))
        try:
            found = work() if owner is None or built_in else owner.run(work, what)
            wrong = () if built_in else [each for each in (unsound(method, one) for one in found) if each]
            if not wrong:
                return Answered(found)
            error, kept = wrong[0], "wrong answer"
        except PluginError as failed:
            error = str(failed)
            kept = "too late" if failed.problem is not None else _kind(error)
        except Exception as raised:  # a plugin may raise anything
            error = said(raised)
            kept = _kind(error)
        self._tell("E784", f"{what} failed: {error}", use)
        return Answered(None, kept)


def _kind(error: str) -> str:
    """The kind of an error, without its words: those may be a customer's, and are not to be kept."""
    kind = error.partition(":")[0]
    return kind if kind.isidentifier() else "error"
