"""Every route as every role and as nobody: who may come in is decided on each handler, or here with a reason."""

import re
from collections.abc import Callable
from functools import partial

import pytest
from starlette.routing import Mount, Route

from engage.app import ROUTES
from engage.people.models import Staff
from engage.people.roles import GROUP_LEAD, ROLES, grant
from engage.people.sessions import open_session
from engage.web.guarding import ALLOWED, SIGNED_IN
from tests.site import Site, on_sqlite

PUBLIC = {
    "/": "the first page",
    "/open-evenings": "visitors find an evening, and register for it",
    "/registrations": "the link from the mail is the right to it",
    "/receipts": "the link of whoever posted is the right to it",
    "/unsubscribe": "the link from the mail is the right to it",
    "/pulse": "the link from the mail is the right to it, and nobody is signed in while answering",
    "/results": "the public, where the organisation publishes",
    "/privacy": "the law asks for it",
    "/accessibility": "the law asks for it",
    "/contact": "everybody can ask",
    "/health": "monitors watch it",
    "/metrics": "this machine alone, as it decides itself",
    "/sign-in": "where one comes in",
    "/sign-out": "where one goes out",
    "/oidc": "where one comes in",
    "/static": "styles and scripts",
}
VALUES = {"{slug}": "reviews-team", "{key}": "caseworker", "{id:int}": "1"}
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
LEAD = f"{GROUP_LEAD}:directorate:audit"
HELD = [*ROLES, LEAD, SIGNED_IN]
GUARDED = [route for route in ROUTES if isinstance(route, Route) and hasattr(route.endpoint, ALLOWED)]
OPEN = [route for route in ROUTES if route not in GUARDED]


def path_of(route: Route) -> str:
    return re.sub(r"\{.*?\}", lambda name: VALUES.get(name[0], "unknown"), route.path)


def is_let_in(route: Route, role: str) -> bool:
    allowed: frozenset[str] = getattr(route.endpoint, ALLOWED)
    return bool(allowed & {role.partition(":")[0], SIGNED_IN})


async def sign_in(site: Site, role: str) -> None:
    """Be somebody with that role alone, or a member of staff without any."""
    parts, email = site.app.state.site, f"{role.replace(':', '.').replace(' ', '.')}@example.org"
    given = [] if role == SIGNED_IN else [role]
    await parts.unit_of_work.run(partial(grant, email=email, roles=given, now=site.now))
    if not given:
        async with site.database.writing() as session:
            session.add(Staff(email=email, name="Somebody", directorate="Audit", grade="7"))
    open_one = partial(open_session, tokens=parts.tokens, email=email, now=site.now)
    site.browser.cookies.set("engage-session", await parts.unit_of_work.run(open_one))


def test_every_route_has_a_decision() -> None:
    for route in OPEN:
        assert isinstance(route, Route | Mount), "a kind of route of which nobody has decided"
        first = re.match(r"/[^/]*", route.path)
        assert first is not None
        assert first[0] in PUBLIC, f"{route.path}: put `@only(…)` on its handler, or say here why everybody may come in"
    assert not [route.path for route in GUARDED if not getattr(route.endpoint, ALLOWED)]


def test_no_reason_outlives_its_route() -> None:
    firsts = {re.match(r"/[^/]*", route.path)[0] for route in OPEN if isinstance(route, Route | Mount)}  # type: ignore[index]
    assert firsts == set(PUBLIC)


def test_every_role_of_a_decision_exists() -> None:
    named = set().union(*(getattr(route.endpoint, ALLOWED) for route in GUARDED))
    assert named <= {*ROLES, GROUP_LEAD, SIGNED_IN}


def test_console_and_reports_are_guarded_whole() -> None:
    open_paths = [route.path for route in OPEN if isinstance(route, Route)]
    assert not [path for path in open_paths if path.startswith(("/console", "/reports", "/mail"))]


@on_sqlite
async def test_nobody_comes_into_a_guarded_page(site: Site) -> None:
    for route in GUARDED:
        for method in METHODS:
            answer = await site.browser.request(method, path_of(route))
            if answer.status_code == 303:
                assert method in ("GET", "HEAD"), route.path
                assert answer.headers["location"].startswith("/sign-in?next="), route.path
            else:
                assert answer.status_code in (404, 405), (method, route.path)


@on_sqlite
@pytest.mark.parametrize("role", HELD)
async def test_each_role_is_let_in_where_it_may_and_nowhere_else(site: Site, role: str) -> None:
    await sign_in(site, role)
    refused_form = 403  # let in, but a form without its token
    for route in GUARDED:
        for method in sorted(route.methods or ()):
            answer = await site.browser.request(method, path_of(route))
            if not is_let_in(route, role):
                assert answer.status_code == 404, (method, route.path)
            elif method == "POST":
                assert answer.status_code in (refused_form, 404, 409), (method, route.path)
            else:
                assert answer.status_code in (200, 404, 409), (method, route.path)


@on_sqlite
@pytest.mark.parametrize("spelt", [str.upper, str.title, "{}/".format, "/{}".format, "{}%2f".format, "{};x=1".format])
async def test_other_spellings_lead_to_no_guarded_page(site: Site, spelt: Callable[[str], str]) -> None:
    await sign_in(site, SIGNED_IN)
    for route in GUARDED:
        for method in ("GET", "HEAD", "POST"):
            answer = await site.browser.request(method, f"http://engage.example.org{spelt(path_of(route))}")
            if not is_let_in(route, SIGNED_IN):
                assert answer.status_code in (404, 405, 307), (method, route.path, answer.headers.get("location"))
