"""Bringing a database to the newest schema; any number of machines may try at once."""

from functools import cache
from time import sleep
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.exc import OperationalError

from engage.database import make_folder_of
from engage.errors import SettingsInvalid
from engage.resources import folder
from engage.sqlite import set_pragmas

MIGRATION_LOCK = 7_236_183  # any number, the same for all versions
LOCK_NOT_AVAILABLE = "55P03"  # PostgreSQL's code
PATIENCE = 1_000  # milliseconds that a change of a table waits for those who use it, while others wait behind it
TRIES, PAUSE_SECONDS = 60, 1.0


def migrate(url: str) -> str:
    """Apply what is missing, under a lock that other machines wait for; the revision that the database is at."""
    for _ in range(TRIES - 1):
        try:
            return _upgrade(url)
        except OperationalError as error:
            if getattr(error.orig, "sqlstate", None) != LOCK_NOT_AVAILABLE:
                raise
            sleep(PAUSE_SECONDS)
    return _upgrade(url)


def _upgrade(url: str) -> str:
    engine = engine_for_migrations(url)
    with engine.begin() as connection:
        if not url.startswith("sqlite"):
            connection.execute(text(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})"))
            connection.execute(text(f"SET LOCAL lock_timeout = {PATIENCE}"))
        settings = _config()
        settings.attributes["connection"] = connection
        try:
            command.upgrade(settings, "head")
        except CommandError as error:
            raise SettingsInvalid(f"The database was made by another version of Engage: {error}.") from None
        revision = _revision(connection)
    engine.dispose()
    return revision or "empty"


def is_enough(connection: Connection) -> bool:
    """Whether the database has every migration that this code knows; it may have more, which newer code brought.

    Migrations only add until no process of older code runs (docs/operating.md), so that older code works with them.
    A newer revision is one that this code does not know and that is named after a later day.
    """
    revision, (newest, known) = _revision(connection), _revisions()
    return revision == newest or (revision is not None and revision not in known and revision > newest)


def engine_for_migrations(url: str) -> Engine:
    """An engine whose transactions hold the database alone on SQLite, where tables are copied to be altered."""
    if not url.startswith("sqlite"):
        return create_engine(url.replace("postgresql://", "postgresql+psycopg://", 1))
    make_folder_of(url)
    engine = create_engine(url, connect_args={"isolation_level": None})

    def connect(connection: Any, record: object) -> None:
        set_pragmas(connection, record)
        connection.execute("PRAGMA foreign_keys=OFF")  # copying a table must not cascade

    event.listen(engine, "connect", connect)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    return engine


def _config() -> Config:
    settings = Config()
    settings.set_main_option("script_location", str(folder("migrations")))
    return settings


@cache
def _revisions() -> tuple[str, frozenset[str]]:
    """The newest that this code knows, and all."""
    scripts = ScriptDirectory.from_config(_config())
    return scripts.get_current_head() or "", frozenset(each.revision for each in scripts.walk_revisions())


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()
