"""The doors in browsers: without a network, with two doors, a killed browser and a camera."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from tests.browser.conftest import Visit
from tests.browser.doors import HERE, PATIENCE, Device, Evening, OwnChromium, evening_of, film_of

pytestmark = pytest.mark.browser

SHORT, LONG = 60, 500
SIZES = [SHORT, pytest.param(LONG, marks=[pytest.mark.prove, pytest.mark.timeout(900)])]


@pytest.fixture
async def evening(request: pytest.FixtureRequest, sqlite_template: Path, tmp_path: Path) -> AsyncIterator[Evening]:
    """A served evening of as many people as the test asks for."""
    async with evening_of(getattr(request, "param", 5), sqlite_template, tmp_path) as evening:
        yield evening


@pytest.fixture
async def doors(evening: Evening, chromium: Browser) -> AsyncIterator[tuple[Device, Device]]:
    """Two browsers at two doors, ready to work without a network."""
    contexts = [await chromium.new_context(viewport={"width": 390, "height": 800}) for _ in range(2)]
    devices = []
    for number, context in enumerate(contexts, start=1):
        await evening.sign_in(context)
        device = Device(await context.new_page(), evening)
        await device.open()
        await device.page.get_by_label("Number of this door").fill(str(number))
        await device.page.get_by_label("Ticket, code or name").focus()
        devices.append(device)
    yield devices[0], devices[1]
    for context in contexts:
        await context.close()


@pytest.mark.parametrize("evening", SIZES, indirect=True)
async def test_two_doors_without_a_network_lose_nobody_and_list_every_conflict(
    evening: Evening, doors: tuple[Device, Device]
) -> None:
    total = len(evening.tickets)
    first, second = range(total * 6 // 10), range(total * 4 // 10, total)
    for device in doors:
        await device.page.context.set_offline(True)
    for device, numbers in zip(doors, (first, second), strict=True):
        middle = numbers[len(numbers) // 2]
        await device.let_in(*range(numbers.start, middle))
        await device.page.reload()
        await device.is_pending(middle - numbers.start)
        await device.let_in(*range(middle, numbers.stop))
    assert await evening.admissions() == []
    for device in doors:
        await device.page.context.set_offline(False)
        await device.is_pending(0)
    both = {f"Person {number}" for number in set(first) & set(second)}
    for device in doors:
        await expect(device.page.locator("[data-used-twice] li")).to_have_count(len(both), timeout=PATIENCE)
        assert set(await device.listed_twice()) == both
    assert await evening.attended() == total
    assert len(await evening.admissions()) == len(first) + len(second)


@pytest.mark.parametrize("evening", SIZES, indirect=True)
async def test_killed_browser_loses_nobody_who_was_shown_as_in(evening: Evening, tmp_path: Path) -> None:
    total = len(evening.tickets)
    browser = OwnChromium(tmp_path / "profile")
    async with browser.run() as context:
        await evening.sign_in(context)
        device = Device(await context.new_page(), evening)
        await device.open()
        await evening.server.stop()
        await device.let_in(*range(total // 2))
        browser.kill()
    async with browser.run() as context:
        device = Device(await context.new_page(), evening)
        await device.page.goto(evening.server.url + HERE)
        await device.is_pending(total // 2)
        await device.scan(evening.tickets[0])
        await expect(device.verdict).to_contain_text("Used already: Person 0")
        await device.let_in(*range(total // 2, total))
        await evening.sign_in(context)
        await evening.server.start()
        await device.is_pending(0)
    assert await evening.attended() == total
    assert len(await evening.admissions()) == total


async def test_undoing_walk_ins_and_names_work_without_a_network(
    evening: Evening, doors: tuple[Device, Device]
) -> None:
    device, _ = doors
    await device.page.context.set_offline(True)
    await device.let_in(0)
    await device.scan("PERS 1")
    await device.page.get_by_role("button", name="Check in Person 1").click()
    await expect(device.verdict).to_contain_text("In: Person 1")
    await device.scan("abcd-yyy2")
    await expect(device.verdict).to_contain_text("In: Person 2")
    await device.page.get_by_role("button", name="Count a walk-in").click()
    await expect(device.verdict).to_contain_text("In: a walk-in")
    await expect(device.verdict).to_contain_text("the room holds 5, 5 are booked, and there is 1 walk-in.")
    await device.page.get_by_role("button", name="Undo Person 0").click()
    await expect(device.verdict).to_contain_text("Undone")
    await device.page.get_by_label("Sitting that goes in now").select_option("sitting-1")
    await device.scan(evening.tickets[3])
    await expect(device.verdict).to_contain_text("Another sitting: Person 3")
    await device.page.get_by_role("button", name="Let them in all the same").click()
    await expect(device.verdict).to_contain_text("In: Person 3")
    await device.scan("ENGAGE:" + "A" * 39)
    await expect(device.verdict).to_contain_text("Not on this device’s list")
    await expect(device.page.locator("[data-in]").first).to_have_text("3")
    await expect(device.page.locator("[data-walked]").first).to_have_text("1")
    await device.page.context.set_offline(False)
    await device.is_pending(0)
    assert await evening.attended() == 3
    assert [each.registration_id for each in await evening.admissions() if each.undone_at is None].count(None) == 1


async def test_doors_with_a_network_hear_of_each_other_before_anybody_is_let_in_twice(
    evening: Evening, doors: tuple[Device, Device]
) -> None:
    first, second = doors
    await first.let_in(3)
    await first.is_pending(0)
    await second.scan(evening.tickets[3])
    await expect(second.verdict).to_contain_text("Used already: Person 3")
    await expect(second.verdict).to_contain_text("at door 1")
    await second.scan("ENGAGE:" + "A" * 39)
    await expect(second.verdict).to_contain_text("Not a ticket of ours")
    assert len(await evening.admissions()) == 1


async def test_device_forgets_names_at_sign_out_and_keeps_what_was_not_sent(
    evening: Evening, doors: tuple[Device, Device]
) -> None:
    device, _ = doors
    assert "Person 4" in await device.held()
    await device.page.context.set_offline(True)
    await device.let_in(4)
    await device.page.route("**/join", lambda route: route.abort())
    await device.page.context.set_offline(False)
    await device.page.get_by_role("button", name="Sign out").click()
    await device.page.wait_for_url(f"{evening.server.url}/")
    held = await device.held()
    assert "Person" not in held
    assert held.count('"act":"in"') == 1
    await device.page.unroute("**/join")
    await evening.sign_in(device.page.context, await evening.new_session())
    await device.open()
    await device.is_pending(0)
    assert await evening.attended() == 1


async def test_device_forgets_names_in_the_night(evening: Evening, doors: tuple[Device, Device]) -> None:
    device, _ = doors
    await device.page.context.set_offline(True)
    await device.let_in(1)
    await device.page.clock.set_fixed_time(datetime.now(UTC) + timedelta(days=1, hours=1))
    state = device.page.locator("[data-state]")
    await expect(state).to_contain_text("The list is not on this device", timeout=PATIENCE)
    held = await device.held()
    assert "Person" not in held
    assert held.count('"act":"in"') == 1


async def test_camera_reads_the_ticket_page_with_the_decoder_that_is_shipped(
    evening: Evening, chromium: Browser, tmp_path: Path
) -> None:
    page = await chromium.new_page()
    await page.goto(evening.server.url + evening.ticket_page(2))
    film = tmp_path / "ticket.y4m"
    await asyncio.to_thread(film.write_bytes, await film_of(page))
    await page.close()
    camera = f"--use-file-for-fake-video-capture={film}"
    flags = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", camera)
    async with OwnChromium(tmp_path / "profile", *flags).run() as context:
        await evening.sign_in(context)
        device = Device(await context.new_page(), evening)
        await device.open()
        assert await device.page.evaluate("'BarcodeDetector' in window") is False
        await device.page.get_by_role("button", name="Scan with the camera").click()
        await expect(device.verdict).to_contain_text("In: Person 2", timeout=PATIENCE)
    assert await evening.attended() == 1


async def test_door_is_accessible_and_fits(visit: Visit) -> None:
    await visit.sign_in("Door")
    for path in ("/console/doors", HERE, f"{HERE}/print"):
        assert await visit.go(path) == 200
        await visit.check()
    await visit.go(HERE)
    root = visit.page.locator("[data-doors]")
    await expect(root).to_have_attribute("data-kept", "yes", timeout=PATIENCE)
    field = visit.page.get_by_label("Ticket, code or name")
    for typed, expected in (("a", "Who is it?"), ("ENGAGE:A", "Not a ticket of ours")):
        await field.fill(typed)
        await visit.page.keyboard.press("Enter")
        await expect(root).to_contain_text(expected)
        await visit.check()
    await field.fill("a")
    await visit.page.keyboard.press("Enter")
    await visit.page.get_by_role("button", name="Check in ").first.press("Enter")
    await expect(root).to_contain_text("Let in last")
    await visit.check()
    assert [each for each in visit.complaints if "422" not in each] == []


async def test_verdicts_of_the_form_alone_are_accessible_and_fit(visit: Visit) -> None:
    await visit.page.route("**/doors.js*", lambda route: route.abort())
    await visit.sign_in("Door")
    for typed, expected in (("", "There is a problem"), ("e", "Who is it?"), ("ENGAGE:A", "Not a ticket of ours")):
        await visit.go(HERE)
        await visit.page.get_by_label("Ticket, code or name").fill(typed)
        await visit.page.keyboard.press("Enter")
        await expect(visit.page.locator("[data-doors]")).to_contain_text(expected)
        await visit.check()


async def test_door_works_by_form_alone(plain_visit: Visit) -> None:
    await plain_visit.sign_in("Door")
    await plain_visit.go(HERE)
    await plain_visit.page.get_by_label("Ticket, code or name").fill("e")
    await plain_visit.page.keyboard.press("Enter")
    await expect(plain_visit.page.locator("[data-found]")).to_contain_text("Who is it?")
    await plain_visit.page.get_by_role("button", name="Check in ").first.click()
    await expect(plain_visit.page.locator("[data-verdict]")).to_contain_text("In: ")
    await plain_visit.page.get_by_role("button", name="Undo").first.click()
    await expect(plain_visit.page.locator("[data-verdict]")).to_contain_text("Undone")
