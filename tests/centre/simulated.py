"""A simulated centre: 40 agents in 6 teams, three months, 20,000 calls, and facts that are planted among the noise.

python tests/centre/simulated.py 1 2 3       the figures of these seeds
python tests/centre/simulated.py --write     the figures of seeds 6 to 10, put into docs/follow-up.md
"""

from __future__ import annotations

import random
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import process_time

from pauta import Answer, Call, HumanEvaluation, Store
from pauta.engine.evaluation.evaluate import evaluate
from pauta.engine.evaluation.plan import compile_plan
from pauta.engine.evaluation.records import records
from pauta.engine.host import Host
from pauta.engine.loading.load import load_card
from pauta.engine.loading.operation import load_operation
from pauta.engine.loading.standing import standing_escalations
from pauta.engine.model.calls import batch_of
from pauta.followup.calendar import calendar_of
from pauta.followup.night import Setting, run_night
from pauta.followup.notices import rows_of_notice
from pauta.followup.people import People

HERE = Path(__file__).parent
PAGE, MARK = HERE.parents[1] / "docs" / "follow-up.md", "<!-- seeds -->"
SEEDS = [6, 7, 8, 9, 10]
AGENTS, TEAMS, DAYS, CALLS = 40, 6, 90, 20_000
FIRST = datetime(2026, 3, 2, 13, tzinfo=UTC)
MISSED = {
    "greeting": 0.04, "purpose": 0.05, "listening": 0.1, "empathy": 0.12, "solution": 0.1, "address": 0.06,
    "hold": 0.08, "summary": 0.08, "farewell": 0.05, "identity": 0.01,
}  # fmt: skip
"""How often each question is missed by an agent of middling skill."""

SLIPPING, SLIPPED_QUESTIONS, SLIPPED = ((7, 35), (22, 52)), ("empathy", "summary"), 0.5
"""Agents and the day from which they miss these questions so often."""

BROKEN, BROKEN_FROM, BROKEN_MISSED = "address", 60, 0.6
"""The question that a change of the process makes everybody miss so often, from a day on."""

WEAK, WEAK_TIMES, BETTER_FROM = 13, 4.0, 45
"""An agent who misses everything so many times as often as others, until a plan helps."""

LATE = 14
"""So many days a window still holds what was true before."""


@dataclass
class Seen:
    """What the rules raised over windows: (day, escalation, key, about), and what of the planted they found when."""

    raised: list[tuple[int, str, str, str]] = field(default_factory=list)
    found: dict[str, int] = field(default_factory=dict)
    evaluations: int = 0
    duties: int = 0
    seconds: float = 0.0

    @property
    def not_planted(self) -> list[tuple[int, str, str, str]]:
        """What was raised about nothing that is planted."""
        return [each for each in self.raised if not _planted(*each)]


def name_of(agent: int) -> str:
    return f"agent-{agent:02}"


def _planted(day: int, escalation: str, key: str, about: str) -> bool:
    """Whether a raise is about something planted, at a time when it was so."""
    if escalation == "broken":
        return key == f"care/{BROKEN}" and day >= BROKEN_FROM
    if escalation == "learned":
        return key == name_of(WEAK) and day >= BETTER_FROM
    if key == name_of(WEAK):
        return escalation in ("low", "habit", "many") and day < BETTER_FROM + LATE
    since = {name_of(agent): begun for agent, begun in SLIPPING}.get(key)
    if since is None or day < since:
        return False
    return escalation in ("low", "many") or (escalation == "habit" and about.partition("/")[2] in SLIPPED_QUESTIONS)


def wanted() -> dict[str, tuple[str, str, int]]:
    """What must be found: its name -> the escalation, the key, and the day from which it is there to be found."""
    return {
        **{f"{name_of(agent)} slips": ("habit", name_of(agent), begun) for agent, begun in SLIPPING},
        f"{BROKEN} is broken": ("broken", f"care/{BROKEN}", BROKEN_FROM),
        f"{name_of(WEAK)} is weak": ("low", name_of(WEAK), 0),
        f"{name_of(WEAK)} has learned": ("learned", name_of(WEAK), BETTER_FROM),
    }


