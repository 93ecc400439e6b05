"""No statement of a whole journey reads a growing table from end to end: neither a page's, a command's nor a worker's.

Years of evenings stand in the database. Somebody registers, changes, asks, stops and comes to the door; organisers look
at everything; staff answer a wave; the worker does what is due. Then the database is asked how it would go about each
statement that it was sent.
"""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest
from sqlalchemy import update

from engage.purging import purge
from engage.settings import Settings
from engage.storage.database import Database
from engage.surveys.models import Wave
from tests.acceptance.answering import answer
from tests.acceptance.test_console_upload import ANN, BOB, HEAD, choose, send
from tests.answered import publish, tally
from tests.factories import make_evening
from tests.grown import FIRST, grow
from tests.plans import noted, scans
from tests.pulses import open_pulse
from tests.reading import sign_in
from tests.site import Page, Site, running

EVENINGS, PEOPLE = 200, 16_000
TONIGHT = 21 * 24 + 5  # hours from now on
GROWS = {  # sittings and posts do not: there are a few of them for each evening
    *(
        "registration",
        "interest",
        "queue_entry",
        "answered_form",
        "admission",
        "access_need",
        "asked_question",
        "feedback",
    ),
    *("journal_entry", "pending_fact", "outbox_message", "mailing_recipient"),
    *("sign_in_link", "sign_in_session", "staff", "roster_entry", "spent_link", "sealed_sheet", "sealed_comments"),
    "counted_comment",
}
ALLOWED = {  # by table and a piece of the statement: why it may
    **{
        (table, "max(slot.ends_at) <"): "once a night, of all evenings that are over"
        for table in ("registration", "access_need", "outbox_message")
    },
    **{
        (table, f"{act} FROM {table} WHERE {table}.wave_id ="): "counted once: no index may keep their order"
        for table in ("spent_link", "sealed_sheet", "sealed_comments")
        for act in ("SELECT count(*) AS count_1", f"SELECT {table}.content", "DELETE")
    },
}
HERE, DOOR, POST = "/console/evenings/reviews-team", "/console/doors/reviews-team", "/open-evenings/reviews-team"
VISITED = ("/", "/open-evenings", "/open-evenings/calendar.ics", POST, f"{POST}/plan", f"{POST}/posts/caseworker.ics")
LOOKED_AT = {
    "organiser": (
        *("/console", "/console/evenings", HERE, f"{HERE}/people", f"{HERE}/people?words=some+example"),
        *(f"{HERE}/people?status=wishing", f"{HERE}/people?post=caseworker&before=10000", f"{HERE}/message"),
        *(
            f"{HERE}/tonight",
            f"{HERE}/tonight/roll-call",
            f"{HERE}/preview",
            f"{HERE}/edit/about",
            "/console/questions",
        ),
        *(
            f"{HERE}/posts/caseworker",
            f"{HERE}/move",
            f"{HERE}/copy",
            f"{HERE}/cancel",
            f"/console/registrations/{FIRST}",
        ),
    ),
    "access": ("/console/needs", f"{HERE}/needs"),
    "door": ("/console/doors", DOOR, f"{DOOR}/list", f"{DOOR}/print", f"{DOOR}?q=some"),
    "admin": (
        "/console/people",
        "/console/audit",
        "/console/audit?kind=PlaceConfirmed",
        "/console/audit?actor=visitor",
    ),
    "pcs": ("/console/waves", "/console/waves/2027-spring", "/reports", "/reports/cuts", "/results"),
}


@pytest.fixture
async def site(database: Database, settings: Settings, now: datetime) -> AsyncIterator[Site]:
    """A site with an evening of two sittings, beside years of others."""
    await grow(database, EVENINGS, PEOPLE, now)
    async with database.writing() as session:
        session.add(make_evening(2, 1))
    async with running(settings, now) as site:
        yield site


