"""What people do at the same moment shares a commit, and comes to the same as if it had been done one by one."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import String, cast, select
from sqlalchemy.ext.asyncio import AsyncSession

from engage.errors import EngageError
from engage.events.models import OpenEvening, QueueEntry, Registration, Slot
from engage.events.registrations import booking
from engage.events.registrations.registering import register_all
from engage.journal import JournalEntry
from engage.storage.database import Database
from engage.storage.unit_of_work import UnitOfWork
from tests.factories import make_application, make_evening

SEED = 20_270_224
RANDOM_TRIALS = 25
LENGTH = 6
PEOPLE = ("visitor", "visitor", "newcomer", "rival")  # most of it comes from one person

Change = Callable[[AsyncSession, Registration, datetime], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Scene:
    """One evening, where people act through the real unit of work."""

    unit_of_work: UnitOfWork
    evening: OpenEvening
    now: datetime


Act = Callable[[Scene, str], Awaitable[Any]]


def _register(sitting: int | None) -> Act:
    async def act(scene: Scene, who: str) -> None:
        evening = scene.evening
        slot = evening.slots[sitting] if sitting is not None else None
        application = make_application(evening, slot, _address(who), form=uuid4().hex)
        item, locks = (application, scene.now), [(OpenEvening, evening.id)]
        await scene.unit_of_work.run_together(register_all, item, locks=locks, locks_itself=True)

    return act


def _own(change: Change) -> Act:
    """Something that somebody registered does on the registration's own page."""

    async def act(scene: Scene, who: str) -> None:
        query = select(Registration.id).where(
            Registration.open_evening_id == scene.evening.id, Registration.email_key == _address(who)
        )

        async def command(session: AsyncSession) -> None:
            await change(session, await booking.load(session, await session.scalar(query) or 0), scene.now)

        await scene.unit_of_work.run(command, locks=[(OpenEvening, scene.evening.id)])

    return act


def _change_to(sitting: int) -> Act:
    return _own(lambda session, r, now: booking.change(session, r, r.open_evening.slots[sitting], now))


def _bring(party: int) -> Act:
    return _own(lambda session, r, now: booking.resize(session, r, party, now))


ACTS: Mapping[str, Act] = {
    "register for the first": _register(0),
    "register for the second": _register(1),
    "ask for the materials": _register(None),
    "change to the first": _change_to(0),
    "change to the second": _change_to(1),
    "bring somebody": _bring(2),
    "come alone": _bring(1),
    "cancel": _own(lambda session, r, now: booking.cancel(session, r, now, is_stop=False)),
    "take": _own(booking.take),
    "let lapse": _own(lambda session, r, now: booking.lapse(session, r, now + timedelta(days=2))),
}
KNOWN_TRAPS = (
    ("newcomer", "ask for the materials", "register for the first", "cancel"),
    ("visitor", "cancel", "register for the second", "change to the first", "cancel"),
    ("visitor", "cancel", "register for the second", "register for the second", "cancel", "register for the second"),
    ("visitor", "change to the second", "change to the second", "cancel", "register for the second", "cancel"),
    ("rival", "cancel", "register for the first", "change to the second", "bring somebody", "cancel"),
)


async def test_acts_of_one_commit_come_to_the_same_as_one_by_one(
    database: Database, unit_of_work: UnitOfWork, now: datetime
) -> None:
    trials = _trials()
    apart = await _scenes(database, unit_of_work, "apart", len(trials), now)
    together = await _scenes(database, unit_of_work, "together", len(trials), now)
    refused_apart = [
        await _refusals((scene, *trial[turn]) for scene, trial in zip(apart, trials, strict=True))
        for turn in range(LENGTH)
    ]
    for scene, trial, *refused in zip(together, trials, *refused_apart, strict=True):
        assert await _refusals((scene, *act) for act in trial) == refused
    for one, other in zip(apart, together, strict=True):
        assert await _books(database, one.evening) == await _books(database, other.evening)


def _trials() -> list[list[tuple[Act, str]]]:
    """Who does what, LENGTH acts in each: the known traps, somebody else's acts after them, and what chance brings."""
    chance = random.Random(SEED)
    trials = [[(ACTS[name], who) for name in names] for who, *names in KNOWN_TRAPS] + [[] for _ in range(RANDOM_TRIALS)]
    for trial in trials:
        trial += [(ACTS[chance.choice(list(ACTS))], chance.choice(PEOPLE)) for _ in range(LENGTH - len(trial))]
    return trials


async def _scenes(database: Database, unit_of_work: UnitOfWork, name: str, trials: int, now: datetime) -> list[Scene]:
    """In each, the visitor has one of two places of the first sitting, and the rival the only one of the second."""
    evenings = [make_evening(2, 1, slug=f"{name}-{trial}") for trial in range(trials)]
    async with database.writing() as session:
        session.add_all(evenings)
    scenes = [Scene(unit_of_work, evening, now) for evening in evenings]
    for who, sitting in (("visitor", 0), ("rival", 1)):
        await _refusals((scene, _register(sitting), who) for scene in scenes)
    return scenes


async def _refusals(acts: Iterable[tuple[Scene, Act, str]]) -> list[type[EngageError] | None]:
    """All at once: acts at one evening share a commit, and so do those at different ones."""
    return await asyncio.gather(*(_refusal(*act) for act in acts))


async def _refusal(scene: Scene, act: Act, who: str) -> type[EngageError] | None:
    try:
        await act(scene, who)
    except EngageError as error:
        return type(error)
    return None


async def _books(database: Database, evening: OpenEvening) -> list[list[Any]]:
    """Counters, people, turns, and what happened to each in which order, by the names that both evenings share."""
    slots = select(Slot.key, Slot.held, Slot.waiting).where(Slot.open_evening_id == evening.id).order_by(Slot.key)
    people = (
        select(Registration.email, Registration.status, Slot.key, Registration.party, Registration.sequence)
        .outerjoin(Registration.slot)
        .where(Registration.open_evening_id == evening.id)
        .order_by(Registration.email)
    )
    turns = (
        select(Registration.email, Slot.key, QueueEntry.turn, QueueEntry.offer_expires_at)
        .join(QueueEntry.registration)
        .join(QueueEntry.slot)
        .where(Registration.open_evening_id == evening.id)
        .order_by(Registration.email)
    )
    happened = (
        select(Registration.email, JournalEntry.kind)
        .join(JournalEntry, JournalEntry.stream == "registration:" + cast(Registration.id, String))
        .where(Registration.open_evening_id == evening.id)
        .order_by(Registration.email, JournalEntry.id)
    )
    async with database.reading() as session:
        return [[tuple(row) for row in await session.execute(query)] for query in (slots, people, turns, happened)]


def _address(who: str) -> str:
    return f"{who}@example.org"
