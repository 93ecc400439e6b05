"""People from a file: what would come of it is shown first, then all of them are registered, or nobody."""

import io
import tracemalloc
import zipfile
from datetime import timedelta
from typing import Any

import pytest
from httpx2 import Response
from sqlalchemy import delete, func, select, update

from engage.events.models import Interest, OpenEvening, Registration, Slot
from engage.journal import JournalEntry
from tests.crowd import MOST_STATEMENTS, counted
from tests.journalled import facts_of
from tests.reading import sign_in
from tests.site import Form, Page, Site, on_sqlite

PEOPLE = "/console/evenings/reviews-team/people"
UPLOAD = f"{PEOPLE}/upload"
HEAD = "name,email,slot,posts\n"
ANN, BOB = "Ann Östberg,Ann@example.net,sitting-1,caseworker\n", "Bob Baker,bob@example.net,none,\n"
MEMORY = 40 * 2**20  # bytes: what one request may take, whatever it sends


@pytest.fixture(autouse=True)
async def organiser(site: Site) -> None:
    await sign_in(site, "organiser")


async def choose(site: Site, content: str | bytes, **fields: str) -> Response:
    """Send the file to be checked."""
    form = (await site.open(UPLOAD)).form("/upload")
    given = content.encode() if isinstance(content, str) else content
    return await site.browser.post(UPLOAD, data=form.filled(**fields), files={"file": ("people.csv", given)})


async def send(site: Site, form: Form, **changed: str) -> Response:
    """Send a form as browsers send it that has no file in it and says that it could have."""
    parts = {name: (None, value) for name, value in {**dict(form.fields), **changed}.items()}
    return await site.browser.post(form.action, files=parts)


async def registered(site: Site) -> dict[str, str]:
    async with site.database.reading() as session:
        rows = await session.execute(select(Registration.email, Registration.status))
        return dict(rows.all())


async def test_people_of_a_file_are_registered_after_the_numbers_were_shown(site: Site) -> None:
    await site.register("kim@example.net", name="Kim Known")
    await site.mail()
    text = f"{HEAD}{ANN}Eve Example,eve@example.net,sitting-1,\n{BOB}Kim,KIM@example.net,sitting-1,\n"
    page = Page(await choose(site, text))
    assert page.status == 200
    said = "3 people are new 1 of them gets a place 1 of them joins the queue 1 of them cannot come, and gets"
    assert said in page.words
    assert "1 person is registered already, and stays as they are" in page.words
    assert list(await registered(site)) == ["kim@example.net"]
    answer = await send(site, page.form("/register"))
    assert answer.headers["location"] == f"{PEOPLE}?registered=3"
    assert "3 people are registered." in (await site.open(answer.headers["location"])).words
    assert await registered(site) == {
        "kim@example.net": "confirmed",
        "Ann@example.net": "confirmed",
        "eve@example.net": "waiting",
        "bob@example.net": "subscribed",
    }
    told = {message["To"].addresses[0].addr_spec: message["Subject"] for message in await site.mail()}
    assert set(told) == {"Ann@example.net", "eve@example.net", "bob@example.net"}
    async with site.database.reading() as session:
        assert await session.scalar(select(func.count()).select_from(Interest)) == 1
        wants = (await session.scalars(select(Registration.email).where(Registration.has_reminders))).all()
        assert wants == ["Ann@example.net"]


async def test_second_click_registers_once_and_what_was_done_is_on_record(site: Site) -> None:
    page = Page(await choose(site, HEAD + ANN + BOB))
    answers = [await send(site, page.form("/register")) for _ in range(2)]
    assert [answer.headers["location"] for answer in answers] == [f"{PEOPLE}?registered=2"] * 2
    assert await facts_of(site, "PeopleUploaded") == [{"open_evening_id": 1, "count": 2}]
    assert await facts_of(site, "RegisteredAgain") == []
    async with site.database.reading() as session:
        actors = await session.scalars(select(JournalEntry.actor).where(JournalEntry.kind != "RoleGranted"))
        assert {actor.partition(":")[0] for actor in actors} == {"staff"}
    again = Page(await choose(site, HEAD + ANN + BOB))
    assert "Nobody in the file is new" in again.words
    assert not [form for form in again.forms if form.action.endswith("/register")]


