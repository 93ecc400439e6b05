"""People of an evening in the console: found, helped on the phone under the visitors' rules, taken away as a file."""

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from httpx2 import Response
from odfdo import Document
from sqlalchemy import select, update

from engage.errors import EngageError, NotFound, TooMany
from engage.events.models import Interest, OpenEvening, Registration
from engage.events.registrations.exporting import refuse_too_many
from engage.journal import JournalEntry
from tests.journalled import facts_of
from tests.reading import sign_in
from tests.site import Page, Site, on_sqlite, text_of
from tests.snapshots import once

EVENING = "/console/evenings/reviews-team"
PEOPLE, NEW = f"{EVENING}/people", f"{EVENING}/people/new"
WANTED: dict[str, Any] = {"vacancies": "caseworker", "deadline_reminders": "yes"}


@pytest.fixture(autouse=True)
async def organiser(site: Site) -> str:
    return await once(site, four_people)


async def four_people(site: Site) -> str:
    """Two have places in the first sitting, one waits for it, one has cancelled; the organiser is signed in."""
    await site.register("ann@example.net", name="Ann Östberg", **WANTED)
    await site.register("bob@example.net", name="Bob Baker")
    await site.register("cyd@example.net", name="Cyd Waits", access_needs=["bsl"], access_note="Signing, please")
    await site.act(await site.joined("dan@example.net", "sitting-1", name="Dan Gone"), "cancel")
    return await sign_in(site, "organiser")


async def stored(site: Site, email: str) -> Registration:
    async with site.database.reading() as session:
        return (await session.scalars(select(Registration).where(Registration.email_key == email))).one()


async def path_of(site: Site, email: str) -> str:
    return f"/console/registrations/{(await stored(site, email)).id}"


async def let_in(site: Site, email: str) -> None:
    """They came, and applied."""
    async with site.database.writing() as session:
        number = (await session.scalars(select(Registration.id).where(Registration.email_key == email))).one()
        await session.execute(update(Registration).where(Registration.id == number).values(status="attended"))
        await session.execute(update(Interest).where(Interest.registration_id == number).values(applied_at=site.now))


async def add(site: Site, **typed: Any) -> Response:
    return await site.send((await site.open(NEW)).form("/new"), **typed)


def names(page: Page) -> set[str]:
    known = ("Ann Östberg", "Bob Baker", "Cyd Waits", "Dan Gone")
    return {name.split()[0] for name in known if name in page.words}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", {"Ann", "Bob", "Cyd", "Dan"}),
        ("words=baker", {"Bob"}),
        ("words=östberg", {"Ann"}),
        ("words=NET+ann", {"Ann"}),
        ("words=100%25", set()),
        ("words=_", set()),
        ("status=placed", {"Ann", "Bob"}),
        ("status=waiting", {"Cyd"}),
        ("status=cancelled", {"Dan"}),
        ("status=attended", {"Ann", "Bob", "Cyd", "Dan"}),
        ("slot=sitting-0&status=placed", {"Ann", "Bob"}),
        ("slot=sitting-1", {"Dan"}),
        ("slot=removed", set()),
        ("post=caseworker", {"Ann"}),
        ("post=removed", set()),
        ("words=%00%01", {"Ann", "Bob", "Cyd", "Dan"}),
        ("before=1", set()),
        ("before=99999999999999999999999", {"Ann", "Bob", "Cyd", "Dan"}),
    ],
)
async def test_people_are_found_by_what_is_known_of_them(site: Site, query: str, found: set[str]) -> None:
    assert names(await site.open(f"{PEOPLE}?{query}")) == found


async def test_nothing_tells_who_came_who_applied_and_who_needs_what(site: Site) -> None:
    path = await path_of(site, "ann@example.net")
    needy = await site.open(await path_of(site, "cyd@example.net"))
    assert "Sign" not in needy.words.replace("Sign out", "").replace("Signed in", "")
    before = [(await site.open(each)).words for each in (path, PEOPLE, f"{PEOPLE}?status=placed")]
    await let_in(site, "ann@example.net")
    assert [(await site.open(each)).words for each in (path, PEOPLE, f"{PEOPLE}?status=placed")] == before
    for act in ("change", "cancel"):
        answer = await site.send((await site.open(path)).form(f"/{act}"), slot="sitting-1")
        assert answer.status_code == 409
        assert "This registration cannot be changed any more." in Page(answer).words
        assert "checked in" not in Page(answer).words


async def test_once_the_sitting_has_begun_all_who_have_places_are_refused_alike(site: Site) -> None:
    await let_in(site, "ann@example.net")
    site.pass_time(timedelta(days=21, hours=6, minutes=30))
    await sign_in(site, "organiser")
    answers = [
        Page(await site.send((await site.open(path)).form("/change"), slot="sitting-1")).words
        for path in [await path_of(site, email) for email in ("ann@example.net", "bob@example.net")]
    ]
    assert all("This registration cannot be changed any more." in words for words in answers)


