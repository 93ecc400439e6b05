"""Access needs: seen by those alone who arrange them, each with an owner and a day, until the person hears."""

from datetime import timedelta
from typing import Any

import pytest
from httpx2 import Response
from sqlalchemy import select

from engage.events.models import AccessNeed
from engage.journal import JournalEntry
from engage.purging import purge
from tests.journalled import facts_of
from tests.reading import sign_in
from tests.site import Page, Site, on_sqlite, text_of
from tests.snapshots import once

HERE = "/console/evenings/reviews-team/needs"
NEED = f"{HERE}/1"


@pytest.fixture(autouse=True)
async def asked(site: Site) -> str:
    return await once(site, one_need)


async def one_need(site: Site) -> str:
    """Somebody needs an interpreter; the evening is three weeks away."""
    link = await site.joined("ann@example.net", name="Ann Àdeyemi", access_needs=["bsl"], access_note="BSL, please")
    await sign_in(site, "access")
    return link


async def save(site: Site, **typed: Any) -> Response:
    return await site.send((await site.open(NEED)).form("/needs/1"), **{"state": "asked"} | typed)


async def stored(site: Site) -> AccessNeed:
    async with site.database.reading() as session:
        return (await session.scalars(select(AccessNeed))).one()


async def test_need_goes_from_asked_to_confirmed_and_the_person_hears_once(site: Site) -> None:
    page = await site.open(HERE)
    assert "British Sign Language interpreter: Ann Àdeyemi" in page.words
    assert "BSL, please" in page.words
    assert "Due on Sunday 21 February 2027" in page.words
    saved = await save(site, state="arranged", owner="access@example.org", due_on="2027-02-10")
    assert saved.headers["location"] == f"{HERE}?done=saved"
    assert "Due on Wednesday 10 February 2027" in (await site.open(HERE)).words
    assert await site.mail() == []
    form = (await site.open(NEED)).form("/needs/1")
    typed = {"state": "confirmed", "owner": "access@example.org", "answer": "Kim meets you at the door.\r\n<b>"}
    assert [(await site.send(form, **typed)).status_code for _ in range(2)] == [303, 303]
    (message,) = await site.mail()
    assert message["To"].addresses[0].addr_spec == "ann@example.net"
    assert "interpreter" not in message["Subject"]
    for part in ("We have arranged what you asked for", "interpreter", "Kim meets you at the door."):
        assert part in text_of(message)
    assert "&lt;b&gt;" in text_of(message, "html")
    assert "Nothing is left to deal with." in (await site.open(HERE)).words
    assert "Confirmed to the person" in (await site.open(f"{HERE}?show=all")).words


@pytest.mark.parametrize(
    ("states", "said"),
    [
        ([], "We have your request and are arranging it."),
        (["arranged"], "We have your request and are arranging it."),
        (["arranged", "confirmed"], "British Sign Language interpreter Confirmed. Kim meets you. <b>"),
        (["refused"], "British Sign Language interpreter Sorry, we cannot do this. Kim meets you. <b>"),
    ],
)
async def test_person_reads_on_their_own_page_what_became_of_it(
    site: Site, asked: str, states: list[str], said: str
) -> None:
    for state in states:
        assert (await save(site, state=state, answer="Kim meets you. <b>")).status_code == 303
    page = await site.open(asked)
    assert said in page.words
    assert ("Kim meets you" in page.words) == (states[-1:] in (["confirmed"], ["refused"]))


async def test_need_that_cannot_be_met_takes_words_for_the_person(site: Site) -> None:
    refused = await save(site, state="refused")
    assert refused.status_code == 422
    assert "Write what the person is told" in Page(refused).words
    assert (await save(site, state="refused", answer="Nobody is free. We can send a transcript.")).status_code == 303
    (message,) = await site.mail()
    assert "we cannot arrange" in text_of(message)
    assert "We can send a transcript." in text_of(message)


async def test_second_of_two_who_arrange_it_is_shown_what_changed(site: Site) -> None:
    form = (await site.open(NEED)).form("/needs/1")
    await save(site, state="arranged", owner="access@example.org")
    answer = await site.send(form, state="refused", answer="No.")
    assert answer.status_code == 409
    page = Page(answer)
    assert "Somebody else changed this meanwhile" in page.words
    assert "It stands now at “Arranged”, owned by access@example.org." in page.words
    assert "No." in dict(page.form("/needs/1").fields)["answer"]
    assert await site.mail() == []


