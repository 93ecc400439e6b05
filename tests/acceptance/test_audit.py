"""Who did what and when: every fact has words, is found by what is known of it, and cannot be changed."""

from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import event, insert
from sqlalchemy.ext.asyncio import AsyncSession

from engage.events.facts import AppliedForVacancy, EveningPublished, PlaceConfirmed
from engage.journal import JournalEntry, append
from engage.people.roles import grant
from tests.acceptance.test_people import ADMIN, sign_in
from tests.site import Page, Site, on_sqlite

AUDIT = "/console/audit"
MOST_STATEMENTS = 20
ENTRIES = 20_000


def told(page: Page) -> str:
    """What the page says below its form."""
    return page.words.partition("Search What happened ")[2].partition("Support links")[0]


async def write(site: Site, number: int) -> None:
    """What happened to a registration, and then to its evening."""
    placed = PlaceConfirmed(
        registration_id=number, slot_id=1, starts_at=site.now, ends_at=site.now + timedelta(hours=1), sequence=0
    )

    async def happen(session: AsyncSession) -> None:
        await append(session, placed, site.now)
        await append(session, EveningPublished(open_evening_id=1), site.now, "staff:1")
        await append(session, AppliedForVacancy(registration_id=number, vacancy_id=1), site.now)

    await site.app.state.site.unit_of_work.run(happen)


async def test_audit_says_in_words_who_did_what(site: Site) -> None:
    await sign_in(site, ADMIN, "admin")
    await write(site, 17)
    words = told(await site.open(AUDIT))
    assert f"Published midday on Wednesday 3 February 2027 About: open evening 1 By: {ADMIN}" in words
    assert "Place confirmed for midday on Wednesday 3 February 2027" in words
    assert "About: registration 17 By: Somebody who registered" in words
    assert f"Was given the role admin midday on Wednesday 3 February 2027 About: {ADMIN} By: The operator" in words


@on_sqlite
async def test_whether_somebody_applied_is_not_told(site: Site) -> None:
    await sign_in(site, ADMIN, "admin")
    await write(site, 17)
    page = await site.open(f"{AUDIT}?kind=AppliedForVacancy")
    assert "Nothing is on record that fits" in page.words
    assert "pplied" not in (await site.open(AUDIT)).words


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("kind=PlaceConfirmed", 1),
        ("stream=registration:17", 1),
        ("stream=Registration:17", 1),
        ("stream=registration:18", 0),
        (f"actor={ADMIN.upper()}", 2),
        ("actor=visitor", 1),
        ("actor=nobody@example.org", 0),
        ("since=2027-02-03&until=2027-02-03", 4),
        ("since=2027-02-04", 0),
        ("until=2027-02-02", 0),
        ("kind=PlaceConfirmed&actor=operator", 0),
        ("kind=%00&actor=%00&stream=%00&before=%C2%B2", 4),
        (f"before={'9' * 40}", 4),
        ("before=-1", 4),
    ],
)
async def test_entries_are_found_by_what_is_known_of_them(site: Site, query: str, found: int) -> None:
    await sign_in(site, ADMIN, "admin")
    await write(site, 17)
    page = await site.open(f"{AUDIT}?{query}")
    assert page.status == 200
    assert told(page).count("By: ") == found


@on_sqlite
@pytest.mark.parametrize("day", ["yesterday", "2027-02-30", "03/02/2027"])
async def test_day_that_is_none_is_told(site: Site, day: str) -> None:
    await sign_in(site, ADMIN, "admin")
    page = await site.open(f"{AUDIT}?since={day}")
    assert page.status == 422
    assert "Enter a date like 2027-09-24" in page.words


async def test_journal_of_any_size_is_read_by_fifties_in_few_statements(site: Site) -> None:
    await sign_in(site, ADMIN, "admin")
    rows = [
        {"kind": "DetailsCorrected", "stream": f"registration:{number}", "actor": "visitor", "details": {}}
        | {"occurred_at": site.now}
        for number in range(ENTRIES)
    ]
    async with site.database.writing() as session:
        await session.execute(insert(JournalEntry), rows)
    statements: list[str] = []
    event.listen(
        site.app.state.site.database.engine.sync_engine,
        "before_cursor_execute",
        lambda connection, cursor, statement, *rest: statements.append(statement),
    )
    first = await site.open(AUDIT)
    assert len(statements) <= MOST_STATEMENTS
    assert told(first).count("By: ") == 50
    (older,) = [link for link in first.links if "before=" in link]
    second = await site.open(older)
    assert f"registration {ENTRIES - 1} " in told(first)
    assert f"registration {ENTRIES - 51} " in told(second)
    assert f"registration {ENTRIES - 50} " not in told(second)


@on_sqlite
async def test_nothing_of_the_journal_can_be_changed_by_a_page(site: Site) -> None:
    await sign_in(site, ADMIN, "admin")
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert (await site.browser.request(method, AUDIT)).status_code == 405


@on_sqlite
async def test_journal_names_nobody(site: Site) -> None:
    await sign_in(site, ADMIN, "admin")
    grant_role = partial(grant, email="new@example.org", roles=["door"], now=site.now)
    await site.app.state.site.unit_of_work.run(grant_role)
    assert "@" not in repr((await site.dump())["journal_entry"])
