"""Waves whose answers are known, counted and published."""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Any

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from engage.settings import Settings
from engage.storage.database import Database
from engage.storage.unit_of_work import UnitOfWork
from engage.surveys.models import Questionnaire, Wave
from engage.surveys.reports import publishing
from engage.surveys.reports.release import with_comments
from engage.surveys.reports.releases import find
from engage.surveys.waves.rounds import act
from engage.surveys.waves.rounds import find as find_wave
from tests.answered import PUBLISHED_AT, Voter, closed_wave, publish, tally

CARER = {"working_group": ("carers",)}
SPRING, AUTUMN = "2027-spring", "2027-autumn"
THEN = [
    *[Voter("Policy", "6", {"valued": 2, "safe": 2, "pride": 2}, CARER)] * 30,
    *[Voter("Policy", "6", {"valued": 4, "safe": 4, "pride": 4})] * 30,
]
NOW = [
    *[Voter("Policy", "6", {"valued": 2, "safe": 2, "pride": 2}, CARER)] * 12,
    *[Voter("Policy", "6", {"valued": 4, "safe": "na", "pride": 4})] * 36,
    *[Voter("Policy", "6", None)] * 12,
]


class Press:
    """Counts and publishes waves, and finds what was published."""

    def __init__(self, database: Database, unit_of_work: UnitOfWork, settings: Settings) -> None:
        self.database, self.unit_of_work, self.zone = database, unit_of_work, settings.zone

    async def run(self, voters: Sequence[Voter], key: str = SPRING, **changed: Any) -> dict[str, Any]:
        await closed_wave(self.database, voters, key=key, **changed)
        assert await tally(self.database, self.unit_of_work, key)
        assert await publish(self.unit_of_work, self.database, self.zone, key)
        return await self.content(key)

    async def run_next(self, voters: Sequence[Voter]) -> dict[str, Any]:
        """The wave of the autumn, with another version of the questionnaire of the spring's."""
        async with self.database.writing() as session:
            await session.execute(update(Questionnaire).values(key="gptw", version=1))
        await closed_wave(self.database, voters, key=AUTUMN)
        async with self.database.writing() as session:
            await session.execute(update(Questionnaire).where(Questionnaire.id == 2).values(key="gptw", version=2))
        await tally(self.database, self.unit_of_work, AUTUMN)
        await publish(self.unit_of_work, self.database, self.zone, AUTUMN, PUBLISHED_AT + timedelta(days=180))
        return await self.content(AUTUMN)

    async def content(self, key: str = SPRING) -> dict[str, Any]:
        async with self.database.reading() as session:
            release, comments = await find(session, key), await find(session, key, "comments")
        assert release is not None
        return with_comments(release.content, comments.content if comments else None)

    async def act(self, command: Any, **given: Any) -> None:
        async def on_wave(session: AsyncSession, wave: Wave) -> bool:
            await command(session, wave, **given)
            return True

        await act(self.unit_of_work, await find_wave(self.database, SPRING), on_wave)

    async def publish_comments(self, key: str = SPRING) -> bool:
        command = partial(publishing.publish_comments, zone=self.zone, now=PUBLISHED_AT + timedelta(days=7))
        return await act(self.unit_of_work, await find_wave(self.database, key), command)
