"""The whole site, with one evening of two sittings on a database of its own, and the commands."""

from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

import pytest

from engage.settings import Settings
from engage.storage.database import Database
from tests.acceptance.commands import Commands
from tests.factories import make_evening
from tests.pulses import Pulse, open_pulse
from tests.site import Site, running

HOSTED = {
    "venue": "Example House",
    "address": "1 Example Street\nLondon",
    "summary": "Meet the team, and ask what you like.",
    "accessibility": ["Step-free from the street"],
}


@pytest.fixture
async def site(database: Database, settings: Settings, now: datetime) -> AsyncIterator[Site]:
    """The running site, with one evening of two sittings: two places in the first, one in the second."""
    async with database.writing() as session:
        session.add(make_evening(2, 1, **HOSTED))
    async with running(settings, now) as site:
        yield site


@pytest.fixture
def commands(settings: Settings, tmp_path: Path) -> Commands:
    """The commands on the fresh database; without a relay, so that messages go to the catcher."""
    given = {
        "SECRET_KEY": settings.secret_key,
        "DATABASE_URL": settings.database_url,
        "DATA_DIR": str(tmp_path),
        "BASE_URL": settings.base_url,
        "MAIL_FROM": settings.mail_from,
        "CONTACT": settings.contact,
    }
    return Commands(given, tmp_path)


@pytest.fixture
async def pulse(site: Site) -> Pulse:
    """An open wave of twelve people."""
    return await open_pulse(site.database)