async def test_what_changed_since_the_numbers_were_shown_registers_nobody(site: Site) -> None:
    page = Page(await choose(site, HEAD + ANN))
    await site.register("first@example.net", "sitting-1")
    answer = Page(await send(site, page.form("/register")))
    assert answer.status == 409
    assert "Somebody registered meanwhile" in answer.words
    assert "1 person is new 1 of them joins the queue" in answer.words
    assert list(await registered(site)) == ["first@example.net"]
    assert (await send(site, answer.form("/register"))).status_code == 303
    assert (await registered(site))["Ann@example.net"] == "waiting"


async def test_sitting_removed_and_evening_called_off_meanwhile_register_nobody(site: Site) -> None:
    page = Page(await choose(site, HEAD + ANN))
    async with site.database.writing() as session:
        await session.execute(delete(Slot).where(Slot.key == "sitting-1"))
    removed = Page(await send(site, page.form("/register")))
    assert removed.status == 422
    assert "Line 2, slot: sitting-1 is no sitting of this open evening; write sitting-0 or none" in removed.words
    page = Page(await choose(site, HEAD + BOB))
    async with site.database.writing() as session:
        await session.execute(update(OpenEvening).values(status="cancelled"))
    answer = Page(await send(site, page.form("/register")))
    assert answer.status == 422
    assert "This open evening has been cancelled." in answer.words
    assert await registered(site) == {}
    assert "This open evening has been cancelled." in (await site.open(UPLOAD)).words


@on_sqlite
@pytest.mark.parametrize(
    "content",
    [
        (HEAD + ANN).encode("utf-8-sig"),
        (HEAD + ANN).encode("utf-16"),
        (HEAD + ANN).encode("cp1252"),
        (HEAD + ANN).replace(",", ";").replace("\n", "\r\n").encode("cp1252"),
        (HEAD + ANN).replace(",", "\t").encode(),
        'Slot , EMAIL,Name\n"sitting-1",Ann@example.net,"Ann\n Östberg"\n\n'.encode(),
    ],
)
async def test_files_are_read_as_offices_write_them(site: Site, content: bytes) -> None:
    page = Page(await choose(site, content))
    assert "Ann Östberg" in page.words
    assert (await send(site, page.form("/register"))).status_code == 303
    async with site.database.reading() as session:
        assert (await session.scalars(select(Registration.name))).one() == "Ann Östberg"


def spreadsheet() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as folder:
        folder.writestr("xl/workbook.xml", "<workbook/>")
    return file.getvalue()


@on_sqlite
@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "The file is empty."),
        (b" \n", "The file is empty."),
        (HEAD, "The file has no people in it, only the names of its columns."),
        (spreadsheet(), "The file is a spreadsheet and not CSV; open it, and save the file as CSV in UTF-8."),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "cannot be read as text; save the file as CSV in UTF-8."),
        (bytes(range(256)), "cannot be read as text; save the file as CSV in UTF-8."),
        ("<html></html>", "Line 1: column name is missing"),
        ("name,mail,slot\n", "Line 1: column email is missing"),
        ("name,email,slot,phone\n", "Line 1: 'phone' is not a column of this list; take it out"),
        ("name,email,slot,name\n", "Line 1: column name is there twice"),
        (f"{HEAD}Ann,ann@example.net\n", "Line 2: has 2 columns, not 4"),
        (f"{HEAD},ann@example.net,none,\n", "Line 2, name: Enter your full name"),
        (f"{HEAD}Ann,ann,none,\n", "Line 2, email: Enter an email address in the correct format"),
        (f"{HEAD}Ann,ann@example.net,,\n", "Line 2, slot: what is empty is no sitting of this open evening"),
        (f"{HEAD}Ann,ann@example.net,9,\n", "Line 2, slot: 9 is no sitting of this open evening; write sitting-0"),
        (
            f"{HEAD}Ann,ann@example.net,none,caseworker chief\n",
            "Line 2, posts: chief is no post of this open evening; write caseworker",
        ),
        (f"{HEAD}{ANN}{ANN.lower()}", "Line 3, email: ann@example.net is already on line 2"),
        (f"{HEAD}See www.example.org,a@example.net,none,\n", "Line 2, name: Your name must not contain a web address"),
        (f'{HEAD}"Ann,ann@example.net,none,\n', "Line 2 is not sound CSV"),
        (HEAD + "x" * 150_000, "The file has more than 1,000 people or 150 kB, which is too much at once"),
    ],
)
async def test_faulty_file_says_in_one_line_each_what_is_wrong(site: Site, content: str | bytes, said: str) -> None:
    page = Page(await choose(site, content))
    assert page.status == 422
    assert said in page.words
    assert not [form for form in page.forms if form.action.endswith("/register")]
    assert await registered(site) == {}


