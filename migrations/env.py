"""Alembic's environment: the connection comes from `engage migrate`, or from the settings for `make migration`."""

import os

from alembic import context
from sqlalchemy import Connection

import engage.events.mailing_models
import engage.events.models
import engage.journal
import engage.notify.models
import engage.people.models
import engage.surveys.action_models
import engage.surveys.models
import engage.surveys.report_models  # noqa: F401 - each adds its tables to the metadata
from engage.database import Base, Instant, Key
from engage.migrating import engine_for_migrations


def render_item(kind: str, item: object, autogen_context: object) -> str | bool:
    """Write Engage's own column types as plain SQLAlchemy ones, so that migrations do not depend on the code."""
    if kind == "type" and isinstance(item, Instant):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and item is Key:
        return 'sa.BigInteger().with_variant(sa.Integer(), "sqlite")'
    return False


def run(connection: Connection) -> None:
    context.configure(
        connection=connection, target_metadata=Base.metadata, render_as_batch=True, render_item=render_item
    )
    with context.begin_transaction():
        context.run_migrations()


if "connection" in context.config.attributes:
    run(context.config.attributes["connection"])
else:
    with engine_for_migrations(os.environ["ENGAGE_DATABASE_URL"]).begin() as own_connection:
        run(own_connection)
