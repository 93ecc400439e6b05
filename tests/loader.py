"""A file of one open evening, and the loading of it into a test's database."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from engage.events.evenings.loading import OPEN_EVENINGS
from engage.events.models import OpenEvening, Registration
from engage.events.registrations import registering
from engage.files.loading import LoadReport, load
from engage.journal import JournalEntry
from engage.storage.database import Database
from engage.storage.unit_of_work import UnitOfWork
from tests.factories import make_application

HEAD = """
[[open_evening]]
slug = "reviews-team"
title = "Reviews Team"
status = "published"
venue = "City Hall"
"""
FIRST = """
[[open_evening.slot]]
key = "1800"
starts = 2027-02-24T18:00:00
ends = 2027-02-24T19:00:00
capacity = 2
"""
SECOND = """
[[open_evening.slot]]
key = "1930"
starts = 2027-02-24T19:30:00
ends = 2027-02-24T20:30:00
capacity = 2
"""
VACANCY = """
[[open_evening.vacancy]]
key = "caseworker"
title = "Caseworker"
closes = 2027-03-14T23:59:00
"""
EVENING = HEAD + FIRST + SECOND + VACANCY


@dataclass
class Loader:
    """Loads texts as files, registers people, and looks at what became of it."""

    database: Database
    unit_of_work: UnitOfWork
    folder: Path
    now: datetime

    async def load(self, *texts: str | bytes, **options: Any) -> LoadReport:
        """Load the texts as the files 1.toml, 2.toml, …"""
        paths = [self.folder / f"{number}.toml" for number, _ in enumerate(texts, start=1)]
        for path, text in zip(paths, texts, strict=True):
            path.write_bytes(text.encode() if isinstance(text, str) else text)
        return await self.load_files(*paths, **options)

    async def load_files(self, *paths: Path, **options: Any) -> LoadReport:
        given: dict[str, Any] = {"now": self.now, **options}
        return await load(
            paths, rooms=[OPEN_EVENINGS], unit_of_work=self.unit_of_work, zone=ZoneInfo("Europe/London"), **given
        )

    async def evening(self, slug: str = "reviews-team") -> OpenEvening:
        query = select(OpenEvening).where(OpenEvening.slug == slug).options(selectinload(OpenEvening.vacancies))
        async with self.database.reading() as session:
            return (await session.scalars(query)).one()

    async def edit(self, **columns: Any) -> None:
        """Edit the evening, or with ``slot`` one of its sittings, as the console would."""
        key = columns.pop("slot", None)

        async def command(session: AsyncSession) -> None:
            evening = (await session.scalars(select(OpenEvening))).one()
            row = next((slot for slot in evening.slots if slot.key == key), evening)
            for column, value in columns.items():
                setattr(row, column, value)

        await self.unit_of_work.run(command)

    async def register(self, email: str, key: str | None = "1800", **details: Any) -> int:
        """Somebody registers for a sitting; the id of the registration."""
        evening = await self.evening()
        slot = next((slot for slot in evening.slots if slot.key == key), None)
        form = make_application(evening, slot, email, **details)

        async def command(session: AsyncSession) -> int:
            await registering.register(session, form, self.now)
            found = await session.scalars(select(Registration.id).where(Registration.email_key == email))
            return found.one()

        return await self.unit_of_work.run(command, locks=[(OpenEvening, evening.id)])

    async def facts(self, *kinds: str) -> list[tuple[str, dict[str, Any]]]:
        """The facts of those kinds, in order."""
        query = select(JournalEntry).where(JournalEntry.kind.in_(kinds)).order_by(JournalEntry.id)
        async with self.database.reading() as session:
            return [(entry.kind, entry.details) for entry in await session.scalars(query)]

    async def registration(self, number: int) -> Registration:
        query = select(Registration).where(Registration.id == number).options(selectinload(Registration.entry))
        async with self.database.reading() as session:
            return (await session.scalars(query)).one()
