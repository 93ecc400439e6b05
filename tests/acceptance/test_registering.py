"""From the form to the message in the reader's hands, and back by the link in it."""

from datetime import UTC, datetime

import icalendar

from tests import libical
from tests.site import JSON, Page, Site, link_in, text_of

STARTS_AT = datetime(2027, 2, 24, 18, 0, tzinfo=UTC)
SLOT = {
    "key": "sitting-0",
    "title": None,
    "starts_at": "2027-02-24T18:00:00Z",
    "ends_at": "2027-02-24T18:50:00Z",
    "capacity": 2,
}
EVENING_KEYS = {"slug", "title", "status", "summary", "venue", "address", "registration_closes_at", "slots"}


async def test_form_leads_to_a_receipt_that_shows_what_happened(site: Site) -> None:
    answer = await site.register("zoe@example.net")
    assert answer.status_code == 303
    receipt = await site.open(answer.headers["location"])
    assert receipt.response.url.path.startswith("/receipts/")
    assert "Your place is confirmed" in receipt.words
    assert "zoe@example.net" in receipt.words
    assert not any("/registrations/" in link for link in receipt.links), "control comes only by mail"
    shown = await site.json(answer.headers["location"])
    assert set(shown) == {"status", "slot", "position", "open_evening"}
    assert (shown["status"], shown["position"]) == ("confirmed", None)
    assert shown["slot"] == SLOT | {"seats_left": 1, "waiting": 0}
    assert set(shown["open_evening"]) == EVENING_KEYS


async def test_message_of_a_place_carries_one_entry_that_both_parsers_read_alike(site: Site) -> None:
    await site.register("zoe@example.net", name="Zoë O'Neil")
    (message,) = await site.mail()
    assert str(message["To"]) == "Zoë O'Neil <zoe@example.net>"
    assert (message["Auto-Submitted"], message["From"].addresses[0].addr_spec) == (
        "auto-generated",
        "evenings@example.org",
    )
    (part,) = [each for each in message.walk() if each.get_content_type() == "text/calendar"]
    assert part.get_param("method") == "REQUEST"
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    (event,) = icalendar.Calendar.from_ical(content).events
    assert not event.errors
    assert (event.start, event.sequence, event["CLASS"]) == (STARTS_AT, 0, "PRIVATE")
    other = libical.parse(content)
    assert not other.faults()
    (entry,) = other.parts("VEVENT")
    assert entry.only("UID").value == event["UID"]
    assert entry.only("DTSTART").instant == STARTS_AT
    assert entry.only("ATTENDEE").parameters["CN"] == "Zoë O'Neil"
    assert "/registrations/" not in content.decode(), "calendars are shared: the link stands in the mail alone"


async def test_link_in_the_mail_opens_the_page_of_the_registration(site: Site) -> None:
    await site.register(
        "zoe@example.net", companion="yes", access_needs=["bsl", "step_free"], access_note="Front row, please"
    )
    (message,) = await site.mail()
    link = link_in(message)
    assert f'href="http://engage.example.org{link}"' in text_of(message, "html")
    own = await site.open(link)
    assert "Your place is confirmed" in own.words
    assert "2: you and your companion" in own.words
    kept = own.form("/details").filled()
    assert (kept["companion"], kept["access_needs"]) == (["yes"], ["step_free", "bsl"])
    assert kept["access_note"] == ["Front row, please"]
    shown = await site.json(link)
    assert set(shown) == {"status", "slot", "position", "offer_expires_at", "wish", "open_evening"}
    assert shown["status"] == "confirmed"
    assert shown["slot"] == SLOT | {"seats_left": 0, "waiting": 0}
    assert shown["position"] is shown["offer_expires_at"] is shown["wish"] is None


async def test_full_sitting_gives_a_position_in_its_queue(site: Site) -> None:
    await site.joined("first@example.net", "sitting-1")
    answer = await site.register("second@example.net", "sitting-1")
    receipt = await site.json(answer.headers["location"])
    assert (receipt["status"], receipt["position"]) == ("waiting", 1)
    assert "You are number 1" in (await site.open(answer.headers["location"])).words
    (message,) = await site.mail()
    assert not any(part.get_content_type() == "text/calendar" for part in message.walk())
    shown = await site.json(link_in(message))
    assert (shown["status"], shown["position"], shown["wish"]) == ("waiting", 1, None)
    assert shown["slot"]["waiting"] == 1


async def test_who_cannot_come_gets_materials_and_takes_no_place(site: Site) -> None:
    answer = await site.register("far@example.net", "none", vacancies=["caseworker"], deadline_reminders="yes")
    receipt = await site.json(answer.headers["location"])
    assert (receipt["status"], receipt["slot"], receipt["position"]) == ("subscribed", None, None)
    (message,) = await site.mail()
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    shown = await site.json(link_in(message))
    assert (shown["status"], shown["slot"]) == ("subscribed", None)
    assert [slot["seats_left"] for slot in shown["open_evening"]["slots"]] == [2, 1]


async def test_list_and_evening_answer_machines_as_promised(site: Site) -> None:
    (listed,) = (await site.json("/open-evenings"))["open_evenings"]
    assert set(listed) == EVENING_KEYS
    evening = await site.json("/open-evenings/reviews-team")
    assert set(evening) == EVENING_KEYS | {"vacancies"}
    assert evening["slots"][0] == SLOT | {"seats_left": 2, "waiting": 0}
    assert evening["vacancies"][0]["closes_at"] == "2027-03-14T23:59:00Z"
    refused = await site.browser.get("/open-evenings/nowhere", headers=JSON)
    assert (refused.status_code, set(refused.json())) == (404, {"error"})


async def test_own_link_is_sent_again_and_the_answer_is_the_same_for_strangers(site: Site) -> None:
    link = await site.joined("zoe@example.net")
    answers = []
    for email in ("ZOE@example.net", "stranger@example.net"):
        form = (await site.open("/open-evenings/reviews-team/send-my-link")).form("/send-my-link")
        answer = await site.send(form, email=email)
        answers.append((answer.status_code, Page(answer).words, sorted(answer.headers)))
    assert answers[0] == answers[1]
    assert answers[0][0] == 200
    (message,) = await site.mail()
    assert message["To"].addresses[0].addr_spec == "zoe@example.net"
    assert link_in(message) == link
