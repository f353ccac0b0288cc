"""Results in a team's database: PostgreSQL, with the same tables and views as the embedded one.

A batch is one transaction, and writers wait for each other. The same result a second time writes nothing; another
result for the same call, agent, card, version and evaluator is a new revision. docs/database.md names tables and views.

    sinks:
      - postgres: {url: "${env:PAUTA_DATABASE}"}      # postgresql://user:password@host/database
"""

from collections.abc import Callable, Mapping
from typing import ClassVar

from pauta import PostgresStore, hookimpl
from pauta.plugins.sinks.keeping import Keeping


class Postgres(Keeping):
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
        super().__init__(PostgresStore(str(options["url"])))


@hookimpl
def register_sinks(register: Callable[[type[Postgres]], None]) -> None:
    """Offer the sink."""
    register(Postgres)
