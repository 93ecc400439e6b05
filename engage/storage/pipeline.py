"""Statements sent to PostgreSQL in one go and answered in one, a layer below the driver's cursors: at a third of their
cost, of which a burst has a dozen for each commit. Lasting ones are parsed and planned once for each connection.
"""

from collections.abc import Callable, Generator, Iterator, Sequence
from functools import partial
from itertools import chain
from typing import Any, NamedTuple
from uuid import uuid4

from psycopg import errors
from psycopg.adapt import Transformer
from psycopg.generators import fetch_many, send
from psycopg.postgres import types
from psycopg.pq import ExecStatus, Format, TransactionStatus

from engage.storage.bare import Ready

BEGIN, COMMIT = b"BEGIN", b"COMMIT"
TEXT = types["text"].oid  # of a statement's one parameter
# Somebody took away what was prepared, or it would answer otherwise than it did: the connection prepares no more.
SPOILT = (errors.InvalidSqlStatementName, errors.FeatureNotSupported)


class _Step(NamedTuple):
    """Something to send, which is answered by itself."""

    send: Callable[[], None]
    is_asked: bool = False
    prepares: tuple[str, bytes] | None = None  # a statement and its name


def is_open(driver: Any) -> bool:
    """Whether it is in a transaction."""
    return bool(driver.pgconn.transaction_status != TransactionStatus.IDLE)


async def exchange(driver: Any, asked: Sequence[Ready], *, ends: bool) -> list[list[Any]]:
    """The rows that each statement answers, given its one parameter; begins a transaction, and commits where it ends.

    Raises the driver's errors, once all that was sent has been dealt with.
    """
    is_first = not is_open(driver)
    try:
        return await _exchange(driver, asked, ends=ends)
    except SPOILT:
        driver.prepared = None
        if not is_first:
            raise
    await driver.rollback()
    return await _exchange(driver, asked, ends=ends)


async def _exchange(driver: Any, asked: Sequence[Ready], *, ends: bool) -> list[list[Any]]:
    steps = [*_steps(driver, asked, ends=ends)]
    async with driver.lock:
        results = await driver.wait(_exchanged(driver.pgconn, steps))
    _remember(driver, steps, results)
    for result in chain.from_iterable(results):
        if result.status == ExecStatus.FATAL_ERROR:
            raise errors.error_from_result(result)
    loaded = Transformer(driver)
    asked_for = (answers for step, answers in zip(steps, results, strict=True) if step.is_asked)
    return [_rows(loaded, answer) for (answer,) in asked_for]


def _steps(driver: Any, asked: Sequence[Ready], *, ends: bool) -> Iterator[_Step]:
    connection = driver.pgconn
    if not (driver.autocommit or is_open(driver)):
        yield _Step(partial(connection.send_query_params, BEGIN, None))
    names = dict(driver.prepared or ())
    for sql, document, is_lasting in asked:
        given = [document.encode()]
        if driver.prepared is None or not is_lasting:
            sending = partial(connection.send_query_params, sql.encode(), given)
        else:
            if sql not in names:
                names[sql] = uuid4().hex.encode()
                preparing = partial(connection.send_prepare, names[sql], sql.encode(), [TEXT])
                yield _Step(preparing, prepares=(sql, names[sql]))
            sending = partial(connection.send_query_prepared, names[sql], given)
        yield _Step(partial(sending, result_format=Format.BINARY), is_asked=True)
    if ends:
        yield _Step(partial(connection.send_query_params, COMMIT, None))


def _exchanged(connection: Any, steps: Sequence[_Step]) -> Generator[Any, Any, list[list[Any]]]:
    """As the driver waits: it yields what it waits for."""
    connection.enter_pipeline_mode()
    for step in steps:
        step.send()
    connection.pipeline_sync()
    yield from send(connection)
    results: list[list[Any]] = []
    for _ in steps:
        results += [(yield from fetch_many(connection))]
    yield from fetch_many(connection)
    connection.exit_pipeline_mode()
    return results


def _remember(driver: Any, steps: Sequence[_Step], results: Sequence[Sequence[Any]]) -> None:
    """What was prepared stays so, whatever comes of its transaction. A name that failed is never given again."""
    for step, answers in zip(steps, results, strict=True):
        if step.prepares is not None and all(each.status == ExecStatus.COMMAND_OK for each in answers):
            sql, name = step.prepares
            driver.prepared[sql] = name


def _rows(loaded: Any, result: Any) -> list[Any]:
    loaded.set_pgresult(result)
    rows: list[Any] = loaded.load_rows(0, result.ntuples, tuple)
    return rows
