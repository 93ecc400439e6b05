"""What stands in the journal of a site."""

from typing import Any

from sqlalchemy import select

from engage.journal import JournalEntry
from tests.site import Site


async def facts_of(site: Site, *kinds: str) -> list[dict[str, Any]]:
    """The details of the facts of those kinds, in order."""
    query = select(JournalEntry).where(JournalEntry.kind.in_(kinds)).order_by(JournalEntry.id)
    async with site.database.reading() as session:
        return [entry.details for entry in await session.scalars(query)]
