"""What is put into messages at the claim is in no row; a finisher that fails holds up its own kind alone."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import text, update
from sqlalchemy.ext.asyncio import AsyncSession

from engage.notify.claims import POSTPONED, Claim, Truth, claim
from engage.notify.finishing import Finisher, Unfinished
from engage.notify.models import OutboxMessage
from engage.storage.database import Database
from engage.storage.unit_of_work import UnitOfWork
from tests.outbox import Outbox

LEASE = timedelta(minutes=3)


@pytest.fixture
def outbox(database: Database, unit_of_work: UnitOfWork, now: datetime) -> Outbox:
    return Outbox(database, unit_of_work, now)


async def secret(session: AsyncSession, messages: Sequence[Unfinished]) -> Mapping[int, bytes]:
    return {each.id: each.content.replace(b"Welcome", f"Secret {each.details['reader']}".encode()) for each in messages}


async def failing(session: AsyncSession, messages: Sequence[Unfinished]) -> Mapping[int, bytes]:
    await session.execute(text("SELECT nothing FROM nowhere"))
    return {}


async def put(outbox: Outbox, database: Database, kind: str, reader: int = 0) -> int:
    number = await outbox.put()
    async with database.writing() as session:
        columns = {"kind": kind, "details": {"reader": reader}}
        await session.execute(update(OutboxMessage).where(OutboxMessage.id == number).values(columns))
    return number


async def claimed(unit_of_work: UnitOfWork, finishers: Mapping[str, Finisher]) -> Claim:
    real_now = datetime.now(UTC)
    truth = Truth({}, real_now, finishers)
    return await unit_of_work.run(partial(claim, now=real_now, lease=LEASE, limit=9, truth=truth))


@pytest.fixture
def now() -> datetime:
    """Long past, so that messages are due by the real clock."""
    return datetime(2020, 2, 3, 12, 0, tzinfo=UTC)


async def test_message_is_finished_for_the_relay_and_stays_unfinished_in_the_outbox(
    outbox: Outbox, database: Database, unit_of_work: UnitOfWork
) -> None:
    numbers = [await put(outbox, database, "invited", reader) for reader in (7, 8)]
    plain = await put(outbox, database, "plain")
    found = await claimed(unit_of_work, {"invited": secret})
    contents = {each.id: each.envelope.content for each in found.messages}
    assert [b"Secret 7" in contents[numbers[0]], b"Secret 8" in contents[numbers[1]]] == [True, True]
    assert b"Welcome" in contents[plain]
    assert all("Secret" not in repr(each) for each in found.messages)
    assert [b"Welcome" in (row.content or b"") for row in await outbox.every(OutboxMessage)] == [True] * 3


async def test_failing_finisher_puts_off_its_own_kind_and_no_other(
    outbox: Outbox, database: Database, unit_of_work: UnitOfWork
) -> None:
    stuck, plain = await put(outbox, database, "invited"), await put(outbox, database, "plain")
    before = datetime.now(UTC)
    found = await claimed(unit_of_work, {"invited": failing})
    assert [each.id for each in found.messages] == [plain]
    row = await outbox.get(stuck)
    assert (row.state, row.lease) == ("waiting", None)
    assert row.due_at >= before + POSTPONED
