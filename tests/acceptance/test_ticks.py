"""What the worker does every minute costs by what is near, however many evenings are announced, or were years ago."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest
from sqlalchemy import event

from engage.events import arranging
from engage.events.mail import around
from engage.events.mail.correspondence import Correspondence
from engage.events.models import AccessNeed, OpenEvening, Registration
from engage.events.registrations.releasing import release_due
from engage.settings import Settings
from engage.storage.database import Database
from engage.storage.unit_of_work import UnitOfWork
from engage.tokens import Tokens
from tests.grown import FIRST, grow
from tests.plans import noted, ranges, scans
from tests.site import Site

EVENINGS, PEOPLE = 600, 2_400
OVER = timedelta(days=600)  # when the last of these evenings has been over for weeks
READ = ("open_evening", "slot", "registration", "access_need")


@contextmanager
def loaded() -> Iterator[list[OpenEvening]]:
    """The evenings that are read meanwhile."""
    found: list[OpenEvening] = []

    def note(evening: OpenEvening, context: object) -> None:
        found.append(evening)

    event.listen(OpenEvening, "load", note)
    yield found
    event.remove(OpenEvening, "load", note)


@pytest.fixture
def correspondence(settings: Settings, tokens: Tokens) -> Correspondence:
    return Correspondence(settings, tokens)


async def tick(database: Database, unit_of_work: UnitOfWork, correspondence: Correspondence, now: datetime) -> int:
    given = database, unit_of_work, correspondence, now
    released = await release_due(database, unit_of_work, correspondence.settings.zone, now)
    return await around.plan(*given) + await arranging.plan(*given) + released


async def test_tick_reads_no_evening_that_is_months_off(
    database: Database, unit_of_work: UnitOfWork, correspondence: Correspondence, now: datetime
) -> None:
    await grow(database, EVENINGS, PEOPLE, now)
    async with noted(database) as statements:
        with loaded() as found:
            for at in (now, now + OVER):
                assert await tick(database, unit_of_work, correspondence, at) == 0
    assert found == []
    assert [each for each in await scans(database, statements) if each[1] in READ] == []
    assert await ranges(database, statements, "ix_slot_starts_at") == [True, True], "asked about, and released"
    assert (await ranges(database, statements, "ix_slot_ends_at"))[:1] == [True], "thanked for"


async def test_evening_is_read_for_its_needs_once_a_day_and_while_some_are_left(
    database: Database, unit_of_work: UnitOfWork, correspondence: Correspondence, now: datetime
) -> None:
    await grow(database, 10, 40, now)
    async with database.writing() as session:
        (await session.get_one(AccessNeed, 1)).state = "asked"
        assert (await session.get_one(Registration, FIRST)).open_evening_id == FIRST
    for at, ids in ((now, [FIRST]), (now, []), (now + timedelta(days=1), [FIRST])):
        with loaded() as found:
            assert await tick(database, unit_of_work, correspondence, at) == 0
        assert [each.id for each in found][:1] == ids


async def test_evening_is_read_for_thanks_until_everybody_is_thanked(site: Site) -> None:
    await site.joined("zoe@example.net")
    site.pass_time(timedelta(days=22))
    for messages in (1, 0):
        with loaded() as found:
            assert len(await site.mail()) == messages
        assert bool(found) == bool(messages)
