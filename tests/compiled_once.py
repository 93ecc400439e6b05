"""Statements compiled once in a process: tests open a thousand databases, and each engine compiles all of its own."""

from typing import Any

from sqlalchemy import Engine
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg, PGDialectAsync_psycopg
from sqlalchemy.dialects.sqlite.aiosqlite import SQLiteDialect_aiosqlite
from sqlalchemy.engine import URL

_COMPILED: dict[Any, Any] = {}


class _Alike:
    """One dialect is as good as another of its class, so that what is kept for the one serves the other."""

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other)

    def __hash__(self) -> int:
        return hash(type(self))

    @classmethod
    def engine_created(cls, engine: Engine) -> None:
        engine.update_execution_options(compiled_cache=_COMPILED)


class Sqlite(_Alike, SQLiteDialect_aiosqlite):
    supports_statement_cache = True


class Postgresql(_Alike, PGDialectAsync_psycopg):
    supports_statement_cache = True


class _Psycopg(PGDialect_psycopg):
    supports_statement_cache = True

    @classmethod
    def get_async_dialect_cls(cls, url: URL) -> type[Postgresql]:
        return Postgresql


def compile_once() -> None:
    """From now on, for every asynchronous engine of this process."""
    registry.register("sqlite.aiosqlite", __name__, Sqlite.__name__)
    registry.register("postgresql.psycopg", __name__, _Psycopg.__name__)