@on_sqlite
async def test_sound_lines_wait_for_the_faulty_ones_and_many_faults_are_counted(site: Site) -> None:
    faulty = "".join(f"Ann,ann{number},none,\n" for number in range(60))
    page = Page(await choose(site, HEAD + BOB + faulty))
    assert "1 person is new" in page.words
    assert "60 faults: nobody was registered" in page.words
    assert "And 10 more faults." in page.words
    assert await registered(site) == {}


@on_sqlite
async def test_no_file_is_asked_for_and_a_stale_form_keeps_what_it_can(site: Site) -> None:
    form = (await site.open(UPLOAD)).form("/upload")
    nothing = Page(await site.browser.post(UPLOAD, data=form.filled(), files={"file": ("", b"")}))
    assert (nothing.status, "Choose a CSV file first." in nothing.words) == (422, True)
    assert (await site.browser.post(UPLOAD, data=form.filled())).status_code == 422
    stale = Page(await choose(site, HEAD + ANN, csrf_token="stale"))
    assert (stale.status, "Choose the file again." in stale.words) == (403, True)
    checked = Page(await choose(site, HEAD + ANN))
    late = Page(await send(site, checked.form("/register"), csrf_token="stale"))
    assert late.status == 403
    assert await registered(site) == {}
    assert (await send(site, late.form("/register"))).status_code == 303


@on_sqlite
async def test_sitting_that_has_begun_and_an_evening_that_is_over_take_nobody(site: Site) -> None:
    site.pass_time(timedelta(days=21, hours=6, minutes=30))
    await sign_in(site, "organiser")
    text = f"{HEAD}Ann,ann@example.net,sitting-0,\n"
    assert "Line 2, slot: That sitting has begun." in Page(await choose(site, text)).words
    form = (await site.open(UPLOAD)).form("/upload")
    site.pass_time(timedelta(hours=6))
    late = await site.browser.post(UPLOAD, data=form.filled(), files={"file": ("people.csv", text.encode())})
    assert (late.status_code, "This open evening is over." in Page(late).words) == (409, True)


@on_sqlite
async def test_hundred_thousand_lines_are_refused_in_little_memory(site: Site) -> None:
    content = (HEAD + "".join(f"Person {n},person{n}@example.net,none,\n" for n in range(100_000))).encode()
    tracemalloc.start()
    page = Page(await choose(site, content))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert page.status == 422
    assert "The file has more than 1,000 people or 150 kB, which is too much at once; split it" in page.words
    assert peak < MEMORY
    assert await registered(site) == {}
    one_more = HEAD + "".join(f"P,p{n}@example.net,none,\n" for n in range(1_001))
    assert "more than 1,000 people" in Page(await choose(site, one_more)).words


async def test_a_thousand_people_take_few_statements(site: Site) -> None:
    async with site.database.writing() as session:
        await session.execute(update(Slot).values(capacity=600))
    people = "".join(f"P,p{n}@example.net,sitting-{n % 2},caseworker\n" for n in range(1_000))
    with counted(site.app.state.site.database) as statements:
        page = Page(await choose(site, HEAD + people))
    assert "1,000 people are new 1,000 of them get a place" in page.words
    assert len(statements) <= MOST_STATEMENTS * 2  # the form's page and the check's
    with counted(site.app.state.site.database) as statements:
        assert (await send(site, page.form("/register"))).status_code == 303
    different = {each for each in statements if not each.startswith("BEGIN")}  # SQLite inserts one row at a time
    assert len(different) <= MOST_STATEMENTS, different
    assert len(await registered(site)) == 1_000


@on_sqlite
async def test_upload_is_for_organisers(site: Site) -> None:
    kinds: dict[str, Any] = {"organiser": 200, "admin": 200, "door": 404, "access": 404, "workforce": 404}
    for role, status in kinds.items():
        await sign_in(site, role)
        assert (await site.browser.get(UPLOAD)).status_code == status
