"""Acts for somebody on the phone: their own acts, done for them under the same rules. Functions never commit."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from engage.errors import NotHeld, RegisteredAlready, RegistrationChanged
from engage.events import facts, finding, rules
from engage.events.models import OpenEvening, Registration
from engage.events.registrations import booking
from engage.events.registrations.applications import Application
from engage.events.registrations.choosing import status_of
from engage.events.registrations.receipts import are_answered
from engage.events.registrations.registering import register
from engage.journal import append

CHANGED = "This registration changed while you had it open. Check it below, then try again."
OVER = "This registration cannot be changed any more."


async def add(session: AsyncSession, evening: OpenEvening, application: Application, now: datetime) -> int:
    """Register somebody; the registration's id. A form that comes twice registers once.

    Raises RegisteredAlready, RegistrationClosed.
    """
    known = await finding.registration_id_by_email(session, evening, application.email)
    if known is not None and not await are_answered(session, [application]):
        stored = await session.get_one(Registration, known)
        if stored.status in rules.LIVE or stored.status == "subscribed":
            raise RegisteredAlready(known)
    await register(session, application, now)
    number = await finding.registration_id_by_email(session, evening, application.email)
    assert number is not None  # noqa: S101 - it was registered just now
    return number


async def move(session: AsyncSession, registration: Registration, key: str, version: str, now: datetime) -> None:
    """To another sitting, or into its queue. Raises what `booking.change` does, RegistrationChanged, NotHeld."""
    slot = next((each for each in registration.open_evening.slots if each.key == key), None)
    if slot is None:
        raise RegistrationChanged("Choose a sitting from the list: the one you chose is not there any more.")
    standing = (registration.slot_id, registration.entry.slot_id if registration.entry else None)
    if registration.status in rules.LIVE and slot.id in standing:
        return
    _refuse(registration, version, now)
    await booking.change(session, registration, slot, now)


async def cancel(
    session: AsyncSession, registration: Registration, version: str, now: datetime, *, is_stop: bool
) -> None:
    """Give up place and queue for them; a second time is none. Raises RegistrationChanged, NotHeld."""
    if registration.status != "cancelled":
        _refuse(registration, version, now)
    await booking.cancel(session, registration, now, is_stop=is_stop)


async def send_link(session: AsyncSession, registration: Registration, form: str, now: datetime) -> None:
    """Send them the link to their page, once for each form."""
    await append(session, facts.LinkRequested(registration_id=registration.id, form=form), now)


def version_of(registration: Registration) -> str:
    """What an act depends on, as a form carries it: another one where a place, queue or offer changed."""
    entry = registration.entry
    return f"{status_of(registration)} {registration.slot_id} {entry and entry.slot_id} {_is_offered(registration)}"


def _refuse(registration: Registration, version: str, now: datetime) -> None:
    if version != version_of(registration):
        raise RegistrationChanged(CHANGED)
    slot = registration.slot
    has_begun = registration.status in rules.PLACED and slot is not None and slot.starts_at <= now
    if has_begun or registration.status == "attended":  # in the same words, which do not tell who came
        raise NotHeld(OVER)


def _is_offered(registration: Registration) -> bool:
    return registration.entry is not None and registration.entry.offer_expires_at is not None
