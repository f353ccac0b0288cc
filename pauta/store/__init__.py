"""The database: evaluations with their revisions, the calls they are about, the cards they used, and the outbox.

The one room that knows table names. `contract` says what a store does, `sqlite` and `postgres` how; what the tables and
views hold is written in docs/database.md.
"""

from pauta.store.contract import AnyStore
from pauta.store.ledger import Ledger
from pauta.store.postgres import PostgresStore
from pauta.store.sqlite import Store
from pauta.store.tables import JSON_COLUMNS, TABLES, VIEWS, Written

__all__ = ["JSON_COLUMNS", "TABLES", "VIEWS", "AnyStore", "Ledger", "PostgresStore", "Store", "Written"]
