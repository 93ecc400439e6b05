"""Writing an evening that was laid over its row, whoever changed it: reminders begin anew, and people are told."""

from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from engage.events.evenings import changes, closings
from engage.events.evenings.audience import Audience, audience_of
from engage.events.evenings.laying import Laid
from engage.events.models import OpenEvening


async def add(session: AsyncSession, laid: Laid, zone: ZoneInfo, now: datetime) -> OpenEvening:
    """The row of a new evening."""
    evening = laid.write()
    closings.begin_anew(evening, {}, zone, now)
    session.add(evening)
    await session.flush()
    return evening


async def change(
    session: AsyncSession,
    laid: Laid,
    evening: OpenEvening,
    zone: ZoneInfo,
    now: datetime,
    actor: str,
    *,
    ask: Callable[[Audience], None] | None = None,
) -> set[int]:
    """Write what is different on a stored evening; the ids of the registrations that will hear of it.

    ``ask`` is shown how many that will be before anybody is told, and may raise.
    """
    before, reminded = changes.remember(evening), closings.reminded(evening, zone, now)
    laid.write()
    closings.begin_anew(evening, reminded, zone, now)
    await session.flush()
    if ask is not None:
        ask(await audience_of(session, evening, before, now))
    return await changes.tell(session, evening, before, now, actor)
