"""The live picture of an evening: how each sitting fills, what access takes, how registrations came in. Counts only."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from engage.events import rules
from engage.events.doors.admissions import walk_ins
from engage.events.models import ACCESS_NEEDS, AccessNeed, OpenEvening, QueueEntry, Registration, Slot

MOST_BARS = 60
STEPS = (1, 7, 28)  # days that one bar of the chart stands for


@dataclass(frozen=True, slots=True)
class Figures:
    """People of one sitting, companions too; ``booked`` includes those who are ``inside``, but for the ``walk_ins``."""

    slot: Slot
    booked: int
    waiting: int
    offered: int
    inside: int
    walk_ins: int

    @property
    def is_overfull(self) -> bool:
        """Whether the walk-ins need places of those who booked."""
        return self.walk_ins > 0 and self.booked + self.walk_ins > self.slot.capacity


@dataclass(frozen=True, slots=True)
class Bar:
    """How many registered in the days from ``first`` on; ``height`` is its share of the highest bar, 0 to 100."""

    first: date
    number: int
    height: int


@dataclass(frozen=True, slots=True)
class Picture:
    """What tonight's page shows; ``needs`` by the titles of the access needs, ``days`` is what a bar stands for."""

    sittings: list[Figures]
    needs: list[tuple[str, int]]
    bars: list[Bar]
    days: int

    @property
    def inside(self) -> int:
        return sum(each.inside for each in self.sittings)


async def picture_of(session: AsyncSession, evening: OpenEvening, zone: ZoneInfo) -> Picture:
    """Five statements, whatever the size of the evening; days are those of the zone."""
    here = Registration.open_evening_id == evening.id
    party = func.sum(Registration.party)
    placed = await session.execute(
        select(Registration.slot_id, Registration.status, party)
        .where(here, Registration.status.in_(rules.PLACED))
        .group_by(Registration.slot_id, Registration.status)
    )
    is_offered = QueueEntry.offer_expires_at.is_not(None)
    queued = await session.execute(
        select(QueueEntry.slot_id, is_offered, party)
        .join(Registration)
        .where(here)
        .group_by(QueueEntry.slot_id, is_offered)
    )
    kinds = select(AccessNeed.kind, func.count()).join(Registration)
    live = kinds.where(here, Registration.status.in_(rules.LIVE)).group_by(AccessNeed.kind)
    needs = dict((await session.execute(live)).all())
    day = func.date(func.timezone(zone.key, Registration.created_at)).label("day")
    came = await session.execute(select(day, func.count()).where(here).group_by(day))
    days, bars = _bars({date.fromisoformat(str(each)): number for each, number in came})
    people = {(slot_id, str(status)): int(number) for slot_id, status, number in placed}
    people |= {(slot_id, "held" if offered else "queued"): int(number) for slot_id, offered, number in queued}
    people |= {(slot_id, "walked"): number for slot_id, number in (await walk_ins(session, evening)).items()}
    return Picture(
        [_figures(slot, people) for slot in evening.slots],
        [(title, needs[kind]) for kind, title in ACCESS_NEEDS.items() if kind in needs],
        bars,
        days,
    )


def _figures(slot: Slot, people: dict[tuple[int | None, str], int]) -> Figures:
    confirmed, attended, waiting, offered, walked = (
        people.get((slot.id, name), 0) for name in ("confirmed", "attended", "queued", "held", "walked")
    )
    return Figures(slot, confirmed + attended, waiting, offered, attended + walked, walked)


def _bars(came: dict[date, int]) -> tuple[int, list[Bar]]:
    """A bar for every so many days from the first to the last, in which somebody registered, those between too."""
    if not came:
        return STEPS[0], []
    first, last = min(came), max(came)
    step = next((each for each in STEPS if (last - first).days < each * MOST_BARS), STEPS[-1])
    sums: Counter[int] = Counter()
    for day, number in came.items():
        sums[(day - first).days // step] += number
    highest = max(sums.values())
    numbers = [sums[each] for each in range(max(sums) + 1)]
    return step, [
        Bar(first + timedelta(days=step * each), number, round(number * 100 / highest))
        for each, number in enumerate(numbers)
    ]
