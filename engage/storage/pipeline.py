"""Statements sent to PostgreSQL in one go and answered in one, a layer below the driver's cursors: at a third of their
cost, of which a burst has a dozen for each commit.
"""

from collections.abc import Generator, Sequence
from typing import Any

from psycopg import errors
from psycopg.adapt import Transformer
from psycopg.generators import fetch_many, send
from psycopg.pq import ExecStatus, Format, TransactionStatus

BEGIN, COMMIT = b"BEGIN", b"COMMIT"

Sent = tuple[bytes, bytes | None]  # a statement and its one parameter


async def exchange(driver: Any, asked: Sequence[tuple[str, str]], *, ends: bool) -> list[list[Any]]:
    """The rows that each statement answers, given its one parameter; begins a transaction, and commits where it ends.

    Raises the driver's errors, once all that was sent has been dealt with.
    """
    begins = not driver.autocommit and driver.pgconn.transaction_status == TransactionStatus.IDLE
    sent: list[Sent] = [(BEGIN, None)] if begins else []
    sent += [(sql.encode(), document.encode()) for sql, document in asked]
    sent += [(COMMIT, None)] if ends else []
    async with driver.lock:
        results = await driver.wait(_exchanged(driver.pgconn, sent))
    for result in results:
        if result.status == ExecStatus.FATAL_ERROR:
            raise errors.error_from_result(result)
    loaded = Transformer(driver)
    return [_rows(loaded, result) for result in results[begins : begins + len(asked)]]


def _exchanged(connection: Any, sent: Sequence[Sent]) -> Generator[Any, Any, list[Any]]:
    """As the driver waits: it yields what it waits for."""
    connection.enter_pipeline_mode()
    for sql, document in sent:
        connection.send_query_params(sql, None if document is None else [document], result_format=Format.BINARY)
    connection.pipeline_sync()
    yield from send(connection)
    results = []
    for _ in sent:
        results += yield from fetch_many(connection)
    yield from fetch_many(connection)
    connection.exit_pipeline_mode()
    return results


def _rows(loaded: Any, result: Any) -> list[Any]:
    loaded.set_pgresult(result)
    rows: list[Any] = loaded.load_rows(0, result.ntuples, tuple)
    return rows
