"""From the form to a registration and a receipt: one registration for each address and evening, never doubled."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from engage.errors import EngageError
from engage.events import facts
from engage.events.models import Registration
from engage.events.registrations import booking
from engage.events.registrations.applications import Application, Details, describe
from engage.events.registrations.desk import Desk
from engage.journal import append


async def register(session: AsyncSession, application: Application, now: datetime) -> None:
    """One application by itself. Raises RegistrationClosed, NotFound."""
    (refusal,) = await register_all(session, [(application, now)])
    if refusal is not None:
        raise refusal


async def register_all(
    session: AsyncSession, items: Sequence[tuple[Application, datetime]]
) -> Sequence[EngageError | None]:
    """Register each in turn, or do as if: a receipt never tells whether the address was registered before.

    A form posted twice keeps its first receipt. Each item is answered with its refusal, None where there is none.
    """
    desk = await Desk.open(session, [application for application, _ in items])
    answers: list[EngageError | None] = []
    for application, now in items:
        try:
            await desk.serve(application, now)
        except EngageError as refusal:
            answers.append(refusal)
        else:
            answers.append(None)
    await desk.close()
    return answers


async def correct(session: AsyncSession, registration: Registration, details: Details, now: datetime) -> None:
    """Take over corrected details. Raises NotHeld where there is no place for a companion."""
    await booking.resize(session, registration, details.party, now)
    describe(registration, details, now)
    await append(session, facts.DetailsCorrected(registration_id=registration.id), now)
