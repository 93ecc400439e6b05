"""What a registered person tells us that takes and frees no place of others. Functions never commit."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from engage.errors import NotFound, NotHeld
from engage.events import facts
from engage.events.models import Interest, Registration, Vacancy
from engage.events.registrations import booking
from engage.journal import append


async def say_coming(session: AsyncSession, registration: Registration, is_coming: bool, now: datetime) -> None:
    """Are you still coming? "No" gives the place up and keeps the reminders, "yes" keeps a declined place too.

    Raises NotHeld without a place.
    """
    if registration.status != "confirmed":
        raise NotHeld("You have no place at the moment, so there is nothing to confirm.")
    if is_coming:
        registration.attendance, registration.declined_until = "yes", None
        await append(session, facts.ComingConfirmed(registration_id=registration.id), now)
    else:
        await booking.cancel(session, registration, now, is_stop=False)


async def say_applied(session: AsyncSession, registration: Registration, vacancy_key: str, now: datetime) -> None:
    """They have applied for the post: no more reminders of it. Raises NotFound for no post of this evening."""
    query = select(Vacancy.id).where(
        Vacancy.open_evening_id == registration.open_evening_id, Vacancy.key == vacancy_key
    )
    vacancy_id = (await session.scalars(query)).one_or_none()
    if vacancy_id is None:
        raise NotFound("This open evening has no such post. Choose one from the list.")
    interest = next((each for each in registration.interests if each.vacancy_id == vacancy_id), None)
    if interest is None:
        interest = Interest(vacancy_id=vacancy_id, created_at=now)
        registration.interests.append(interest)
    if interest.applied_at is None:
        interest.applied_at = now
        await append(session, facts.AppliedForVacancy(registration_id=registration.id, vacancy_id=vacancy_id), now)


async def stop_reminders(session: AsyncSession, registration: Registration, now: datetime) -> None:
    """No more reminders of closing dates, whatever becomes of the place."""
    if registration.has_reminders:
        registration.has_reminders = False
        await append(session, facts.RemindersStopped(registration_id=registration.id), now)