async def test_somebody_on_the_phone_is_registered_as_if_they_had_done_it(site: Site) -> None:
    await site.mail()
    page = await site.open(NEW)
    form = page.form("/new")
    assert not [name for name, _ in form.fields if "access" in name]
    typed: dict[str, Any] = {"slot": "sitting-1", "name": "Eve Phone", "email": "Eve@example.net", **WANTED}
    answers = [await site.send(form, **typed, access_needs="bsl") for _ in range(2)]
    path = await path_of(site, "eve@example.net")
    assert [answer.headers["location"] for answer in answers] == [f"{path}?done=added"] * 2
    assert "They are registered." in (await site.open(f"{path}?done=added")).words
    (message,) = await site.mail()
    assert message["To"].addresses[0].addr_spec == "Eve@example.net"
    async with site.database.reading() as session:
        entry = (await session.scalars(select(JournalEntry).order_by(JournalEntry.id.desc()))).first()
        assert entry is not None
        assert (entry.kind, entry.actor.partition(":")[0]) == ("PlaceConfirmed", "staff")
    assert len((await site.dump())["access_need"]) == 1  # that of somebody who told it themselves


async def test_known_address_leads_to_its_registration_and_a_cancelled_one_is_taken_up_again(site: Site) -> None:
    again = await add(site, slot="sitting-1", name="Ann", email="ANN@example.net")
    assert again.status_code == 409
    assert await path_of(site, "ann@example.net") in Page(again).links
    path = await path_of(site, "dan@example.net")
    answer = await add(site, slot="sitting-1", name="Dan Back", email="dan@example.net")
    assert answer.headers["location"] == f"{path}?done=added"
    assert (await stored(site, "dan@example.net")).status == "confirmed"


@on_sqlite
async def test_faulty_and_late_forms_say_what_to_do_and_keep_what_was_typed(site: Site) -> None:
    faulty = await add(site, name="Eve", email="eve")
    assert faulty.status_code == 422
    assert ("name", "Eve") in Page(faulty).form("/new").fields
    form = (await site.open(NEW)).form("/new")
    site.pass_time(timedelta(days=60))
    await sign_in(site, "organiser")
    late = await site.send(form, slot="sitting-1", name="Eve", email="eve@example.net", csrf_token="stale")
    assert late.status_code == 403
    assert "This open evening is over." in (await site.open(NEW)).words


async def test_move_and_cancel_are_told_once_and_are_the_organisers_acts(site: Site) -> None:
    await site.mail()
    path = await path_of(site, "bob@example.net")
    page = await site.open(path)
    for _ in range(2):
        answer = await site.send(page.form("/change"), slot="sitting-1")
        assert answer.headers["location"] == f"{path}?done=changed"
    told = [(message["To"].addresses[0].addr_spec, message["Subject"]) for message in await site.mail()]
    assert sorted(address for address, _ in told) == ["bob@example.net", "cyd@example.net"]  # to whom his place goes
    page = await site.open(path)
    for _ in range(2):
        assert (await site.send(page.form("/cancel"), reminders="stop")).status_code == 303
    (message,) = await site.mail()
    assert message["To"].addresses[0].addr_spec == "bob@example.net"
    found = await stored(site, "bob@example.net")
    assert (found.status, found.has_reminders) == ("cancelled", False)
    async with site.database.reading() as session:
        entries = (await session.scalars(select(JournalEntry).order_by(JournalEntry.id))).all()
    actors = {entry.kind: entry.actor.partition(":")[0] for entry in entries if entry.stream.endswith(f":{found.id}")}
    assert actors == {"PlaceConfirmed": "visitor", "PlaceChanged": "staff", "RegistrationCancelled": "staff"}
    assert "Registration cancelled" in (await site.open(path)).words


async def test_form_from_before_a_change_changes_nothing(site: Site) -> None:
    path = await path_of(site, "cyd@example.net")
    form = (await site.open(path)).form("/cancel")
    other = await site.open(await path_of(site, "ann@example.net"))
    await site.send(other.form("/cancel"))
    answer = await site.send(form)
    assert answer.status_code == 409
    assert "This registration changed while you had it open" in Page(answer).words
    assert (await stored(site, "cyd@example.net")).status == "offered"
    assert (await site.send(Page(answer).form("/cancel"))).status_code == 303


