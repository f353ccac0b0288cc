"""Escalations to tell people of, kept as the night keeps them, and a sink that keeps what it is told."""

from collections import Counter
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from postgres_server import fresh_url

from pauta.engine.model.followup import Notice, Occasion
from pauta.followup.keeping import Keeper
from pauta.followup.notices import gather, rows_of_notice
from pauta.followup.people import People
from pauta.store import PostgresStore, Store

NOW = datetime(2026, 3, 2, 20, tzinfo=UTC)
HOUR = timedelta(hours=1)
PEOPLE = People.of({"people": {
    "ana": {"name": "Ana Mora", "team": "north", "leader": "luis", "roles": ["agent"]},
    "bob": {"name": "Bob Lee", "team": "north", "leader": "luis", "roles": ["agent"]},
    "luis": {"name": "Luis Paz", "team": "north", "leader": "marta", "roles": ["supervisor"], "language": "es",
             "email": "luis@example.com"},
    "marta": {"name": "Marta Gil", "leader": "noa", "roles": ["manager"], "language": "ru"},
    "noa": {"name": "Noa Dias", "roles": ["manager"], "language": "pt-BR"},
    "petra": {"name": "Petra Ruiz", "roles": ["quality"], "email": "petra@example.com"},
}})  # fmt: skip


@contextmanager
def store_of(kind, tmp_path):
    """An empty store, `sqlite` or `postgres`."""
    with Store(tmp_path / "results.db") if kind == "sqlite" else PostgresStore(fresh_url()) as store:
        yield store


def occasion(number, agent="ana", escalation="grave", at=NOW, **changes):
    """An escalation of one call."""
    record = {
        "evaluation_id": f"{escalation}-{number}", "scorecard": "retail", "call_type": "sales",
        "answers": [{"question": "identity", "fault": "agent", "error": {"critical": "compliance"}}],
    }  # fmt: skip
    return Occasion(
        key=f"{escalation}-{number}", escalation=escalation, title=escalation, source="card retail@1.0.0", at=at,
        agent=agent, team="north", due=lambda _: at + 24 * HOUR,
        evaluation={**record, "call_id": f"c{number}"}, **changes,
    )  # fmt: skip


def raise_all(store, occasions, *opened, people=PEOPLE):
    """Keep occasions as the night does."""
    keeper = Keeper(people, rows_of_notice)
    for each in occasions:
        keeper.keep(each, opened)
    ledger = store.ledger()
    with ledger.writing():
        keeper.flush(ledger)
    return ledger


def states(ledger, table="notices"):
    return dict(Counter(str(row["state"]) for row in ledger.select(table)))


def messages(ledger, **wanted):
    return [row for row in ledger.select("messages", "1 = 1 ORDER BY at, recipient, key")
            if all(row[name] == value for name, value in wanted.items())]  # fmt: skip


class Kept:
    """A sink that keeps what it is told; it fails as it is asked to."""

    def __init__(self, *errors, after=None):
        self.errors, self.told, self.after = list(errors), [], after

    def notify(self, message):
        if self.after is not None:
            self.after()
        if self.errors:
            raise self.errors.pop(0)
        self.told.append(message)


def waiting(store, count=3, **changes):
    ledger = raise_all(store, [occasion(n, **changes) for n in range(count)], Notice(("petra",), "call 600 123 456"))
    gather(ledger, PEOPLE, ["mail"], NOW)
    return ledger
