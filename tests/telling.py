"""A pulse wave on a running site, and what its people are sent as time goes by."""

import re
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from functools import partial
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncSession

from engage.surveys.answers.links import Links
from engage.surveys.keys import custody
from engage.surveys.models import RosterEntry, Wave
from engage.surveys.waves import closing, opening
from engage.surveys.waves.rounds import Act
from tests.pulse import QUESTIONNAIRE, WAVE, Pulse
from tests.site import Site, text_of

LINK = re.compile(r"http://engage\.example\.org/pulse/2027-spring/([a-z2-7]{39})(?![a-z0-9])")
REASON = "Ministers asked for it, and <b>PCS</b> knows."
ALL = QUESTIONNAIRE + WAVE


@dataclass
class Telling:
    """A loaded wave whose people's mail is looked into."""

    site: Site
    pulse: Pulse

    async def at(self, now: datetime) -> list[EmailMessage]:
        """What arrives when the worker works at that instant, by recipient."""
        self.site.now = self.pulse.now = now
        return sorted(await self.site.mail(), key=to)

    async def act(self, act: Act, now: datetime) -> list[EmailMessage]:
        """What arrives when that is done to the wave at that instant."""
        self.pulse.now = now
        assert await self.pulse.act(act)
        return await self.at(now)

    async def links(self) -> dict[str, str]:
        """The token of everybody on the roster, by address."""
        wave = await self.pulse.wave()
        key = custody.unwrap_link_key(self.site.settings.secret_key, wave.key, wave.wrapped_link_key or b"")
        return {entry.email: Links(key, wave.key).issue(entry.id) for entry in await self.pulse.every(RosterEntry)}


async def make_telling(site: Site, folder: Path) -> Telling:
    parts = site.app.state.site
    telling = Telling(site, Pulse(site.database, parts.unit_of_work, site.settings, folder, site.now))
    await telling.pulse.load(ALL)
    await telling.pulse.employ("Ann,Policy,6", "Bob,Policy,7", "Zoë O’Hara,Audit,7")
    return telling


def opened(telling: Telling, now: datetime) -> Act:
    return partial(_opened, telling=telling, now=now)


def joined(now: datetime) -> Act:
    return partial(_joined, now=now)


def closed(now: datetime) -> Act:
    return partial(closing.close, now=now)


def voided(now: datetime, reason: str) -> Act:
    return partial(closing.void, now=now, reason=reason)


def extended(telling: Telling, until: datetime, now: datetime) -> Act:
    return partial(closing.extend, until=until, zone=telling.site.settings.zone, now=now)


def to(message: EmailMessage) -> str:
    return str(message["To"].addresses[0].addr_spec)


def tokens_in(message: EmailMessage) -> set[str]:
    """The tokens of all survey links in both parts."""
    return {token for kind in ("plain", "html") for token in LINK.findall(text_of(message, kind))}


def words(message: EmailMessage) -> str:
    """Its text on one line, with its links taken out."""
    return " ".join(LINK.sub("LINK", text_of(message)).split())


def subjects(messages: list[EmailMessage]) -> set[str]:
    return {message["Subject"] for message in messages}


async def _opened(session: AsyncSession, wave: Wave, telling: Telling, now: datetime) -> bool:
    return await opening.open_wave(session, wave, telling.site.settings, now, reason=REASON)


async def _joined(session: AsyncSession, wave: Wave, now: datetime) -> bool:
    return bool(await opening.add_joiners(session, wave, now))