async def test_link_is_sent_to_its_owner_once_for_each_form_and_shown_to_nobody(site: Site) -> None:
    await site.mail()
    path = await path_of(site, "ann@example.net")
    page = await site.open(path)
    for _ in range(2):
        assert (await site.send(page.form("/link"))).status_code == 303
    (message,) = await site.mail()
    assert message["To"].addresses[0].addr_spec == "ann@example.net"
    assert "/registrations/" in text_of(message)
    assert all(link.startswith("/console/") for link in page.links if "/registrations/" in link)


@on_sqlite
async def test_evening_and_registration_that_are_gone_are_said_to_be_gone(site: Site) -> None:
    for path in ("/console/registrations/999", "/console/registrations/99999999999999999999"):
        page = await site.open(path)
        assert page.status == 404
        assert "removed in another window" in page.words
    assert "deleted in another window" in (await site.open("/console/evenings/gone/people")).words


async def export(site: Site, form: str, query: str = "") -> Response:
    return await site.send((await site.open(f"{PEOPLE}{query}")).form("/export"), format=form)


async def test_export_computes_nothing_and_tells_nothing_private(site: Site) -> None:
    await site.register("eve@example.net", "sitting-1", name='=cmd|"/C calc"!A0')
    await site.register("+44@example.net", "sitting-1", name="@SUM(A1)")
    await let_in(site, "ann@example.net")
    answer = await export(site, "csv")
    assert answer.headers["content-disposition"] == 'attachment; filename="reviews-team.csv"'
    assert answer.headers["cache-control"] == "no-store"
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert rows[0] == ["Name", "Email", "Status", "Sitting", "Places", "Registered"]
    assert rows[1][:2] == ["'@SUM(A1)", "'+44@example.net"]
    assert rows[2][0] == '\'=cmd|"/C calc"!A0'
    assert ["Ann Östberg", "ann@example.net", "Has a place", "2027-02-24 18:00", "1", "2027-02-03 12:00"] in rows
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    assert "Signing" not in answer.text
    assert await facts_of(site, "RegistrationsExported") == [{"open_evening_id": 1, "count": 6, "form": "csv"}]


async def test_spreadsheet_holds_the_chosen_and_no_formula(site: Site) -> None:
    await site.register("eve@example.net", "sitting-1", name="=1+1")
    answer = await export(site, "ods", "?status=waiting")
    document = Document(io.BytesIO(answer.content))
    about, people = document.body.tables
    assert [row[:3] for row in people.get_values()[3:]] == [["Cyd Waits", "cyd@example.net", "Waits for a place"]]
    assert ["Who", "Waits for a place"] in [row[:2] for row in about.get_values()]
    everybody = (await export(site, "ods")).content
    assert b"table:formula" not in everybody
    assert "=1+1" in [row[0] for row in Document(io.BytesIO(everybody)).body.tables[1].get_values()]


@on_sqlite
async def test_export_of_nobody_or_in_no_known_form_is_answered(site: Site) -> None:
    form = (await site.open(PEOPLE)).form("/export")
    assert len((await site.send(form, format="csv", words="nobody")).text.splitlines()) == 1
    assert (await site.send(form, format="ods", words="nobody")).status_code == 200
    assert (await site.send(form, format="exe")).status_code == 404
    assert (await site.send(form, format="csv", csrf_token="stale")).status_code == 403
    assert len(await facts_of(site, "RegistrationsExported")) == 2


async def test_how_many_came_and_applied_is_told_when_it_is_over_rounded_and_of_many(site: Site) -> None:
    async with site.database.writing() as session:
        evening = (await session.scalars(select(OpenEvening))).one()
        for number in range(40):
            row = Registration(
                open_evening_id=1,
                slot_id=evening.slots[0].id,
                uid=f"u{number}",
                party=1,
                ticket_code=f"{number:08}",
                form="form",
                email=f"v{number}@example.org",
                name=f"Visitor {number}",
                email_key=f"v{number}@example.org",
                has_reminders=False,
                created_at=site.now,
                status="attended" if number < 24 else "cancelled",
            )
            applied_at = site.now if number < 11 else None
            row.interests = [Interest(vacancy_id=1, created_at=site.now, applied_at=applied_at)]
            session.add(row)
    assert "How it went" not in (await site.open(PEOPLE)).words
    site.pass_time(timedelta(days=22))
    await sign_in(site, "organiser")
    words = (await site.open(PEOPLE)).words
    words = words.partition("How it went")[2]
    assert "44 people registered About 25 people came About 10 of those who came told us" in words


@pytest.mark.parametrize(("count", "form", "error"), [(1_000_001, "ods", TooMany), (1, "exe", NotFound)])
def test_file_that_cannot_be_made_is_refused_with_the_reason(count: int, form: str, error: type[EngageError]) -> None:
    with pytest.raises(error):
        refuse_too_many(count, form)
    refuse_too_many(2_000_000, "csv")
