"""Bringing a database to the newest schema; any number of machines may try at once."""

from typing import Any

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import Connection, Engine, create_engine, event, text

from engage.database import make_folder_of
from engage.errors import SettingsInvalid
from engage.resources import folder
from engage.sqlite import set_pragmas

MIGRATION_LOCK = 7_236_183  # any number, the same for all versions


def migrate(url: str) -> str:
    """Apply what is missing, under a lock that other machines wait for; the revision that the database is at."""
    engine = engine_for_migrations(url)
    with engine.begin() as connection:
        if not url.startswith("sqlite"):
            connection.execute(text(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})"))
        settings = _config()
        settings.attributes["connection"] = connection
        try:
            command.upgrade(settings, "head")
        except CommandError as error:
            raise SettingsInvalid(f"The database was made by another version of Engage: {error}.") from None
        revision = _revision(connection)
    engine.dispose()
    return revision or "empty"


def is_newest(connection: Connection) -> bool:
    """Whether the database has every migration that this code knows."""
    return _revision(connection) == ScriptDirectory.from_config(_config()).get_current_head()


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


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()
