"""PostgreSQL's connections as Engage uses them: patient with a pooler, trusted for a moment, read in bulk."""

from functools import partial
from time import monotonic
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

TRUSTED_FOR = 1.0  # seconds after its last use in which a connection is taken to be alive
READ_AT_ONCE = 256 * 1024  # bytes: about what a socket holds
PATIENT = {  # a pooler keeps no prepared statements; a machine that is gone is given up after these seconds
    "prepare_threshold": None,
    "connect_timeout": 10,
    "keepalives_idle": 20,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,  # milliseconds
}


def read_in_bulk(engine: Engine) -> None:
    """Let it answer in its own form, as text bytes are twice as many, and take at once whatever has come.

    The client library's buffer holds two messages of the outbox, each such pair is waited for by itself, and that cost
    as much as all else in a claim. It grows to hold the longest row that comes, and stays so.

    Statements are prepared for whoever is served by the process that it was told of, ``prepared`` being their names by
    their text. A pooler tells a number of its own; behind one nothing is prepared, and ``prepared`` is None.
    """

    def connected(connection: Any, record: object) -> None:
        driver = connection.driver_connection
        driver.cursor = partial(driver.cursor, binary=True)
        cursor = connection.cursor()
        cursor.execute(f"SELECT repeat(' ', {READ_AT_ONCE}), pg_backend_pid()")
        ((_, serving),) = cursor.fetchall()
        cursor.close()
        driver.prepared = {} if serving == driver.pgconn.backend_pid else None
        connection.rollback()

    event.listen(engine, "connect", connected)


def ask_the_idle(engine: Engine) -> None:
    """Ask a connection that was idle for a while whether it lives; always would be a journey for each commit."""

    def rested(connection: DBAPIConnection, record: ConnectionPoolEntry) -> None:
        record.info["rested_at"] = monotonic()

    def taken(connection: DBAPIConnection, record: ConnectionPoolEntry, proxy: PoolProxiedConnection) -> None:
        if monotonic() - record.info.get("rested_at", monotonic()) > TRUSTED_FOR:
            try:
                engine.dialect.do_ping(connection)
            except engine.dialect.loaded_dbapi.Error as error:
                raise InvalidatePoolError from error

    event.listen(engine, "checkin", rested)
    event.listen(engine, "checkout", taken)
