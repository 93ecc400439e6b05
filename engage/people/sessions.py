"""Sign-in by a one-time link, and sessions kept on the server. Functions never commit."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Protocol

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from engage.errors import LinkExpired
from engage.journal import append
from engage.people.actors import account_id, numbered
from engage.people.facts import SessionsEnded, SignedIn
from engage.people.models import SignInLink, SignInSession
from engage.people.returning import HOME
from engage.people.roles import may_sign_in, roles_of
from engage.storage.database import Database
from engage.tokens import Tokens

LINK_KEPT = timedelta(minutes=15)
SESSION_KEPT = timedelta(hours=12)
MOST_LINKS = 5  # for one address in the time that a link is good for


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
    """Whose session the cookie is; None without one, when it is over, or for whoever may not sign in any more."""
    if not cookie:
        return None
    async with site.database.reading() as session:
        query = select(SignInSession.email).where(
            SignInSession.fingerprint == site.tokens.fingerprint("session", cookie),
            SignInSession.expires_at > site.clock(),
        )
        email = await session.scalar(query)
        if email is None:
            return None
        roles = await roles_of(session, email)
        return Person(email, roles) if roles or await may_sign_in(session, email) else None


async def make_link(
    session: AsyncSession, tokens: Tokens, email: str, now: datetime, next_path: str = HOME
) -> str | None:
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
            next_path=next_path,
        )
    )
    return secret


async def use_link(session: AsyncSession, tokens: Tokens, secret: str, now: datetime) -> tuple[str, str]:
    """Spend the link, and any other of that address, and open a session.

    The cookie's value, and the page that was asked for. Raises LinkExpired.
    """
    fingerprint = tokens.fingerprint("sign-in", secret)
    spend = (
        delete(SignInLink)
        .where(SignInLink.fingerprint == fingerprint, SignInLink.expires_at > now)
        .returning(SignInLink.email, SignInLink.next_path)
    )
    spent = (await session.execute(spend)).one_or_none()
    if spent is None or not await may_sign_in(session, spent.email):
        raise LinkExpired("This sign-in link has been used or is older than 15 minutes. Ask for a new one.")
    await session.execute(delete(SignInLink).where(SignInLink.email == spent.email))
    return await open_session(session, tokens, spent.email, now), spent.next_path


async def open_session(
    session: AsyncSession, tokens: Tokens, email: str, now: datetime, way: Literal["link", "account", "demo"] = "link"
) -> str:
    """A session of twelve hours for the address; the cookie's value."""
    cookie = secrets.token_urlsafe(24)
    session.add(
        SignInSession(
            fingerprint=tokens.fingerprint("session", cookie), email=email.lower(), expires_at=now + SESSION_KEPT
        )
    )
    number = await account_id(session, email)
    await append(session, SignedIn(account_id=number, way=way), now, numbered(number))
    return cookie


async def close_session(session: AsyncSession, tokens: Tokens, cookie: str) -> None:
    """Sign out this browser."""
    await session.execute(
        delete(SignInSession).where(SignInSession.fingerprint == tokens.fingerprint("session", cookie))
    )


async def close_sessions(session: AsyncSession, email: str, now: datetime, actor: str) -> int:
    """Sign the address out everywhere, and forget the links that would sign it in; how many sessions ended."""
    ended = delete(SignInSession).where(SignInSession.email == email.lower()).returning(SignInSession.expires_at)
    count = sum(expires_at > now for expires_at in await session.scalars(ended))
    await session.execute(delete(SignInLink).where(SignInLink.email == email.lower()))
    await append(session, SessionsEnded(account_id=await account_id(session, email), count=count), now, actor)
    return count


async def live_sessions(session: AsyncSession, email: str, now: datetime) -> int:
    """In how many browsers the address is signed in."""
    live = select(func.count()).where(SignInSession.email == email.lower(), SignInSession.expires_at > now)
    return await session.scalar(live) or 0
