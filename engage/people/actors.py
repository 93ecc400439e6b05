"""The numbers by which the journal knows those who act in the console: it holds no addresses."""

from typing import Protocol

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from engage.people.models import Account
from engage.storage.database import insert_for

STAFF = "staff:"


class HasEmail(Protocol):
    """Whoever is signed in has one."""

    @property
    def email(self) -> str: ...


async def actor_of(session: AsyncSession, person: HasEmail) -> str:
    """Who acts, as facts name them: "staff:17"."""
    return numbered(await account_id(session, person.email))


def numbered(account: int) -> str:
    """The actor that stands for an account."""
    return f"{STAFF}{account}"


async def account_id(session: AsyncSession, email: str) -> int:
    """The number of the address, which gets one when it is first asked for."""
    known = select(Account.id).where(Account.email == email.lower())
    number = await session.scalar(known)
    if number is None:
        new = insert_for(session)(Account).values(email=email.lower())
        await session.execute(new.on_conflict_do_nothing(index_elements=[Account.email]))
        number = (await session.scalars(known)).one()
    return number
