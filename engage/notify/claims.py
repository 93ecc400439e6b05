"""Who may send which message, and what came of it: the outbox's rows before and after a try.

A claim is a lease: nobody else sends the message until it runs out, and a settlement counts only under the lease of its
try. Claims and settlements are commands of the unit of work; no transaction is open while mail is sent.
"""

import secrets
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVarTuple

from sqlalchemy import Select, bindparam, case, exists, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from engage.database import Instant, read_in_order
from engage.journal import append
from engage.notify.checks import Candidate, Check, look_again
from engage.notify.facts import AddressRefused
from engage.notify.finishing import Finisher, Unfinished, finish
from engage.notify.models import OutboxMessage
from engage.notify.retry import IN_VAIN, Outcome, Step, Verdict
from engage.notify.transport import Envelope


@dataclass(frozen=True, slots=True)
class Claimed:
    """A message under lease, detached from any session. ``attempts`` are those before this one.

    ``until`` is by the acting clock: from then on no try may begin.
    """

    id: int
    lease: str
    stream: str
    attempts: int
    first_tried_at: datetime | None
    until: datetime | None
    domain: str
    envelope: Envelope = field(repr=False)


Columns = TypeVarTuple("Columns")

AT_ONCE = 8  # settled by one statement: as many as there are lines
POSTPONED = timedelta(minutes=1)
ENDED = ("sent", "bounced", "dead", "dropped")
NO_LONGER_TRUE = "no longer true"

_CLAIMED = (
    OutboxMessage.id,
    OutboxMessage.kind,
    OutboxMessage.stream,
    OutboxMessage.details,
    OutboxMessage.attempts,
    OutboxMessage.first_tried_at,
    OutboxMessage.envelope_from,
    OutboxMessage.recipient,
    OutboxMessage.content,
)


@dataclass(frozen=True, slots=True)
class Claim:
    """What is leased, and how many messages were dropped because they are no longer true."""

    messages: list[Claimed]
    dropped: int = 0


@dataclass(frozen=True, slots=True)
class Truth:
    """What messages are held against: a check for each kind that can become untrue, and the acting now.

    ``finishers`` put in, by kind, what is not kept in the outbox.
    """

    checks: Mapping[str, Check]
    now: datetime
    finishers: Mapping[str, Finisher] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Settlement:
    """What came of one try at one message, at the instant ``at``."""

    message: Claimed
    outcome: Outcome
    step: Step
    at: datetime


async def is_any_due(session: AsyncSession, now: datetime) -> bool:
    """Whether a claim would find something: an idle worker takes no write lock."""
    return bool(await session.scalar(select(exists(_due(select(OutboxMessage.id), now)))))


async def claim(session: AsyncSession, *, now: datetime, lease: timedelta, limit: int, truth: Truth) -> Claim:
    """Lease what is due and still true, oldest first; of each stream only the first message, to keep their order."""
    await read_in_order(session)
    query = _due(select(*_CLAIMED), now).order_by(OutboxMessage.due_at, OutboxMessage.id).limit(limit)
    rows = (await session.execute(query.with_for_update(skip_locked=True))).all()
    candidates = {row.id: Candidate(row.id, row.kind, row.stream, row.details) for row in rows}
    verdicts = await look_again(session, list(candidates.values()), truth.checks, truth.now)
    rows = [row for row in rows if row.id not in verdicts.dropped | verdicts.postponed]
    unfinished = [Unfinished(row.id, row.kind, row.details, row.content) for row in rows]
    contents = await finish(session, unfinished, truth.finishers)
    postponed = verdicts.postponed | {row.id for row in rows if row.id not in contents}
    rows = [row for row in rows if row.id in contents]
    name = secrets.token_hex(16)
    await _update(session, [row.id for row in rows], lease=name, leased_until=now + lease)
    await _update(session, verdicts.dropped, state="dropped", settled_at=now, reply=NO_LONGER_TRUE, lease=None)
    await _update(session, postponed, due_at=now + POSTPONED)
    claimed = [
        Claimed(
            row.id,
            name,
            row.stream,
            row.attempts,
            row.first_tried_at,
            candidates[row.id].until,
            row.recipient.rpartition("@")[2].lower(),
            Envelope(row.envelope_from, row.recipient, contents[row.id]),
        )
        for row in rows
    ]
    return Claim(claimed, len(verdicts.dropped))


async def _update(session: AsyncSession, ids: Collection[int], **values: Any) -> None:
    if ids:
        statement = update(OutboxMessage).where(OutboxMessage.id.in_(ids)).values(**values)
        await session.execute(statement, execution_options={"synchronize_session": False})


