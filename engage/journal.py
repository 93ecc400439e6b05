"""The journal of domain events: what happened, by ids only, and who still has to hear of it.

A fact is written in the caller's transaction together with one pending row for each subscriber. A follower hands each
fact to its subscribers, at least once and in order within its stream; each acts in a transaction of its own.
Pending rows, not a cursor over a serial id: a cursor skips facts whose transaction commits late.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, ClassVar

import structlog
from pydantic import BaseModel, ConfigDict
from sqlalchemy import JSON, ForeignKey, Index, Select, String, Text, exists, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, aliased, mapped_column, relationship

from engage.storage.database import DRAWN, Base, Database, Key, ring
from engage.storage.many import Asked, drawing, drawn, inserting, ringing, run_all
from engage.storage.unit_of_work import UnitOfWork
from engage.storage.waiting import Lock

log = structlog.get_logger()

HANDED_AT_ONCE = 200
FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(hours=1)

_acting: ContextVar[str] = ContextVar("acting", default="visitor")


class Fact(BaseModel):
    """Something that happened. Fields are ids, numbers, instants and words of the domain, never a name."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)
    subscribers: ClassVar[tuple[str, ...]] = ()

    @property
    def stream(self) -> str:
        """Facts of one stream are handed over in the order in which they happened."""
        raise NotImplementedError


class JournalEntry(Base):
    """One fact as it is kept: append-only. ``actor`` is a role or "staff:<id>", never a name."""

    __tablename__ = "journal_entry"
    __table_args__ = (
        Index(None, "stream", "kind"),
        # for whoever looks into it: each way of looking finds its newest without reading all
        Index(None, "occurred_at", "id"),
        Index(None, "kind", "occurred_at", "id"),
        Index(None, "actor", "occurred_at", "id"),
        Index(None, "kind", "actor", "occurred_at", "id"),
        DRAWN,
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    kind: Mapped[str] = mapped_column(String(60))
    stream: Mapped[str] = mapped_column(String(60))
    occurred_at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(60))
    details: Mapped[dict[str, Any]] = mapped_column(JSON)
    pending: Mapped[list["PendingFact"]] = relationship(back_populates="entry", lazy="raise", passive_deletes=True)


class PendingFact(Base):
    """A fact that one subscriber has not dealt with. ``retry_at`` is by the real clock and empty before a failure."""

    __tablename__ = "pending_fact"
    __table_args__ = (Index(None, "subscriber", "stream", "entry_id"),)

    entry_id: Mapped[int] = mapped_column(Key, ForeignKey("journal_entry.id", ondelete="CASCADE"), primary_key=True)
    subscriber: Mapped[str] = mapped_column(String(60), primary_key=True)
    stream: Mapped[str] = mapped_column(String(60))
    failures: Mapped[int] = mapped_column(default=0)
    retry_at: Mapped[datetime | None]
    error: Mapped[str | None] = mapped_column(Text)
    entry: Mapped[JournalEntry] = relationship(back_populates="pending", lazy="raise")


async def _no_locks(session: AsyncSession, entry: JournalEntry) -> Sequence[Lock]:
    return ()


@dataclass(frozen=True, slots=True)
class Subscriber:
    """Who hears of facts: ``hear`` acts in the transaction given, ``locks`` names the rows that it will change."""

    hear: Callable[[AsyncSession, JournalEntry, datetime], Awaitable[None]]
    locks: Callable[[AsyncSession, JournalEntry], Awaitable[Sequence[Lock]]] = _no_locks


@contextmanager
def acting(actor: str) -> Iterator[None]:
    """Facts that are written meanwhile are this actor's where nobody says otherwise; else they are a visitor's."""
    before = _acting.set(actor)
    try:
        yield
    finally:
        _acting.reset(before)


async def append(session: AsyncSession, fact: Fact, now: datetime, actor: str | None = None) -> None:
    """Write the fact and who has to hear of it, in the caller's transaction."""
    pending = [PendingFact(subscriber=subscriber, stream=fact.stream) for subscriber in fact.subscribers]
    session.add(JournalEntry(**_row(fact, now, actor, fact.model_dump(mode="json")), pending=pending))
    ring(session)


async def append_all(
    session: AsyncSession, happened: Sequence[tuple[Fact, datetime]], actor: str | None = None
) -> None:
    """Write many facts, each with its instant, in two statements; the same as appending each in turn."""
    if happened:
        (ids,) = await run_all(session, [drawing(session, JournalEntry, len(happened))])
        await run_all(session, entering(session, happened, drawn(ids, len(happened)), actor))


