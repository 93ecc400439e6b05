"""What a delivery report does to its message, and to the address that is to blame."""

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from engage.journal import JournalEntry
from engage.notify import mime
from engage.notify.bounces import failures_in
from engage.notify.health import RelayHealth
from engage.notify.marking import mark
from engage.notify.models import OutboxMessage
from engage.notify.retry import Outcome, Verdict
from engage.notify.watching import SILENT_AFTER, MailState, Watch, look
from engage.storage.database import Database
from engage.storage.unit_of_work import UnitOfWork
from tests.outbox import Outbox
from tests.replying import report

GONE = Outcome(Verdict.UNREACHABLE, None, "connect: refused")
QUIET = MailState(unreachable_since=None, listening_since=None, waiting=0, dead=0, oldest_waiting=None)


@pytest.fixture
def outbox(database: Database, unit_of_work: UnitOfWork, now: datetime) -> Outbox:
    return Outbox(database, unit_of_work, now)


@pytest.fixture
async def sent(outbox: Outbox, unit_of_work: UnitOfWork, now: datetime) -> int:
    """A message to Zoe that the relay took."""
    number = await outbox.put("Zoe@example.net", "registration:5")
    await settle(unit_of_work, number, "sent", now)
    return number


async def settle(unit_of_work: UnitOfWork, number: int, state: str, at: datetime) -> None:
    async def command(session: AsyncSession) -> None:
        settled = {"state": state, "settled_at": at}
        await session.execute(update(OutboxMessage).where(OutboxMessage.id == number).values(settled))

    await unit_of_work.run(command)


async def come_back(unit_of_work: UnitOfWork, number: int, content: bytes, now: datetime) -> bool:
    failures = failures_in(mime.read(content))
    assert failures is not None
    return await unit_of_work.run(partial(mark, message_id=number, failures=failures, now=now))


async def test_address_that_does_not_exist_is_told_of_once(
    outbox: Outbox, unit_of_work: UnitOfWork, sent: int, now: datetime
) -> None:
    for _ in range(2):
        assert await come_back(unit_of_work, sent, report(), now)
    message = await outbox.get(sent)
    assert message.state == "bounced"
    assert message.reply == "550 5.1.1 <<address>>: Recipient address rejected: User unknown"
    (entry,) = await outbox.every(JournalEntry)
    assert (entry.kind, entry.stream, entry.occurred_at) == ("AddressRefused", "registration:5", now)
    assert entry.details == {"message_id": sent, "about": "registration:5", "code": 550}


async def test_policy_of_the_other_side_marks_the_message_alone(
    outbox: Outbox, unit_of_work: UnitOfWork, sent: int, now: datetime
) -> None:
    refused = report(Status="5.7.1", Diagnostic_Code="smtp; 550 5.7.1 Not wanted here")
    assert await come_back(unit_of_work, sent, refused, now)
    assert (await outbox.get(sent)).state == "bounced"
    assert await outbox.every(JournalEntry) == []


async def test_copy_that_failed_elsewhere_is_noted_and_no_more(
    outbox: Outbox, unit_of_work: UnitOfWork, sent: int, now: datetime
) -> None:
    assert await come_back(unit_of_work, sent, report("forwarded@example.com"), now)
    message = await outbox.get(sent)
    assert (message.state, message.reply) == (
        "sent",
        "550 5.1.1 <<address>>: Recipient address rejected: User unknown",
    )
    assert await outbox.every(JournalEntry) == []


async def test_delay_changes_nothing(outbox: Outbox, unit_of_work: UnitOfWork, sent: int, now: datetime) -> None:
    assert await come_back(unit_of_work, sent, report(Action="delayed", Status="4.4.1"), now)
    message = await outbox.get(sent)
    assert (message.state, message.reply) == ("sent", None)


async def test_report_that_is_faster_than_we_are_is_asked_to_come_again(
    outbox: Outbox, unit_of_work: UnitOfWork, now: datetime
) -> None:
    number = await outbox.put("zoe@example.net")
    assert not await come_back(unit_of_work, number, report(), now)
    assert (await outbox.get(number)).state == "waiting"


async def test_report_of_an_unknown_message_is_taken(unit_of_work: UnitOfWork, now: datetime) -> None:
    assert await come_back(unit_of_work, 99, report(), now)


async def test_watchers_see_what_waits_and_what_is_dead(
    database: Database, outbox: Outbox, unit_of_work: UnitOfWork, now: datetime
) -> None:
    async with database.reading() as session:
        assert await look(session, now, now) == QUIET
    await outbox.put()
    await settle(unit_of_work, await outbox.put(), "dead", now)
    later = now + timedelta(minutes=5)
    async with database.reading() as session:
        state = await look(session, later, later)
    assert (state.waiting, state.dead, state.oldest_waiting) == (1, 1, timedelta(minutes=5))


async def test_watchers_see_since_when_the_relay_is_gone_until_any_process_reaches_it(
    database: Database, outbox: Outbox, unit_of_work: UnitOfWork, now: datetime
) -> None:
    async def unreachable_since(at: datetime) -> datetime | None:
        async with database.reading() as session:
            return (await look(session, at, at)).unreachable_since

    health, watch, later = RelayHealth(), Watch(unit_of_work), now + timedelta(minutes=3)
    await watch.see_relay(health, now)
    assert await unreachable_since(now) is None
    health.failed(GONE, now, 0.5)
    await watch.see_relay(health, now)
    health.failed(GONE, later, 0.5)
    await watch.see_relay(health, later)
    assert await unreachable_since(later) == now
    await settle(unit_of_work, await outbox.put(), "sent", later + timedelta(seconds=1))
    assert await unreachable_since(later) is None


async def test_watchers_see_the_relay_again_when_the_process_that_missed_it_does(
    database: Database, unit_of_work: UnitOfWork, now: datetime
) -> None:
    health, watch = RelayHealth(), Watch(unit_of_work)
    health.failed(GONE, now, 0.5)
    await watch.see_relay(health, now)
    health.worked(now)
    await watch.see_relay(health, now)
    async with database.reading() as session:
        assert await look(session, now, now) == QUIET


async def test_watchers_see_who_listens_until_nothing_is_heard_of_them(
    database: Database, unit_of_work: UnitOfWork, now: datetime
) -> None:
    async def is_listening(at: datetime) -> bool:
        async with database.reading() as session:
            return (await look(session, at, at)).listening_since is not None

    assert not await is_listening(now)
    begun = datetime.now(UTC)
    await Watch(unit_of_work).say_listening()
    assert await is_listening(begun)
    assert not await is_listening(datetime.now(UTC) + SILENT_AFTER)
