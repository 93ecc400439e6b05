"""Looking into the journal: by kind, actor, stream and time, the newest first, a page at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from engage.audit.words import HIDDEN
from engage.journal import JournalEntry
from engage.people.actors import STAFF
from engage.people.facts import ACCOUNT
from engage.people.models import Account

SHOWN = 50  # entries on one page
NUMBERED = (STAFF, ACCOUNT)


@dataclass(frozen=True, slots=True)
class Search:
    """What to look for; what is None is not looked at. Entries from ``since`` to below ``until``.

    ``before`` is the id of the last entry of the page before; one that there is not begins anew.
    """

    kind: str | None = None
    actor: str | None = None
    stream: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    before: int | None = None


async def entries(session: AsyncSession, search: Search) -> Sequence[JournalEntry]:
    """A page of entries and one more, if there is one; found by an index, however long the journal is."""
    before = await session.get(JournalEntry, search.before) if search.before is not None else None
    return (await session.scalars(query_of(search, before))).all()


async def addresses(session: AsyncSession, found: Sequence[JournalEntry]) -> dict[str, str]:
    """The addresses of those whom the entries name by number, by "staff:17" and "account:17"."""
    named = {name for entry in found for name in (entry.actor, entry.stream)}
    numbers = {int(number) for name in named for number in [name.partition(":")[2]] if _is_account(name)}
    accounts = await session.scalars(select(Account).where(Account.id.in_(numbers)))
    return {f"{prefix}{account.id}": account.email for account in accounts for prefix in NUMBERED}


async def actor_named(session: AsyncSession, name: str) -> str:
    """The actor of that address, or the name as it is."""
    number = await session.scalar(select(Account.id).where(Account.email == name.lower()))
    return name if number is None else f"{STAFF}{number}"


def _is_account(name: str) -> bool:
    return name.startswith(NUMBERED) and name.partition(":")[2].isdigit()


def query_of(search: Search, before: JournalEntry | None = None) -> Select[JournalEntry]:
    """The newest entries first; those after ``before``, where that is given."""
    entry = JournalEntry
    query = select(entry).where(entry.kind.not_in(HIDDEN))
    if search.stream is not None:
        query = query.where(entry.stream == search.stream)
    for column in (entry.kind, entry.actor):
        if (value := getattr(search, column.key)) is not None:
            # A stream is short, so nothing else is to be looked up where one is given: SQLite would choose wrongly.
            query = query.where((column if search.stream is None else column.concat("")) == value)
    if search.since is not None:
        query = query.where(entry.occurred_at >= search.since)
    if search.until is not None:
        query = query.where(entry.occurred_at < search.until)
    if before is not None:
        is_older = or_(entry.occurred_at < before.occurred_at, entry.id < before.id)
        query = query.where(entry.occurred_at <= before.occurred_at, is_older)
    return query.order_by(entry.occurred_at.desc(), entry.id.desc()).limit(SHOWN + 1)
