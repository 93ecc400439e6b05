"""Several workers on one PostgreSQL, with the same outbox and the same plan: each message goes out once.

The control shows what the lock is for: without it two claims take the same messages.
"""

import asyncio
import json
from collections import Counter
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from engage.events.models import Interest, OpenEvening, Registration
from engage.notify.claims import Truth
from engage.notify.delivery import Delivery
from engage.notify.models import OutboxMessage
from engage.notify.transport import Transport
from engage.storage.database import Database
from engage.storage.unit_of_work import UnitOfWork
from tests.acceptance.commands import Commands
from tests.concurrency.mailbox import Mailbox
from tests.concurrency.post import MADE_AT, fill_outbox
from tests.conftest import SECRET
from tests.factories import make_evening

REMINDED_AT = datetime(2027, 3, 13, 10, 0, tzinfo=UTC)  # the day before the post of the factories' evening closes
NOW = datetime(2027, 2, 3, 12, 0, tzinfo=UTC)
MESSAGES = 40

pytestmark = [
    pytest.mark.parametrize("database_url", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True),
    pytest.mark.timeout(300),
]


async def test_two_workers_send_messages_twice_with_the_lock_taken_out(
    database: Database, unit_of_work: UnitOfWork, mailbox: Mailbox
) -> None:
    await fill_outbox(unit_of_work, MESSAGES)
    await _let_deliveries_race(database.url, mailbox, is_locking=False)
    assert set(_repeats(mailbox).values()) == {2}


async def test_two_workers_send_each_message_once_with_the_lock(
    database: Database, unit_of_work: UnitOfWork, mailbox: Mailbox
) -> None:
    people = await fill_outbox(unit_of_work, MESSAGES)
    await _let_deliveries_race(database.url, mailbox, is_locking=True)
    assert mailbox.recipients == people
    assert set(_repeats(mailbox).values()) == {1}


@pytest.mark.parametrize("workers", [2, 4])
async def test_workers_plan_and_send_each_message_once(
    database: Database, unit_of_work: UnitOfWork, mailbox: Mailbox, tmp_path: Path, workers: int
) -> None:
    await _let_workers_race(database, unit_of_work, mailbox, tmp_path, workers=workers, people=100)


@pytest.mark.prove
@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("workers", [2, 4])
async def test_workers_plan_and_send_each_of_thousands_of_messages_once(
    database: Database, unit_of_work: UnitOfWork, mailbox: Mailbox, tmp_path: Path, workers: int
) -> None:
    done = await _let_workers_race(database, unit_of_work, mailbox, tmp_path, workers=workers, people=3_000)
    assert all(each["sent"] for each in done)


async def _let_workers_race(
    database: Database, unit_of_work: UnitOfWork, mailbox: Mailbox, folder: Path, *, workers: int, people: int
) -> list[dict[str, int]]:
    """As many messages wait as people are to be reminded; the answer is what each worker says that it did."""
    written = await fill_outbox(unit_of_work, people)
    await unit_of_work.run(partial(_want_reminders, people))
    settings = {"DATABASE_URL": database.url, "SMTP_URL": mailbox.url, "SECRET_KEY": SECRET, "DATA_DIR": str(folder)}
    commands = Commands(settings | {"MAIL_FROM": "evenings@example.org"}, folder)
    started = [commands.start("work", "--once", "--now", REMINDED_AT.isoformat()) for _ in range(workers)]
    ended = [await asyncio.to_thread(process.communicate) for process in started]
    assert [process.returncode for process in started] == [0] * workers, ended
    done: list[dict[str, int]] = [json.loads(out) for out, _ in ended]
    repeats = _repeats(mailbox)
    assert set(repeats.values()) == {1}
    assert set(repeats) == await _message_ids(database)
    assert mailbox.recipients >= written
    assert await _count_reminders(database) == people
    assert sum(each["sent"] for each in done) == len(repeats)
    return done


async def _want_reminders(people: int, session: AsyncSession) -> None:
    evening: OpenEvening = make_evening(2)
    session.add(evening)
    await session.flush()
    for number in range(people):
        address = f"reminded-{number}@example.org"
        registration = Registration(
            open_evening_id=evening.id,
            uid=f"uid-{number}",
            ticket_code=f"{number:08}",
            form="form",
            email=address,
            email_key=address,
            name=f"Somebody {number}",
            status="subscribed",
            party=1,
            has_reminders=True,
            created_at=MADE_AT,
        )
        session.add(registration)
        await session.flush()
        session.add(Interest(registration_id=registration.id, vacancy_id=evening.vacancies[0].id, created_at=MADE_AT))


async def _let_deliveries_race(url: str, mailbox: Mailbox, *, is_locking: bool) -> None:
    """Two deliveries, each as in a process of its own: both have read what is due before either of them leases it.

    With the lock the second one finds nothing that is due, and so meets nobody.
    """
    meeting = asyncio.Barrier(1 if is_locking else 2)

    async def meet(*anything: Any) -> set[int]:
        await meeting.wait()
        return set()

    truth = Truth({"place_confirmed": meet}, NOW)
    async with AsyncExitStack() as stack:
        deliveries = []
        for _ in range(2):
            database = Database(url)
            stack.push_async_callback(database.close)
            if not is_locking:
                event.listen(database.writer.sync_engine, "before_cursor_execute", _unlocked, retval=True)
            transport = Transport.open(mailbox.url)
            stack.push_async_callback(transport.close)
            deliveries.append(Delivery(database, UnitOfWork(database), transport, truth=lambda: truth))
        await asyncio.gather(*(delivery.deliver_due(NOW + timedelta(hours=1)) for delivery in deliveries))


def _unlocked(connection: Any, cursor: Any, statement: str, parameters: Any, *others: Any) -> tuple[str, Any]:
    return statement.replace(" FOR UPDATE SKIP LOCKED", ""), parameters


def _repeats(mailbox: Mailbox) -> Counter[str]:
    """How often each Message-ID came."""
    return Counter(str(received.parsed["Message-ID"]) for received in mailbox.messages)


async def _message_ids(database: Database) -> set[str]:
    async with database.reading() as session:
        return set(await session.scalars(select(OutboxMessage.message_id)))


async def _count_reminders(database: Database) -> int:
    async with database.reading() as session:
        query = select(func.count()).where(OutboxMessage.kind == "Reminder", OutboxMessage.state == "sent")
        return await session.scalar(query) or 0
