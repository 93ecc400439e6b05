"""Bad input gets an answer that says what is wrong, keeps what was typed, and leaves nothing half done."""

from datetime import timedelta
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import parseaddr
from typing import Any

import icalendar
import pytest

from engage.storage.database import Database
from tests import libical
from tests.factories import make_evening
from tests.site import JSON, Page, Site, Typed, link_in, on_sqlite, text_of

FORM = "/open-evenings/reviews-team/register"
HOSTILE = [
    "<script>alert('x')</script>",
    'Zoë "The Quote" O\'Neil & Söhne <b>',
    "محمد بن سلمان",
    "李小龍 🎉 e\u0301",
    "{{ 7 * 7 }} {% raw %} \\n;,:\\",
    "=?utf-8?q?not_encoded?= a@b.example, c@d.example",
    "=HYPERLINK(1)",
]

FAULTY: list[tuple[str, Typed]] = [
    ("name", ""),
    ("name", "   "),
    ("name", "x" * 201),
    ("name", "Zoë\r\nBcc: everybody@example.net"),
    ("name", "bell\x07"),
    ("name", "zero\x00"),
    ("name", "line\u2028separator"),
    ("email", ""),
    ("email", "nobody"),
    ("email", "a@b@example.net"),
    ("email", "zoe@example.net\r\nBcc: everybody@example.net"),
    ("email", "zoe@example.net,other@example.net"),
    ("email", "zoë@example.net"),
    ("email", f"{'x' * 64}@{'y' * 63}.{'z' * 63}.{'w' * 63}.example.net"),
    ("access_note", "vertical\x0btab"),
    ("access_note", "x" * 2001),
    ("access_needs", ["bsl", "helicopter"]),
    ("vacancies", ["caseworker", "astronaut"]),
    ("slot", ""),
    ("slot", "sitting-7"),
    ("slot", "sitting-0\n"),
]


async def refused(site: Site, email: str = "zoe@example.net", slot: str = "sitting-0", **typed: Typed) -> Page:
    """The answer to a form that may not be taken; nothing of it is kept."""
    before = await site.dump()
    page = Page(await site.register(email, slot, **typed))
    assert await site.dump() == before
    return page


@on_sqlite
async def test_fault_is_named_linked_and_everything_typed_is_kept(site: Site) -> None:
    for field, typed in FAULTY:
        given: dict[str, Any] = {"name": "Somebody", "email": "zoe@example.net", "access_note": "By the door"}
        page = await refused(site, **given | {field: typed})
        about = (field, typed)
        assert (page.status, "There is a problem" in page.words) == (422, True), about
        assert f"#{field}" in page.links, about
        assert f'id="{field}"' in page.response.text, f"the summary links to nothing: {about}"
        kept = page.form("/register").filled()
        assert {name: kept[name] for name in given if name != field} == {
            name: [value] for name, value in given.items() if name != field
        }, about
    assert await site.mail() == []


@on_sqlite
async def test_fault_is_named_to_machines_too(site: Site) -> None:
    form = (await site.open(FORM)).form("/register")
    answer = await site.browser.post(FORM, data=form.filled(slot="sitting-0", name="", email="x"), headers=JSON)
    assert answer.status_code == 422
    assert set(answer.json()["fields"]) == {"name", "email"}


@on_sqlite
async def test_longest_name_is_taken(site: Site) -> None:
    name = ("Ångström " * 25)[:200].strip().ljust(200, "x")
    link = await site.joined("zoe@example.net", name=name)
    assert name in (await site.open(link)).words


def recipient_of(message: EmailMessage) -> tuple[str, str]:
    """Name and address by RFC 2047; Python's own header objects put a space between two encoded words."""
    folded = dict(message.raw_items())["To"]
    name, address = parseaddr(str(folded).replace("\r", "").replace("\n", ""))
    return str(make_header(decode_header(name))), address


@on_sqlite
async def test_names_are_shown_as_they_were_typed(site: Site) -> None:
    for number, name in enumerate(HOSTILE):
        email = f"person{number}@example.net"
        assert (await site.register(email, "sitting-0" if number < 2 else "sitting-1", name=name)).status_code == 303
    for name, message in zip(HOSTILE, await site.mail(), strict=True):
        assert recipient_of(message) == (name, message["To"].addresses[0].addr_spec)
        assert len(message["To"].addresses) == 1
        assert not message.defects
        own = await site.open(link_in(message))
        assert own.form("/details").filled()["name"] == [name]
        assert " ".join(name.split()) in own.words
        assert "<script>alert" not in own.response.text + text_of(message, "html")


