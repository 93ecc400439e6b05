"""Reading changes nothing: mail scanners and crawlers open every address."""

import re
from datetime import timedelta
from functools import partial

from starlette.routing import Route

from engage.notify.models import CaughtMessage
from engage.people.roles import grant
from engage.people.sessions import make_link, open_session
from tests.site import JSON, Site, link_in, on_sqlite

NOT_NOW = 409  # such as the ticket of somebody who has no place
NOWHERE = {404, 410}
VALUES = {"{slug}": "reviews-team", "{key}": "caseworker", "{id:int}": "1"}
OURS = ("/open-evenings", "/receipts", "/unsubscribe", "/sign-in", "/mail", "/health", "/contact", "/privacy")


async def people_in_every_state(site: Site) -> list[str]:
    """Links of people who are confirmed, hold a wish, wait, were offered a place, cancelled, lapsed or subscribed."""
    lapsing = await site.joined("placed@example.net", "sitting-1")
    links = [await site.joined(f"{number}@example.net", "sitting-1") for number in range(4)]
    await site.act(lapsing, "cancel")
    site.pass_time(timedelta(days=1))
    await site.mail()
    wishing = await site.joined("wishing@example.net", "sitting-0", deadline_reminders="yes", vacancies=["caseworker"])
    await site.act(wishing, "change", slot="sitting-1")
    subscribed = await site.joined("far@example.net", "none")
    await site.mail()
    states = [(await site.json(link))["status"] for link in (lapsing, *links, wishing, subscribed)]
    assert set(states) == {"confirmed", "waiting", "offered", "lapsed", "cancelled", "subscribed"}
    return [lapsing, *links, wishing, subscribed]


async def sign_in(site: Site) -> str:
    """Be signed in as an administrator; the path of one more sign-in link, not used."""
    parts = site.app.state.site
    await parts.unit_of_work.run(partial(grant, email="a@example.org", roles=["admin", "organiser"], now=site.now))
    cookie = await parts.unit_of_work.run(
        partial(open_session, tokens=parts.tokens, email="a@example.org", now=site.now)
    )
    site.browser.cookies.set("engage-session", cookie)
    secret = await parts.unit_of_work.run(partial(make_link, tokens=parts.tokens, email="a@example.org", now=site.now))
    return f"/sign-in/{secret}"


async def keep_a_caught_message(site: Site) -> None:
    caught = CaughtMessage(
        id=1,
        received_at=site.now,
        envelope_from="evenings@example.org",
        recipients="zoe@example.net",
        content=site.relay.messages[0].content,
    )
    async with site.database.writing() as session:
        session.add(caught)


async def every_address(site: Site) -> list[str]:
    """Every GET of the routing table, those of open evenings with values that exist."""
    links = await people_in_every_state(site)
    receipt = (await site.register("receipt@example.net")).headers["location"]
    await site.register("stop@example.net", "none", vacancies=["caseworker"], deadline_reminders="yes")
    unsubscribe = link_in((await site.mail())[-1], "unsubscribe")
    await keep_a_caught_message(site)
    sign_in_link = await sign_in(site)
    tokens = {
        "/receipts/{token}": [receipt],
        "/unsubscribe/{token}": [unsubscribe],
        "/sign-in/{token}": [sign_in_link],
    }
    paths = [route.path for route in site.app.routes if isinstance(route, Route) and "GET" in (route.methods or ())]
    found: list[str] = []
    for path in paths:
        if path.startswith("/registrations/{token}"):
            found += [path.replace("/registrations/{token}", link) for link in links]
        else:
            found += tokens.get(path, [re.sub(r"\{.*?\}", lambda name: VALUES.get(name[0], "unknown"), path)])
    return found


@on_sqlite
async def test_no_get_changes_the_database(site: Site) -> None:
    addresses = await every_address(site)
    before = await site.dump()
    answers = {}
    for address in addresses:
        tempting = f"{address}?done=cancel&slot=sitting-1&coming=no&reminders=stop"
        answers[address] = (await site.browser.get(tempting)).status_code
        await site.browser.get(address, headers=JSON)
    refused = {address: status for address, status in answers.items() if status != 200}
    assert set(refused.values()) <= {NOT_NOW} | NOWHERE
    assert not [address for address in refused if address.startswith(OURS)]
    assert all(refused[address] == NOT_NOW for address in refused if address.startswith("/registrations/"))
    assert await site.mail() == []
    assert await site.dump() == before


@on_sqlite
async def test_every_page_of_the_site_protects_its_reader(site: Site) -> None:
    link = await site.joined("zoe@example.net")
    for address in ("/", "/open-evenings", "/open-evenings/reviews-team/register", link, "/privacy", "/nowhere"):
        headers = (await site.browser.get(address)).headers
        assert "script-src 'self' 'sha256-" in headers["content-security-policy"]
        assert headers["referrer-policy"] == "same-origin"
        assert headers["x-content-type-options"] == "nosniff"
    assert (await site.browser.get(link)).headers["cache-control"] == "no-store"
