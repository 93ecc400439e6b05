"""Readers of reports: somebody signed in with any roles, at a running site with two published waves."""

from sqlalchemy.ext.asyncio import AsyncSession

from engage.people import sessions
from engage.people.models import RoleGrant, Staff
from engage.surveys.models import Wave
from engage.tokens import Tokens
from tests.releases import publish, two_waves
from tests.site import Site

STAFF, CHAIR = "staff", "group_lead:working_group:carers"


def address_of(role: str) -> str:
    return f"{role.replace(':', '.').replace('_', '-')}@example.org"


async def sign_in(site: Site, *roles: str) -> str:
    """Be somebody with those roles, or with none but in the directory, or nobody; the address."""
    site.browser.cookies.clear()
    if not roles:
        return ""
    email = address_of(roles[0])
    async with site.database.writing() as session:
        cookie = await signed_in(session, site, email, *roles)
    site.browser.cookies.set("engage-session", cookie)
    return email


async def signed_in(session: AsyncSession, site: Site, email: str, *roles: str) -> str:
    """A session's cookie for somebody with those roles."""
    for role in roles:
        given: Staff | RoleGrant = RoleGrant(email=email, role=role, granted_at=site.now)
        if role == STAFF:
            given = Staff(id=abs(hash(email)) % 10**9, email=email, name="Ann", directorate="Policy", grade="6")
        await session.merge(given)
    return await sessions.open_session(session, Tokens(site.settings.secret_key), email, site.now)


async def publish_two(site: Site, **changed: object) -> tuple[Wave, Wave]:
    """Two published waves of one questionnaire, the later one "2027-spring"."""
    first, second = two_waves()
    async with site.database.writing() as session:
        return await publish(session, first, **changed), await publish(session, second, **changed)
