"""What the holder of a registration's link can do, and what the mail then says."""

from email.message import EmailMessage

import icalendar

from tests import libical
from tests.site import Page, Site, Typed, link_in, text_of


def entry_of(message: EmailMessage) -> tuple[str, str, int]:
    """METHOD, UID and SEQUENCE of the calendar part, which both parsers take."""
    content = text_of(message, "calendar")
    calendar = icalendar.Calendar.from_ical(content)
    (event,) = calendar.events
    assert not event.errors
    assert not libical.parse(content.encode()).faults()
    return str(calendar["METHOD"]), str(event["UID"]), int(event.sequence)


def key_of(shown: dict[str, dict[str, str]]) -> str:
    return shown["slot"]["key"]


async def placed(site: Site, slot: str = "sitting-0", **typed: str) -> tuple[str, EmailMessage]:
    await site.register("zoe@example.net", slot, **typed)
    (message,) = await site.mail()
    return link_in(message), message


async def test_free_sitting_is_changed_at_once_under_the_same_uid(site: Site) -> None:
    link, first = await placed(site)
    answer = await site.act(link, "change", slot="sitting-1")
    assert (answer.status_code, answer.headers["location"]) == (303, f"{link}?done=change")
    assert "Your sitting is as you asked" in (await site.open(answer.headers["location"])).words
    shown = await site.json(link)
    assert (shown["status"], key_of(shown)) == ("confirmed", "sitting-1")
    assert [slot["seats_left"] for slot in shown["open_evening"]["slots"]] == [2, 0]
    (second,) = await site.mail()
    method, uid, sequence = entry_of(first)
    assert entry_of(second) == (method, uid, sequence + 1)
    assert "20270224T190000" in text_of(second, "calendar")
    assert first["Message-ID"] != second["Message-ID"]


async def test_full_sitting_is_wished_for_without_giving_up_the_place(site: Site) -> None:
    other = await site.joined("other@example.net", "sitting-1")
    link, first = await placed(site)
    assert (await site.act(link, "change", slot="sitting-1")).status_code == 303
    shown = await site.json(link)
    assert (shown["status"], key_of(shown), shown["position"]) == ("confirmed", "sitting-0", None)
    assert set(shown["wish"]) == {"slot", "position", "offer_expires_at"}
    assert (key_of(shown["wish"]), shown["wish"]["position"], shown["wish"]["offer_expires_at"]) == (
        "sitting-1",
        1,
        None,
    )
    await site.act(other, "cancel")
    shown = await site.json(link)
    assert (key_of(shown), key_of(shown["wish"]), shown["wish"]["position"]) == ("sitting-0", "sitting-1", None)
    assert shown["wish"]["offer_expires_at"] == "2027-02-04T12:00:00Z"
    assert (await site.act(link, "take")).status_code == 303
    shown = await site.json(link)
    assert (shown["status"], key_of(shown), shown["wish"]) == ("confirmed", "sitting-1", None)
    assert [slot["seats_left"] for slot in shown["open_evening"]["slots"]] == [2, 0]
    last = [message for message in await site.mail() if message["To"].addresses[0].addr_spec == "zoe@example.net"][-1]
    assert entry_of(last) == ("REQUEST", entry_of(first)[1], 1)


async def test_wish_is_dropped_by_staying(site: Site) -> None:
    await site.joined("other@example.net", "sitting-1")
    link, _ = await placed(site)
    await site.act(link, "change", slot="sitting-1")
    page = await site.open(link)
    stay = next(form for form in page.forms if ("slot", "sitting-0") in form.fields)
    assert (await site.send(stay)).status_code == 303
    assert (await site.json(link))["wish"] is None


async def test_cancelling_ends_the_entry_and_registering_again_revives_it(site: Site) -> None:
    link, first = await placed(site)
    assert (await site.act(link, "cancel")).status_code == 303
    shown = await site.json(link)
    assert shown["status"] == "cancelled"
    assert shown["open_evening"]["slots"][0]["seats_left"] == 2
    (second,) = await site.mail()
    await site.register("Zoe@example.net", "sitting-1")
    (third,) = await site.mail()
    uid = entry_of(first)[1]
    assert [entry_of(each) for each in (first, second, third)] == [
        ("REQUEST", uid, 0),
        ("CANCEL", uid, 1),
        ("REQUEST", uid, 2),
    ]
    assert link_in(third) == link
    assert (await site.json(link))["status"] == "confirmed"


async def test_cancelled_registration_is_taken_up_again_from_its_page(site: Site) -> None:
    link, first = await placed(site)
    await site.act(link, "cancel")
    await site.mail()
    assert (await site.act(link, "change", slot="sitting-0")).status_code == 303
    (again,) = await site.mail()
    assert entry_of(again) == ("REQUEST", entry_of(first)[1], 2)


