"""An open wave, made through the models: its people's links, and what was stored of their answers, opened again."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from engage.storage.database import Database
from engage.surveys.answers.links import Links
from engage.surveys.answers.seal import Sealer, Sheet, Unsealer
from engage.surveys.keys import custody
from engage.surveys.models import Questionnaire, RosterEntry, SealedComments, SealedSheet, SpentLink, Wave
from engage.surveys.questionnaires.questionnaire import Questionnaire as Version
from engage.surveys.questionnaires.questionnaire import read
from tests.conftest import SECRET

OPENS_AT, CLOSES_AT = datetime(2027, 2, 1, 9, 0, tzinfo=UTC), datetime(2027, 2, 19, 17, 0, tzinfo=UTC)
CONTENT: dict[str, Any] = {
    "questions": [
        {"key": "valued", "text": "People here value what I do.", "value": "respect", "theme": "people"},
        {"key": "safe", "text": "I can say what I think.", "value": "honesty", "theme": "inclusive-culture"},
        {"key": "pride", "text": "I am proud to work here.", "is_index": True},
    ],
    "comments": [
        {"key": "better", "text": "What one thing would make it better to work here?"},
        {"key": "well", "text": "What goes well?"},
    ],
    "families": [
        {
            "key": "working_group",
            "text": "Do you belong to a staff working group?",
            "level": "group",
            "options": [{"key": "carers", "title": "Carers"}, {"key": "faith", "title": "Faith and belief"}],
        },
        {
            "key": "pattern",
            "text": "How do you work?",
            "level": "organisation",
            "options": [{"key": "part", "title": "Part time"}],
        },
    ],
}


@dataclass(frozen=True, slots=True)
class Stored:
    """Everything that was answered, opened: sheets with the roster's groups, comments, and which links were spent."""

    sheets: list[tuple[dict[str, str], Sheet]]
    comments: list[list[str]]
    spent: set[bytes]
    progress: int


@dataclass(frozen=True, slots=True)
class Pulse:
    """One open wave."""

    key: str
    questionnaire: Version
    public_key: bytes
    private_key: bytes
    links: Links
    roster_ids: list[int]

    def path(self, person: int = 0) -> str:
        """The path of the link of the person of that number."""
        return f"/pulse/{self.key}/{self.links.issue(self.roster_ids[person])}"

    @property
    def sealer(self) -> Sealer:
        return Sealer(self.public_key, self.questionnaire)

    async def stored(self, database: Database) -> Stored:
        unsealer = Unsealer(self.private_key)
        async with database.reading() as session:
            wave = (await session.scalars(select(Wave).where(Wave.key == self.key))).one()
            return Stored(
                [unsealer.sheet(box) for box in await _of(session, SealedSheet.content, wave)],
                [unsealer.comments(box) for box in await _of(session, SealedComments.content, wave)],
                set(await _of(session, SpentLink.fingerprint, wave)),
                wave.spent,
            )


async def open_pulse(
    database: Database, *, people: int = 12, secret: str = SECRET, content: dict[str, Any] = CONTENT, **changed: Any
) -> Pulse:
    """Write an open wave and its people: the first alone in her directorate, all others in another one."""
    key = changed.get("key", "2027-spring")
    keys = custody.make_keys(secret, key, {}, None)
    given = {"key": key, "title": "How we live up to our values, spring 2027", "status": "open"} | changed
    async with database.writing() as session:
        questionnaire = Questionnaire(key=f"gptw-{key}", version=1, title="Our values", is_frozen=True, content=content)
        session.add(questionnaire)
        await session.flush()
        wave = Wave(**_columns(keys, people) | given | {"questionnaire_id": questionnaire.id})
        session.add(wave)
        await session.flush()
        entries = [_entry(wave, number) for number in range(people)]
        session.add_all(entries)
        await session.flush()
        link_key = custody.unwrap_link_key(secret, key, keys.wrapped_link_key)
        private_key = custody.unwrap_private_key(secret, key, keys.wrapped_private_key or b"")
        version = read(questionnaire.key, 1, questionnaire.title, content)
        roster_ids = [entry.id for entry in entries]
    return Pulse(key, version, keys.public_key, private_key, Links(link_key, key), roster_ids)


def _columns(keys: custody.WaveKeys, people: int) -> dict[str, Any]:
    return {
        "opens_at": OPENS_AT,
        "opened_at": OPENS_AT,
        "closes_at": CLOSES_AT,
        "results_by": date(2027, 3, 22),
        "families": ["directorate", "grade", "working_group"],
        "public_key": keys.public_key,
        "wrapped_private_key": keys.wrapped_private_key,
        "wrapped_link_key": keys.wrapped_link_key,
        "invited": people,
    }


def _entry(wave: Wave, number: int) -> RosterEntry:
    return RosterEntry(
        wave_id=wave.id,
        staff_id=1_000 + number,
        email=f"person-{number}@example.org",
        name=f"Person {number}",
        directorate="Policy" if number else "Audit",
        grade="6",
    )


async def _of(session: AsyncSession, column: Any, wave: Wave) -> list[bytes]:
    return list(await session.scalars(select(column).where(column.class_.wave_id == wave.id)))