async def visit(site: Site) -> None:
    """Three people come to a full sitting; one does all that can be done with a registration."""
    for path in VISITED:
        assert (await site.open(path)).status == 200, path
    link = await site.joined("zoe@example.net", vacancies="caseworker", companion="yes")
    await site.joined("other@example.net")
    waiting = await site.joined("waiting@example.net")
    for path in (link, waiting, f"{link}/timeline", f"{link}/ticket", f"{link}/invite.ics"):
        assert (await site.open(path)).status == 200, path
    await site.act(waiting, "change", slot="sitting-1")
    await site.act(link, "details", name="Zoe")
    await site.send((await site.open(f"{POST}/ask")).form("/ask"), question="May I bring a dog?")
    await site.send((await site.open(f"{POST}/send-my-link")).form("/send-my-link"), email="zoe@example.net")
    await site.act(link, "cancel")
    await site.mail()


async def look_at_all(site: Site) -> None:
    for role, paths in LOOKED_AT.items():
        await sign_in(site, role)
        missing = [path for path in paths if (await site.browser.get(path)).status_code != 200]
        assert not missing, role


async def edit(site: Site) -> None:
    """What an organiser changes: words, a place, people out of a file, and a file of people."""
    await sign_in(site, "organiser")
    for path, typed in ((f"{HERE}/edit/about", {"title": "Reviews"}), (f"{HERE}/edit/place", {"venue": "The annex"})):
        answer = Page(await site.send((await site.open(path)).form(path), **typed))
        if answer.status == 200:
            await site.send(answer.form(path), act="confirm")
    shown = Page(await choose(site, f"{HEAD}{ANN}{BOB}"))
    assert (await send(site, shown.form("/register"))).status_code == 303
    assert (await site.send((await site.open(f"{HERE}/people")).form("/export"), format="csv")).status_code == 200
    await site.mail()


async def let_in(site: Site) -> None:
    await sign_in(site, "door")
    form = (await site.open(DOOR)).form(DOOR)
    await site.send(form, ticket="other")
    assert (await site.browser.post(f"{DOOR}/walk-in", data=form.filled(sitting="sitting-1"))).status_code == 303


async def count(site: Site) -> None:
    """The wave is counted and published."""
    async with site.database.writing() as session:
        await session.execute(update(Wave).where(Wave.key == "2027-spring").values(status="closed"))
    unit_of_work = site.app.state.site.unit_of_work
    assert await tally(site.database, unit_of_work)
    assert await publish(unit_of_work, site.database, site.settings.zone)


async def pass_weeks(site: Site) -> None:
    """Reminders, closings, the evening itself, and what is asked after it."""
    began = site.now
    for hours in (20 * 24, TONIGHT, 40 * 24):
        site.now = began + timedelta(hours=hours)
        if hours == TONIGHT:
            await let_in(site)
        await site.mail()
    await purge(site.database, site.app.state.site.unit_of_work, site.now, site.settings.zone)


async def journey(site: Site) -> None:
    pulse = await open_pulse(site.database)
    await visit(site)
    await look_at_all(site)
    await edit(site)
    site.browser.cookies.clear()
    await answer(site, pulse.path(), q_valued="4")
    await count(site)
    await pass_weeks(site)


@pytest.mark.timeout(400)
async def test_no_statement_reads_a_growing_table_from_end_to_end(site: Site) -> None:
    async with noted(site.database) as statements:
        await journey(site)
    assert len(statements) > 150
    found = [each for each in await scans(site.database, statements) if each[1] in GROWS and not is_allowed(*each)]
    assert not found, "\n\n".join(f"{table}: {text[:1500]}" for text, table in found)


@pytest.mark.parametrize(
    "text",
    [
        "SELECT r.id FROM registration AS r WHERE r.name = 'Ann'",
        "SELECT e.id FROM open_evening AS e LEFT JOIN registration AS r ON lower(r.name) = e.slug",
    ],
)
async def test_statement_that_reads_a_whole_table_is_found(database: Database, text: str) -> None:
    async with noted(database) as statements, database.reading() as session:
        connection = await session.connection()
        await connection.exec_driver_sql(text)
    assert "registration" in {table for _, table in await scans(database, statements)}


def is_allowed(text: str, table: str) -> bool:
    return any(table == each and piece in text for each, piece in ALLOWED)
