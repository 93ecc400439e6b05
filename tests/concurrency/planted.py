"""Leaks as others have them, planted into a database around the product: so the thief's test is known to find them."""

from collections.abc import Awaitable, Callable

from sqlalchemy import text

from engage.storage.database import Database
from tests.pulses import Pulse

Plant = Callable[[Database, Pulse], Awaitable[None]]
NOTE = "INSERT INTO audit (print) VALUES (new.fingerprint) ON CONFLICT DO NOTHING"
AUDIT = {
    "sqlite": [
        "CREATE TABLE audit ({column}, print BLOB UNIQUE)",
        f"CREATE TRIGGER audited AFTER INSERT ON spent_link BEGIN {NOTE}; END",
    ],
    "postgresql": [
        "CREATE TABLE audit ({column}, print bytea UNIQUE)",
        f"CREATE FUNCTION audit() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN {NOTE}; RETURN new; END'",
        "CREATE TRIGGER audited AFTER INSERT ON spent_link FOR EACH ROW EXECUTE FUNCTION audit()",
    ],
}
TIMESTAMP = {
    "sqlite": "at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%f'))",
    "postgresql": "at timestamptz DEFAULT clock_timestamp()",
}
SERIAL = {"sqlite": "id INTEGER PRIMARY KEY AUTOINCREMENT", "postgresql": "id BIGSERIAL"}


async def timestamp(database: Database, pulse: Pulse) -> None:
    """Each spent link has a time."""
    await _audit(database, TIMESTAMP)


async def serial(database: Database, pulse: Pulse) -> None:
    """Each spent link has a number that counts up."""
    await _audit(database, SERIAL)


async def stored_link(database: Database, pulse: Pulse) -> None:
    """The roster keeps what a spent link will be."""
    async with database.writing() as session:
        await session.execute(text("ALTER TABLE roster_entry ADD COLUMN link VARCHAR(40)"))
        for roster_id in pulse.roster_ids:
            link = {"link": pulse.links.fingerprint(roster_id).hex(), "id": roster_id}
            await session.execute(text("UPDATE roster_entry SET link = :link WHERE id = :id"), link)


async def nothing(database: Database, pulse: Pulse) -> None:
    """The leak lies elsewhere."""


async def _audit(database: Database, column: dict[str, str]) -> None:
    kind = "sqlite" if database.is_sqlite else "postgresql"
    async with database.writing() as session:
        for statement in AUDIT[kind]:
            await session.execute(text(statement.replace("{column}", column[kind])))
