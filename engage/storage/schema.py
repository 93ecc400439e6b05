"""Which schema a database has, and whether it is enough for this code: asked at every start, and so without Alembic."""

import re
from functools import cache
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text

from engage.resources import folder
from engage.storage.database import make_folder_of
from engage.storage.sqlite import set_pragmas

REVISION = re.compile(r"""^(down_)?revision = ["'](.+)["']$""", re.MULTILINE)


def is_enough(connection: Connection) -> bool:
    """Whether the database has every migration that this code knows; it may have more, which newer code brought.

    Migrations only add until no process of older code runs (docs/operating.md), so that older code works with them.
    A newer revision is one that this code does not know and that is named after a later day.
    """
    revision, (newest, known) = revision_of(connection), revisions()
    return revision == newest or (revision is not None and revision not in known and revision > newest)


def revision_of(connection: Connection) -> str | None:
    """The revision that the database is at, None where it is empty."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return revision


@cache
def revisions() -> tuple[str, frozenset[str]]:
    """The newest that this code knows, and all."""
    files = (folder("migrations") / "versions").glob("*.py")
    found = [each for file in files for each in REVISION.findall(file.read_text())]
    known, followed = (frozenset(name for down, name in found if bool(down) is is_down) for is_down in (False, True))
    (newest,) = known - followed
    return newest, known


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
