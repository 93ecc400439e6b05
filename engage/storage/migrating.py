"""Bringing a database to the newest schema; any number of machines may try at once."""

from time import sleep

from alembic import command
from alembic.config import Config
from alembic.util.exc import CommandError
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from engage.errors import SettingsInvalid
from engage.resources import folder
from engage.storage.schema import engine_for_migrations, revision_of

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
        revision = revision_of(connection)
    engine.dispose()
    return revision or "empty"


def _config() -> Config:
    settings = Config()
    settings.set_main_option("script_location", str(folder("migrations")))
    return settings
