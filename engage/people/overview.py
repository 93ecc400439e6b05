"""Who has which roles, as the console shows it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import func, or_, select, union
from sqlalchemy.ext.asyncio import AsyncSession

from engage.errors import NotFound
from engage.people.models import Account, AwaitedRole, RoleGrant, SignInSession, Staff

SHOWN = 50  # people on one page


@dataclass(slots=True)
class Holder:
    """An account, the roles that it holds or waits for, and how many browsers it is signed in with."""

    id: int
    email: str
    name: str | None = None  # as the staff directory has it
    has_left: bool = False
    roles: dict[str, datetime] = field(default_factory=dict)
    awaited: dict[str, datetime] = field(default_factory=dict)
    sessions: int = 0


async def holders(session: AsyncSession, now: datetime, *, search: str = "", after: str = "") -> list[Holder]:
    """Those who hold roles or wait for them, by address; ``after`` is the last address of the page before."""
    known = union(select(RoleGrant.email), select(AwaitedRole.email))
    query = select(Account).where(Account.email.in_(known), Account.email > after)
    if search:
        named = select(Staff.email).where(Staff.name.icontains(search, autoescape=True))
        query = query.where(or_(Account.email.icontains(search, autoescape=True), Account.email.in_(named)))
    found = await session.scalars(query.order_by(Account.email).limit(SHOWN + 1))
    return await _described(session, found.all(), now)


async def holder(session: AsyncSession, number: int, now: datetime) -> Holder:
    """One account, with or without roles. Raises NotFound."""
    account = await session.get(Account, number)
    if account is None:
        raise NotFound("There is no such page.")
    return (await _described(session, [account], now))[0]


async def of_role(session: AsyncSession, role: str, now: datetime) -> list[Holder]:
    """Those who hold the role, and those whose role waits to be confirmed, by address."""
    known = union(*(select(each.email).where(each.role == role) for each in (RoleGrant, AwaitedRole)))
    found = await session.scalars(select(Account).where(Account.email.in_(known)).order_by(Account.email))
    return await _described(session, found.all(), now)


async def _described(session: AsyncSession, accounts: Sequence[Account], now: datetime) -> list[Holder]:
    found = {account.email: Holder(account.id, account.email) for account in accounts}
    for staff in await session.scalars(select(Staff).where(Staff.email.in_(found))):
        found[staff.email].name, found[staff.email].has_left = staff.name, staff.left_at is not None
    for grant in await session.scalars(select(RoleGrant).where(RoleGrant.email.in_(found)).order_by(RoleGrant.role)):
        found[grant.email].roles[grant.role] = grant.granted_at
    for awaited in await session.scalars(select(AwaitedRole).where(AwaitedRole.email.in_(found))):
        found[awaited.email].awaited[awaited.role] = awaited.asked_at
    live = select(SignInSession.email, func.count()).where(SignInSession.expires_at > now)
    for email, count in await session.execute(live.where(SignInSession.email.in_(found)).group_by(SignInSession.email)):
        found[email].sessions = count
    return list(found.values())
