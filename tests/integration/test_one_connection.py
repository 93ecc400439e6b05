"""No page needs a second connection while it holds one, so that a pool of any size never waits for itself."""

from datetime import datetime
from functools import partial

import pytest
from starlette.routing import Route

from engage.app import ROUTES
from engage.people.roles import ROLES, grant
from engage.people.sessions import open_session
from engage.settings import Settings
from engage.storage import database as databases
from tests.acceptance.test_routes import path_of
from tests.factories import make_evening
from tests.site import Site, running

ADDRESS = "everything@example.org"


async def sign_in(site: Site) -> None:
    parts = site.app.state.site
    await parts.unit_of_work.run(partial(grant, email=ADDRESS, roles=list(ROLES), now=site.now))
    opened = partial(open_session, tokens=parts.tokens, email=ADDRESS, now=site.now)
    site.browser.cookies.set("engage-session", await parts.unit_of_work.run(opened))


async def test_every_page_is_answered_over_one_connection_to_read_and_one_to_write(
    settings: Settings, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("READERS", 1), ("WRITERS", 1), ("POOL_TIMEOUT", 5)):
        monkeypatch.setattr(databases, name, value)
    async with running(settings, now) as site:
        async with site.database.writing() as session:
            session.add(make_evening(2))
        await sign_in(site)
        assert (await site.register("zoe@example.net")).status_code == 303
        token = (await site.open("/open-evenings/reviews-team/register")).form("/register").filled()["csrf_token"]
        statuses = {}
        for route in (each for each in ROUTES if isinstance(each, Route)):
            for method in sorted(route.methods or ()):
                content = {"csrf_token": token} if method == "POST" else None
                answer = await site.browser.request(method, path_of(route), data=content)
                statuses[method, path_of(route)] = answer.status_code

    assert {each: status for each, status in statuses.items() if status >= 500} == {}
