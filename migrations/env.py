"""Alembic's environment: the connection comes from `engage migrate`, or from the settings for `make migration`."""

import os

from alembic import context
from sqlalchemy import Connection, MetaData

from engage.late import library
from engage.storage.database import Base, Instant, Key
from engage.storage.schema import engine_for_migrations

MODELS = (
    "engage.events.mail.mailing_models",
    "engage.events.models",
    "engage.journal",
    "engage.notify.models",
    "engage.people.models",
    "engage.surveys.follow_up.action_models",
    "engage.surveys.models",
    "engage.surveys.reports.report_models",
)


def tables() -> MetaData:
    """Every table, for `make migration` to compare a database with; a database is migrated without them."""
    for each in MODELS:
        library(each)
    for table in Base.metadata.tables.values():
        for index in table.indexes:
            # said here: whatever names PostgreSQL loads all that speaks to it, and models are loaded at every start
            if (where := index.dialect_kwargs.get("sqlite_where")) is not None:
                index.dialect_kwargs["postgresql_where"] = where
    return Base.metadata


def render_item(kind: str, item: object, autogen_context: object) -> str | bool:
    """Write Engage's own column types as plain SQLAlchemy ones, so that migrations do not depend on the code."""
    if kind == "type" and isinstance(item, Instant):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and item is Key:
        return 'sa.BigInteger().with_variant(sa.Integer(), "sqlite")'
    return False


def run(connection: Connection, metadata: MetaData) -> None:
    context.configure(connection=connection, target_metadata=metadata, render_as_batch=True, render_item=render_item)
    with context.begin_transaction():
        context.run_migrations()


if "connection" in context.config.attributes:
    run(context.config.attributes["connection"], Base.metadata)
else:
    with engine_for_migrations(os.environ["ENGAGE_DATABASE_URL"]).begin() as own_connection:
        run(own_connection, tables())