async def test_reminders_go_on_after_cancelling_unless_they_are_stopped(site: Site) -> None:
    cases: list[tuple[str, dict[str, Typed], str]] = [
        ("a@example.net", {}, "Yes, before posts close"),
        ("b@example.net", {"reminders": "stop"}, "No"),
    ]
    for email, typed, says in cases:
        link = await site.joined(email, deadline_reminders="yes", vacancies=["caseworker"])
        assert (await site.act(link, "cancel", **typed)).status_code == 303
        assert f"Reminders {says}" in (await site.open(link)).words


async def test_cancelling_twice_tells_once(site: Site) -> None:
    link, _ = await placed(site)
    form = (await site.open(link)).form("/cancel")
    assert [(await site.send(form)).status_code for _ in range(2)] == [303, 303]
    assert len(await site.mail()) == 1


async def test_saying_yes_keeps_the_place_and_saying_no_gives_it_up(site: Site) -> None:
    link, _ = await placed(site)
    assert (await site.act(link, "coming", coming="yes")).status_code == 303
    assert "You told us that you are coming" in (await site.open(link)).words
    assert (await site.json(link))["status"] == "confirmed"
    assert await site.mail() == []
    assert (await site.act(link, "coming", coming="no")).status_code == 303
    assert (await site.json(link))["status"] == "cancelled"
    (message,) = await site.mail()
    assert entry_of(message)[0] == "CANCEL"


async def test_applied_is_noted_for_the_one_post(site: Site) -> None:
    link, _ = await placed(site, vacancies="caseworker", deadline_reminders="yes")
    form = (await site.open(link)).form("/applied")
    assert (await site.send(form)).status_code == 303
    page = await site.open(link)
    assert "You get no more reminders of this post" in page.words
    assert not [each for each in page.forms if each.action.endswith("/applied")]
    assert (await site.send(form, vacancy="astronaut")).status_code == 404


async def test_details_are_corrected_and_a_companion_needs_a_place(site: Site) -> None:
    link, _ = await placed(site)
    typed: dict[str, Typed] = {"name": "Zoë", "companion": "yes", "access_needs": ["hearing_loop"], "access_note": ""}
    assert (await site.act(link, "details", **typed)).status_code == 303
    page = await site.open(link)
    assert "2: you and your companion" in page.words
    assert page.form("/details").filled()["name"] == ["Zoë"]
    assert (await site.json(link))["slot"]["seats_left"] == 0
    late = await site.joined("late@example.net", "sitting-1")
    refused = Page(await site.act(late, "details", name="Late", companion="yes"))
    assert refused.status == 409
    assert "no free place for a companion" in refused.words
    assert refused.form("/details").filled()["companion"] == ["yes"], "what was typed is kept"
    assert (await site.json(late))["slot"]["seats_left"] == 0


async def test_wrong_details_keep_what_was_typed(site: Site) -> None:
    link, _ = await placed(site)
    refused = Page(await site.act(link, "details", name="", access_note="kept"))
    assert refused.status == 422
    assert "#name" in refused.links
    assert refused.form("/details").filled()["access_note"] == ["kept"]


async def test_downloaded_invitation_is_the_entry_of_the_last_message(site: Site) -> None:
    link, _ = await placed(site)
    await site.act(link, "change", slot="sitting-1")
    (last,) = await site.mail()
    answer = await site.browser.get(f"{link}/invite.ics")
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    (event,) = icalendar.Calendar.from_ical(answer.text).events
    assert (str(event["UID"]), int(event.sequence)) == entry_of(last)[1:]
    assert not libical.parse(answer.content).faults()
    await site.act(link, "cancel")
    assert (await site.browser.get(f"{link}/invite.ics")).status_code == 409


async def test_ticket_shows_the_code_of_the_mail_beside_a_qr_code(site: Site) -> None:
    link, message = await placed(site)
    ticket = await site.open(f"{link}/ticket")
    code = next(word for word in ticket.words.split() if len(word) == 8 and word.isupper() and word in text_of(message))
    assert "<svg" in ticket.response.text
    assert code in (await site.open(link)).words
    await site.act(link, "cancel")
    assert (await site.open(f"{link}/ticket")).status == 409


async def test_unsubscribing_takes_a_post_and_no_token(site: Site) -> None:
    await site.register("far@example.net", "none", vacancies=["caseworker"], deadline_reminders="yes")
    (message,) = await site.mail()
    link, stop = link_in(message), message["List-Unsubscribe"].strip("<>").removeprefix("http://engage.example.org")
    assert "Stop the reminders" in (await site.open(stop)).words
    assert "Reminders Yes" in (await site.open(link)).words
    site.browser.cookies.clear()
    answer = await site.browser.post(stop, data={"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    assert "Reminders No" in (await site.open(link)).words
    assert (await site.browser.post(stop)).status_code == 200, "once more does no harm"
