"""Tonight: what is shown on reload, who may see it, and the lists to print."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from engage.events.console.tonight import figures
from engage.events.models import Registration
from tests.reading import sign_in
from tests.site import Site, on_sqlite

HERE = "/console/evenings/reviews-team/tonight"


async def filled(site: Site) -> None:
    """One with a companion is in, one waits, one cannot come; a day later two more come, of whom one cancelled."""
    await site.register("ann@example.net", name="Ann Àdeyemi", companion="yes", access_needs=["bsl", "step_free"])
    await site.register("bob@example.net", name="Bob Wait", access_needs=["bsl"])
    await site.register("eve@example.net", "none")
    site.pass_time(timedelta(days=2))
    await site.register("zoe@example.net", "sitting-1", name="Zoe Other")
    link = await site.joined("kim@example.net", access_needs=["large_print"])
    await site.act(link, "cancel")
    async with site.database.writing() as session:
        ann = Registration.email_key == "ann@example.net"
        await session.execute(update(Registration).where(ann).values(status="attended"))


async def test_figures_count_people_of_each_sitting_and_needs(site: Site) -> None:
    await filled(site)
    await sign_in(site, "organiser")
    words = (await site.open(HERE)).words
    assert "2 people are in." in words
    assert "Booked 2 of 2 Waiting 1 Offered 0 In 2" in words
    assert "Booked 1 of 1 Waiting 0 Offered 0 In 0" in words
    assert "British Sign Language interpreter: 2" in words
    assert "Step-free access: 1" in words
    assert "Large print" not in words
    assert "Wednesday 3 February 2027 3 Thursday 4 February 2027 0 Friday 5 February 2027 2" in words


async def test_empty_evening_has_a_picture_too(site: Site) -> None:
    await sign_in(site, "door")
    words = (await site.open(HERE)).words
    assert "0 people are in." in words
    assert "Nobody has registered yet." in words
    assert "Nobody is in." in (await site.open(f"{HERE}/roll-call")).words


async def test_reception_has_who_is_booked_and_the_warden_who_is_in(site: Site) -> None:
    await filled(site)
    await sign_in(site, "door")
    reception = (await site.open(f"{HERE}/visitors/sitting-0")).words
    assert "Ann Àdeyemi and a companion" in reception
    assert "Bob Wait" not in reception
    roll_call = (await site.open(f"{HERE}/roll-call")).words
    assert "2 people checked in" in roll_call
    assert "Ann Àdeyemi" in roll_call
    assert "Zoe Other" not in roll_call


async def test_stream_gives_the_figures_of_the_page(site: Site) -> None:
    await filled(site)
    await sign_in(site, "door")
    answer = await site.browser.get(f"{HERE}/events")
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["cache-control"] == "no-store"
    assert "2 people are in." in answer.text
    assert all(line.startswith(("data: ", "retry: ", ":")) for line in answer.text.splitlines() if line)
    assert "Ann" not in answer.text


@on_sqlite
@pytest.mark.parametrize("path", ["", "/events", "/visitors/sitting-0", "/roll-call"])
async def test_tonight_is_for_organisers_and_the_door(site: Site, path: str) -> None:
    for role, status in (("organiser", 200), ("admin", 200), ("door", 200), ("access", 404), ("workforce", 404)):
        await sign_in(site, role)
        assert (await site.browser.get(HERE + path)).status_code == status
    site.browser.cookies.clear()
    assert (await site.browser.get(HERE + path)).status_code == 303


@pytest.mark.parametrize("role", ["organiser", "door"])
async def test_lists_of_names_and_figures_of_who_came_close_at_noon_of_the_day_after(site: Site, role: str) -> None:
    await filled(site)
    async with site.database.writing() as session:
        await session.execute(update(Registration).where(Registration.name == "Zoe Other").values(status="attended"))
    names = (f"{HERE}/visitors/sitting-0", f"{HERE}/roll-call", "/console/doors/reviews-team/print")
    site.now = datetime(2027, 2, 25, 11, 59, tzinfo=UTC)
    await sign_in(site, role)
    for path in names:
        page = await site.open(path)
        assert page.status == 200
        if "print" not in path:
            assert "closes at midday on Thursday 25 February 2027 and is then seen by nobody" in page.words
    assert " In " in (await site.open(HERE)).words
    site.pass_time(timedelta(minutes=1))
    for path in names:
        page = await site.open(path)
        assert page.status == 409
        assert "were closed at midday on Thursday 25 February 2027" in page.words
        assert not [name for name in ("Ann", "Zoe") if name in page.words]
    over = await site.open(HERE)
    assert "are no record of who came" in over.words
    assert " In " not in over.words
    assert "1 person is in" not in over.words
    assert not [link for link in over.links if "roll-call" in link or "visitors" in link]
    assert (await site.browser.get(f"{HERE}/events")).status_code == 409
    assert " In " not in (await figures(site.app.state.site, 1) or "")
