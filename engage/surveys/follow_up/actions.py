"""What is done about results: put forward, answered, carried out, countersigned. Functions never commit."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from engage.errors import NotFound, OutOfOrder
from engage.journal import append
from engage.surveys.consultations.record import WORKFORCE
from engage.surveys.follow_up.action_facts import ActionMoved, ActionProposed
from engage.surveys.follow_up.action_models import Action, ActionEntry
from engage.surveys.follow_up.action_rules import ACTS, PROPOSAL, acts_of


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who speaks, and in which of their roles."""

    email: str
    role: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """What is put forward: about a theme or a question or neither, for a group or for everyone."""

    title: str
    why: str
    owner: str
    due_on: date
    theme: str | None = None
    question: str | None = None
    family: str | None = None
    group: str | None = None


async def actions_of(session: AsyncSession, wave_ids: Iterable[int]) -> Sequence[Action]:
    """The actions of these waves with their records, in the order in which they were put forward."""
    query = select(Action).where(Action.wave_id.in_(list(wave_ids))).order_by(Action.id)
    return (await session.scalars(query.options(selectinload(Action.entries)))).all()


async def propose(session: AsyncSession, wave_id: int, proposal: Proposal, speaker: Speaker, now: datetime) -> Action:
    """Put an action on the record; what the workforce team puts forward is agreed at once."""
    action = Action(
        wave_id=wave_id,
        title=proposal.title,
        theme=proposal.theme,
        question=proposal.question,
        family=proposal.family,
        group=proposal.group,
        owner=proposal.owner.lower(),
        due_on=proposal.due_on,
        status="agreed" if speaker.role == WORKFORCE else "proposed",
        created_at=now,
    )
    session.add(action)
    await session.flush()
    _record(session, action, PROPOSAL, proposal.why, speaker, now)
    await append(session, ActionProposed(wave_id=wave_id, action_id=action.id), now, speaker.role)
    return action


async def do(session: AsyncSession, action_id: int, act: str, text: str, speaker: Speaker, now: datetime) -> Action:
    """Do an act on an action, whose row is locked. Raises NotFound, and OutOfOrder where that role cannot do it now."""
    action = await session.get(Action, action_id)
    if action is None:
        raise NotFound("There is no such action.")
    if act not in acts_of(speaker.role, action.status):
        raise OutOfOrder("That is not for your role to do, or the action has moved on. Nothing was changed.")
    action.status = ACTS[act].leads_to or action.status
    if act == "finish":
        action.evidence = text
    _record(session, action, act, text, speaker, now)
    await append(session, ActionMoved(wave_id=action.wave_id, action_id=action.id, act=act), now, speaker.role)
    return action


def _record(session: AsyncSession, action: Action, kind: str, text: str, speaker: Speaker, now: datetime) -> None:
    session.add(
        ActionEntry(action_id=action.id, author=speaker.email, role=speaker.role, kind=kind, text=text, said_at=now)
    )
