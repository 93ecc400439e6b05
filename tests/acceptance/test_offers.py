"""A freed place is offered to the first in line before anybody else can have it."""

from datetime import timedelta

from tests.site import Page, Site, text_of


async def full(site: Site, *emails: str) -> list[str]:
    """The links of those people, in their order, for the sitting of one place."""
    return [await site.joined(email, "sitting-1") for email in emails]


async def statuses(site: Site, *links: str) -> list[tuple[str, int | None]]:
    found = [await site.json(link) for link in links]
    return [(shown["status"], shown["position"]) for shown in found]


async def test_cancelled_place_is_offered_to_the_first_in_line_at_once(site: Site) -> None:
    first, second, third = await full(site, "1@example.net", "2@example.net", "3@example.net")
    assert await statuses(site, first, second, third) == [("confirmed", None), ("waiting", 1), ("waiting", 2)]
    await site.act(first, "cancel")
    assert await statuses(site, first, second, third) == [("cancelled", None), ("offered", None), ("waiting", 1)]
    shown = await site.json(second)
    assert shown["offer_expires_at"] == "2027-02-04T12:00:00Z"
    assert (shown["slot"]["seats_left"], shown["slot"]["waiting"]) == (0, 1)


async def test_offer_is_told_with_its_end_and_taken_with_one_button(site: Site) -> None:
    first, second = await full(site, "1@example.net", "2@example.net")
    await site.act(first, "cancel")
    offer = next(message for message in await site.mail() if message["Subject"].startswith("Take your place"))
    assert offer["To"].addresses[0].addr_spec == "2@example.net"
    assert "4 February 2027" in text_of(offer)
    assert (await site.act(second, "take")).status_code == 303
    assert await statuses(site, second) == [("confirmed", None)]
    (message,) = await site.mail()
    assert "METHOD:REQUEST" in text_of(message, "calendar")


async def test_newcomer_overtakes_nobody(site: Site) -> None:
    first, second = await full(site, "1@example.net", "2@example.net")
    await site.act(first, "cancel")
    (third,) = await full(site, "3@example.net")
    assert await statuses(site, second, third) == [("offered", None), ("waiting", 1)]
    assert (await site.act(second, "take")).status_code == 303
    assert await statuses(site, second, third) == [("confirmed", None), ("waiting", 1)]


async def test_lapsed_offer_passes_on_when_the_worker_acts_at_its_end(site: Site) -> None:
    first, second, third = await full(site, "1@example.net", "2@example.net", "3@example.net")
    await site.act(first, "cancel")
    await site.mail()
    take = (await site.open(second)).form("/take")
    site.pass_time(timedelta(hours=23, minutes=59))
    assert await site.mail() == []
    site.pass_time(timedelta(minutes=1))
    late = await site.send(take)
    assert late.status_code == 409
    assert "lapses" in Page(late).words
    subjects = {message["To"].addresses[0].addr_spec: message["Subject"] for message in await site.mail()}
    assert subjects["2@example.net"].startswith("The place we held for you has passed on")
    assert subjects["3@example.net"].startswith("Take your place")
    assert await statuses(site, second, third) == [("lapsed", None), ("offered", None)]


async def test_lapsed_person_can_join_the_end_of_the_line_again(site: Site) -> None:
    first, second, _ = await full(site, "1@example.net", "2@example.net", "3@example.net")
    await site.act(first, "cancel")
    site.pass_time(timedelta(days=1))
    await site.mail()
    assert (await site.act(second, "change", slot="sitting-1")).status_code == 303
    assert await statuses(site, second) == [("waiting", 1)]


async def test_offer_is_not_lost_by_asking_for_another_full_sitting(site: Site) -> None:
    for email in ("a@example.net", "b@example.net"):
        await site.joined(email, "sitting-0")
    first, second = await full(site, "1@example.net", "2@example.net")
    await site.act(first, "cancel")
    refused = Page(await site.act(second, "change", slot="sitting-0"))
    assert refused.status == 409
    assert "Take the place offered to you first" in refused.words
    assert await statuses(site, second) == [("offered", None)]


async def test_refusing_address_gives_its_place_to_the_next(site: Site) -> None:
    site.relay.refuse("gone@example.net", "550 5.1.1 No such user")
    await site.register("gone@example.net", "sitting-1")
    await site.register("next@example.net", "sitting-1")
    received = await site.mail()
    assert {message["To"].addresses[0].addr_spec for message in received} == {"next@example.net"}
    assert received[-1]["Subject"].startswith("Take your place")
    evening = await site.json("/open-evenings/reviews-team")
    assert (evening["slots"][1]["seats_left"], evening["slots"][1]["waiting"]) == (0, 0)
