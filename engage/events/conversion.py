"""How many of those who registered came, and how many of them applied: of the evening as a whole, or not at all."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import distinct, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from engage.events.models import Interest, OpenEvening, Registration

FEWEST = 10  # people that a figure, and what it leaves over, has to stand for
STEP = 5  # to which it is rounded, so that it tells nothing of one person from one day to the next


@dataclass(frozen=True, slots=True)
class Conversion:
    """People, rounded; None for what would say something about few."""

    registered: int
    came: int | None
    applied: int | None


async def of(session: AsyncSession, evening: OpenEvening, now: datetime) -> Conversion | None:
    """None until the evening is over."""
    if not evening.slots or now < max(slot.ends_at for slot in evening.slots):
        return None
    here = Registration.open_evening_id == evening.id
    has_come = here & (Registration.status == "attended")
    registered = await session.scalar(select(func.count()).select_from(Registration).where(here)) or 0
    came = await session.scalar(select(func.count()).select_from(Registration).where(has_come)) or 0
    people = select(func.count(distinct(Interest.registration_id))).join(Registration)
    applied = await session.scalar(people.where(has_come, Interest.applied_at.is_not(None))) or 0
    return rounded(registered, came, applied)


def rounded(registered: int, came: int, applied: int) -> Conversion:
    """Each figure where it, and what is left of the one before, is large enough; else none after it either."""
    shown_came = _shown(came, registered)
    return Conversion(registered, shown_came, _shown(applied, came) if shown_came is not None else None)


def _shown(part: int, whole: int) -> int | None:
    return STEP * round(part / STEP) if part >= FEWEST and whole - part >= FEWEST else None