def days(seed: int) -> Iterator[tuple[list[Call], list[HumanEvaluation]]]:
    """Every day's calls, and what people answered about them."""
    dice = random.Random(seed)
    skill = [min(max(dice.gauss(1.0, 0.2), 0.6), 1.4) for _ in range(AGENTS)]
    severity = {name: dice.uniform(0.9, 1.1) for name in ("eva", "noa", "ivo", "lia")}
    per_day = [CALLS // DAYS + (day < CALLS % DAYS) for day in range(DAYS)]
    return (_day(day, count, dice, skill, severity) for day, count in enumerate(per_day))


def _day(
    day: int, count: int, dice: random.Random, skill: list[float], severity: dict[str, float]
) -> tuple[list[Call], list[HumanEvaluation]]:
    calls, humans = [], []
    mood = dice.uniform(0.85, 1.15)
    for n in range(count):
        agent, evaluator = dice.randrange(AGENTS), dice.choice(list(severity))
        kind = dice.choice(("billing", "delivery", "other"))
        begun = FIRST + timedelta(days=day, minutes=dice.uniform(0, 9 * 60))
        call = Call(
            f"{day:02}-{n:03}", begun.isoformat(timespec="seconds"), max(30.0, dice.gauss(330, 120)), name_of(agent),
            f"team-{agent % TEAMS}", call_type=kind,
        )  # fmt: skip
        harder = mood * severity[evaluator] * skill[agent] * {"billing": 1.15, "delivery": 1.0, "other": 0.9}[kind]
        answers = {
            question: Answer("no" if dice.random() < min(_rate(day, agent, question, rate, harder), 0.9) else "yes")
            for question, rate in MISSED.items()
        }
        at = (begun + timedelta(minutes=30)).isoformat(timespec="seconds")
        calls.append(call)
        humans.append(HumanEvaluation(call.call_id, "care", evaluator, answers, agent=call.agent, evaluated_at=at))
    return calls, humans


def _rate(day: int, agent: int, question: str, rate: float, harder: float) -> float:
    """How likely it is that a question is missed, with all that is planted."""
    if question == BROKEN and day >= BROKEN_FROM:
        return BROKEN_MISSED
    if any(agent == who and day >= begun and question in SLIPPED_QUESTIONS for who, begun in SLIPPING):
        return SLIPPED
    if agent == WEAK and day < BETTER_FROM and question != "identity":
        return rate * WEAK_TIMES
    return rate * harder


def setting_of(store: Store) -> Setting:
    """What `pauta escalations run` would make of the centre's folder."""
    host = Host(installed=False)
    operation, problems = load_operation(HERE / "pauta.yaml")
    assert operation is not None, problems
    standing, problems = standing_escalations(operation.data, host)
    assert not problems, problems
    calendar, _ = calendar_of(operation)
    card = load_card(HERE / "card.yaml", host).scorecard
    assert calendar is not None
    assert card is not None
    people = People.of(operation.data)
    return Setting("operation centre", standing, lambda *_: card, host, calendar, people, rows_of_notice)


def run(seed: int, file: Path) -> Seen:
    """Three months, each day scored and each night followed up."""
    seen, begun = Seen(), process_time()
    with Store(file) as store:
        setting = setting_of(store)
        card = setting.card_of("care", "1.0.0", "")
        assert card is not None
        plan = compile_plan(card, setting.host)
        kept = {"scorecard": "care", "version": "1.0.0", "digest": card.digest, "title": None, "document": None}
        for day, (calls, humans) in enumerate(days(seed)):
            store.write(list(records(evaluate(plan, batch_of(calls, humans)))), calls=calls, cards=[kept])
            night = run_night(store, setting, FIRST + timedelta(days=day, hours=12))
            assert not night.problems, night.problems
            seen.evaluations += night.evaluations
        ledger = store.ledger()
        for row in ledger.select("raised", "evaluation_id IS NULL AND warning = 0 ORDER BY at, escalation, over_key"):
            day = (datetime.fromisoformat(str(row["at"])) - FIRST).days
            seen.raised.append((day, str(row["escalation"]), str(row["over_key"]), str(row["about"])))
        seen.duties = len(ledger.select("duties"))
    for what, (escalation, key, since) in wanted().items():
        late = [day - since for day, name, over, _ in seen.raised if (name, over) == (escalation, key) and day >= since]
        if late:
            seen.found[what] = late[0]
    seen.seconds = process_time() - begun
    return seen


def rows(seeds: list[int]) -> Iterator[str]:
    """The figures of some seeds as a table in Markdown, a line as soon as it is known."""
    names = list(wanted())
    yield f"| seed | {' | '.join(names)} | raised | not planted | share |"
    yield f"|---|{'---|' * (len(names) + 3)}"
    for seed in seeds:
        with tempfile.TemporaryDirectory() as folder:
            seen = run(seed, Path(folder) / "centre.db")
        late = [f"{seen.found[name]} d" if name in seen.found else "not found" for name in names]
        others = seen.not_planted
        share = f"{len(others) / max(len(seen.raised), 1):.1%}"
        print(f"seed {seed}: {seen.seconds:.1f} s, {seen.duties} duties, not planted: {others}", file=sys.stderr)
        yield f"| {seed} | {' | '.join(late)} | {len(seen.raised)} | {len(others)} | {share} |"


def put_into_docs(table: Iterable[str]) -> None:
    """Replace the table between the marks of docs/follow-up.md."""
    text = PAGE.read_text(encoding="utf-8")
    before, rest = text.split(MARK, 1)
    after = rest.split(MARK, 1)[1]
    PAGE.write_text("\n".join([before + MARK, *table, MARK + after]), encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        put_into_docs(rows(SEEDS))
    else:
        for line in rows([int(each) for each in sys.argv[1:]] or SEEDS):
            print(line, flush=True)
