"""What the console edits beside what files load, and that no page of the console asks more as an evening grows."""

from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from engage.events.evenings import editing
from engage.events.evenings.drafting import remove_sitting
from engage.events.evenings.editing import Edit, Editor
from engage.events.models import AskedQuestion, OpenEvening, Registration
from engage.journal import JournalEntry
from engage.settings import Settings
from engage.storage.database import Database
from engage.storage.unit_of_work import UnitOfWork
from tests.crowd import MOST_STATEMENTS, PEOPLE, counted, crowded
from tests.loader import EVENING, Loader
from tests.reading import sign_in
from tests.site import Page, Site

HERE = "/console/evenings/reviews-team"
PAGES = (
    "/console",
    "/console/evenings",
    HERE,
    *(f"{HERE}/{path}" for path in ("preview", "move", "copy", "cancel", "edit/about", "sittings/sitting-0")),
    *(f"{HERE}/posts/{path}" for path in ("caseworker", "caseworker/apply")),
    *(f"{HERE}/tonight{path}" for path in ("", "/visitors/sitting-0", "/roll-call")),
    *("/console/questions", "/console/questions/1"),
)


@pytest.fixture
def loader(database: Database, unit_of_work: UnitOfWork, tmp_path: Path, now: datetime) -> Loader:
    return Loader(database, unit_of_work, tmp_path, now)


@pytest.fixture
def editor(now: datetime) -> Editor:
    return Editor("staff:1", now, ZoneInfo("Europe/London"))


async def edit(loader: Loader, wanted: Edit, editor: Editor) -> int:
    evening = await loader.evening()

    async def command(session: AsyncSession) -> int:
        stored = await editing.under_lock(session, evening.id)
        return await editing.edit(session, stored, wanted, editor, is_confirmed=True)

    return await loader.unit_of_work.run(command, locks=[(OpenEvening, evening.id)])


async def test_file_gives_way_to_what_was_edited_until_it_is_forced(loader: Loader, editor: Editor) -> None:
    await loader.load(EVENING)
    wanted = Edit({"title": "Edited"}, {"1800": {"capacity": 9}}, {"caseworker": {"grade": "7"}})
    await edit(loader, wanted, editor)
    report = await loader.load(EVENING)
    assert [line.partition(", not")[0] for line in report.kept] == [
        "open evening reviews-team, title: Edited",
        "open evening reviews-team, slot 1800, capacity: 9",
    ]
    assert (await loader.evening()).title == "Edited"
    await loader.load(EVENING, is_forced=True)
    evening = await loader.evening()
    assert (evening.title, evening.slots[0].capacity, evening.vacancies[0].grade) == ("Reviews Team", 2, "7")


async def test_sitting_removed_in_the_console_stays_away_until_it_is_forced(loader: Loader, editor: Editor) -> None:
    await loader.load(EVENING)
    evening = await loader.evening()

    async def command(session: AsyncSession) -> None:
        stored = await editing.under_lock(session, evening.id)
        await remove_sitting(session, stored, stored.slots[1], editor)

    await loader.unit_of_work.run(command, locks=[(OpenEvening, evening.id)])
    report = await loader.load(EVENING)
    gone = "open evening reviews-team, slot 1930: removed in the console since the last load (--force adds it again)"
    assert report.kept == [gone]
    assert [slot.key for slot in (await loader.evening()).slots] == ["1800"]
    await loader.load(EVENING, is_forced=True)
    assert [slot.key for slot in (await loader.evening()).slots] == ["1800", "1930"]


async def test_enlarged_sitting_is_offered_to_those_who_wait(loader: Loader, editor: Editor) -> None:
    await loader.load(EVENING)
    for number in range(3):
        await loader.register(f"visitor{number}@example.org")
    assert await edit(loader, Edit(slots={"1800": {"capacity": 3}}), editor) == 1
    assert [details["is_wish"] for _, details in await loader.facts("PlaceOffered")] == [False]


@pytest.fixture
async def large(database: Database, settings: Settings, now: datetime) -> AsyncIterator[Site]:
    """A site with an evening of twenty thousand people, and an organiser signed in."""
    async with crowded(database, settings, now) as (site, evening):
        async with database.writing() as session:
            question = {"open_evening_id": evening.id, "text": "Is there tea?", "asked_at": now}
            await session.execute(insert(AskedQuestion), [question] * 1_000)
        await sign_in(site, "organiser")
        yield site


async def test_no_page_takes_more_than_twenty_statements(large: Site) -> None:
    for path in PAGES:
        with counted(large.app.state.site.database) as statements:
            assert (await large.browser.get(path)).status_code == 200
        assert len(statements) <= MOST_STATEMENTS, (path, statements)


async def test_question_whether_to_tell_all_takes_few_statements(large: Site) -> None:
    form = (await large.open(f"{HERE}/move")).form("/move")
    with counted(large.app.state.site.database) as statements:
        answer = await large.send(form, venue="Elsewhere")
    assert "20,000 people will be told" in answer.text
    assert len(statements) <= MOST_STATEMENTS


@pytest.mark.parametrize("act", ["move", "cancel"])
async def test_telling_all_of_a_move_or_a_cancellation_takes_few_statements(large: Site, act: str) -> None:
    form, typed = (await large.open(f"{HERE}/{act}")).form(f"/{act}"), {"cancel_reason": "The speaker is ill."}
    if act == "move":
        form, typed = Page(await large.send(form, venue="Elsewhere")).form("/move"), {"act": "confirm"}
    with counted(large.app.state.site.database) as statements:
        answer = await large.send(form, **typed)
    assert answer.headers["location"].endswith(f"told={PEOPLE}")
    assert len(statements) <= 2 * MOST_STATEMENTS, statements  # the same for two people
    async with large.database.reading() as session:
        kind = "EveningMoved" if act == "move" else "EveningCancelled"
        told = select(func.count()).select_from(JournalEntry).where(JournalEntry.kind == kind)
        assert await session.scalar(told) == PEOPLE
        status = select(Registration.status, func.count()).group_by(Registration.status)
        assert (await session.execute(status)).all() == [("confirmed" if act == "move" else "cancelled", PEOPLE)]
