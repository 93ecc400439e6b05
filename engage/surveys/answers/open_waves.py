"""What a process keeps in memory of open waves: what was frozen at their opening, so that nothing is read twice.

Whether a wave still takes answers, and whether a link is spent, is never kept here.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from engage.surveys.answers.links import Links
from engage.surveys.answers.seal import Sealer
from engage.surveys.groups import DIRECTORY_FAMILIES
from engage.surveys.keys import custody
from engage.surveys.models import RosterEntry, Wave
from engage.surveys.questionnaires.questionnaire import Questionnaire
from engage.surveys.questionnaires.versions import version_of

MOST_KEPT = 4


@dataclass(frozen=True, slots=True)
class OpenWave:
    """An open wave; ``people`` gives the roster's groups, in the order of DIRECTORY_FAMILIES, by roster id."""

    id: int
    questionnaire: Questionnaire
    sealer: Sealer
    links: Links
    people: Mapping[int, tuple[str, ...]]
    sizes: Mapping[tuple[str, str], int]

    def asked(self, token: str) -> "Asked | None":
        """Who is asked with that link; None where it is forged, altered, foreign, or of somebody who joined later."""
        roster_id = self.links.read(token)
        groups = self.people.get(roster_id or 0)
        if roster_id is None or groups is None:
            return None
        return Asked(self, dict(zip(DIRECTORY_FAMILIES, groups, strict=True)), self.links.fingerprint(roster_id))


@dataclass(frozen=True, slots=True)
class Asked:
    """One person asked in an open wave: their groups by family, and their link's print."""

    wave: OpenWave
    groups: Mapping[str, str]
    fingerprint: bytes

    @property
    def sizes(self) -> dict[str, int]:
        """How many people are asked in this person's group of each family of the directory."""
        return {family: self.wave.sizes[family, title] for family, title in self.groups.items()}


class OpenWaves:
    """The last few waves that were asked for in this process, by key."""

    def __init__(self, secret_key: str) -> None:
        self._secret_key = secret_key
        self._kept: dict[str, OpenWave] = {}

    def get(self, key: str) -> OpenWave | None:
        return self._kept.get(key)

    async def read(self, session: AsyncSession, wave: Wave) -> OpenWave:
        """As it is kept, and anew where people joined since; the wave comes with its questionnaire.

        Raises KeyUnreadable.
        """
        kept = self._kept.get(wave.key)
        if kept is None or kept.id != wave.id or len(kept.people) != wave.invited:
            if len(self._kept) >= MOST_KEPT:
                self._kept.clear()
            kept = self._kept[wave.key] = await self._read(session, wave)
        return kept

    async def _read(self, session: AsyncSession, wave: Wave) -> OpenWave:
        columns = [getattr(RosterEntry, family) for family in DIRECTORY_FAMILIES]
        rows = await session.execute(select(RosterEntry.id, *columns).where(RosterEntry.wave_id == wave.id))
        alike: dict[tuple[str, ...], tuple[str, ...]] = {}  # many people have the same groups: one tuple for all
        people = {roster_id: alike.setdefault(groups := tuple(titles), groups) for roster_id, *titles in rows}
        sizes = Counter(named for groups in people.values() for named in zip(DIRECTORY_FAMILIES, groups, strict=True))
        link_key = custody.unwrap_link_key(self._secret_key, wave.key, wave.wrapped_link_key or b"")
        questionnaire = version_of(wave.questionnaire)
        sealer = Sealer(wave.public_key or b"", questionnaire)
        return OpenWave(wave.id, questionnaire, sealer, Links(link_key, wave.key), people, sizes)
