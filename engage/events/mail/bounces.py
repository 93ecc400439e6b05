"""An address that refuses mail for good gives its place back: nobody there can learn that they have it."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from engage.events import rules
from engage.events.facts import registration_id_of
from engage.events.models import OpenEvening, Registration
from engage.events.registrations import booking
from engage.journal import JournalEntry, Subscriber
from engage.storage.waiting import Lock

GIVEN_BACK = rules.LIVE - {"attended"} | {"subscribed"}


class Bounces:
    """The journal's subscriber "bounces"."""

    @property
    def subscriber(self) -> Subscriber:
        return Subscriber(hear=self.hear, locks=self.locks)

    async def locks(self, session: AsyncSession, entry: JournalEntry) -> Sequence[Lock]:
        """The evening whose places are counted anew."""
        query = select(Registration.open_evening_id).where(Registration.id == _registration_id(entry))
        return [(OpenEvening, evening_id) for evening_id in await session.scalars(query)]

    async def hear(self, session: AsyncSession, entry: JournalEntry, now: datetime) -> None:
        """Cancel what the address holds or waits for, and tell it nothing."""
        query = select(Registration.id).where(Registration.id == _registration_id(entry))
        if (await session.scalars(query)).one_or_none() is None:
            return
        registration = await booking.load(session, _registration_id(entry))
        if registration.status in GIVEN_BACK:
            await booking.cancel(session, registration, now, is_stop=True, is_told=False)
        registration.has_reminders = False


def _registration_id(entry: JournalEntry) -> int:
    return registration_id_of(entry.stream) or 0
