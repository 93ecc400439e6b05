"""From the outbox to a real SMTP server: nothing is lost, repeated or out of order, whatever the server says."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from functools import partial

import pytest
from structlog.testing import capture_logs

from engage.journal import JournalEntry, PendingFact
from engage.notify.catcher import Catcher
from engage.notify.claims import Settlement, Truth, claim, settle
from engage.notify.delivery import LEASE, PER_DOMAIN, Delivered, Delivery
from engage.notify.models import CaughtMessage, OutboxMessage
from engage.notify.retry import GIVEN_UP_AFTER, LONGEST_PAUSE, LONGEST_WAIT, Outcome, Step, Verdict
from engage.notify.transport import Transport
from engage.storage.database import Database
from engage.storage.unit_of_work import UnitOfWork
from tests.concurrency.mailbox import Mailbox
from tests.outbox import Outbox
from tests.smtp_server import DROP, HANG, SmtpServer

LATER = 2 * LONGEST_WAIT


@pytest.fixture
async def server() -> AsyncIterator[SmtpServer]:
    async with SmtpServer() as server:
        yield server


@pytest.fixture
async def transport(server: SmtpServer) -> AsyncIterator[Transport]:
    transport = Transport.open(server.url, timeout=20)
    yield transport
    await transport.close()


@pytest.fixture
def delivery(database: Database, unit_of_work: UnitOfWork, transport: Transport) -> Delivery:
    return Delivery(database, unit_of_work, transport, jitter=lambda: 0.5)


@pytest.fixture
async def outbox(database: Database, unit_of_work: UnitOfWork, now: datetime) -> Outbox:
    return Outbox(database, unit_of_work, now)


async def test_an_accepted_message_is_sent_once_with_its_bytes_unchanged(
    outbox: Outbox, delivery: Delivery, server: SmtpServer, now: datetime
) -> None:
    key = await outbox.put()
    assert await delivery.deliver_due(now) == Delivered(sent=1)
    assert not await delivery.deliver_due(now)
    sent = await outbox.get(key)
    assert (sent.state, sent.attempts, sent.lease, sent.leased_until) == ("sent", 1, None, None)
    assert sent.reply == "250 2.0.0 Taken"
    assert sent.settled_at is not None
    [message] = server.messages
    assert message.sender == "evenings@example.org"
    assert message.recipients == ("somebody@example.org",)
    assert message.content == sent.content


async def test_a_message_not_yet_due_waits(
    outbox: Outbox, delivery: Delivery, server: SmtpServer, now: datetime
) -> None:
    await outbox.put()
    assert not await delivery.deliver_due(now - timedelta(seconds=1))
    assert not server.connections


async def test_a_transient_refusal_is_tried_again_when_its_wait_is_over(
    outbox: Outbox, delivery: Delivery, server: SmtpServer, now: datetime
) -> None:
    key = await outbox.put()
    server.script("RCPT", "451 4.7.1 Greylisted")
    assert await delivery.deliver_due(now) == Delivered(retried=1)
    assert not await delivery.deliver_due(now + timedelta(seconds=29))
    assert (await outbox.get(key)).state == "waiting"
    assert await delivery.deliver_due(now + timedelta(seconds=35)) == Delivered(sent=1)
    assert (await outbox.get(key)).attempts == 2
    assert len(server.messages) == 1


async def test_a_message_refused_for_two_days_is_dead_and_its_address_is_not_blamed(
    outbox: Outbox, delivery: Delivery, server: SmtpServer, now: datetime
) -> None:
    await outbox.put()
    server.script("DATA", "452 4.3.1 No room", "452 4.3.1 No room")
    assert await delivery.deliver_due(now) == Delivered(retried=1)
    assert await delivery.deliver_due(now + GIVEN_UP_AFTER + timedelta(minutes=1)) == Delivered(dead=1)
    assert await outbox.states() == ["dead"]
    assert await outbox.every(JournalEntry) == []


async def test_an_address_refused_for_good_is_dead_and_journalled_once(
    outbox: Outbox, delivery: Delivery, server: SmtpServer, now: datetime
) -> None:
    server.refuse("gone@example.org", "550 5.1.1 <gone@example.org> is unknown")
    key = await outbox.put("gone@example.org", stream="registration:12")
    await outbox.put()
    with capture_logs() as logs:
        assert await delivery.deliver_due(now) == Delivered(sent=1, dead=1)
        assert not await delivery.deliver_due(now + LATER)
    [entry] = await outbox.every(JournalEntry)
    assert (entry.kind, entry.stream) == ("AddressRefused", "registration:12")
    assert entry.details == {"message_id": key, "about": "registration:12", "code": 550}
    assert [pending.subscriber for pending in await outbox.every(PendingFact)] == ["bounces"]
    assert (await outbox.get(key)).reply == "550 5.1.1 <<address>> is unknown"
    assert "gone@" not in str(logs)


async def test_refused_content_is_dead_and_its_address_is_not_blamed(
    outbox: Outbox, delivery: Delivery, server: SmtpServer, now: datetime
) -> None:
    await outbox.put()
    server.script("DATA", "554 5.6.0 We do not like it")
    assert await delivery.deliver_due(now) == Delivered(dead=1)
    assert await outbox.every(JournalEntry) == []


async def test_an_address_that_would_write_a_command_of_its_own_is_refused_unsent(
    outbox: Outbox, delivery: Delivery, server: SmtpServer, now: datetime
) -> None:
    await outbox.put("a@example.org>\r\nRCPT TO:<b@example.org")
    assert await delivery.deliver_due(now) == Delivered(dead=1)
    assert not server.messages


async def test_a_refused_sender_ends_no_message_and_makes_the_queue_wait(
    outbox: Outbox, delivery: Delivery, server: SmtpServer, now: datetime
) -> None:
    for _ in range(20):
        await outbox.put()
    server.script("MAIL", *["550 5.7.1 You may not send as this"] * PER_DOMAIN)
    assert not await delivery.deliver_due(now)
    assert not delivery.health.is_reachable
    assert set(await outbox.states()) == {"waiting"}
    assert server.asked["MAIL"] == PER_DOMAIN
    await _deliver_all(delivery, now + LATER)
    assert await outbox.states() == ["sent"] * 20
    assert delivery.health.is_reachable


async def test_an_absent_relay_loses_nothing_and_is_asked_sparingly(
    outbox: Outbox, delivery: Delivery, server: SmtpServer, now: datetime
) -> None:
    await server.__aexit__()
    for _ in range(5):
        await outbox.put()
    assert not await delivery.deliver_due(now)
    assert (delivery.health.is_reachable, delivery.health.failures) == (False, 1)
    assert not await delivery.deliver_due(now)
    assert delivery.health.failures == 1
    assert not await delivery.deliver_due(now + GIVEN_UP_AFTER)
    assert delivery.health.failures == 2
    assert delivery.health.error is not None
    assert {(message.state, message.attempts, message.lease) for message in await outbox.every(OutboxMessage)} == {
        ("waiting", 0, None)
    }
    async with SmtpServer(port=server.port) as back:
        await _deliver_all(delivery, now + GIVEN_UP_AFTER + 2 * LONGEST_PAUSE)
        assert len(back.messages) == 5
    assert delivery.health.is_reachable


async def test_an_outage_of_days_uses_up_nothing_of_a_messages_own_two_days(
    outbox: Outbox, delivery: Delivery, server: SmtpServer, now: datetime
) -> None:
    await outbox.put()
    await server.__aexit__()
    assert not await delivery.deliver_due(now)
    async with SmtpServer(port=server.port) as back:
        back.script("RCPT", "451 4.2.0 Busy")
        assert await delivery.deliver_due(now + 2 * GIVEN_UP_AFTER) == Delivered(retried=1)
    assert await outbox.states() == ["waiting"]


async def test_a_line_dropped_after_the_content_repeats_the_same_message(
    outbox: Outbox, delivery: Delivery, server: SmtpServer, now: datetime
) -> None:
    await outbox.put()
    server.script("DATA", DROP)
    assert await delivery.deliver_due(now) == Delivered(retried=1)
    assert await delivery.deliver_due(now + LATER) == Delivered(sent=1)
    first, second = server.messages
    assert first.parsed["Message-ID"] == second.parsed["Message-ID"] == "<1@engage.example.org>"


async def test_messages_of_one_stream_arrive_in_order_and_one_in_back_off_holds_the_later(
    outbox: Outbox, delivery: Delivery, server: SmtpServer, now: datetime
) -> None:
    for _ in range(3):
        await outbox.put(stream="registration:1")
    await outbox.put(stream="registration:2")
    server.script("RCPT", "451 4.2.0 Busy")
    await _deliver_all(delivery, now)
    assert [message.parsed["Subject"] for message in server.messages] == ["4"]
    await _deliver_all(delivery, now + LATER)
    assert [message.parsed["Subject"] for message in server.messages] == ["4", "1", "2", "3"]


async def test_a_dead_message_holds_up_nobody(
    outbox: Outbox, delivery: Delivery, server: SmtpServer, now: datetime
) -> None:
    await outbox.put(stream="registration:1")
    await outbox.put(stream="registration:1")
    server.script("DATA", "554 5.6.0 Not this one")
    await _deliver_all(delivery, now)
    assert await outbox.states() == ["dead", "sent"]


async def test_two_deliveries_at_once_send_no_message_twice(
    outbox: Outbox, delivery: Delivery, transport: Transport, server: SmtpServer, now: datetime, database_url: str
) -> None:
    for number in range(60):
        await outbox.put(f"somebody@{number % 7}.example.org")
    other_database = Database(database_url)
    other = Delivery(other_database, UnitOfWork(other_database), transport)
    await asyncio.gather(_deliver_all(delivery, now), _deliver_all(other, now))
    await other_database.close()
    assert len(server.messages) == 60
    assert len({message.parsed["Message-ID"] for message in server.messages}) == 60


async def test_a_dead_workers_messages_are_taken_over_when_its_lease_runs_out(
    outbox: Outbox, delivery: Delivery, server: SmtpServer, unit_of_work: UnitOfWork, now: datetime
) -> None:
    key = await outbox.put()
    [held] = (await unit_of_work.run(partial(claim, now=now, lease=LEASE, limit=9, truth=Truth({}, now)))).messages
    assert not await delivery.deliver_due(now + LEASE - timedelta(seconds=1))
    assert await delivery.deliver_due(now + LEASE) == Delivered(sent=1)
    late = Settlement(held, Outcome(Verdict.ADDRESS_REFUSED, 550, ""), Step("dead", 1, now), now)
    await unit_of_work.run(partial(settle, settlements=[late]))
    assert (await outbox.get(key)).state == "sent"
    assert await outbox.every(JournalEntry) == []


async def test_a_lease_too_short_to_send_in_sends_nothing(
    outbox: Outbox,
    database: Database,
    unit_of_work: UnitOfWork,
    transport: Transport,
    server: SmtpServer,
    now: datetime,
) -> None:
    await outbox.put()
    hasty = Delivery(database, unit_of_work, transport, lease=timedelta(seconds=1))
    assert not await hasty.deliver_due(now)
    assert not server.messages
    [message] = await outbox.every(OutboxMessage)
    assert (message.state, message.lease) == ("waiting", None)


async def test_a_cancelled_round_settles_what_is_under_way_and_gives_back_the_rest(
    outbox: Outbox, database: Database, unit_of_work: UnitOfWork, server: SmtpServer, now: datetime
) -> None:
    for _ in range(3):
        await outbox.put()
    server.script("DATA", HANG)
    transport = Transport.open(server.url, connections=1, timeout=20)
    delivery = Delivery(database, unit_of_work, transport)
    running = asyncio.create_task(delivery.deliver_due(now))
    await server.arrived.wait()
    running.cancel()
    server.released.set()
    with pytest.raises(asyncio.CancelledError):
        await running
    await transport.close()
    messages = await outbox.every(OutboxMessage)
    assert [(message.state, message.lease) for message in messages] == [
        ("sent", None),
        ("waiting", None),
        ("waiting", None),
    ]
    assert len(server.messages) == 1


async def test_a_line_that_hangs_holds_up_no_message_that_comes_later(
    outbox: Outbox, database: Database, unit_of_work: UnitOfWork, now: datetime
) -> None:
    await outbox.put("first@example.org")
    async with Mailbox() as mailbox:
        mailbox.script("DATA", HANG)
        transport = Transport.open(mailbox.url, timeout=60)
        running = asyncio.create_task(Delivery(database, unit_of_work, transport).deliver_due(now))
        await mailbox.arrived.wait()
        await outbox.put("second@example.org")
        database.ring_here()
        await mailbox.hold({"second@example.org"}, within=30)
        assert not running.done()
        mailbox.released.set()
        assert await running == Delivered(sent=2)
        await transport.close()


async def test_the_catcher_takes_mail_the_way_a_relay_does(
    outbox: Outbox, database: Database, unit_of_work: UnitOfWork, now: datetime
) -> None:
    catcher = Catcher(unit_of_work, clock=lambda: now)
    transport = Transport.open(await catcher.open())
    key = await outbox.put()
    assert await Delivery(database, unit_of_work, transport).deliver_due(now) == Delivered(sent=1)
    await transport.close()
    await catcher.close()
    [caught] = await outbox.every(CaughtMessage)
    assert (caught.envelope_from, caught.recipients) == ("evenings@example.org", "somebody@example.org")
    assert caught.received_at == now
    assert caught.content == (await outbox.get(key)).content


async def _deliver_all(delivery: Delivery, now: datetime) -> None:
    while await delivery.deliver_due(now):
        pass