@on_sqlite
async def test_names_stand_in_calendars_as_they_were_typed(site: Site) -> None:
    link = await site.joined("zoe@example.net")
    for number, name in enumerate(HOSTILE, start=1):
        await site.act(link, "details", name=name)
        await site.act(link, "change", slot=f"sitting-{number % 2}")
        content = text_of((await site.mail())[-1], "calendar")
        (event,) = icalendar.Calendar.from_ical(content).events
        assert str(event["ATTENDEE"]) == "mailto:zoe@example.net"
        calendar = libical.parse(content.encode())
        assert not calendar.faults()
        (entry,) = calendar.parts("VEVENT")
        shown = name.replace("\\", "/")  # no two programs read a backslash there alike, so none is written
        assert entry.only("ATTENDEE").parameters["CN"] == shown


async def test_sitting_of_another_evening_is_none_of_this_one(site: Site, database: Database) -> None:
    other = make_evening(3, slug="other-team")
    other.slots[0].key = "elsewhere"
    async with database.writing() as session:
        session.add(other)
    page = await refused(site, slot="elsewhere")
    assert (page.status, "#slot" in page.links) == (422, True)
    link = await site.joined("zoe@example.net")
    before = await site.dump()
    assert (await site.act(link, "change", slot="elsewhere")).status_code == 404
    assert await site.dump() == before


async def test_form_posted_twice_is_one_registration_one_message_one_receipt(site: Site) -> None:
    form = (await site.open(FORM)).form("/register")
    typed: dict[str, Typed] = {"slot": "sitting-0", "name": "Zoë", "email": "zoe@example.net"}
    answers = [await site.send(form, **typed) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 303]
    assert answers[0].headers["location"] == answers[1].headers["location"]
    assert len(await site.mail()) == 1
    assert len((await site.dump())["registration"]) == 1


async def test_same_address_in_other_case_gets_a_newcomers_answer_and_changes_nothing(site: Site) -> None:
    link = await site.joined("zoe@example.net")
    slots = (await site.json("/open-evenings/reviews-team"))["slots"]
    before = (await site.dump())["registration"]
    decoy = await site.register("ZOE@Example.net", name="Somebody Else", companion="")
    shown = await site.json(decoy.headers["location"])
    assert (shown["status"], shown["position"]) == ("confirmed", None)
    assert (await site.json("/open-evenings/reviews-team"))["slots"] == slots
    assert (await site.dump())["registration"] == before
    (message,) = await site.mail()
    assert message["To"].addresses[0].addr_spec == "zoe@example.net"
    assert message["Subject"].startswith("You are registered already")
    assert link_in(message) == link
    newcomer = await site.register("new@example.net")
    pages = [await site.open(each.headers["location"]) for each in (decoy, newcomer)]
    assert pages[0].words.replace("ZOE@example.net", "new@example.net") == pages[1].words
    assert sorted(decoy.headers) == sorted(newcomer.headers)


async def test_decoy_in_a_full_sitting_says_the_position_of_a_newcomer(site: Site) -> None:
    await site.joined("zoe@example.net", "sitting-1")
    decoy = await site.json((await site.register("Zoe@example.net", "sitting-1")).headers["location"])
    newcomer = await site.json((await site.register("new@example.net", "sitting-1")).headers["location"])
    assert (decoy["status"], decoy["position"]) == (newcomer["status"], newcomer["position"]) == ("waiting", 1)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"status": "cancelled", "cancel_reason": "Snow"}, "has been cancelled"),
        ({"registration_closes_at": "now"}, "Registration for this open evening has closed"),
        ({"over": True}, "is over"),
    ],
)
async def test_closed_evening_says_why(site: Site, database: Database, changed: dict[str, Any], reason: str) -> None:
    form = (await site.open(FORM)).form("/register")
    evening = make_evening(2, slug="closed")
    async with database.writing() as session:
        evening.status = changed.get("status", "published")
        evening.registration_closes_at = site.now if "registration_closes_at" in changed else None
        session.add(evening)
    if "over" in changed:
        site.pass_time(timedelta(days=30))
    address = "/open-evenings/closed/register"
    typed = form.filled(slot="sitting-0", name="Zoë", email="zoe@example.net")
    before = await site.dump()
    page = Page(await site.browser.post(address, data=typed))
    assert (page.status, reason in page.words) == (409, True)
    machine = await site.browser.post(address, data=typed, headers=JSON)
    assert (machine.status_code, reason in machine.json()["error"]) == (409, True)
    assert reason in (await site.open(address)).words
    assert await site.dump() == before


@on_sqlite
async def test_draft_does_not_exist_outside(site: Site, database: Database) -> None:
    async with database.writing() as session:
        session.add(make_evening(2, slug="draft", status="draft"))
    for path in ("", "/register", "/plan", "/ask", "/send-my-link", "/posts/caseworker.ics"):
        assert (await site.browser.get(f"/open-evenings/draft{path}")).status_code == 404


@on_sqlite
async def test_begun_sitting_takes_nobody_while_the_next_still_does(site: Site) -> None:
    site.pass_time(timedelta(days=21, hours=6, minutes=30))
    assert (await refused(site)).status == 409
    assert (await site.register("zoe@example.net", "sitting-1")).status_code == 303
