"""Who holds which roles, and how they are given and taken. Functions never commit.

Once somebody holds a role of ``CONFIRMED``, it counts for others only when somebody who holds it has confirmed them: no
administrator can pose as the union. So that this stays so, whoever is the last to hold it keeps it.
"""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Select, delete, exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from engage.errors import LastHolder, NotFound
from engage.journal import append
from engage.people.actors import account_id
from engage.people.facts import RoleConfirmed, RoleGranted, RoleRevoked
from engage.people.models import AwaitedRole, RoleGrant, Staff

ROLES = {
    "admin": "Administrator",
    "organiser": "Organiser",
    "access": "Access needs",
    "door": "Door",
    "workforce": "Workforce team",
    "pcs": "Trade union PCS",
    "trustee": "Trustee",
}
GROUP_LEAD = "group_lead"
LONGEST = 100  # characters
CONFIRMED = frozenset({"pcs"})
NEVER_VACANT = {
    "admin": "This is the only administrator. Give the role to somebody else first.",
    "pcs": "Nobody else holds the role pcs, and somebody has to confirm the next. Let them confirm another first.",
}
OPERATOR = "operator"


def is_role(role: str) -> bool:
    """Whether a role is one of the contract's, such as organiser or group_lead:directorate:audit."""
    name, *scope = role.split(":")
    if name == GROUP_LEAD:
        return len(scope) == 2 and all(scope) and len(role) <= LONGEST
    return not scope and name in ROLES


def title_of(role: str) -> str:
    """A role as people call it."""
    name, *scope = role.split(":")
    return f"Lead of {' '.join(scope[::-1])}".replace("_", " ") if name == GROUP_LEAD else ROLES.get(role, role)


async def roles_of(session: AsyncSession, email: str) -> frozenset[str]:
    """The roles that an address holds."""
    return frozenset(await session.scalars(select(RoleGrant.role).where(RoleGrant.email == email.lower())))


async def awaited_roles_of(session: AsyncSession, email: str) -> frozenset[str]:
    """The roles of an address that nobody has confirmed yet."""
    return frozenset(await session.scalars(select(AwaitedRole.role).where(AwaitedRole.email == email.lower())))


async def may_sign_in(session: AsyncSession, email: str) -> bool:
    """Whether the address holds a role or is that of a member of staff."""
    works_here = exists().where(Staff.email == email.lower(), Staff.left_at.is_(None))
    has_role = exists().where(RoleGrant.email == email.lower())
    return bool(await session.scalar(select(works_here | has_role)))


async def grant(
    session: AsyncSession, email: str, roles: Iterable[str], now: datetime, actor: str = OPERATOR
) -> frozenset[str]:
    """Give the roles; one that is held already stays as it was. The roles of the address that wait for confirmation."""
    await session.execute(_turn())
    held, awaited = await roles_of(session, email), await awaited_roles_of(session, email)
    number = await account_id(session, email)
    for role in dict.fromkeys(roles):
        if role in held | awaited:
            continue
        is_awaited = await is_to_be_confirmed(session, role)
        if is_awaited:
            session.add(AwaitedRole(email=email.lower(), role=role, asked_at=now))
        else:
            session.add(RoleGrant(email=email.lower(), role=role, granted_at=now))
        await append(session, RoleGranted(account_id=number, role=role, is_awaited=is_awaited), now, actor)
    return await awaited_roles_of(session, email)


async def is_to_be_confirmed(session: AsyncSession, role: str) -> bool:
    """Whether the role, given now, waits until somebody who holds it confirms it."""
    return role in CONFIRMED and await _is_held(session, role)


async def confirm(session: AsyncSession, email: str, role: str, now: datetime, actor: str) -> None:
    """What waited counts from now on; whoever confirms holds the role. Raises NotFound."""
    gone = delete(AwaitedRole).where(AwaitedRole.email == email.lower(), AwaitedRole.role == role)
    if await session.scalar(gone.returning(AwaitedRole.role)) is None:
        raise NotFound("This role does not wait for you any more: somebody has confirmed or declined it.")
    session.add(RoleGrant(email=email.lower(), role=role, granted_at=now))
    await append(session, RoleConfirmed(account_id=await account_id(session, email), role=role), now, actor)


async def revoke(session: AsyncSession, email: str, roles: Iterable[str], now: datetime, actor: str = OPERATOR) -> None:
    """Take the roles away, those that wait too; one that is not held is no fault. Raises LastHolder."""
    await session.execute(_turn())
    held = await roles_of(session, email)
    number = await account_id(session, email)
    for role in (held | await awaited_roles_of(session, email)) & set(roles):
        if role in held and role in NEVER_VACANT and not await _is_held(session, role, by_others_than=email):
            raise LastHolder(NEVER_VACANT[role])
        for kept in (RoleGrant, AwaitedRole):
            await session.execute(delete(kept).where(kept.email == email.lower(), kept.role == role))
        await append(session, RoleRevoked(account_id=number, role=role), now, actor)


async def _is_held(session: AsyncSession, role: str, by_others_than: str = "") -> bool:
    others = exists().where(RoleGrant.role == role, RoleGrant.email != by_others_than.lower())
    return bool(await session.scalar(select(others)))


def _turn() -> Select[str]:
    """Locks what changes of roles contend for, so that the last of two holders cannot both go at once."""
    return select(RoleGrant.email).where(RoleGrant.role.in_(NEVER_VACANT)).order_by(RoleGrant.email).with_for_update()
