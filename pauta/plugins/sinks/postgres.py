"""Results in a team's database: PostgreSQL, with the same tables and views as the embedded one.

A batch is one transaction, and writers wait for each other. The same result a second time writes nothing; another
result for the same call, agent, card, version and evaluator is a new revision. docs/database.md names tables and views.

    sinks:
      - postgres: {url: "${env:PAUTA_DATABASE}"}      # postgresql://user:password@host/database
"""

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

from pauta import Call, Outbox, PostgresStore, Recipient, Written, hookimpl


class Postgres:
    """A team's database."""

    name: ClassVar[str] = "postgres"
    purpose: ClassVar[str] = "Keeps results in a PostgreSQL database, with their revisions; views unfold the answers."
    endings: ClassVar[tuple[str, ...]] = ()
    options: ClassVar[Mapping[str, object]] = {
        "type": "object",
        "properties": {"url": {"type": "string", "description": "The database: postgresql://user:password@host/name."}},
        "required": ["url"],
        "additionalProperties": False,
    }

    def __init__(self, options: Mapping[str, object]) -> None:
        """Open the database; raises ProblemsFound where that is not possible."""
        self._store = PostgresStore(str(options["url"]))
        self._calls: Sequence[Call] = ()
        self._cards: Sequence[Mapping[str, object]] = ()
        self._send: Sequence[Recipient] = ()
        self._written = Written()

    @property
    def outbox(self) -> Outbox:
        """The database, where what other sinks are to be sent waits too."""
        return self._store

    def send_to(self, recipients: Sequence[Recipient]) -> None:
        """Take note of the sinks that are to be sent what is new."""
        self._send = recipients

    @property
    def outcome(self) -> str:
        """What became of the run, for its summary."""
        done = self._written
        return f"{done.new} new, {done.revised} revised, {done.unchanged} unchanged"

    def about(self, calls: Sequence[Call], cards: Sequence[Mapping[str, object]]) -> None:
        """Take note of the calls and cards of the batch that comes next: they go in with it."""
        self._calls, self._cards = calls, cards

    def write(self, evaluations: Sequence[Mapping[str, object]]) -> None:
        """Keep a batch of evaluations, all of it or nothing."""
        self._written += self._store.write(evaluations, calls=self._calls, cards=self._cards, send=self._send)
        self._calls, self._cards = (), ()

    def close(self) -> None:
        """Give the connection back."""
        self._store.close()


@hookimpl
def register_sinks(register: Callable[[type[Postgres]], None]) -> None:
    """Offer the sink."""
    register(Postgres)
