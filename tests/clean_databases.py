"""Databases of PostgreSQL that tests use one after another: emptying one takes a hundredth of what making one does."""

import uuid
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg

LARGEST = 2**21  # bytes that a database may have grown by; of a larger one the emptied pages would slow others down

SHAPE = """
SELECT md5(string_agg(part, ',' ORDER BY part)) FROM (
    SELECT attrelid::regclass || '.' || attname || atttypid || attnotnull || attisdropped AS part
    FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid WHERE relnamespace = 'public'::regnamespace
    UNION ALL SELECT tgname::text FROM pg_trigger UNION ALL SELECT evtname::text FROM pg_event_trigger
    UNION ALL SELECT proname::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    UNION ALL SELECT setconfig::text FROM pg_db_role_setting
    UNION ALL SELECT version_num FROM alembic_version
) AS parts
"""
ALONE = """
SELECT coalesce(bool_and(pg_terminate_backend(pid, 5000)), true) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""
SIZE = "SELECT pg_database_size(current_database())"
TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
RESTARTED = "SELECT setval(oid, 1, false) FROM pg_class WHERE relkind = 'S'"


@dataclass
class CleanDatabases:
    """Copies of a template on one server; those given back are emptied and lent again if nothing of them changed."""

    server: str
    template: str
    _free: list[str] = field(default_factory=list)
    _fresh: tuple[Any, Any] | None = None  # shape and size of a new one

    def lend(self) -> str:
        """The URL of a database that is as the template is."""
        return self._free.pop() if self._free else self.make()

    def make(self) -> str:
        """The URL of one that nobody used before, in which PostgreSQL has counted no rows."""
        name = f"engage_{uuid.uuid4().hex}"
        administer(self.server, f"CREATE DATABASE {name} TEMPLATE {self.template}")
        url = named(self.server, name)
        if self._fresh is None:
            with psycopg.connect(url) as connection:
                self._fresh = _asked(connection, SHAPE), _asked(connection, SIZE)
        return url

    def give_back(self, url: str) -> None:
        """Keep it for the next, or drop it where it is no longer as new ones are, or is still in use."""
        try:
            is_clean = self._is_clean_again(url)
        except psycopg.Error:
            is_clean = False
        if is_clean:
            self._free.append(url)
        else:
            administer(self.server, f"DROP DATABASE IF EXISTS {urlsplit(url).path[1:]} WITH (FORCE)")

    def _is_clean_again(self, url: str) -> bool:
        assert self._fresh is not None
        shape, size = self._fresh
        with psycopg.connect(url) as connection:
            if not _asked(connection, ALONE) or _asked(connection, SHAPE) != shape:
                return False
            if _asked(connection, SIZE) > size + LARGEST:
                return False
            connection.execute("SET LOCAL session_replication_role = replica")  # in any order of the tables
            tables = connection.execute(TABLES).fetchall()
            connection.execute(";".join(f"DELETE FROM {table}" for (table,) in tables).encode())
            connection.execute(RESTARTED)
        return True


def administer(server: str, statement: str) -> None:
    """Run a statement that no transaction may hold."""
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(statement.encode())


def named(server: str, name: str) -> str:
    """The URL of that database of the server."""
    return urlunsplit(urlsplit(server)._replace(path=f"/{name}"))


def _asked(connection: psycopg.Connection[Any], query: str) -> Any:
    row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return row[0]
