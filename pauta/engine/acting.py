"""What a plugin must be that acts on results: rules of escalation, actions, and sinks that carry messages to people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from pauta.engine.contracts import Offered, Options
from pauta.engine.model.followup import Occasion, Opened, Raise, Window

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from pauta.engine.model.results import Results


class Rule(Offered, Protocol):
    """A rule of escalation over one evaluation: which results it fires for; one over many is a WindowRule."""

    def __init__(self, options: Options) -> None: ...

    def fires(self, results: Results) -> NDArray[np.bool_]:
        """(rows,) bool."""
        ...


@runtime_checkable
class WindowRule(Protocol):
    """A rule of escalation over many evaluations; it stands in the operation's file, with `over`.

    It is asked once a night for each window in which something is new, or about which it was raised before. What it
    finds again is not raised again. `kinds`, where the class has it, are the kinds of `over` that it understands.
    """

    def found(self, window: Window) -> Sequence[Raise]:
        """What there is to raise in a window; nothing where all is well."""
        ...


class Action(Offered, Protocol):
    """What an escalation does.

    A warning (`occasion.raised.warning`: it is not there yet, but nearly) is taken only to actions whose class has
    `on_warning` and it is true, as it is of `notify`. One that fails is asked again in later nights.
    """

    def __init__(self, options: Options) -> None: ...

    def opens(self, occasion: Occasion) -> Sequence[Opened]:
        """The duties, notices, findings and exemplary calls that follow; it keeps and sends nothing itself."""
        ...


@runtime_checkable
class NotifyingSink(Protocol):
    """A sink that can also carry a message to people; return once the receiver has it, else raise as `deliver` does."""

    def notify(self, message: Message) -> None:
        """Send one message; it may be sent again under the same key."""
        ...


@dataclass(frozen=True, slots=True)
class Message:
    """A message to people, about one thing or a group of them.

    key: the same however often it is sent. to: names, addresses: e-mail addresses as far as they are known. lines: what
    it is about, one thing each. evaluations: their ids.
    """

    key: str
    title: str
    to: tuple[str, ...]
    addresses: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    evaluations: tuple[str, ...] = ()
    language: str = "en"
