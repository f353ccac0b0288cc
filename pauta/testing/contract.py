"""What every contract suite asks, whatever the kind: the plugin loads, good options are taken, bad ones refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Final, TypeVar

from pauta.engine.contracts import Options
from pauta.engine.host import Host, LoadedPlugin, PluginError
from pauta.engine.loading.load import Loaded, card_from_text
from pauta.engine.loading.shape import check_options
from pauta.engine.problems import Place, Problem, Severity
from pauta.testing.hosts import host_with

T = TypeVar("T")

NO_SUCH_OPTION: Final = "no_such_option"
_NEVER_OPTIONS: Final[tuple[Any, ...]] = (7, {NO_SUCH_OPTION: True})
"""What no plugin takes: no map at all, and a misspelt option, which nobody would miss until it matters."""


class Contract:
    """Subclass one of its kinds in a test file, under a name that begins with Test, and say what is under test.

    plugin: what has the hooks: a module, its dotted name, or the path of its file. name: what is tried of it, as cards
    write it. good_options, bad_options: options that it must take, and some that it must refuse.
    """

    kind: ClassVar[str]
    plugin: ClassVar[object]
    name: ClassVar[str]
    good_options: ClassVar[Sequence[Options]] = ({},)
    bad_options: ClassVar[Sequence[Options]] = ()

    def host(self) -> Host:
        """A Host with the plugin. Raises AssertionError where it does not load."""
        host = host_with(self.plugin)
        there = getattr(host, self.kind)
        assert self.name in there, f"the plugin offers no {self.name!r} among its {self.kind}: {sorted(there)}"
        return host

    def test_it_loads(self) -> None:
        """The host takes all that it offers; its options are a JSON Schema of plain data."""
        json.dumps(getattr(self.host(), self.kind)[self.name].options, allow_nan=False)

    def test_good_options_are_taken(self) -> None:
        """What it must take is neither refused by its schema nor by itself."""
        assert self.good_options, "name at least one of good_options"
        for options in self.good_options:
            wrong = self.refusals(options)
            assert not wrong, f"{options!r} is refused:\n" + "\n".join(map(str, wrong))

    def test_bad_options_are_refused_with_a_sentence(self) -> None:
        """What it must not take is refused when the card is read, in words that a person can act on."""
        for options in (*self.bad_options, *_NEVER_OPTIONS):
            wrong = self.refusals(options)
            hint = 'say "additionalProperties": False in its options' if NO_SUCH_OPTION in str(options) else ""
            assert wrong, f"the options {options!r} are taken, and should be refused; {hint}"
            assert all(problem.message.strip() for problem in wrong), f"no sentence says why {options!r} is refused"

    def refusals(self, options: Any) -> list[Problem]:
        """The problems that a use with these options makes."""
        raise NotImplementedError


class CardContract(Contract):
    """Of kinds that cards use: the plugin is written into a small card, and the card is read and evaluated."""

    def card(self, options: Any) -> dict[str, Any]:
        """A card that uses the plugin with these options."""
        raise NotImplementedError

    def loaded(self, host: Host, options: Any) -> Loaded:
        """That card, read."""
        return card_from_text(json.dumps(self.card(options), ensure_ascii=False), host, "contract.yaml")

    def refusals(self, options: Any) -> list[Problem]:
        """The errors of the card."""
        found = self.loaded(self.host(), options).problems
        return [problem for problem in found if problem.severity is Severity.ERROR]


def schema_refusals(host: Host, kind: str, name: str, options: Any) -> list[Problem]:
    """What a plugin's own schema has against options."""
    return check_options(options, getattr(host, kind)[name].options, Place("options"), f"{kind} '{name}'")


def watched(plugin: LoadedPlugin, work: Callable[[], T], doing: str) -> T:
    """What a plugin's code returns, run as the engine runs it. Raises AssertionError where it fails, with the place."""
    try:
        return plugin.run(work, doing)
    except PluginError as error:
        where = f"{error.place}: " if error.place else ""
        raise AssertionError(f"{where}it failed while {doing}: {error.reason}") from error
