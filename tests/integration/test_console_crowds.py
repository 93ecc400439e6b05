"""No page of people, messages or needs asks more of the database as an evening grows, nor does a file of all."""

import tracemalloc
from collections.abc import AsyncIterator
from datetime import datetime
from io import BytesIO
from xml.sax.saxutils import unescape
from zipfile import ZIP_STORED, ZipFile

import pytest
from sqlalchemy import func, insert, select

from engage.events.console.asking import evening_of
from engage.events.mail.mailing_models import MailingRecipient
from engage.events.models import AccessNeed, Registration
from engage.events.registrations import exporting
from engage.events.registrations.choosing import Choice, is_chosen
from engage.notify.models import OutboxMessage
from engage.settings import Settings
from engage.storage.database import Database
from tests.crowd import MOST_STATEMENTS, PEOPLE, counted, crowded
from tests.reading import sign_in
from tests.site import Page, Site

HERE = "/console/evenings/reviews-team"
NEEDS = 2_000
PAGES = (
    *(
        f"{HERE}/people{query}"
        for query in ("", "?words=visitor+example", "?status=wishing", "?before=10000&post=caseworker")
    ),
    f"{HERE}/people/new",
    "/console/registrations/10000",
    *(f"{HERE}/message{query}" for query in ("", "?status=placed&slot=sitting-0")),
)
PAGES_OF_NEEDS = ("/console/needs", f"{HERE}/needs", f"{HERE}/needs?show=all&page=7", f"{HERE}/needs/1")
MEMORY = 8 * 2**20  # bytes: a tenth of what all rows together take


@pytest.fixture
async def large(database: Database, settings: Settings, now: datetime) -> AsyncIterator[Site]:
    """Twenty thousand people, of whom two thousand need something."""
    async with crowded(database, settings, now) as (site, _):
        async with database.writing() as session:
            first = (await session.scalars(select(func.min(Registration.id)))).one()
            rows = [{"registration_id": first + number, "kind": "bsl", "note": "Please"} for number in range(NEEDS)]
            await session.execute(insert(AccessNeed), rows)
        yield site


async def test_no_page_takes_more_than_twenty_statements(large: Site) -> None:
    for role, pages in (("organiser", PAGES), ("access", PAGES_OF_NEEDS)):
        await sign_in(large, role)
        for path in pages:
            with counted(large.app.state.site.database) as statements:
                answer = await large.browser.get(path)
            assert answer.status_code == 200, path
            assert len(statements) <= MOST_STATEMENTS, (path, statements)


async def test_everybody_is_exported_and_written_to_in_few_statements(large: Site) -> None:
    await sign_in(large, "organiser")
    page = await large.open(f"{HERE}/people")
    with counted(large.app.state.site.database) as statements:
        answer = await large.send(page.form("/export"), format="csv")
    assert len(answer.text.splitlines()) == PEOPLE + 1
    assert len(statements) <= MOST_STATEMENTS
    form = (await large.open(f"{HERE}/message")).forms[-1]
    preview = Page(await large.send(form, act="preview", subject="Hello", body="See you."))
    assert "Send this to 20,000 people?" in preview.words
    with counted(large.app.state.site.database) as statements:
        sent = await large.send(preview.forms[-1], act="send")
    assert sent.status_code == 303
    assert len(statements) <= MOST_STATEMENTS
    async with large.database.reading() as session:
        assert await session.scalar(select(func.count()).select_from(MailingRecipient)) == PEOPLE
        assert await session.scalar(select(func.count()).select_from(OutboxMessage)) == 0


async def test_csv_of_all_is_never_whole_in_memory(large: Site) -> None:
    async with large.database.reading() as session:
        evening = await evening_of(session, "reviews-team")
        lines = exporting.lines_of(session, is_chosen(evening, Choice()), large.settings.zone)
        tracemalloc.start()
        size = sum([len(part) async for part in exporting.as_csv(lines)])
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert size > PEOPLE * 80
    assert peak < MEMORY


async def test_spreadsheet_of_all_is_never_whole_in_memory(large: Site) -> None:
    async with large.database.reading() as session:
        evening = await evening_of(session, "reviews-team")
        lines = exporting.lines_of(session, is_chosen(evening, Choice()), large.settings.zone)
        made = exporting.as_spreadsheet(lines, evening, Choice(), large.now, large.settings.zone)
        tracemalloc.start()
        parts = [part async for part in made]
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < MEMORY
    with ZipFile(BytesIO(b"".join(parts))) as folder:
        assert folder.testzip() is None
        assert folder.infolist()[0].filename == "mimetype"
        assert folder.infolist()[0].compress_type == ZIP_STORED
        content = folder.read("content.xml").decode()
    assert content.count("<table:table-row>") == PEOPLE + 2 * 3 + 3  # and what stands above the tables, and the cover
    assert f"'Registrations'.A3:'Registrations'.F{PEOPLE + 3}" in unescape(content)
