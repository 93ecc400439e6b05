"""From the form to a registration and a receipt: one registration for each address and evening, never doubled."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from sqlalchemy import Update, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload, selectinload

from engage.events import booking, facts, rules
from engage.events.models import AccessNeed, Interest, OpenEvening, QueueEntry, Receipt, Registration, Slot
from engage.journal import append

RECEIPT_KEPT = timedelta(days=7)
CODE_LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # nothing that is misread aloud or by hand
CODE_LENGTH = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """What somebody tells about themselves. ``needs`` maps a kind of access need to a note or None."""

    name: str
    party: int
    vacancy_ids: frozenset[int]
    has_reminders: bool
    needs: Mapping[str, str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """A posted registration form. ``receipt`` is the receipt's token, which is the same for the same form."""

    open_evening_id: int
    slot_id: int | None
    email: str
    email_key: str
    details: Details
    receipt: str


async def register(session: AsyncSession, application: Application, now: datetime) -> Receipt:
    """Register, or answer as if: the receipt never tells whether the address was registered before.

    A form posted twice gets its first receipt again. Raises RegistrationClosed, NotFound.
    """
    posted_before = await session.get(Receipt, application.receipt)
    if posted_before is not None:
        return posted_before
    evening = await session.get_one(OpenEvening, application.open_evening_id)
    slot = booking.slot_of(evening, application.slot_id) if application.slot_id is not None else None
    booking.refuse_if_closed(evening, slot, now)
    known = await _find(session, application)
    if known is not None and _is_kept(known, slot):
        status, position = await _decoy(session, evening, known, slot, application, now)
    else:
        registration = _renew(known, application, now) if known is not None else _new(application, now)
        session.add(registration)
        await session.flush()
        status, position = await _place(session, evening, registration, slot, now)
    receipt = Receipt(
        token=application.receipt,
        open_evening_id=evening.id,
        slot_id=application.slot_id,
        status=status,
        position=position,
        email=application.email,
        expires_at=now + RECEIPT_KEPT,
    )
    session.add(receipt)
    return receipt


async def correct(session: AsyncSession, registration: Registration, details: Details, now: datetime) -> None:
    """Take over corrected details. Raises NotHeld where there is no place for a companion."""
    await booking.resize(session, registration, details.party, now)
    _describe(registration, details, now)
    await append(session, facts.DetailsCorrected(registration_id=registration.id), now)


async def _find(session: AsyncSession, application: Application) -> Registration | None:
    query = (
        select(Registration)
        .where(
            Registration.open_evening_id == application.open_evening_id,
            Registration.email_key == application.email_key,
        )
        .options(
            joinedload(Registration.entry).joinedload(QueueEntry.slot),
            selectinload(Registration.interests),
            selectinload(Registration.needs),
        )
    )
    return (await session.scalars(query)).one_or_none()


def _is_kept(known: Registration, slot: Slot | None) -> bool:
    """Whether the registration stays as it is, and only its owner hears that somebody posted the form again."""
    return known.status in rules.LIVE or (known.status == "subscribed" and slot is None)


def _new(application: Application, now: datetime) -> Registration:
    registration = Registration(
        open_evening_id=application.open_evening_id,
        uid=str(uuid4()),
        ticket_code="".join(secrets.choice(CODE_LETTERS) for _ in range(CODE_LENGTH)),
        email=application.email,
        email_key=application.email_key,
        status="subscribed",
        created_at=now,
        entry=None,
    )
    _describe(registration, application.details, now)
    registration.party = application.details.party
    return registration


def _renew(known: Registration, application: Application, now: datetime) -> Registration:
    known.email = application.email
    known.party = application.details.party
    _describe(known, application.details, now)
    return known


def _describe(registration: Registration, details: Details, now: datetime) -> None:
    registration.name = details.name
    registration.has_reminders = details.has_reminders
    kept = {interest.vacancy_id: interest for interest in registration.interests}
    registration.interests = [
        kept.get(vacancy_id) or Interest(vacancy_id=vacancy_id, created_at=now)
        for vacancy_id in sorted(details.vacancy_ids)
    ]
    stated = {need.kind: need for need in registration.needs}
    for kind, note in details.needs.items():
        stated.setdefault(kind, AccessNeed(kind=kind)).note = note
    registration.needs = [stated[kind] for kind in details.needs]


async def _place(
    session: AsyncSession, evening: OpenEvening, registration: Registration, slot: Slot | None, now: datetime
) -> tuple[str, int | None]:
    if slot is None:
        registration.status, registration.slot_id = "subscribed", None
        await append(session, facts.Subscribed(registration_id=registration.id), now)
        return "subscribed", None
    position = await booking.seat(session, evening, registration, slot, now)
    return ("confirmed" if position is None else "waiting"), position


async def _decoy(
    session: AsyncSession,
    evening: OpenEvening,
    known: Registration,
    slot: Slot | None,
    application: Application,
    now: datetime,
) -> tuple[str, int | None]:
    """What a newcomer would be answered now. The idle updates cost what a newcomer's rows would, to the clock too."""
    await _touch(session, update(Registration).where(Registration.id == known.id).values(name=Registration.name))
    await _touch(
        session, update(OpenEvening).where(OpenEvening.id == evening.id).values(last_turn=OpenEvening.last_turn)
    )
    again = facts.RegisteredAgain(registration_id=known.id, form=application.receipt)
    await append(session, again, now)
    if slot is None:
        return "subscribed", None
    await _touch(session, update(Slot).where(Slot.id == slot.id).values(held=Slot.held))
    if rules.has_room(slot.seats_left, slot.waiting, application.details.party):
        return "confirmed", None
    return "waiting", slot.waiting + 1


async def _touch(session: AsyncSession, statement: Update) -> None:
    await session.execute(statement, execution_options={"synchronize_session": False})
