"""What became untrue between making a message and sending it is dropped, and what is left of it is made anew."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from sqlalchemy.ext.asyncio import AsyncSession
from structlog.testing import capture_logs

from engage.events import facts
from engage.events.mail.checks import checks
from engage.events.models import QueueEntry, Slot
from engage.journal import append
from engage.notify.checks import Candidate, Check
from engage.notify.claims import POSTPONED, Truth, claim
from engage.notify.delivery import LEASE, Delivered, Delivery
from engage.notify.models import OutboxMessage
from engage.notify.transport import Transport
from engage.storage.database import Database
from engage.storage.unit_of_work import UnitOfWork
from tests.outbox import Outbox
from tests.reminding import CLOSES, TWO_POSTS, WEEK_BEFORE, Reminding, local
from tests.smtp_server import SmtpServer

BOTH = ("caseworker", "manager")
LATER = "2027-03-07T10:00"


@pytest.fixture
async def reminding(reminding: Reminding) -> Reminding:
    """With a second post, which closes sooner."""
    await reminding.load(TWO_POSTS)
    return reminding


async def states(reminding: Reminding, kind: str = "Reminder") -> list[str]:
    return [row.state for row in await reminding.rows(kind)]


async def test_reminder_that_is_still_true_is_sent(reminding: Reminding) -> None:
    await reminding.join("zoe@example.org", BOTH)
    await reminding.plan(WEEK_BEFORE)
    claimed = await reminding.claim(LATER)
    assert [each.envelope.recipient for each in claimed.messages] == ["zoe@example.org"]
    assert (claimed.dropped, claimed.messages[0].until) == (0, local("2027-03-08T12:00"))


@pytest.mark.parametrize(
    ("what", "is_dropped"), [("caseworker", True), ("stop", True), ("cancel and stop", True), ("cancel", False)]
)
async def test_reminder_is_dropped_when_nobody_wants_it_any_more(
    reminding: Reminding, what: str, *, is_dropped: bool
) -> None:
    number = await reminding.join("zoe@example.org")
    await reminding.plan(WEEK_BEFORE)
    await reminding.act(number, what)
    claimed = await reminding.claim(LATER)
    assert (len(claimed.messages), claimed.dropped) == ((0, 1) if is_dropped else (1, 0))
    (row,) = await reminding.rows()
    assert (row.state, row.settled_at is not None) == (("dropped", True) if is_dropped else ("waiting", False))
    assert await reminding.plan("2027-03-07T10:01") == 0


async def test_what_is_left_of_a_reminder_is_made_anew_and_sent_once(reminding: Reminding) -> None:
    number = await reminding.join("zoe@example.org", BOTH)
    await reminding.plan(WEEK_BEFORE)
    await reminding.act(number, "manager")
    first, again = await reminding.claim(LATER), await reminding.claim(LATER)
    assert (first.messages, first.dropped) == ([], 1)
    assert (len(again.messages), again.dropped) == (1, 0)
    old, new = await reminding.texts()
    assert ("Manager" in old, "Manager" in new, "Caseworker" in new) == (True, False, True)
    assert await reminding.plan("2027-03-07T10:01") == 0
    assert await states(reminding) == ["dropped", "waiting"]


async def test_reminder_of_a_closing_that_moved_is_dropped_and_the_rest_made_anew(reminding: Reminding) -> None:
    await reminding.join("zoe@example.org", BOTH)
    await reminding.join("yan@example.org", ["manager"])
    await reminding.plan(WEEK_BEFORE)
    await reminding.move(TWO_POSTS, "03-08T12:00", "03-10T12:00", at="2027-03-07T09:30")
    assert (await reminding.claim(LATER)).dropped == 2
    sent = await reminding.claim(LATER)
    assert sorted((each.envelope.recipient, each.stream) for each in sent.messages) == [
        ("yan@example.org", "registration:2"),
        ("zoe@example.org", "registration:1"),
    ]
    assert await reminding.told() == ["zoe@example.org"]
    assert await reminding.told("ClosingMoved") == ["zoe@example.org", "yan@example.org"]


@pytest.mark.parametrize(("at", "dropped"), [("2027-03-08T11:59", 0), ("2027-03-08T12:00", 1)])
async def test_nothing_is_sent_from_the_closing_on(reminding: Reminding, at: str, dropped: int) -> None:
    await reminding.join("zoe@example.org", ["manager"])
    await reminding.plan(WEEK_BEFORE)
    assert (await reminding.claim(at)).dropped == dropped


async def test_post_that_closed_meanwhile_is_left_out_of_the_rest(reminding: Reminding) -> None:
    await reminding.join("zoe@example.org", BOTH)
    await reminding.plan(WEEK_BEFORE)
    assert (await reminding.claim("2027-03-08T12:00")).dropped == 1
    assert len((await reminding.claim("2027-03-08T12:00")).messages) == 1
    (said,) = await reminding.texts("Reminder", "waiting")
    assert "Manager" not in said


async def test_reminder_of_what_was_told_already_repeats_nothing(reminding: Reminding) -> None:
    """Another worker planned from what stood before a closing moved, and put its message after this one was sent."""
    number = await reminding.join("zoe@example.org", ["caseworker"])
    await reminding.plan(WEEK_BEFORE)
    assert await reminding.send(LATER) == ["zoe@example.org"]
    await reminding.choose(number, "manager", at="2027-03-01T12:00")
    await reminding.put(number, BOTH, at=LATER)
    assert await reminding.send(LATER) == []
    assert await reminding.send(LATER) == ["zoe@example.org"]
    assert await states(reminding) == ["sent", "dropped", "sent"]
    (_, said) = await reminding.texts("Reminder", "sent")
    assert ("Manager" in said, "Caseworker" in said) == (True, False)


async def test_moved_closing_is_told_to_nobody_who_lost_interest_meanwhile(reminding: Reminding) -> None:
    stops, applies, _ = await reminding.join_many(["stops@example.org", "applies@example.org", "stays@example.org"])
    await reminding.move(TWO_POSTS, CLOSES, "2027-03-20T12:00", at=LATER)
    await reminding.act(stops, "stop")
    await reminding.act(applies, "caseworker")
    assert await reminding.send(LATER) == ["stays@example.org"]
    assert await states(reminding, "ClosingMoved") == ["dropped", "dropped", "sent"]


async def test_moved_closing_is_told_until_it_has_come(reminding: Reminding) -> None:
    await reminding.join("zoe@example.org")
    await reminding.move(TWO_POSTS, CLOSES, "2027-03-20T12:00", at=LATER)
    assert await reminding.send("2027-03-20T12:00") == []
    assert await states(reminding, "ClosingMoved") == ["dropped"]


async def test_closing_moved_into_the_past_is_told_all_the_same(reminding: Reminding) -> None:
    await reminding.join("zoe@example.org")
    await reminding.move(TWO_POSTS, CLOSES, "2027-03-05T12:00", at=LATER)
    assert await reminding.send("2027-03-08T12:00") == ["zoe@example.org"]


async def offered(reminding: Reminding) -> tuple[int, int]:
    """Somebody to whom a place is offered until 10pm, and is told so; their id and the sitting's."""
    evening = await reminding.loader.evening()
    slot = evening.slots[0]
    number = await reminding.join("zoe@example.org", [], status="offered")

    async def command(session: AsyncSession) -> None:
        entry = QueueEntry(registration_id=number, slot_id=slot.id, turn=1, offer_expires_at=local("2027-02-03T22:00"))
        session.add(entry)
        (await session.get_one(Slot, slot.id)).held += 1
        fact = facts.PlaceOffered(
            registration_id=number, slot_id=slot.id, expires_at=local("2027-02-03T22:00"), is_wish=False
        )
        await append(session, fact, local("2027-02-03T12:00"))

    await reminding.unit_of_work.run(command)
    await reminding.follow("2027-02-03T12:01")
    return number, slot.id


