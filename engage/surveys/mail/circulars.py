"""Circulars: one letter to all staff alike, made in parts. Nobody is left out of any for having answered."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from engage.notify.calendar import Person
from engage.notify.message import Letter
from engage.notify.rounds import Prepared, Round
from engage.people.models import Staff
from engage.surveys.facts import stream_of
from engage.surveys.mail.letters import WaveLetters
from engage.surveys.mail.told import ANNOUNCED, INVITED, Told, is_true
from engage.surveys.models import RosterEntry, Wave
from engage.surveys.questionnaires.versions import version_of


@dataclass(frozen=True, slots=True)
class Circular:
    """One thing that all staff are told. ``details`` is what has to be true of the wave for it to be sent.

    ``key`` is unique among circulars; of the roster only entries with an id above ``after_id`` get it.
    """

    told: Told
    wave_id: int
    key: str
    details: dict[str, Any]
    after_id: int = 0

    def round(self, letters: WaveLetters, now: datetime) -> Round:
        """The messages, to be made in parts."""

        async def prepare(session: AsyncSession, after: int, limit: int) -> tuple[int | None, Sequence[Prepared]]:
            wave = await with_questionnaire(session, self.wave_id)
            if wave is None or not is_true(self.told, wave, self.details, now):
                return None, []
            letter = letters.write(self.told.letter, wave, **self._known(wave))
            rows = (await session.execute(self._readers(max(after, self.after_id)).limit(limit))).all()
            made = [self._message(letters, letter, row, now) for row in rows]
            return (rows[-1].id if len(rows) == limit else None), made

        return Round(self.key, prepare)

    def _known(self, wave: Wave) -> dict[str, Any]:
        """What this letter says besides what every one knows; an announcement, when the wave is about to open."""
        known: dict[str, Any] = {"minutes": version_of(wave.questionnaire).minutes}
        return known | ({"opens_at": datetime.fromisoformat(self.details["until"])} if self.told is ANNOUNCED else {})

    def _readers(self, after: int) -> Select[int, int, str, str]:
        """The roster is frozen at the opening; before it, whoever is here is told."""
        if self.told is ANNOUNCED:
            query = select(Staff.id, Staff.id.label("staff_id"), Staff.email, Staff.name)
            return query.where(Staff.left_at.is_(None), Staff.id > after).order_by(Staff.id)
        query = select(RosterEntry.id, RosterEntry.staff_id, RosterEntry.email, RosterEntry.name)
        return query.where(RosterEntry.wave_id == self.wave_id, RosterEntry.id > after).order_by(RosterEntry.id)

    def _message(self, letters: WaveLetters, letter: Letter, row: Any, now: datetime) -> Prepared:
        message = letters.address(letter, Person(row.email, row.name), key=f"{self._own_key}:{row.id}", now=now)
        details = self.details | {"wave_id": self.wave_id, "reader": row.id}
        return Prepared(row.id, message, self.told.kind, f"{stream_prefix(self.wave_id)}{row.staff_id}", details)

    @property
    def _own_key(self) -> str:
        """Two circulars invite the same person once: joiners can be on the roster before its own round is made."""
        return f"invited:{self.wave_id}" if self.told is INVITED else self.key


def stream_prefix(wave_id: int) -> str:
    """How the streams of all messages to staff about the wave begin; what one person is told of it stays in order."""
    return f"{stream_of(wave_id)}:staff:"


async def with_questionnaire(session: AsyncSession, wave_id: int) -> Wave | None:
    """The wave, with what it asks."""
    query = select(Wave).where(Wave.id == wave_id).options(joinedload(Wave.questionnaire))
    return (await session.scalars(query)).one_or_none()
