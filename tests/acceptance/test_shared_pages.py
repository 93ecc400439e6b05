"""Pages that are the same for everybody: compressed, told apart by a tag, and right within a second of any change."""

import asyncio
import gzip
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import update
from starlette.requests import Request
from starlette.responses import Response

from engage.events import finding
from engage.events.evening_page import PLACES
from engage.events.models import OpenEvening, Slot
from engage.events.registrations.forms import QuestionForm
from engage.settings import Settings
from engage.storage.database import Database
from engage.web.anybody import Anybody
from engage.web.recent import KEPT
from engage.web.shared import shared
from engage.web.site import person_of, render
from tests.acceptance.test_reading import sign_in
from tests.crowd import counted
from tests.site import JSON, Site, on_sqlite, running

EVENING = "/open-evenings/reviews-team"
PAGES = ["/", "/open-evenings", EVENING, f"{EVENING}/plan"]
PROTECTING = (
    "content-security-policy",
    "permissions-policy",
    "referrer-policy",
    "strict-transport-security",
    "x-content-type-options",
)
A_SECOND = timedelta(seconds=1)


async def seats_left(site: Site) -> int:
    left: int = (await site.json(EVENING))["slots"][0]["seats_left"]
    return left


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_comes_compressed_to_whoever_takes_that(site: Site, path: str) -> None:
    plain = await site.browser.get(path, headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert not {"Accept", "Accept-Encoding", "Cookie"} - set(plain.headers["vary"].split(", "))
    async with site.browser.stream("GET", path, headers={"accept-encoding": "br, gzip"}) as answer:
        sent = b"".join([part async for part in answer.aiter_raw()])
    assert answer.headers["content-encoding"] == "gzip"
    assert int(answer.headers["content-length"]) == len(sent) < len(plain.content) / 2
    assert gzip.decompress(sent) == plain.content
    assert answer.headers["etag"] == plain.headers["etag"]


@pytest.mark.parametrize("refused", ["gzip;q=0", "br, gzip ; q=0.0", "", "gzipped"])
async def test_a_page_comes_as_it_is_to_whoever_does_not(site: Site, refused: str) -> None:
    assert "content-encoding" not in (await site.browser.get(EVENING, headers={"accept-encoding": refused})).headers


async def test_whoever_has_the_page_is_told_so_and_gets_it_anew_once_it_changed(site: Site) -> None:
    tag = (await site.browser.get(EVENING)).headers["etag"]
    for known in (tag, tag.removeprefix("W/"), f'"another", {tag}', "*"):
        answer = await site.browser.get(EVENING, headers={"if-none-match": known})
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", tag)
        assert answer.headers["cache-control"] == "no-cache"
    assert (await site.browser.get(EVENING, headers={"if-none-match": 'W/"another"'})).status_code == 200
    await site.register("visitor@example.net")
    answer = await site.browser.get(EVENING, headers={"if-none-match": tag})
    assert (answer.status_code, answer.headers["etag"] == tag) == (200, False)


async def test_the_page_and_its_json_are_told_apart(site: Site) -> None:
    page, json = await site.browser.get(EVENING), await site.browser.get(EVENING, headers=JSON)
    assert page.headers["etag"] != json.headers["etag"]
    assert json.headers["content-type"] == "application/json"


async def test_what_this_process_committed_is_seen_at_once(site: Site) -> None:
    assert await seats_left(site) == 2
    await site.register("visitor@example.net")
    assert await seats_left(site) == 1


async def test_what_another_process_committed_is_seen_within_a_second(
    site: Site, settings: Settings, now: datetime
) -> None:
    """Nothing tells this process of it: where there is no LISTEN either."""
    async with running(settings, now) as other:
        assert (await seats_left(site), await seats_left(other)) == (2, 2)
        await other.register("visitor@example.net")
        site.pass_time(A_SECOND)
        assert (await seats_left(site), await seats_left(other)) == (1, 1)


async def test_after_a_registration_the_places_alone_are_read_anew(site: Site) -> None:
    await site.open(EVENING)
    await site.register("visitor@example.net")
    with counted(site.database) as statements:
        page = await site.browser.get(EVENING)
    assert [PLACES in page.text, "1 place left" in page.text, len(statements)] == [False, True, 1]
    site.pass_time(A_SECOND)
    assert (await site.browser.get(EVENING)).text == page.text


async def test_an_edit_by_another_process_is_seen_within_a_second_though_people_register_here(
    site: Site, settings: Settings
) -> None:
    await site.open(EVENING)
    database = Database(settings.database_url)
    async with database.writing() as session:
        await session.execute(update(OpenEvening).values(title="Moved to the annex"))
    await database.close()
    site.pass_time(KEPT - timedelta(milliseconds=1))
    await site.register("visitor@example.net")
    assert "Moved to the annex" not in (await site.open(EVENING)).words
    site.pass_time(A_SECOND - KEPT)
    assert "Moved to the annex" in (await site.open(EVENING)).words


async def test_what_was_loaded_by_a_command_is_seen_within_a_second(site: Site, settings: Settings) -> None:
    assert (await site.open("/open-evenings/another")).status == 404
    assert "Moved" not in (await site.open("/open-evenings")).words
    database = Database(settings.database_url)
    async with database.writing() as session:
        await session.execute(update(OpenEvening).values(title="Moved to the annex", slug="another"))
        await session.execute(update(Slot).values(held=1))
    await database.close()
    assert (await site.open("/open-evenings/another")).status == 200
    site.pass_time(A_SECOND)
    assert "Moved to the annex" in (await site.open("/open-evenings")).words


async def test_what_the_clock_changes_is_seen_within_a_second(site: Site) -> None:
    async with site.database.writing() as session:
        await session.execute(update(OpenEvening).values(registration_closes_at=site.now + A_SECOND))
    assert "Registration for this open evening has closed" not in (await site.open(EVENING)).words
    site.pass_time(A_SECOND)
    assert "Registration for this open evening has closed" in (await site.open(EVENING)).words


@pytest.mark.parametrize("path", PAGES)
async def test_nothing_of_a_reader_is_shared(site: Site, path: str) -> None:
    await sign_in(site)
    own = await site.browser.get(path)
    assert "etag" not in own.headers
    assert own.headers["cache-control"] == "no-store"
    assert "/console" in own.text
    site.browser.cookies.clear()
    anybodys = await site.browser.get(path)
    assert "set-cookie" not in anybodys.headers
    assert "/console" not in anybodys.text
    assert "csrf_token" not in anybodys.text


def asked_by(site: Site, cookie: str = "") -> Request:
    """A request as the server gives it."""
    headers = [(b"cookie", cookie.encode())] if cookie else []
    known = {"type": "http", "app": site.app, "method": "GET", "path": "/", "path_params": {}, "query_string": b""}
    return Request(known | {"headers": headers})


@on_sqlite
async def test_a_template_with_a_form_is_no_page_for_everybody(site: Site) -> None:
    async with site.database.reading() as session:
        evening = await finding.evening_of(session, "reviews-team")

    async def make(request: Request) -> Response:
        return await render(request, "events/ask.html", evening=evening, form=QuestionForm(), is_sent=False)

    assert (await shared(asked_by(site, "engage-session=another"), make)).headers["cache-control"] == "no-store"
    for cookie in ("", "engage-csrf=secret"):
        with pytest.raises(RuntimeError, match="has a form in it"):
            await shared(asked_by(site, cookie), make)


@on_sqlite
async def test_a_page_for_everybody_is_told_nothing_of_who_asks_for_it(site: Site) -> None:
    request = asked_by(site, "engage-csrf=secret")
    request.scope.update(client=("192.0.2.1", 9), query_string=b"name=zoe", state={"person": "zoe"})
    request.scope["headers"] += [(b"user-agent", b"zoe's"), (b"accept", b"zoe, application/json")]
    anybody = Anybody(request, page=3)
    with pytest.raises(RuntimeError, match="asks who reads it"):
        assert anybody.cookies
    assert anybody.scope["headers"] == [(b"accept", b"application/json")]
    assert (dict(anybody.query_params), await person_of(anybody), anybody.client) == ({"page": "3"}, None, None)


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("asked", [{"accept-encoding": "identity"}, {"accept-encoding": "gzip"}, JSON])
async def test_the_second_who_asks_is_answered_as_the_first_was(site: Site, path: str, asked: dict[str, str]) -> None:
    first = await site.browser.get(path, headers=asked)
    second = await site.browser.get(path, headers=asked)
    assert (second.status_code, second.content, second.headers) == (first.status_code, first.content, first.headers)
    assert "content-security-policy" in second.headers
    head = await site.browser.head(path, headers=asked)
    assert (head.status_code, head.headers) == (200, first.headers)


async def test_only_who_reads_is_given_what_is_at_hand(site: Site) -> None:
    assert (await site.browser.get(EVENING)).status_code == 200
    assert (await site.browser.post(EVENING)).status_code == 405
    await sign_in(site)
    assert "etag" in (await site.browser.get(EVENING, headers={"cookie": "another=1"})).headers
    assert "etag" not in (await site.browser.get(EVENING)).headers
    sent = [("cookie", "another=1"), *(("cookie", f"{name}={value}") for name, value in site.browser.cookies.items())]
    site.browser.cookies.clear()
    assert "etag" not in (await site.browser.get(EVENING, headers=sent)).headers


async def test_who_asks_while_a_page_is_made_gets_that_one(site: Site) -> None:
    pages = await asyncio.gather(*(site.browser.get(EVENING) for _ in range(5)))
    assert len({(page.status_code, page.headers["etag"], page.content) for page in pages}) == 1
    missing = await asyncio.gather(*(site.browser.get("/open-evenings/nowhere") for _ in range(5)))
    assert [page.status_code for page in missing] == [404] * 5
    assert all("Page not found" in page.text for page in missing)


@on_sqlite
async def test_what_protects_a_page_is_said_once_in_each_of_its_answers(settings: Settings, now: datetime) -> None:
    async with running(replace(settings, base_url="https://evenings.example.org"), now) as site:
        other = (await site.browser.get("/privacy")).headers
        protecting = {name: other[name] for name in PROTECTING}
        for asked in ({}, {}, {"accept-encoding": "identity"}, {"if-none-match": "*"}, JSON):
            answer = await site.browser.get("/open-evenings", headers=asked)
            assert "etag" in answer.headers
            said = answer.headers.multi_items()
            assert {name: value for name, value in said if name in PROTECTING} == protecting
            assert len(said) == len(dict(said))
