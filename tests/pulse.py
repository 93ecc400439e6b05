"""A pulse wave and the people whom it asks, loaded and moved through time in a test's database."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from engage.files.loading import LoadReport, load
from engage.journal import JournalEntry
from engage.people import roles
from engage.people.directory import ImportReport, import_staff
from engage.people.models import Staff
from engage.people.staff_file import read
from engage.settings import Settings
from engage.storage.database import Database
from engage.storage.unit_of_work import UnitOfWork
from engage.surveys.consultations import consultation
from engage.surveys.models import RosterEntry, Wave
from engage.surveys.questionnaires.loading import PULSE
from engage.surveys.waves import opening
from engage.surveys.waves.rounds import Act, act, plan_waves

CONSULTED_AT = datetime(2027, 3, 15, 9, tzinfo=UTC)  # four weeks before the opening, which is in summer time
OPENS_AT = datetime(2027, 4, 12, 8, tzinfo=UTC)
CLOSES_AT = datetime(2027, 4, 30, 16, tzinfo=UTC)
QUESTIONNAIRE = """
[[questionnaire]]
key = "gptw"
title = "A Great Place to Work"
  [[questionnaire.question]]
  key = "valued"
  text = "I am treated with respect."
  value = "respect"
  theme = "inclusive-culture"
  [[questionnaire.question]]
  key = "pride"
  text = "I am proud to say where I work."
  index = true
  [[questionnaire.comment]]
  key = "better"
  text = "What would make it better?"
  [[questionnaire.family]]
  key = "working_group"
  text = "Which groups are you part of?"
  options = [{key = "carers", title = "Carers"}, {key = "race", title = "Race equality"}]
  [[questionnaire.family]]
  key = "about_you"
  text = "Which of these are true of you?"
  options = [{key = "part-time", title = "I work part time"}]
  level = "organisation"
"""
WAVE = """
[[wave]]
key = "2027-spring"
title = "Spring 2027"
questionnaire = "gptw"
opens = 2027-04-12T09:00:00
closes = 2027-04-30T17:00:00
results_by = 2027-05-31
"""
AUTUMN = WAVE.replace("spring", "autumn").replace("05-31", "11-30").replace("-04-", "-10-").replace("Spring", "Autumn")
SERIES = """
[[series]]
key = "pulse"
questionnaire = "gptw"
"""
HEAD = "email,name,directorate,grade"


def staff_file(*people: str, count: int = 0) -> bytes:
    """The directory's file: each given as "name,directorate,grade", then as many more of Policy, grade 6."""
    rows = [f"person{number}@example.org,{person}" for number, person in enumerate(people)]
    rows += [f"more{number}@example.org,Somebody {number},Policy,6" for number in range(count)]
    return "\n".join([HEAD, *rows]).encode()


@dataclass
class Pulse:
    """Loads texts as files, imports people, lets the worker plan, and looks at what became of it."""

    database: Database
    unit_of_work: UnitOfWork
    settings: Settings
    folder: Path
    now: datetime

    async def load(self, *texts: str, **options: Any) -> LoadReport:
        """Load the texts as the files 1.toml, 2.toml, …"""
        paths = [self.folder / f"{number}.toml" for number, _ in enumerate(texts, start=1)]
        for path, text in zip(paths, texts, strict=True):
            path.write_text(text)
        given: dict[str, Any] = {"rooms": [PULSE], "unit_of_work": self.unit_of_work, "now": self.now}
        return await load(paths, zone=self.settings.zone, **given | options)

    async def employ(self, *people: str, count: int = 0) -> ImportReport:
        return await import_staff(self.unit_of_work, read("staff.csv", staff_file(*people, count=count)), self.now)

    async def grant(self, role: str, email: str | None = None) -> str:
        """Somebody has that role; their address."""
        address = email or f"{role.replace(':', '.')}@example.org"

        async def command(session: AsyncSession) -> None:
            await roles.grant(session, address, [role], self.now)

        await self.unit_of_work.run(command)
        return address

    async def plan(self, now: datetime | None = None) -> int:
        """Let a worker do what is due, until nothing is; how much it was."""
        self.now = now or self.now
        done = 0
        while some := await plan_waves(self.database, self.unit_of_work, self.settings, self.now):
            done += some
        return done

    async def act(self, command: Act, key: str = "2027-spring") -> bool:
        return await act(self.unit_of_work, await self.wave(key), command)

    async def open(self, reason: str | None = None, key: str = "2027-spring") -> bool:
        async def command(session: AsyncSession, wave: Wave) -> bool:
            return await opening.open_wave(session, wave, self.settings, self.now, reason=reason)

        return await self.act(command, key)

    async def say(self, kind: str, role: str = "pcs", key: str = "2027-spring", text: str = "Words") -> None:
        async def command(session: AsyncSession, wave: Wave) -> bool:
            given = {"author": "somebody@example.org", "role": role, "kind": kind, "text": text}
            await consultation.say(session, wave, **given, now=self.now)
            return True

        await self.act(command, key)

    async def waves(self) -> Sequence[Wave]:
        query = select(Wave).options(joinedload(Wave.questionnaire)).order_by(Wave.opens_at)
        async with self.database.reading() as session:
            return (await session.scalars(query)).all()

    async def wave(self, key: str = "2027-spring") -> Wave:
        return next(wave for wave in await self.waves() if wave.key == key)

    async def every(self, model: type[Any]) -> Sequence[Any]:
        async with self.database.reading() as session:
            return (await session.scalars(select(model).order_by(*model.__mapper__.primary_key))).all()

    async def roster(self) -> list[tuple[str, str, str]]:
        return [(each.email, each.directorate, each.grade) for each in await self.every(RosterEntry)]

    async def staff(self) -> dict[str, Staff]:
        return {each.email: each for each in await self.every(Staff)}

    async def facts(self) -> list[str]:
        """The kinds of all facts, in order."""
        return [entry.kind for entry in await self.every(JournalEntry)]
