"""The desk where posted forms are dealt with: read first, decided in order, written last, in few statements."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Self

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload, selectinload
from sqlalchemy.orm.attributes import flag_modified

from engage.events import booking, facts, rules
from engage.events.applications import Application, describe, new_row
from engage.events.models import AccessNeed, Interest, OpenEvening, QueueEntry, Receipt, Registration, Slot
from engage.journal import append, append_all

RECEIPT_KEPT = timedelta(days=7)
NOT_SYNCHRONISED = {"synchronize_session": False}


@dataclass(slots=True)
class Newcomer:
    """Somebody decided about and not yet written: ``turn`` is their turn in the queue, if they wait."""

    application: Application
    slot: Slot | None
    position: int | None
    turn: int | None
    now: datetime
    id: int = 0

    @property
    def status(self) -> str:
        if self.slot is None:
            return "subscribed"
        return "confirmed" if self.position is None else "waiting"

    def fact(self) -> facts.RegistrationFact:
        """What happened to them, once they have an id."""
        slot = self.slot
        if slot is None:
            return facts.Subscribed(registration_id=self.id)
        if self.position is not None:
            return facts.QueueJoined(registration_id=self.id, slot_id=slot.id, position=self.position, is_wish=False)
        return facts.PlaceConfirmed(
            registration_id=self.id, slot_id=slot.id, starts_at=slot.starts_at, ends_at=slot.ends_at, sequence=0
        )


@dataclass(slots=True)
class Desk:
    """Serves applications one after another; `close` writes what they came to."""

    session: AsyncSession
    receipts: dict[str, Receipt]
    known: dict[tuple[int, str], Registration | Newcomer]
    newcomers: list[Newcomer] = field(default_factory=list)
    new_receipts: list[Receipt] = field(default_factory=list)
    happened: list[tuple[Callable[[], facts.RegistrationFact], datetime]] = field(default_factory=list)

    @classmethod
    async def open(cls, session: AsyncSession, applications: Sequence[Application]) -> Self:
        """Look up which forms and addresses are known."""
        tokens = [application.receipt for application in applications]
        receipts = await session.scalars(select(Receipt).where(Receipt.token.in_(tokens)))
        # Nothing more of them is read, which would take longer for those who are known than for newcomers.
        query = select(Registration).where(
            Registration.open_evening_id.in_({application.open_evening_id for application in applications}),
            Registration.email_key.in_({application.email_key for application in applications}),
        )
        found = await session.scalars(query)
        return cls(
            session,
            receipts={receipt.token: receipt for receipt in receipts},
            known={(registration.open_evening_id, registration.email_key): registration for registration in found},
        )

    async def serve(self, application: Application, now: datetime) -> Receipt:
        """The receipt of this form. Raises RegistrationClosed, NotFound, and nothing has happened then."""
        if posted_before := self.receipts.get(application.receipt):
            return posted_before
        evening = await self.session.get_one(OpenEvening, application.open_evening_id)
        slot = booking.slot_of(evening, application.slot_id) if application.slot_id is not None else None
        booking.refuse_if_closed(evening, slot, now)
        known = self.known.get(application.whose)
        if known is None:
            newcomer = self._admit(evening, slot, application, now)
            return self._receipt(application, newcomer.status, newcomer.position, now)
        if known.status in rules.LIVE or (known.status == "subscribed" and slot is None):
            return await self._decoy(evening, slot, application, known, now)
        return await self._revive(evening, slot, application, now)

    async def close(self) -> None:
        """Write down what was decided."""
        await self._write_down()
        await self._insert(Receipt, [_columns(receipt) for receipt in self.new_receipts])
        self.new_receipts.clear()

    def _admit(self, evening: OpenEvening, slot: Slot | None, application: Application, now: datetime) -> Newcomer:
        newcomer = Newcomer(application, slot, None, None, now)
        if slot is not None and rules.has_room(slot.seats_left, slot.waiting, application.details.party):
            slot.held += application.details.party
        elif slot is not None:
            evening.last_turn += 1
            slot.waiting += 1
            newcomer.position, newcomer.turn = slot.waiting, evening.last_turn
        self.known[application.whose] = newcomer
        self.newcomers.append(newcomer)
        self.happened.append((newcomer.fact, now))
        return newcomer

    async def _revive(
        self, evening: OpenEvening, slot: Slot | None, application: Application, now: datetime
    ) -> Receipt:
        """Somebody who gave up, lapsed or only wanted to hear registers anew: the same registration again."""
        await self._write_down()
        registration = await self._whole(application)
        self.known[application.whose] = registration
        registration.email, registration.party = application.email, application.details.party
        describe(registration, application.details, now)
        if slot is not None:
            position = await booking.seat(self.session, evening, registration, slot, now)
            return self._receipt(application, "confirmed" if position is None else "waiting", position, now)
        registration.status, registration.slot_id, registration.slot = "subscribed", None, None
        await append(self.session, facts.Subscribed(registration_id=registration.id), now)
        return self._receipt(application, "subscribed", None, now)

    async def _decoy(
        self,
        evening: OpenEvening,
        slot: Slot | None,
        application: Application,
        known: Registration | Newcomer,
        now: datetime,
    ) -> Receipt:
        """What a newcomer would be answered now; the owner hears of it."""
        form = application.receipt
        self.happened.append((lambda: facts.RegisteredAgain(registration_id=known.id, form=form), now))
        if slot is None:
            status, position = "subscribed", None
        elif rules.has_room(slot.seats_left, slot.waiting, application.details.party):
            status, position = "confirmed", None
        else:
            status, position = "waiting", slot.waiting + 1
        await self._idle(evening, slot, application, position)
        return self._receipt(application, status, position, now)

    async def _idle(
        self, evening: OpenEvening, slot: Slot | None, application: Application, position: int | None
    ) -> None:
        """Statements that change nothing and cost what a newcomer's would, so that the clock does not tell either."""
        if slot is not None:
            flag_modified(slot, "held")
        if position is not None:
            flag_modified(evening, "last_turn")
        statement = update(OpenEvening).where(OpenEvening.id == evening.id).values(slug=OpenEvening.slug)
        details = application.details
        for _ in range(1 + bool(details.vacancy_ids) + bool(details.needs) + bool(position)):
            await self.session.execute(statement, execution_options=NOT_SYNCHRONISED)

    async def _whole(self, application: Application) -> Registration:
        """The registration with all that it is about to change."""
        evening_id, email_key = application.whose
        query = (
            select(Registration)
            .where(Registration.open_evening_id == evening_id, Registration.email_key == email_key)
            .options(
                joinedload(Registration.entry).joinedload(QueueEntry.slot),
                selectinload(Registration.interests),
                selectinload(Registration.needs),
            )
        )
        return (await self.session.scalars(query)).one()

    def _receipt(self, application: Application, status: str, position: int | None, now: datetime) -> Receipt:
        receipt = Receipt(
            token=application.receipt,
            open_evening_id=application.open_evening_id,
            slot_id=application.slot_id,
            status=status,
            position=position,
            email=application.email,
            expires_at=now + RECEIPT_KEPT,
        )
        self.receipts[receipt.token] = receipt
        self.new_receipts.append(receipt)
        return receipt

    async def _write_down(self) -> None:
        """Who came and what happened, so that facts stand in the journal in the order in which they came about."""
        await self._write_newcomers()
        await append_all(self.session, [(fact(), now) for fact, now in self.happened])
        self.happened.clear()

    async def _write_newcomers(self) -> None:
        newcomers, self.newcomers = self.newcomers, []
        rows = [new_row(each.application, each.status, each.now) for each in newcomers]
        if rows:
            inserted = insert(Registration).returning(Registration.id, sort_by_parameter_order=True)
            ids = (await self.session.scalars(inserted, rows)).all()
            for newcomer, registration_id in zip(newcomers, ids, strict=True):
                newcomer.id = registration_id
        await self._insert(Interest, [row for each in newcomers for row in _interests(each)])
        await self._insert(AccessNeed, [row for each in newcomers for row in _needs(each)])
        await self._insert(QueueEntry, [_entry(each) for each in newcomers if each.turn is not None])

    async def _insert(self, model: type[Any], rows: list[dict[str, Any]]) -> None:
        if rows:
            await self.session.execute(insert(model), rows)


def _interests(newcomer: Newcomer) -> list[dict[str, Any]]:
    chosen = sorted(newcomer.application.details.vacancy_ids)
    return [{"registration_id": newcomer.id, "vacancy_id": each, "created_at": newcomer.now} for each in chosen]


def _needs(newcomer: Newcomer) -> list[dict[str, Any]]:
    needs = newcomer.application.details.needs.items()
    return [{"registration_id": newcomer.id, "kind": kind, "note": note} for kind, note in needs]


def _entry(newcomer: Newcomer) -> dict[str, Any]:
    return {"registration_id": newcomer.id, "slot_id": newcomer.application.slot_id, "turn": newcomer.turn}


def _columns(receipt: Receipt) -> dict[str, Any]:
    return {column.key: getattr(receipt, column.key) for column in Receipt.__table__.columns}
