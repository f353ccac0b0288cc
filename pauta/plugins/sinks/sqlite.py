"""Results in the embedded database: every evaluation with its revisions, beside the calls and cards it is about.

A batch is one transaction. The same result a second time writes nothing; another result for the same call, agent, card,
version and evaluator is a new revision. The file opens in any SQLite tool; docs/database.md names tables and views.
"""

from collections.abc import Callable, Mapping
from typing import ClassVar

from pauta import Store, hookimpl
from pauta.plugins.sinks.keeping import Keeping


class Sqlite(Keeping):
    """The embedded database."""

    name: ClassVar[str] = "sqlite"
    purpose: ClassVar[str] = "Keeps results in a SQLite database, with their revisions; views unfold the answers."
    endings: ClassVar[tuple[str, ...]] = (".db", ".sqlite", ".sqlite3")
    options: ClassVar[Mapping[str, object]] = {
        "type": "object",
        "properties": {"path": {"type": "string", "description": "The database file; made where there is none."}},
        "required": ["path"],
        "additionalProperties": False,
    }

    def __init__(self, options: Mapping[str, object]) -> None:
        """Open the database; raises ProblemsFound where that is not possible."""
        super().__init__(Store(str(options["path"]), commits_behind=True))


@hookimpl
def register_sinks(register: Callable[[type[Sqlite]], None]) -> None:
    """Offer the sink."""
    register(Sqlite)
