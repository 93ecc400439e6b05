"""Open evenings in the order in which people look for them, in lists that are read a page at a time.

Each list walks an index from where it begins, and nobody counts it: its first page costs the same among ten evenings
and among ten thousand.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, exists, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from engage.events.models import OpenEvening, Slot
from engage.web.paging import PAGE_SIZE, Uncounted

SHOWN = ("published", "cancelled")  # drafts do not exist outside


@dataclass(frozen=True, slots=True)
class Evenings:
    """``query`` walks an index; ``ordered`` puts what stands on one page into the order in which it is read."""

    query: Select[OpenEvening]
    ordered: Callable[[Sequence[OpenEvening]], list[OpenEvening]] = list

    async def some(self, session: AsyncSession, limit: int | None = None) -> list[OpenEvening]:
        """The first of them, or all."""
        return self.ordered((await session.scalars(self.query.limit(limit))).all())


def upcoming(now: datetime, statuses: Sequence[str] = SHOWN) -> Evenings:
    """Not over yet, soonest first: each stands on the page of its next sitting, and there by its first one."""
    other = aliased(Slot)
    earlier = exists().where(
        other.open_evening_id == Slot.open_evening_id,
        other.ends_at > now,
        tuple_(other.ends_at, other.id) < tuple_(Slot.ends_at, Slot.id),
    )
    next_ones = _with_sittings(statuses).where(Slot.ends_at > now, ~earlier)
    return Evenings(next_ones.order_by(Slot.ends_at, Slot.id), lambda found: sorted(found, key=_starts_at))


def past(now: datetime, statuses: Sequence[str] = SHOWN) -> Evenings:
    """Over, latest first: each stands on the page of its last sitting."""
    other = aliased(Slot)
    later = exists().where(
        other.open_evening_id == Slot.open_evening_id,
        tuple_(other.ends_at, other.id) > tuple_(Slot.ends_at, Slot.id),
    )
    last_ones = _with_sittings(statuses).where(Slot.ends_at <= now, ~later)
    ordered = last_ones.order_by(Slot.ends_at.desc(), Slot.id.desc())
    return Evenings(ordered, lambda found: sorted(found, key=_starts_at, reverse=True))


def drafts() -> Evenings:
    """Newest first."""
    return Evenings(select(OpenEvening).where(OpenEvening.status == "draft").order_by(OpenEvening.id.desc()))


def undated() -> Evenings:
    """Those that visitors can see and that have no sitting, newest first."""
    dated = exists().where(Slot.open_evening_id == OpenEvening.id)
    ones = select(OpenEvening).where(OpenEvening.status.in_(SHOWN), ~dated)
    return Evenings(ones.order_by(OpenEvening.id.desc()))


async def page_of(
    session: AsyncSession, lists: Sequence[Evenings], asked: int, address: str
) -> tuple[Uncounted, list[list[OpenEvening]]]:
    """The page asked for of the lists one after another, the last one where it is behind them; by list.

    A list is counted only where the page begins behind it.
    """
    skipped, left = (asked - 1) * PAGE_SIZE, PAGE_SIZE + 1  # one more tells whether a page follows
    page: list[list[OpenEvening]] = []
    for each in lists:
        rows = (await session.scalars(each.query.offset(skipped).limit(left))).all() if left else []
        if rows:
            skipped = 0
        elif skipped:
            skipped -= await _count(session, each)
        left -= len(rows)
        page.append(list(rows))
    if asked > 1 and not any(page):
        return await page_of(session, lists, max(1, asked - 1 - skipped // PAGE_SIZE), address)
    if not left:
        next(rows for rows in reversed(page) if rows).pop()
    shown = [each.ordered(rows) for each, rows in zip(lists, page, strict=True)]
    return Uncounted(asked, has_next=not left, address=address), shown


def _with_sittings(statuses: Sequence[str]) -> Select[OpenEvening]:
    return select(OpenEvening).join(Slot).where(OpenEvening.status.in_(statuses))


def _starts_at(evening: OpenEvening) -> datetime:
    return evening.slots[0].starts_at


async def _count(session: AsyncSession, evenings: Evenings) -> int:
    ids = evenings.query.with_only_columns(OpenEvening.id).order_by(None).subquery()
    return await session.scalar(select(func.count()).select_from(ids)) or 0
