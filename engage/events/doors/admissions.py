"""Finding, for the doors, who is expected and who was let in. To read only."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import groupby

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload
from sqlalchemy.orm.interfaces import LoaderOption

from engage.events import rules
from engage.events.doors.tickets import Asked, is_named
from engage.events.models import Admission, OpenEvening, Registration

MOST_FOUND = 50
RECENT = 10
OVERLAP = timedelta(minutes=1)  # for what was committed later than it says


def with_people() -> Sequence[LoaderOption]:
    return joinedload(Admission.registration), joinedload(Admission.slot)


async def by_id(session: AsyncSession, registration_id: int | None) -> Registration | None:
    """The registration, of whatever evening, with its sitting."""
    query = select(Registration).where(Registration.id == registration_id)
    loaded = query.options(joinedload(Registration.slot), joinedload(Registration.open_evening))
    return (await session.scalars(loaded)).one_or_none()


async def search(session: AsyncSession, evening: OpenEvening, asked: Asked) -> list[Registration]:
    """Whoever has that code or is named like that, those with a place first; at most one more than are shown."""
    here = select(Registration).where(Registration.open_evening_id == evening.id)
    loaded = here.options(joinedload(Registration.slot), joinedload(Registration.open_evening))
    if asked.code is not None:
        found = (await session.scalars(loaded.where(Registration.ticket_code == asked.code))).all()
        if found:
            return list(found)
    rows = await session.execute(
        select(Registration.id, Registration.name, Registration.status)
        .where(Registration.open_evening_id == evening.id)
        .order_by(Registration.name, Registration.id)
    )
    named = [row for row in rows if is_named(row.name, asked.name)]
    ids = [row.id for row in sorted(named, key=lambda row: row.status not in rules.PLACED)[: MOST_FOUND + 1]]
    people = {each.id: each for each in await session.scalars(loaded.where(Registration.id.in_(ids)))}
    return [people[each] for each in ids]


async def expected(session: AsyncSession, evening: OpenEvening) -> Sequence[Registration]:
    """All who have a place, by sitting and name."""
    query = select(Registration).where(
        Registration.open_evening_id == evening.id, Registration.status.in_(rules.PLACED)
    )
    ordered = query.order_by(Registration.slot_id, Registration.name, Registration.id)
    return (await session.scalars(ordered)).all()


async def ids_of(session: AsyncSession, evening: OpenEvening) -> Sequence[int]:
    """Of all registrations of the evening, whatever became of them."""
    return (await session.scalars(select(Registration.id).where(Registration.open_evening_id == evening.id))).all()


async def recent(session: AsyncSession, evening: OpenEvening) -> Sequence[Admission]:
    """Who was let in last, the newest first."""
    stands = select(Admission).where(Admission.open_evening_id == evening.id, Admission.undone_at.is_(None))
    newest = stands.order_by(Admission.id.desc()).limit(RECENT).options(*with_people())
    return (await session.scalars(newest)).all()


async def used_twice(session: AsyncSession, evening: OpenEvening) -> list[list[Admission]]:
    """The admissions of each ticket that let somebody in at more than one door, or more than once, in order of time."""
    stands = (Admission.open_evening_id == evening.id, Admission.undone_at.is_(None))
    with_ticket = select(Admission.registration_id).where(*stands, Admission.registration_id.is_not(None))
    twice = with_ticket.group_by(Admission.registration_id).having(func.count() > 1)
    query = select(Admission).where(*stands, Admission.registration_id.in_(twice)).options(*with_people())
    found = await session.scalars(query.order_by(Admission.registration_id, Admission.admitted_at, Admission.id))
    return [list(uses) for _, uses in groupby(found, key=lambda each: each.registration_id)]


async def standing(session: AsyncSession, evening: OpenEvening, since: datetime | None = None) -> list[Admission]:
    """What is known of tickets: admissions, those taken back too where they changed since then, in order of time."""
    query = select(Admission).where(Admission.open_evening_id == evening.id, Admission.registration_id.is_not(None))
    if since is None:
        query = query.where(Admission.undone_at.is_(None))
    else:
        changed = select(Admission.registration_id).where(
            Admission.open_evening_id == evening.id, Admission.changed_at >= since - OVERLAP
        )
        query = query.where(Admission.registration_id.in_(changed))
    return list(await session.scalars(query.order_by(Admission.admitted_at, Admission.id)))


async def walk_ins(session: AsyncSession, evening: OpenEvening) -> dict[int, int]:
    """How many walked into each sitting, by its id."""
    query = select(Admission.slot_id, func.count()).where(
        Admission.open_evening_id == evening.id, Admission.registration_id.is_(None), Admission.undone_at.is_(None)
    )
    return dict((await session.execute(query.group_by(Admission.slot_id))).all())
