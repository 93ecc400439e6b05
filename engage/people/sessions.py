"""Sign-in by a one-time link, sessions kept on the server, roles granted by address. Functions never commit."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from engage.database import Database
from engage.errors import LinkExpired
from engage.people.models import RoleGrant, SignInLink, SignInSession
from engage.tokens import Tokens

LINK_KEPT = timedelta(minutes=15)
SESSION_KEPT = timedelta(hours=12)
MOST_LINKS = 5  # for one address in the time that a link is good for
ROLES = frozenset({"admin", "organiser", "access", "door", "workforce", "pcs", "trustee"})
GROUP_LEAD = "group_lead"


@dataclass(frozen=True, slots=True)
class Person:
    """Who is signed in, and what they may do."""

    email: str
    roles: frozenset[str]


class HasSessions(Protocol):
    """What finding a session takes; a running site has it."""

    @property
    def database(self) -> Database: ...
    @property
    def tokens(self) -> Tokens: ...
    def clock(self) -> datetime: ...


async def signed_in(cookie: str | None, site: HasSessions) -> Person | None:
    """Whose session the cookie is; None without one, or when it is over."""
    if not cookie:
        return None
    async with site.database.reading() as session:
        query = select(SignInSession.email).where(
            SignInSession.fingerprint == site.tokens.fingerprint("session", cookie),
            SignInSession.expires_at > site.clock(),
        )
        email = await session.scalar(query)
        return Person(email, await roles_of(session, email)) if email else None


async def roles_of(session: AsyncSession, email: str) -> frozenset[str]:
    """The roles that an address holds."""
    return frozenset(await session.scalars(select(RoleGrant.role).where(RoleGrant.email == email.lower())))


async def make_link(session: AsyncSession, tokens: Tokens, email: str, now: datetime) -> str | None:
    """A one-time secret for the address, good for fifteen minutes; None where too many were made lately."""
    lately = select(func.count()).where(SignInLink.email == email.lower(), SignInLink.created_at > now - LINK_KEPT)
    if (await session.scalar(lately) or 0) >= MOST_LINKS:
        return None
    secret = secrets.token_urlsafe(24)
    session.add(
        SignInLink(
            fingerprint=tokens.fingerprint("sign-in", secret),
            email=email.lower(),
            created_at=now,
            expires_at=now + LINK_KEPT,
        )
    )
    return secret


async def use_link(session: AsyncSession, tokens: Tokens, secret: str, now: datetime) -> str:
    """Spend the link and open a session; the cookie's value. Raises LinkExpired."""
    spend = (
        delete(SignInLink)
        .where(SignInLink.fingerprint == tokens.fingerprint("sign-in", secret), SignInLink.expires_at > now)
        .returning(SignInLink.email)
    )
    email = await session.scalar(spend)
    if email is None:
        raise LinkExpired("This sign-in link has been used or is older than 15 minutes. Ask for a new one.")
    return await open_session(session, tokens, email, now)


async def open_session(session: AsyncSession, tokens: Tokens, email: str, now: datetime) -> str:
    """A session of twelve hours for the address; the cookie's value."""
    cookie = secrets.token_urlsafe(24)
    session.add(
        SignInSession(
            fingerprint=tokens.fingerprint("session", cookie), email=email.lower(), expires_at=now + SESSION_KEPT
        )
    )
    return cookie


async def close_session(session: AsyncSession, tokens: Tokens, cookie: str) -> None:
    """Sign out this browser."""
    await session.execute(
        delete(SignInSession).where(SignInSession.fingerprint == tokens.fingerprint("session", cookie))
    )


def is_role(role: str) -> bool:
    """Whether a role is one of the contract's, such as organiser or group_lead:directorate:audit."""
    name, *scope = role.split(":")
    if name == GROUP_LEAD:
        return len(scope) == 2 and all(scope)
    return not scope and name in ROLES


async def grant(session: AsyncSession, email: str, roles: list[str], now: datetime) -> None:
    """Give the roles; one that is held already stays as it was."""
    held = await roles_of(session, email)
    session.add_all(
        RoleGrant(email=email.lower(), role=role, granted_at=now) for role in dict.fromkeys(roles) if role not in held
    )


async def revoke(session: AsyncSession, email: str, roles: list[str]) -> None:
    """Take the roles away; one that is not held is no fault."""
    await session.execute(delete(RoleGrant).where(RoleGrant.email == email.lower(), RoleGrant.role.in_(roles)))
