"""Who may send which message, and what came of it: the outbox's rows before and after a try.

A claim is a lease: nobody else sends the message until it runs out, and a settlement counts only under the lease of its
try. Claims and settlements are commands of the unit of work; no transaction is open while mail is sent.
"""

import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVarTuple

from sqlalchemy import ClauseElement, FromClause, Select, Table, exists, null, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlalchemy.orm import aliased

from engage.journal import append
from engage.notify.checks import Candidate, Check, look_again
from engage.notify.facts import AddressRefused
from engage.notify.finishing import Finisher, Unfinished, finish
from engage.notify.models import OutboxMessage
from engage.notify.retry import IN_VAIN, Outcome, Step, Verdict
from engage.notify.transport import Envelope
from engage.storage.database import read_in_order
from engage.storage.many import Row, run, run_on


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
    # Two things keep PostgreSQL to the messages of one stream, however little it knows of a table that has just grown:
    # not "is waiting", whose index leads to all that wait, and an offset, without which this becomes a join.
    is_held_up = (
        select(earlier.id)
        .where(earlier.stream == OutboxMessage.stream, earlier.id < OutboxMessage.id, earlier.state.not_in(ENDED))
        .offset(0)
        .exists()
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
    written = await run(session, _settled, OutboxMessage, [_row(each) for each in settlements])
    ended = {number for (number,) in written}
    for settlement in settlements:
        message = settlement.message
        if settlement.outcome.verdict is Verdict.ADDRESS_REFUSED and message.id in ended:
            fact = AddressRefused(message_id=message.id, about=message.stream, code=settlement.outcome.code or 550)
            await append(session, fact, settlement.at, actor="relay")


async def settle_alone(connection: AsyncConnection, settlements: Sequence[Settlement]) -> None:
    """The same in one statement, where no address was refused."""
    await run_on(connection, _settled, OutboxMessage, [_row(each) for each in settlements])


def _settled(given: FromClause, table: Table) -> ClauseElement:
    own = ("id", "lease")
    values = {each.key: each for each in given.c if each.key not in own} | {"lease": null(), "leased_until": null()}
    return update(table).where(*(table.c[name] == given.c[name] for name in own)).values(values).returning(table.c.id)


def _row(settlement: Settlement) -> Row:
    """The message's row as the try left it, under the lease of that try."""
    message, outcome, step = settlement.message, settlement.outcome, settlement.step
    is_tried = message.first_tried_at is None and outcome.verdict not in IN_VAIN
    return {
        "id": message.id,
        "lease": message.lease,
        "state": step.state,
        "attempts": step.attempts,
        "due_at": step.due_at,
        "reply": f"{outcome.code or ''} {outcome.reply}".strip(),
        "first_tried_at": settlement.at if is_tried else message.first_tried_at,
        "settled_at": None if step.state == "waiting" else settlement.at,
    }
