"""Booking against a plain model: whatever people do, in any order, places and turns stay true."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from engage.errors import EngageError, NotHeld, OfferLapsed, OfferPending
from engage.events.models import OpenEvening, QueueEntry, Registration, Slot
from engage.events.registrations import attending, booking, registering, releasing
from engage.events.registrations.sittings import slot_of
from engage.storage.database import Database
from engage.storage.unit_of_work import UnitOfWork
from tests.factories import make_application, make_asking, make_evening
from tests.plain import Plain

START = datetime(2027, 2, 3, 12, 0, tzinfo=UTC)
PHASES = (Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink)
SLOTS = st.integers(0, 1)
PEOPLE = st.integers(0, 7)
CROWDS = st.lists(st.tuples(SLOTS, st.integers(1, 2)), min_size=3, max_size=8)


class Booking(RuleBasedStateMachine):
    """Drives the real booking on a real database, and the plain model beside it."""

    template: Path
    folder: Path

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.now = START
        self.forms = self.questions = 0

    @initialize(capacities=st.tuples(st.integers(1, 3), st.integers(1, 2)), crowd=CROWDS)
    def open(self, capacities: tuple[int, int], crowd: list[tuple[int, int]]) -> None:
        path = self.folder / "booking.db"
        for leftover in self.folder.glob("booking.db*"):
            leftover.unlink()
        shutil.copy(self.template, path)
        self.database = Database(f"sqlite:///{path}")
        self.unit_of_work = UnitOfWork(self.database)
        self.plain = Plain(capacities)
        self.evening = make_evening(*capacities)
        self.runner.run(self._store())
        assert self.act(partial(self._come, crowd)) is None

    async def _come(self, crowd: list[tuple[int, int]], session: AsyncSession) -> None:
        for who, (where, party) in enumerate(crowd):
            slot = self.evening.slots[where]
            await registering.register(
                session, make_application(self.evening, slot, self.address(who), party=party), self.now
            )
            self.plain.party[who] = party
            self.plain.seat(who, where)

    async def _store(self) -> None:
        async with self.database.writing() as session:
            session.add(self.evening)

    def teardown(self) -> None:
        if hasattr(self, "database"):
            self.runner.run(self.database.close())
        self.runner.close()

    def act(self, command: Callable[[AsyncSession], Awaitable[Any]]) -> Exception | None:
        async def run() -> Exception | None:
            try:
                await self.unit_of_work.run(command, locks=[(OpenEvening, self.evening.id)])
            except EngageError as error:
                return error
            return None

        return self.runner.run(run())

    def act_as(self, who: int, does: Callable[[AsyncSession, Registration], Awaitable[Any]]) -> Exception | None:
        async def command(session: AsyncSession) -> None:
            found = select(Registration.id).where(Registration.email_key == self.address(who))
            await does(session, await booking.load(session, (await session.scalars(found)).one()))

        return self.act(command)

    def address(self, who: int) -> str:
        return f"person-{who}@example.org"

    @rule(who=PEOPLE, where=SLOTS, party=st.integers(1, 2))
    def register(self, who: int, where: int, party: int) -> None:
        self.forms += 1
        slot = self.evening.slots[where]
        application = make_application(self.evening, slot, self.address(who), form=str(self.forms), party=party)
        assert self.act(lambda session: registering.register(session, application, self.now)) is None
        if self.plain.place(who) is None and self.plain.queued(who) is None:
            self.plain.party[who] = party
            self.plain.seat(who, where)

    @precondition(lambda self: self.plain.party)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        who = data.draw(st.sampled_from(sorted(self.plain.party)))
        self.act_as(who, lambda session, r: booking.cancel(session, r, self.now, is_stop=True))
        self.plain.leave_queue(who)
        for sitting in self.plain.sittings:
            sitting.held.pop(who, None)
        self.plain.offer(self.now)

    @precondition(lambda self: self.plain.party)
    @rule(data=st.data(), where=SLOTS)
    def change(self, data: st.DataObject, where: int) -> None:
        who = data.draw(st.sampled_from(sorted(self.plain.party)))
        slot_id = self.evening.slots[where].id

        async def move(session: AsyncSession, registration: Registration) -> None:
            slot = slot_of(registration.open_evening, slot_id)
            await booking.change(session, registration, slot, self.now)

        refused = self.act_as(who, move)
        assert isinstance(refused, OfferPending) == self._change_plainly(who, where)

    def _change_plainly(self, who: int, where: int) -> bool:
        plain, party = self.plain, self.plain.party[who]
        has_room, place, queued = plain.has_room(where, party), plain.place(who), plain.queued(who)
        if place == where:
            plain.leave_queue(who)
        elif queued == where:
            return False
        elif place is not None and has_room:
            plain.hold(who, where)
            plain.leave_queue(who)
            del plain.sittings[place].held[who]
        elif place is not None:
            plain.leave_queue(who)
            plain.sittings[where].line.append(who)
        elif queued is not None and who in plain.sittings[queued].offered and not has_room:
            return True
        else:
            plain.leave_queue(who)
            plain.offer(self.now)
            plain.seat(who, where)
        plain.offer(self.now)
        return False

    @precondition(lambda self: self.plain.party)
    @rule(data=st.data())
    def take(self, data: st.DataObject) -> None:
        who = data.draw(st.sampled_from(sorted(self.plain.party)))
        refused = self.act_as(who, lambda session, r: booking.take(session, r, self.now))
        queued = self.plain.queued(who)
        has_offer = queued is not None and who in self.plain.sittings[queued].offered
        assert isinstance(refused, OfferLapsed) != has_offer
        if has_offer and queued is not None:
            place = self.plain.place(who)
            del self.plain.sittings[queued].offered[who]
            self.plain.hold(who, queued)
            if place is not None:
                del self.plain.sittings[place].held[who]
            self.plain.offer(self.now)

    @precondition(lambda self: self.plain.party)
    @rule(data=st.data(), party=st.integers(1, 2))
    def bring(self, data: st.DataObject, party: int) -> None:
        who = data.draw(st.sampled_from(sorted(self.plain.party)))
        refused = self.act_as(who, lambda session, r: booking.resize(session, r, party, self.now))
        more = party - self.plain.party[who]
        holding = [s for s in self.plain.sittings if who in s.held or who in s.offered]
        is_possible = all(not sitting.line and sitting.free >= more for sitting in holding) or more <= 0
        assert isinstance(refused, NotHeld) != is_possible
        if is_possible:
            self.plain.party[who] = party
            for sitting in holding:
                (sitting.held if who in sitting.held else sitting.offered)[who] = party
            self.plain.offer(self.now)

    @precondition(lambda self: self.plain.party)
    @rule(data=st.data())
    def say_yes(self, data: st.DataObject) -> None:
        who = data.draw(st.sampled_from(sorted(self.plain.party)))
        refused = self.act_as(who, lambda session, r: attending.say_coming(session, r, True, self.now))
        assert isinstance(refused, NotHeld) == (self.plain.place(who) is None)
        self.plain.unconfirmed.discard(who)

    @precondition(lambda self: any(sitting.line for sitting in self.plain.sittings))
    @rule(data=st.data(), asked=st.sets(PEOPLE, min_size=3))
    def release(self, data: st.DataObject, asked: set[int]) -> None:
        """Ask some of those who have a place in a sitting for which people wait, and offer on what nobody confirmed."""
        where = data.draw(st.sampled_from([n for n, sitting in enumerate(self.plain.sittings) if sitting.line]))
        holding = asked & set(self.plain.sittings[where].held)

        async def command(session: AsyncSession) -> None:
            await self._ask(session, holding)
            evening = await session.get_one(OpenEvening, self.evening.id)
            await releasing.release(session, evening, evening.slots[where], self.now)

        assert self.act(command) is None
        self.plain.unconfirmed |= holding
        self.plain.release(where, self.now)

    async def _ask(self, session: AsyncSession, people: set[int]) -> None:
        self.questions += 1
        addresses = [self.address(who) for who in people]
        for registration in await session.scalars(select(Registration).where(Registration.email_key.in_(addresses))):
            registration.asked_at, registration.attendance = self.now, None
            session.add(make_asking(registration.id, self.now, key=f"{self.questions}:{registration.id}"))

    @rule(hours=st.sampled_from([1, 12, 23, 24]))
    def wait(self, hours: int) -> None:
        """Let time pass, an hour at a time, so that offers lapse when they are over and are passed on in turn."""
        for _ in range(hours):
            self.now += timedelta(hours=1)
            over = sorted(who for who in self._offered() if self.plain.expires[who] <= self.now)
            for who in over:
                assert self.act_as(who, lambda session, r: booking.lapse(session, r, self.now)) is None
                self.plain.leave_queue(who)
                self.plain.offer(self.now)

    def _offered(self) -> list[int]:
        return [who for sitting in self.plain.sittings for who in sitting.offered]

    @invariant()
    def is_as_the_model_says(self) -> None:
        if hasattr(self, "plain"):
            self.runner.run(self._compare())

    async def _compare(self) -> None:
        async with self.database.reading() as session:
            slots = list(await session.scalars(select(Slot).order_by(Slot.starts_at)))
            entries = list(
                await session.scalars(
                    select(QueueEntry).options(joinedload(QueueEntry.registration)).order_by(QueueEntry.turn)
                )
            )
            placed = list(await session.scalars(select(Registration).where(Registration.status == "confirmed")))
        for slot, plain in zip(slots, self.plain.sittings, strict=True):
            assert 0 <= slot.held <= slot.capacity
            assert slot.held == plain.capacity - plain.free
            assert {r.email_key: r.party for r in placed if r.slot_id == slot.id} == self._named(plain.held)
            here = [entry for entry in entries if entry.slot_id == slot.id]
            offered = {e.registration.email_key: e.party for e in here if e.offer_expires_at is not None}
            assert offered == self._named(plain.offered)
            waiting = [entry.registration.email_key for entry in here if entry.offer_expires_at is None]
            assert waiting == [self.address(who) for who in plain.line]
            assert slot.waiting == len(waiting)

    def _named(self, people: dict[int, int]) -> dict[str, int]:
        return {self.address(who): party for who, party in people.items()}


@pytest.mark.timeout(300)
def test_places_and_turns_stay_true_whatever_people_do(sqlite_template: Path, tmp_path: Path) -> None:
    machine = type("BookingHere", (Booking,), {"template": sqlite_template, "folder": tmp_path})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=60,
            stateful_step_count=25,
            deadline=None,
            phases=PHASES,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.prove
@pytest.mark.timeout(3600)
def test_places_and_turns_stay_true_whatever_people_do_at_length(sqlite_template: Path, tmp_path: Path) -> None:
    machine = type("BookingHere", (Booking,), {"template": sqlite_template, "folder": tmp_path})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=2000,
            stateful_step_count=60,
            deadline=None,
            phases=PHASES,
            suppress_health_check=list(HealthCheck),
        ),
    )
