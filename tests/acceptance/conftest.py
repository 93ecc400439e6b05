"""The whole site and, on its own database, the two sittings of one published evening."""

from collections.abc import AsyncIterator
from datetime import datetime

import pytest

from engage.database import Database
from engage.settings import Settings
from tests.factories import make_evening
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
