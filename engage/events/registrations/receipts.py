"""What a posted form was answered: display only, for whoever has the form's print, which nobody can guess.

A form that comes again has to get what it got before, whether or not its address was known. A registration remembers
the form that made it; what another form was answered, a decoy or somebody who came back, is a row of its own.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from engage.errors import NotFound
from engage.events.models import AnsweredForm, OpenEvening, Registration, Slot
from engage.events.registrations.applications import Application

KEPT = timedelta(days=7)


class Receipt(NamedTuple):
    """What a form was answered, and until when that is shown; without its sitting once that is not there any more."""

    open_evening: OpenEvening
    status: str
    slot: Slot | None
    position: int | None
    email: str
    until: datetime


async def receipt_of(session: AsyncSession, form: str, now: datetime) -> Receipt:
    """What that form was answered last, for as long as it is shown. Raises NotFound."""
    evening = joinedload(Registration.open_evening)
    again = select(AnsweredForm).where(AnsweredForm.form == form, AnsweredForm.expires_at > now)
    answered = await session.scalar(again.options(joinedload(AnsweredForm.registration).options(evening)))
    if answered is not None:
        return _again(answered.registration.open_evening, answered)
    made = select(Registration).where(Registration.form == form, Registration.created_at > now - KEPT)
    registration = await session.scalar(made.options(evening))
    if registration is not None:
        return _first(registration)
    raise NotFound("There is no such receipt any more. Use the link in our message to you.")


async def receipts_of(session: AsyncSession, registration: Registration) -> list[Receipt]:
    """What the forms with its address were answered, as far as that is kept."""
    of = select(AnsweredForm).where(AnsweredForm.registration_id == registration.id)
    others = await session.scalars(of.order_by(AnsweredForm.expires_at))
    return [_first(registration), *(_again(registration.open_evening, each) for each in others)]


async def are_answered(session: AsyncSession, applications: Sequence[Application]) -> Sequence[int]:
    """The registrations, by id, to which these forms of one evening led already."""
    forms = [each.form for each in applications]
    is_again = (AnsweredForm.registration_id == Registration.id) & AnsweredForm.form.in_(forms)
    query = (
        select(Registration.id)
        .distinct()
        .outerjoin(AnsweredForm, is_again)
        .where(
            Registration.open_evening_id == applications[0].open_evening_id,
            Registration.email_key.in_([each.email_key for each in applications]),
            or_(Registration.form.in_(forms), AnsweredForm.form.is_not(None)),
        )
    )
    return (await session.scalars(query)).all()


async def is_shown(session: AsyncSession, slot: Slot, now: datetime) -> bool:
    """Whether there is a receipt to look at that shows this sitting."""
    is_theirs = Registration.open_evening_id == slot.open_evening_id
    is_first = (Registration.first_slot_id == slot.id) & (Registration.created_at > now - KEPT)
    is_again = (AnsweredForm.slot_id == slot.id) & (AnsweredForm.expires_at > now)
    first = select(Registration.id).where(is_theirs, is_first)
    again = select(Registration.id).join(AnsweredForm).where(is_theirs, is_again)
    return bool(await session.scalar(select(or_(first.exists(), again.exists()))))


def _first(registration: Registration) -> Receipt:
    slot_id, position = registration.first_slot_id, registration.first_position
    until = registration.created_at + KEPT
    return _receipt(registration.open_evening, slot_id, position, registration.email, until)


def _again(evening: OpenEvening, answered: AnsweredForm) -> Receipt:
    return _receipt(evening, answered.slot_id, answered.position, answered.email, answered.expires_at)


def _receipt(evening: OpenEvening, slot_id: int | None, position: int | None, email: str, until: datetime) -> Receipt:
    """Without a sitting they were subscribed, without a position they had a place."""
    status = "subscribed" if slot_id is None else "confirmed" if position is None else "waiting"
    slot = next((each for each in evening.slots if each.id == slot_id), None)
    return Receipt(evening, status, slot, position, email, until)