async def test_what_the_person_says_anew_is_to_be_arranged_anew(site: Site, asked: str) -> None:
    await save(site, state="arranged")
    await site.act(asked, "details", access_needs=["bsl"], access_note="ASL instead")
    assert (await stored(site)).state == "asked"
    await save(site, state="arranged")
    await site.act(asked, "details", access_needs=["bsl"], access_note="ASL instead", name="Ann A")
    assert (await stored(site)).state == "arranged"


@on_sqlite
@pytest.mark.parametrize(
    ("typed", "status", "said"),
    [
        ({"state": "confirmed"}, 422, "Choose one of the next steps"),
        ({"state": "done"}, 422, "Choose one of the next steps"),
        ({"owner": "organiser@example.org"}, 422, "Choose an owner from the list"),
        ({"due_on": "soon"}, 422, "Enter a date like"),
        ({"csrf_token": "stale", "answer": "Kept"}, 403, "What you typed is kept"),
    ],
)
async def test_faulty_form_changes_nothing(site: Site, typed: dict[str, str], status: int, said: str) -> None:
    answer = await save(site, **typed)
    assert answer.status_code == status
    assert said in Page(answer).words
    assert (await stored(site)).state == "asked"
    assert await facts_of(site, "NeedMoved") == []


async def test_owner_is_reminded_every_morning_from_two_days_before_it_is_due(site: Site) -> None:
    await sign_in(site, "access")
    await save(site, owner="access@example.org", due_on="2027-02-10")
    told = []
    for _ in range(9):
        told.append([message for message in await site.mail() if "access need" in message["Subject"]])
        site.pass_time(timedelta(days=1))
    assert [len(each) for each in told] == [0, 0, 0, 0, 0, 1, 1, 1, 1]
    message = told[5][0]
    assert message["To"].addresses[0].addr_spec == "access@example.org"
    assert f"http://engage.example.org{HERE}" in text_of(message)
    assert "Ann" not in str(message)
    assert "interpreter" not in str(message)
    assert await site.mail() != []
    await sign_in(site, "access")
    await save(site, state="arranged", due_on="2027-02-10")
    await save(site, state="confirmed", due_on="2027-02-10")
    site.pass_time(timedelta(days=1))
    assert [each["To"].addresses[0].addr_spec for each in await site.mail()] == ["ann@example.net"]


async def test_nobody_owns_it_so_all_who_arrange_needs_are_reminded(site: Site) -> None:
    site.pass_time(timedelta(days=17))
    subjects = [(each["To"].addresses[0].addr_spec, each["Subject"]) for each in await site.mail()]
    assert ("access@example.org", "1 access need to deal with: Reviews Team open evening") in subjects
    assert len(await site.mail()) == 0


async def test_needs_stand_in_no_page_of_others_and_name_nobody_in_the_journal(site: Site) -> None:
    await save(site, state="refused", answer="Nobody is free.")
    await site.mail()
    async with site.database.reading() as session:
        (entry,) = await session.scalars(select(JournalEntry).where(JournalEntry.kind == "NeedMoved"))
    assert entry.stream == "access_need:1"
    assert entry.actor.startswith("staff:")
    assert entry.details == {"open_evening_id": 1, "need_id": 1, "state": "refused"}
    for role in ("organiser", "admin"):
        await sign_in(site, role)
        for path in (HERE, NEED, "/console/needs"):
            assert (await site.browser.get(path)).status_code == 404
        words = (await site.open("/console/registrations/1")).words
        assert "what you need" not in words
        assert "BSL" not in words


async def test_what_was_needed_and_told_is_forgotten_two_weeks_after_the_evening(site: Site) -> None:
    await save(site, state="refused", answer="Nobody is free.")
    await site.mail()
    over = site.now + timedelta(days=36)
    await purge(site.database, site.worker._unit_of_work, over, site.settings.zone)
    dump = await site.dump()
    assert dump["access_need"] == []
    assert not [row for row in dump["outbox_message"] if "NeedAnswered" in row]
    assert [row for row in dump["outbox_message"] if "PlaceConfirmed" in row]


@on_sqlite
async def test_list_of_evenings_leads_there_and_what_is_gone_is_said_to_be_gone(site: Site, asked: str) -> None:
    page = await site.open("/console/needs")
    assert "1 need is left to deal with" in page.words
    assert HERE in page.links
    form = (await site.open(NEED)).form("/needs/1")
    await site.act(asked, "cancel")
    assert "0 needs are left" in (await site.open("/console/needs")).words
    for answer in (await site.send(form, state="arranged"), await site.browser.get(f"{HERE}/{10**30}")):
        assert answer.status_code == 404
        assert "This need is not there any more" in Page(answer).words