@pytest.mark.parametrize(("at", "sent"), [("2027-02-03T21:59", 1), ("2027-02-03T22:00", 0)])
async def test_offer_is_made_until_it_is_over(reminding: Reminding, at: str, sent: int) -> None:
    await offered(reminding)
    assert len(await reminding.send(at)) == sent
    assert await states(reminding, "PlaceOffered") == ["sent" if sent else "dropped"]


async def test_offer_of_a_place_that_was_given_up_is_not_made(reminding: Reminding) -> None:
    number, _ = await offered(reminding)
    await reminding.act(number, "cancel", at="2027-02-03T13:00")
    assert (await reminding.claim("2027-02-03T13:01")).dropped == 1
    assert await states(reminding, "PlaceOffered") == ["dropped"]


async def test_check_that_fails_holds_up_its_own_kind_alone(
    database: Database, unit_of_work: UnitOfWork, now: datetime
) -> None:
    outbox = Outbox(database, unit_of_work, now)
    first, second = await outbox.put(), await outbox.put()

    async def rename(session: AsyncSession) -> None:
        (await session.get_one(OutboxMessage, first)).kind = "fragile"

    async def fail(session: AsyncSession, candidates: Sequence[Candidate], at: datetime) -> set[int]:
        raise LookupError

    async def claimed(at: datetime, check: Check) -> list[int]:
        command = partial(claim, now=at, lease=LEASE, limit=9, truth=Truth({"fragile": check}, at))
        return [message.id for message in (await unit_of_work.run(command)).messages]

    async def pass_all(session: AsyncSession, candidates: Sequence[Candidate], at: datetime) -> set[int]:
        return set()

    await unit_of_work.run(rename)
    with capture_logs() as logs:
        assert await claimed(now, fail) == [second]
    assert [each["kind"] for each in logs] == ["fragile"]
    assert await claimed(now + POSTPONED - timedelta(seconds=1), pass_all) == []
    assert await claimed(now + POSTPONED, pass_all) == [first]


async def test_no_try_begins_once_the_closing_has_come(reminding: Reminding) -> None:
    """It comes between the claim and the try: the message goes back, and is dropped at the next claim."""
    await reminding.join("zoe@example.org", ["manager"])
    await reminding.plan(WEEK_BEFORE)
    clock = iter([local("2027-03-08T11:59"), *[local("2027-03-08T12:00")] * 5])
    given = checks(reminding.correspondence)
    async with SmtpServer() as server:
        transport = Transport.open(server.url)
        delivery = Delivery(
            reminding.database, reminding.unit_of_work, transport, truth=lambda: Truth(given, next(clock))
        )
        assert await delivery.deliver_due(datetime.now(UTC)) == Delivered()
        assert await states(reminding) == ["waiting"]
        assert await delivery.deliver_due(datetime.now(UTC)) == Delivered(dropped=1)
        await transport.close()
    assert server.messages == []
    assert await states(reminding) == ["dropped"]
