"""Reminders of actions to their owners, a week before they are due: planned as facts, sent as messages."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from functools import partial

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from engage.journal import JournalEntry, append
from engage.notify.calendar import Person
from engage.notify.letters import Letters
from engage.notify.message import Message
from engage.notify.outbox import put
from engage.settings import Settings
from engage.storage.database import Database
from engage.storage.unit_of_work import UnitOfWork
from engage.surveys.follow_up.action_facts import ActionDue, due_stream
from engage.surveys.follow_up.action_models import Action
from engage.surveys.follow_up.action_rules import LIVE
from engage.surveys.models import Wave

AHEAD, AT = timedelta(days=7), time(9)


async def plan_actions(database: Database, unit_of_work: UnitOfWork, settings: Settings, now: datetime) -> int:
    """Write the facts of the actions that come due; how many."""
    async with database.reading() as session:
        due = await _due(session, settings, now)
    return sum(
        [await unit_of_work.run(partial(_remind, action.id, now), locks=[(Action, action.id)]) for action in due]
    )


async def _due(session: AsyncSession, settings: Settings, now: datetime) -> Sequence[Action]:
    """The live actions whose reminder's time has come and that have not been reminded of for that day."""
    local = now.astimezone(settings.zone)
    last = local.date() + AHEAD - (timedelta(days=1) if local.time() < AT else timedelta())
    coming = (await session.scalars(select(Action).where(Action.status.in_(LIVE), Action.due_on <= last))).all()
    streams = [due_stream(action.id, action.due_on) for action in coming]
    known = set(await session.scalars(select(JournalEntry.stream).where(JournalEntry.stream.in_(streams))))
    return [action for action, stream in zip(coming, streams, strict=True) if stream not in known]


async def _remind(action_id: int, now: datetime, session: AsyncSession) -> bool:
    """False where another worker was first, or the action is over."""
    action = await session.get_one(Action, action_id)
    fact = ActionDue(wave_id=action.wave_id, action_id=action.id, due_on=action.due_on)
    known = await session.scalar(select(JournalEntry.id).where(JournalEntry.stream == fact.stream))
    if known is not None or action.status not in LIVE:
        return False
    await append(session, fact, now, "worker")
    return True


class ActionMessages:
    """Makes the owner's message of each fact; one that is not true any more is dropped."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._letters = Letters(settings)

    async def hear(self, session: AsyncSession, entry: JournalEntry, now: datetime) -> None:
        fact = ActionDue(**entry.details)
        action = await session.get(Action, fact.action_id)
        if action is None or action.status not in LIVE or action.due_on != fact.due_on:
            return
        wave = await session.get_one(Wave, action.wave_id)
        link = f"{self._settings.base_url}/reports/{wave.key}/actions"
        message = Message(
            key=fact.stream,
            sender=Person(self._settings.mail_from, self._settings.organisation),
            recipient=Person(action.owner, ""),
            letter=self._letters.render("action_due", action=action, wave=wave, link=link),
            dated=now,
        )
        await put(session, message, kind="ActionDue", stream=fact.stream, now=now)
