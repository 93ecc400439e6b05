"""Signing in by a mailed link: once, within 15 minutes, with a button, and telling nobody who may."""

import re
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import func, select

from engage.notify.models import CaughtMessage, OutboxMessage
from engage.people.models import SignInLink, SignInSession, Staff
from engage.people.roles import grant, revoke
from engage.people.sessions import MOST_LINKS, SESSION_KEPT
from engage.settings import Settings
from tests.site import Page, Site, link_in, on_sqlite, running

EMAIL = "organiser@example.org"


async def give(site: Site, *roles: str, email: str = EMAIL) -> None:
    await site.app.state.site.unit_of_work.run(partial(grant, email=email, roles=roles, now=site.now))


async def ask(site: Site, email: str = EMAIL, path: str = "/sign-in") -> Page:
    """Ask for a link on the sign-in page."""
    return Page(await site.send((await site.open(path)).form("/sign-in"), email=email))


async def follow(site: Site, link: str) -> str:
    """Open the link and press its button; where that leads."""
    answer = await site.send((await site.open(link)).form(link))
    assert answer.status_code == 303
    return str(answer.headers["location"])


async def mailed(site: Site) -> str:
    (message,) = await site.mail()
    return link_in(message, "sign-in")


async def count(site: Site, model: type) -> int:
    async with site.database.reading() as session:
        return await session.scalar(select(func.count()).select_from(model)) or 0


async def test_link_signs_in_once_and_leads_to_the_page_that_was_asked_for(site: Site) -> None:
    await give(site, "organiser")
    sent_away = await site.browser.get("/console/account?x=1")
    page = await ask(site, path=sent_away.headers["location"])
    assert "If that address may sign in" in page.words
    link = await mailed(site)
    await site.browser.get(link)
    assert await count(site, SignInSession) == 0, "opening a link signs nobody in"
    assert await follow(site, link) == "/console/account?x=1"
    assert EMAIL in (await site.open("/console/account")).words
    again = await site.send((await site.open(link)).form(link))
    assert again.status_code == 410
    assert "has been used or is older than 15 minutes" in Page(again).words


@on_sqlite
async def test_link_is_good_for_fifteen_minutes(site: Site) -> None:
    await give(site, "organiser")
    await ask(site)
    link = await mailed(site)
    site.pass_time(timedelta(minutes=15))
    assert (await site.send((await site.open(link)).form(link))).status_code == 410
    assert await count(site, SignInSession) == 0


async def test_answer_tells_nobody_whether_an_address_is_known(site: Site) -> None:
    await give(site, "organiser")
    known, unknown = await ask(site), await ask(site, "stranger@example.org")

    def shown(page: Page) -> str:
        return re.sub(r'name="csrf_token" value="[^"]+"', "", page.response.text)

    assert known.status == unknown.status == 200
    assert shown(known) == shown(unknown)
    assert await count(site, SignInLink) == 2, "the work is the same for both"
    assert await count(site, OutboxMessage) == 1
    (message,) = await site.mail()
    assert message["To"] == EMAIL


@on_sqlite
async def test_address_gets_five_links_in_fifteen_minutes(site: Site) -> None:
    await give(site, "organiser")
    for email in (EMAIL, "stranger@example.org"):
        answers = {(await ask(site, email)).status for _ in range(MOST_LINKS + 2)}
        assert answers == {200}, "nor does being held back tell anything"
    assert len(await site.mail()) == MOST_LINKS
    site.pass_time(timedelta(minutes=15))
    await ask(site)
    assert len(await site.mail()) == 1


@on_sqlite
async def test_using_one_link_spends_the_others(site: Site) -> None:
    await give(site, "organiser")
    await ask(site)
    first = await mailed(site)
    await ask(site)
    assert await follow(site, await mailed(site)) == "/console"
    assert (await site.send((await site.open(first)).form(first))).status_code == 410


@on_sqlite
async def test_whoever_lost_their_roles_meanwhile_is_not_let_in(site: Site) -> None:
    await give(site, "organiser")
    await ask(site)
    link = await mailed(site)
    await site.app.state.site.unit_of_work.run(partial(revoke, email=EMAIL, roles=["organiser"], now=site.now))
    assert (await site.send((await site.open(link)).form(link))).status_code == 410


async def test_member_of_staff_signs_in_without_a_role_until_they_leave(site: Site) -> None:
    async with site.database.writing() as session:
        session.add(staff := Staff(email=EMAIL, name="Somebody", directorate="Audit", grade="7"))
    await ask(site)
    await follow(site, await mailed(site))
    assert (await site.open("/console/account")).status == 200
    async with site.database.writing() as session:
        (await session.merge(staff)).left_at = site.now
    assert (await site.open("/console/account")).status == 303