def entering(
    session: AsyncSession, happened: Sequence[tuple[Fact, datetime]], ids: Iterable[int], actor: str | None = None
) -> list[Asked]:
    """What writes the facts, under ids that were drawn, and who has to hear of them."""
    if not happened:
        return []
    numbered = [*zip(ids, happened, strict=False)]
    entries = [{"id": number, **_row(fact, at, actor, fact)} for number, (fact, at) in numbered]
    pending = [
        {"entry_id": entry["id"], "subscriber": subscriber, "stream": entry["stream"], "failures": 0}
        for entry, (_, (fact, _)) in zip(entries, numbered, strict=True)
        for subscriber in fact.subscribers
    ]
    return [inserting(JournalEntry, entries), inserting(PendingFact, pending), *ringing(session, PendingFact)]


def _row(fact: Fact, now: datetime, actor: str | None, details: object) -> dict[str, Any]:
    return {
        "kind": type(fact).__name__,
        "stream": fact.stream,
        "occurred_at": now,
        "actor": actor or _acting.get(),
        "details": details,
    }


async def follow(
    database: Database,
    unit_of_work: UnitOfWork,
    subscribers: Mapping[str, Subscriber],
    now: datetime,
    real_now: datetime,
) -> int:
    """Hand what is pending to its subscribers once; the number of facts dealt with, 0 when nothing is left to do."""
    async with database.reading() as session:
        rows = await session.execute(_due(subscribers, real_now))
        found = [(pending, entry, subscribers[pending.subscriber]) for pending, entry in rows]
        locks = [await subscriber.locks(session, entry) for _, entry, subscriber in found]
    outcomes = await asyncio.gather(
        *(
            unit_of_work.run(partial(_hand_over, pending, subscriber, now), locks=rows, is_patient=True)
            for (pending, _, subscriber), rows in zip(found, locks, strict=True)
        ),
        return_exceptions=True,
    )
    for (pending, entry, _), outcome in zip(found, outcomes, strict=True):
        if isinstance(outcome, BaseException):
            log.error("fact not dealt with", kind=entry.kind, entry=entry.id, error=repr(outcome))
            await unit_of_work.run(partial(_postpone, pending, repr(outcome), real_now))
    return sum(outcome is True for outcome in outcomes)


def _due(subscribers: Mapping[str, Subscriber], real_now: datetime) -> Select[PendingFact, JournalEntry]:
    """The first pending fact of each stream, so that those behind a failing one take nobody's turn."""
    earlier = aliased(PendingFact)
    is_behind = exists().where(
        earlier.subscriber == PendingFact.subscriber,
        earlier.stream == PendingFact.stream,
        earlier.entry_id < PendingFact.entry_id,
    )
    return (
        select(PendingFact, JournalEntry)
        .join(JournalEntry, JournalEntry.id == PendingFact.entry_id)
        .where(PendingFact.subscriber.in_(subscribers))
        .where(or_(PendingFact.retry_at.is_(None), PendingFact.retry_at <= real_now))
        .where(~is_behind)
        .order_by(PendingFact.entry_id)
        .limit(HANDED_AT_ONCE)
    )


async def _hand_over(seen: PendingFact, subscriber: Subscriber, now: datetime, session: AsyncSession) -> bool:
    key = (seen.entry_id, seen.subscriber)
    pending = await session.get(PendingFact, key, with_for_update={"skip_locked": True})
    if pending is None or await _has_earlier(session, pending):
        return False
    entry = await session.get_one(JournalEntry, pending.entry_id)
    await subscriber.hear(session, entry, now)
    await session.delete(pending)
    return True


async def _has_earlier(session: AsyncSession, pending: PendingFact) -> bool:
    earlier = exists().where(
        PendingFact.subscriber == pending.subscriber,
        PendingFact.stream == pending.stream,
        PendingFact.entry_id < pending.entry_id,
    )
    return bool(await session.scalar(select(earlier)))


async def _postpone(seen: PendingFact, error: str, real_now: datetime, session: AsyncSession) -> None:
    pending = await session.get(PendingFact, (seen.entry_id, seen.subscriber))
    if pending is not None:
        pending.failures += 1
        pending.error = error
        pending.retry_at = real_now + min(FIRST_PAUSE * 2**pending.failures, LONGEST_PAUSE)
