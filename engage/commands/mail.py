"""`engage mail`: the outbox's dead and waiting messages."""

import argparse
import asyncio
from datetime import datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from functools import partial

from sqlalchemy import exists, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased, defer

from engage.commands.running import settings, workplace
from engage.errors import NotFound
from engage.journal import PendingFact
from engage.notify.models import OutboxMessage
from engage.notify.outbox import AT_ONCE, IN_TURN
from engage.storage.database import ring

UNSENT = ("dead", "waiting")
STATES = (*UNSENT, "bounced")
SENT = ("sent", "bounced")
HEADINGS = ("id", "kind", "state", "attempts", "due", "domain", "last reply")


def define(parser: argparse.ArgumentParser) -> None:
    acts = parser.add_subparsers(required=True, metavar="list|show|retry")
    listing = acts.add_parser("list", help="what was given up or still waits, without addresses")
    listing.add_argument("--state", choices=STATES, help="only these; bounced are asked for by name")
    listing.set_defaults(act=list_unsent)
    showing = acts.add_parser("show", help="one message: its headers and its text")
    showing.add_argument("id", metavar="ID", type=int)
    showing.set_defaults(act=show)
    retrying = acts.add_parser(
        "retry", help="send dead messages again, unless later ones about the same thing were sent"
    )
    which = retrying.add_mutually_exclusive_group(required=True)
    which.add_argument("ids", metavar="ID", type=int, nargs="*", default=[])
    which.add_argument("--all-dead", action="store_true", help="every one that can be sent again")
    retrying.set_defaults(act=retry)


def list_unsent(options: argparse.Namespace) -> None:
    async def run() -> None:
        given = settings()
        async with workplace(given) as at, at.database.reading() as session:
            rows = [_row(message) for message in await _unsent(session, options.state)]
            failing = [_failure(pending) for pending in await _failing(session)]
        print(*failing, sep="\n", end="\n" if failing else "")
        if not rows:
            print(f"No message is {options.state or 'dead or waiting'}.")
            return
        widths = [max(map(len, column)) for column in zip(HEADINGS, *rows, strict=True)]
        for row in (HEADINGS, *rows):
            print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())

    asyncio.run(run())


def show(options: argparse.Namespace) -> None:
    async def run() -> None:
        async with workplace(settings()) as at, at.database.reading() as session:
            message = await session.get(OutboxMessage, options.id)
        if message is None:
            raise NotFound(f"There is no message {options.id}; see: engage mail list")
        print(_shown(message))

    asyncio.run(run())


def retry(options: argparse.Namespace) -> None:
    async def run() -> None:
        async with workplace(settings()) as at:
            count = await at.unit_of_work.run(partial(_revive, ids=None if options.all_dead else set(options.ids)))
        print(f"{count} {'message waits' if count == 1 else 'messages wait'} to be sent again.")

    asyncio.run(run())


async def _unsent(session: AsyncSession, state: str | None) -> list[OutboxMessage]:
    states = (state,) if state else UNSENT
    query = select(OutboxMessage).where(OutboxMessage.state.in_(states)).order_by(OutboxMessage.id)
    return list(await session.scalars(query.options(defer(OutboxMessage.content))))


async def _failing(session: AsyncSession) -> list[PendingFact]:
    """Facts whose message could not be made; they are tried again, at least every hour."""
    query = select(PendingFact).where(PendingFact.failures > 0).order_by(PendingFact.entry_id)
    return list(await session.scalars(query))


def _failure(pending: PendingFact) -> str:
    return f"not made, {pending.failures} times: fact {pending.entry_id} of {pending.stream}: {pending.error}"


async def _revive(session: AsyncSession, ids: set[int] | None) -> int:
    """Put dead messages back, all or none. Raises NotFound for one that is not dead, overtaken, or without its text.

    An invitation that follows its own cancellation would be wrong: whoever got a later message has newer news.
    """
    later = aliased(OutboxMessage)
    is_overtaken = exists().where(
        later.stream == OutboxMessage.stream, later.id > OutboxMessage.id, later.state.in_(SENT)
    )
    query = select(OutboxMessage.id).where(
        OutboxMessage.state == "dead", OutboxMessage.content.is_not(None), ~is_overtaken
    )
    dead = set(await session.scalars(query))
    wanted = dead if ids is None else ids
    if wanted - dead:
        others = ", ".join(map(str, sorted(wanted - dead)))
        raise NotFound(f"Nothing was changed: not dead, overtaken by a later one, or no longer kept: {others}.")
    anew = {"state": "waiting", "due_at": AT_ONCE, "attempts": 0, "first_tried_at": None, "settled_at": None}
    await session.execute(update(OutboxMessage).where(OutboxMessage.id.in_(wanted)).values(anew))
    ring(session)
    return len(wanted)


def _row(message: OutboxMessage) -> tuple[str, ...]:
    domain = message.recipient.rpartition("@")[2]
    due = _due(message.due_at) if message.state == "waiting" else ""
    return (str(message.id), message.kind, message.state, str(message.attempts), due, domain, message.reply or "")


def _due(due_at: datetime) -> str:
    return "at once" if due_at <= IN_TURN else f"{due_at:%Y-%m-%d %H:%M:%SZ}"


def _shown(message: OutboxMessage) -> str:
    about = f"{message.kind}, {message.state} after {message.attempts} attempts: {message.reply or 'not tried yet'}"
    if message.content is None:
        return f"{about}\n\nTo: {message.recipient}\n\nIts text is no longer kept."
    parsed = message_from_bytes(message.content, policy=default)
    assert isinstance(parsed, EmailMessage)  # noqa: S101 - what the policy makes
    headers = "\n".join(f"{name}: {value}" for name, value in parsed.items())
    text = parsed.get_body(("plain",))
    return f"{about}\n\n{headers}\n\n{text.get_content() if text else ''}"
