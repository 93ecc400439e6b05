"""Writing to chosen people: the number first, a test to oneself, then to each of them once, whoever is left out."""

from typing import Any

import pytest
from httpx2 import Response
from sqlalchemy import delete, select

from engage.events.models import Interest, OpenEvening, Registration
from engage.journal import append
from engage.notify.facts import AddressRefused
from engage.notify.models import OutboxMessage
from engage.purging import purge
from tests.journalled import facts_of
from tests.reading import sign_in
from tests.site import Form, Page, Site, on_sqlite, text_of
from tests.snapshots import once

HERE = "/console/evenings/reviews-team/message"
WORDS = {"subject": "Bring a coat", "body": "The heating is off.\r\n\r\nSee https://example.org/coats\r\n<b>& more</b>"}


@pytest.fixture(autouse=True)
async def people(site: Site) -> None:
    await once(site, four_people)


async def four_people(site: Site) -> None:
    """Two have places, one waits, one has cancelled; and all that happened has been told."""
    for name in ("ann", "bob", "cyd"):
        await site.register(f"{name}@example.net", name=name)
    await site.act(await site.joined("dan@example.net", "sitting-1"), "cancel")
    await site.mail()
    await sign_in(site, "organiser")


def form_of(page: Page) -> Form:
    """The form that sends, and not the one that chooses."""
    return [form for form in page.forms if form.action.endswith("/message")][-1]


async def preview(site: Site, query: str = "", **typed: Any) -> Page:
    return Page(await site.send(form_of(await site.open(HERE + query)), act="preview", **WORDS | typed))


async def send(site: Site, page: Page) -> Response:
    return await site.send(form_of(page), act="send")


async def recipients(site: Site) -> list[str]:
    return sorted(message["To"].addresses[0].addr_spec for message in await site.mail())


async def refuse(site: Site, email: str) -> None:
    """The address takes no email, as a relay said."""
    async with site.database.writing() as session:
        number = (await session.scalars(select(Registration.id).where(Registration.email_key == email))).one()
        fact = AddressRefused(message_id=1, about=f"registration:{number}", code=550)
        await append(session, fact.model_copy(), site.now, "relay")
    await site.mail()


async def test_preview_tells_the_number_and_shows_the_sample_without_a_link_of_anybody(site: Site) -> None:
    page = await preview(site)
    assert "Send this to 3 people?" in page.words
    assert "1 person who cancelled is left out." in page.words
    assert "The heating is off." in page.words
    assert "Bring a coat: Reviews Team open evening" in page.words
    assert "/registrations/…" in page.words
    assert await recipients(site) == []


async def test_each_of_the_chosen_gets_it_once_however_often_it_is_sent(site: Site) -> None:
    page = await preview(site, "?status=placed")
    answers = [await send(site, page) for _ in range(3)]
    assert {answer.headers["location"] for answer in answers} == {f"{HERE}/1"}
    assert "Sent to 2 people" in (await site.open(f"{HERE}/1")).words
    messages = await site.mail()
    assert sorted(each["To"].addresses[0].addr_spec for each in messages) == ["ann@example.net", "bob@example.net"]
    links = {text_of(each).partition("/registrations/")[2][:39] for each in messages}
    assert len(links) == 2
    assert all("https://example.org/coats" in text_of(each) for each in messages)
    assert all("&lt;b&gt;&amp; more&lt;/b&gt;" in text_of(each, "html") for each in messages)
    assert (await send(site, await preview(site, "?status=placed"))).headers["location"] == f"{HERE}/1"
    assert await recipients(site) == []
    assert await facts_of(site, "MessageSent") == [{"open_evening_id": 1, "mailing_id": 1, "count": 2}]


async def test_other_words_or_other_people_are_another_message(site: Site) -> None:
    await send(site, await preview(site, "?status=placed"))
    await send(site, await preview(site, "?status=placed", body="It is on again."))
    await send(site, await preview(site, "?status=waiting"))
    assert await recipients(site) == ["ann@example.net"] * 2 + ["bob@example.net"] * 2 + ["cyd@example.net"]