def _due(query: Select[*Columns], now: datetime) -> Select[*Columns]:
    earlier = aliased(OutboxMessage)
    # Not "is waiting": PostgreSQL would look for an earlier one among all that wait, and not among those of its stream.
    is_held_up = exists().where(
        earlier.stream == OutboxMessage.stream, earlier.id < OutboxMessage.id, earlier.state.not_in(ENDED)
    )
    return (
        query.where(OutboxMessage.state == "waiting", OutboxMessage.due_at <= now)
        .where(or_(OutboxMessage.leased_until.is_(None), OutboxMessage.leased_until <= now))
        .where(~is_held_up)
    )


async def release(session: AsyncSession, messages: Sequence[Claimed]) -> None:
    """Give back what was leased and not tried."""
    for lease in {message.lease for message in messages}:
        ids = [message.id for message in messages if message.lease == lease]
        await session.execute(
            update(OutboxMessage)
            .where(OutboxMessage.id.in_(ids), OutboxMessage.lease == lease)
            .values(lease=None, leased_until=None)
            .execution_options(synchronize_session=False)
        )


async def settle(session: AsyncSession, settlements: Sequence[Settlement]) -> None:
    """Write down what came of the tries; an address refused for good is journalled with its message's end."""
    connection = await session.connection()
    taken, plain = defaultdict[str, list[Settlement]](list), []
    for settlement in settlements:
        if settlement.outcome.verdict is Verdict.ACCEPTED:
            taken[settlement.message.lease].append(settlement)
        elif settlement.outcome.verdict is not Verdict.ADDRESS_REFUSED:
            plain.append(_values(settlement))
        elif await connection.scalar(_SETTLE.returning(OutboxMessage.id), _values(settlement)) is not None:
            message, code = settlement.message, settlement.outcome.code or 550
            fact = AddressRefused(message_id=message.id, about=message.stream, code=code)
            await append(session, fact, settlement.at, actor="relay")
    for lease, those in taken.items():
        for first in range(0, len(those), AT_ONCE):
            await connection.execute(_SETTLE_TAKEN, _values_of_taken(lease, those[first : first + AT_ONCE]))
    if plain:
        await connection.execute(_SETTLE, plain)


_SETTLE = (
    update(OutboxMessage)
    .where(OutboxMessage.id == bindparam("own_id"), OutboxMessage.lease == bindparam("own_lease"))
    .values(lease=None, leased_until=None)
)

# What the relay took is most of what comes, and one statement for several at once costs a fraction of one for each.
_SETTLE_TAKEN = (
    update(OutboxMessage)
    .where(OutboxMessage.id.in_([bindparam(f"id{n}") for n in range(AT_ONCE)]))
    .where(OutboxMessage.lease == bindparam("own_lease"))
    .values(
        lease=None,
        leased_until=None,
        state="sent",
        attempts=OutboxMessage.attempts + 1,
        reply=case(
            {bindparam(f"id{n}"): bindparam(f"reply{n}") for n in range(AT_ONCE)},
            value=OutboxMessage.id,
        ),
        first_tried_at=func.coalesce(OutboxMessage.first_tried_at, bindparam("at", type_=Instant)),
        settled_at=bindparam("at", type_=Instant),
    )
)


def _values_of_taken(lease: str, settlements: Sequence[Settlement]) -> dict[str, Any]:
    """Values for each of the statement's slots; what is left of them names no message."""
    values: dict[str, Any] = {"own_lease": lease, "at": max(settlement.at for settlement in settlements)}
    for n in range(AT_ONCE):
        settlement = settlements[n] if n < len(settlements) else None
        values[f"id{n}"] = settlement.message.id if settlement else None
        values[f"reply{n}"] = _reply(settlement) if settlement else None
    return values


def _reply(settlement: Settlement) -> str:
    return f"{settlement.outcome.code or ''} {settlement.outcome.reply}".strip()


def _values(settlement: Settlement) -> dict[str, Any]:
    step, first_tried_at = settlement.step, settlement.message.first_tried_at
    if settlement.outcome.verdict not in IN_VAIN:
        first_tried_at = first_tried_at or settlement.at
    return {
        "own_id": settlement.message.id,
        "own_lease": settlement.message.lease,
        "state": step.state,
        "attempts": step.attempts,
        "due_at": step.due_at,
        "reply": _reply(settlement),
        "first_tried_at": first_tried_at,
        "settled_at": None if step.state == "waiting" else settlement.at,
    }
