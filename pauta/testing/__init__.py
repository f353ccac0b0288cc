"""The test kit, for authors of cards and of plugins.

run_examples, unreached    the examples of a card: run, compared, and asked what they do not reach
host_with(plugin)          a Host of the built-in plugins and one more
sample_calls() and others  calls, results and evaluations to try a plugin on
XContract                  what each kind of plugin must hold to, as classes of tests to subclass
pytest_plugin              fixtures

docs/plugins/ shows how they are used.
"""

from pauta.testing.contract import CardContract, Contract
from pauta.testing.examples import Difference, Outcome, Unreached, differences, run_examples, unreached
from pauta.testing.hosts import host_with
from pauta.testing.of_cards import ActionContract, MethodContract, RuleContract, sample_sheet
from pauta.testing.of_criteria import CriterionContract
from pauta.testing.of_sinks import SinkContract
from pauta.testing.of_sources import SourceContract
from pauta.testing.samples import sample_calls, sample_card, sample_evaluations, sample_results

__all__ = [
    "ActionContract", "CardContract", "Contract", "CriterionContract", "Difference", "MethodContract", "Outcome",
    "RuleContract", "SinkContract", "SourceContract", "Unreached", "differences", "host_with", "run_examples",
    "sample_calls", "sample_card", "sample_evaluations", "sample_results", "sample_sheet", "unreached",
]  # fmt: skip