@on_sqlite
async def test_session_lasts_twelve_hours_and_starts_under_a_new_id(site: Site) -> None:
    await give(site, "organiser")
    site.browser.cookies.set("engage-session", "chosen by somebody else", domain="engage.example.org")
    ids = set()
    for _ in range(2):
        await ask(site)
        await follow(site, await mailed(site))
        ids.add(site.browser.cookies["engage-session"])
    assert len(ids) == 2
    assert "chosen by somebody else" not in ids
    assert await count(site, SignInSession) == 1, "the session before ended"
    site.pass_time(SESSION_KEPT - timedelta(seconds=1))
    assert (await site.open("/console")).status == 200
    site.pass_time(timedelta(seconds=1))
    assert (await site.open("/console")).status == 303


@on_sqlite
async def test_form_that_outlived_its_session_says_so(site: Site) -> None:
    await give(site, "admin")
    await ask(site)
    await follow(site, await mailed(site))
    form = (await site.open("/console/people")).form("/grant")
    site.pass_time(SESSION_KEPT)
    answer = await site.send(form, email="new@example.org", role="door")
    assert answer.status_code == 403
    assert "You have been signed out meanwhile" in Page(answer).words


@on_sqlite
async def test_signing_out_ends_this_session_and_everywhere_ends_all(site: Site) -> None:
    await give(site, "organiser")
    cookies = []
    for _ in range(2):
        site.browser.cookies.clear()
        await ask(site)
        await follow(site, await mailed(site))
        cookies.append(site.browser.cookies["engage-session"])
    assert "With 2 browsers" in (await site.open("/console/account")).words
    left = await site.send((await site.open("/console/account")).form("/sign-out"))
    assert left.headers["location"] == "/"
    assert await count(site, SignInSession) == 1
    site.browser.cookies.clear()
    site.browser.cookies.set("engage-session", cookies[0])
    await site.send((await site.open("/console/account")).form("everywhere"))
    assert await count(site, SignInSession) == 0
    site.browser.cookies.set("engage-session", cookies[0])
    assert (await site.open("/console")).status == 303


@on_sqlite
async def test_cookie_is_bound_to_the_host_on_https(site: Site, settings: Settings) -> None:
    async with running(replace(settings, base_url="https://engage.example.org"), site.now) as secure:
        await give(secure, "organiser")
        await ask(secure)
        (message,) = await secure.mail()
        found = re.search(r"https://engage\.example\.org(/sign-in/\S+)", message.as_string())
        assert found is not None
        answer = await secure.send((await secure.open(found[1])).form(found[1]))
        (cookie,) = [each for each in answer.headers.get_list("set-cookie") if "session" in each]
        assert cookie.startswith("__Host-engage-session=")
        assert {"HttpOnly", "Path=/", "SameSite=lax", "Secure", "Max-Age=43200"} <= set(cookie.split("; "))
        assert "Domain" not in cookie


@on_sqlite
@pytest.mark.parametrize(
    "asked",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "/sign-out",
        "/a\nb",
        "/" * 2,
    ],
)
async def test_nobody_is_led_off_the_site(site: Site, asked: str) -> None:
    await give(site, "organiser")
    form = (await site.open("/sign-in")).form("/sign-in")
    await site.send(form, email=EMAIL, next=asked)
    assert await follow(site, await mailed(site)) == "/console"


@on_sqlite
async def test_stale_form_keeps_what_was_typed(site: Site) -> None:
    form = (await site.open("/sign-in?next=/console/account")).form("/sign-in")
    site.browser.cookies.clear()
    answer = Page(await site.send(form, email=EMAIL))
    assert answer.status == 403
    assert ("email", EMAIL) in answer.form("/sign-in").fields
    assert ("next", "/console/account") in answer.form("/sign-in").fields


@on_sqlite
async def test_address_that_is_none_is_refused(site: Site) -> None:
    page = await ask(site, "nobody")
    assert page.status == 422
    assert "Enter an email address in the correct format" in page.words


@on_sqlite
async def test_nobody_reads_anothers_link_in_the_catcher(site: Site) -> None:
    await give(site, "admin")
    await ask(site)
    link = await mailed(site)
    caught = CaughtMessage(
        received_at=site.now,
        envelope_from="evenings@example.org",
        recipients=EMAIL,
        content=site.relay.messages[0].content,
    )
    async with site.database.writing() as session:
        session.add(caught)
    await follow(site, link)
    assert (await site.open("/mail")).status == 200
    for path in ("/mail/1", "/mail/1/html", "/mail/1/source"):
        assert (await site.open(path)).status == 404