async def test_stopped_addresses_are_left_out_and_counted(site: Site) -> None:
    await refuse(site, "cyd@example.net")
    page = await preview(site)
    assert "Send this to 2 people?" in page.words
    assert "2 people who cancelled are left out." in page.words
    cancelled = await preview(site, "?status=cancelled")
    assert "Send this to 1 person?" in cancelled.words
    assert "1 person is left out, whose address takes no email." in cancelled.words
    await send(site, cancelled)
    assert await recipients(site) == ["dan@example.net"]


async def test_number_that_changed_meanwhile_is_shown_before_anything_is_sent(site: Site) -> None:
    page = await preview(site)
    await site.register("eve@example.net", "sitting-1")
    await site.mail()
    answer = await send(site, page)
    assert answer.status_code == 409
    assert "Send this to 4 people?" in Page(answer).words
    assert await recipients(site) == []
    assert await facts_of(site, "MessageSent") == []
    await send(site, Page(answer))
    assert len(await recipients(site)) == 4


async def test_test_goes_to_whoever_asks_once_for_each_page(site: Site) -> None:
    page = await preview(site)
    tested = [await site.send(form_of(page), act="test") for _ in range(2)]
    assert "A test is on its way to you." in Page(tested[0]).words
    (message,) = await site.mail()
    assert message["To"].addresses[0].addr_spec == "organiser@example.org"
    assert message["Subject"] == "Test: Bring a coat: Reviews Team open evening"
    assert "/registrations/…" in text_of(message)
    await send(site, Page(tested[0]))
    assert len(await recipients(site)) == 3


async def test_going_back_keeps_the_words_and_the_choice(site: Site) -> None:
    page = await preview(site, "?status=waiting&slot=sitting-0")
    form = form_of(Page(await site.send(form_of(page), act="edit")))
    kept = dict(form.fields)
    assert (kept["subject"], kept["status"], kept["slot"]) == ("Bring a coat", "waiting", "sitting-0")
    assert kept["body"].split() == WORDS["body"].split()


@on_sqlite
@pytest.mark.parametrize(
    ("typed", "status", "said"),
    [
        ({"subject": " "}, 422, "Enter a subject"),
        ({"body": ""}, 422, "Enter your message"),
        ({"subject": "a\x00b"}, 422, "must not contain line breaks or control characters"),
        ({"body": "x" * 2_001}, 422, "It has 2,001"),
        ({"csrf_token": "stale"}, 403, "What you typed is kept"),
    ],
)
async def test_faulty_message_is_shown_again(site: Site, typed: dict[str, str], status: int, said: str) -> None:
    page = await preview(site, **typed)
    assert page.status == status
    assert said in page.words


@on_sqlite
async def test_nobody_is_written_to_where_nobody_is_chosen(site: Site) -> None:
    page = await preview(site, "?words=nobody")
    assert "Send this to 0 people?" in page.words
    answer = await send(site, page)
    assert answer.status_code == 422
    assert "Nobody would get this message" in Page(answer).words


@on_sqlite
async def test_message_is_stopped_by_an_evening_deleted_in_another_window(site: Site) -> None:
    page = await preview(site)
    async with site.database.writing() as session:
        await session.execute(delete(Interest))
        await session.execute(delete(Registration))
        await session.execute(delete(OpenEvening))
    answer = await send(site, page)
    assert answer.status_code == 404
    assert "deleted in another window" in Page(answer).words


async def test_messages_are_forgotten_two_weeks_after_they_were_sent(site: Site) -> None:
    await send(site, await preview(site))
    await site.mail()
    await purge(site.database, site.worker._unit_of_work, site.now.replace(month=3), site.settings.zone)
    dump = await site.dump()
    assert dump["mailing"] == dump["mailing_recipient"] == []


async def test_timeline_of_each_tells_that_they_were_written_to(site: Site) -> None:
    await send(site, await preview(site, "?status=placed"))
    await site.mail()
    assert (
        "Email about something that the organisers wrote: accepted"
        in (await site.open("/console/registrations/1")).words
    )
    async with site.database.reading() as session:
        rows = (await session.scalars(select(OutboxMessage).where(OutboxMessage.kind == "OrganiserMessage"))).all()
    assert [row.key for row in rows] == ["mailing:1:1", "mailing:1:2"]
