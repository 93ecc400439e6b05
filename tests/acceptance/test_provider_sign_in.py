"""Signing in with a work account, at a real OpenID provider: what goes wrong is one clear line, and signs nobody in."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
import uvicorn
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from itsdangerous import URLSafeSerializer
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from engage.people.models import SignInSession
from engage.people.provider import WELL_KNOWN
from engage.people.roles import grant
from engage.settings import Settings
from tests.acceptance.test_sign_in import count
from tests.provider import KNOWN, RealProvider, answers, real_provider
from tests.server import free_port
from tests.site import Page, Site, on_sqlite, running

TAMPERED = "was not begun in this browser, or was used already"
UNRELIABLE = "answer cannot be relied on"


@dataclass
class Stage:
    """A site whose people sign in at the provider."""

    site: Site
    provider: RealProvider

    async def leave(self, path: str = "/sign-in") -> str:
        """Press the button on the sign-in page; the provider's address to which it leads."""
        button = next(link for link in (await self.site.open(path)).links if link.startswith("/oidc/"))
        answer = await self.site.browser.get(button)
        assert answer.status_code == 303, answer.text
        return str(answer.headers["location"])

    async def sign_in(self, sub: str = "known", path: str = "/sign-in") -> httpx2.Response:
        return await self.site.browser.get(await self.provider.decide(await self.leave(path), sub=sub))

    async def refused(self, answer: httpx2.Response, status: int = 403) -> str:
        """The one line with which the sign-in page was shown again."""
        assert answer.status_code == status
        assert await count(self.site, SignInSession) == 0
        page = Page(answer)
        assert page.form("/sign-in") is not None, "a link by mail is the other way in"
        return page.words


@pytest.fixture(scope="module")
async def provider(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RealProvider]:
    async with real_provider(tmp_path_factory.mktemp("provider")) as provider:
        yield provider


@pytest.fixture
async def stage(settings: Settings, provider: RealProvider, now: datetime) -> AsyncIterator[Stage]:
    async with running(provider.settings(settings), now) as site:
        await site.app.state.site.unit_of_work.run(partial(grant, email=KNOWN, roles=["organiser"], now=now))
        yield Stage(site, provider)


async def test_work_account_signs_in_and_leads_to_the_page_that_was_asked_for(stage: Stage) -> None:
    sent_away = await stage.site.browser.get("/console/account")
    answer = await stage.sign_in(path=sent_away.headers["location"])
    assert (answer.status_code, answer.headers["location"]) == (303, "/console/account")
    assert KNOWN in (await stage.site.open("/console/account")).words


@on_sqlite
async def test_address_to_the_provider_carries_pkce_state_and_nonce(stage: Stage) -> None:
    first, second = [parse_qs(urlsplit(await stage.leave()).query) for _ in range(2)]
    _, verifier = URLSafeSerializer("").loads_unsafe(stage.site.browser.cookies["engage-attempt"])
    assert second["code_challenge"] == [create_s256_code_challenge(verifier[2])]
    assert first["code_challenge_method"] == ["S256"]
    assert first["redirect_uri"] == ["http://engage.example.org/oidc/callback"]
    assert set(first["scope"][0].split()) == {"openid", "email"}
    for name in ("state", "nonce", "code_challenge"):
        assert first[name] != second[name]


@on_sqlite
@pytest.mark.parametrize("altered", ["nothing=", "state=other&x=", "iss=https%3A%2F%2Fevil.example&state="])
async def test_return_with_another_state_or_issuer_is_refused(stage: Stage, altered: str) -> None:
    back = (await stage.provider.decide(await stage.leave(), sub="known")).replace("state=", altered)
    assert TAMPERED in await stage.refused(await stage.site.browser.get(back))


@on_sqlite
async def test_return_into_another_browser_is_refused(stage: Stage) -> None:
    back = await stage.provider.decide(await stage.leave(), sub="known")
    stage.site.browser.cookies.clear()
    assert TAMPERED in await stage.refused(await stage.site.browser.get(back))


@on_sqlite
async def test_return_works_once(stage: Stage) -> None:
    back = await stage.provider.decide(await stage.leave(), sub="known")
    kept = stage.site.browser.cookies["engage-attempt"]
    assert (await stage.site.browser.get(back)).status_code == 303
    assert TAMPERED in Page(await stage.site.browser.get(back)).words
    stage.site.browser.cookies.set("engage-attempt", kept)
    assert UNRELIABLE in Page(await stage.site.browser.get(back)).words, "the provider spends its codes too"
    assert await count(stage.site, SignInSession) == 1


@on_sqlite
async def test_token_for_another_nonce_is_refused(stage: Stage) -> None:
    back = await stage.provider.decide((await stage.leave()).replace("nonce=", "nonce=x"), sub="known")
    assert UNRELIABLE in await stage.refused(await stage.site.browser.get(back))


@on_sqlite
async def test_code_that_was_made_up_is_refused(stage: Stage) -> None:
    back = await stage.provider.decide(await stage.leave(), sub="known")
    (code,) = parse_qs(urlsplit(back).query)["code"]
    assert UNRELIABLE in await stage.refused(await stage.site.browser.get(back.replace(code, "made-up")))


@on_sqlite
async def test_attempt_is_over_after_ten_minutes(stage: Stage) -> None:
    back = await stage.provider.decide(await stage.leave(), sub="known")
    stage.site.pass_time(timedelta(minutes=10, seconds=1))
    assert "Signing in took too long" in await stage.refused(await stage.site.browser.get(back))


@on_sqlite
async def test_cancelling_at_the_provider_leads_back_to_the_sign_in_page(stage: Stage) -> None:
    address = await stage.leave("/sign-in?next=/console/account")
    back = await stage.provider.decide(address, action="deny")
    state = parse_qs(urlsplit(address).query)["state"][0]
    answer = await stage.site.browser.get(f"{back}&state={state}" if "state=" not in back else back)
    assert "did not let you in, or you cancelled" in await stage.refused(answer)
    assert ("next", "/console/account") in Page(answer).form("/sign-in").fields


@on_sqlite
@pytest.mark.parametrize(
    ("sub", "said"),
    [
        ("unverified", "has not verified your email address"),
        ("silent", "has not verified your email address"),
        ("nameless", "did not tell us your email address"),
        ("stranger", "have no role here"),
    ],
)
async def test_whoever_is_not_surely_known_is_refused(stage: Stage, sub: str, said: str) -> None:
    assert said in await stage.refused(await stage.sign_in(sub))


@on_sqlite
async def test_token_that_has_expired_is_refused(settings: Settings, now: datetime, tmp_path: Path) -> None:
    async with real_provider(tmp_path, lifetime=-600) as late, running(late.settings(settings), now) as site:
        stage = Stage(site, late)
        assert "Signing in took too long" in await stage.refused(await stage.sign_in())


@on_sqlite
async def test_token_of_another_issuer_is_refused(settings: Settings, provider: RealProvider, now: datetime) -> None:
    async with impostor(provider, says_own_name=True) as url:
        given = replace(provider.settings(settings), oidc_issuer=url)
        async with running(given, now) as site:
            assert UNRELIABLE in await Stage(site, provider).refused(await Stage(site, provider).sign_in())


@on_sqlite
async def test_provider_that_calls_itself_something_else_is_refused(
    settings: Settings, provider: RealProvider, now: datetime
) -> None:
    async with impostor(provider, says_own_name=False) as url:
        given = replace(provider.settings(settings), oidc_issuer=url)
        async with running(given, now) as site:
            words = await Stage(site, provider).refused(await site.browser.get("/oidc/start"))
    assert "not the one that this site was set up for" in words


@on_sqlite
async def test_provider_that_does_not_answer_is_told_in_one_line(settings: Settings, now: datetime) -> None:
    nowhere = RealProvider(f"http://127.0.0.1:{free_port()}")
    async with running(nowhere.settings(settings), now) as site:
        words = await Stage(site, nowhere).refused(await site.browser.get("/oidc/start"), 503)
        assert "does not answer. Try again in a moment" in words


@on_sqlite
async def test_without_a_provider_there_is_no_such_page(site: Site) -> None:
    assert (await site.open("/oidc/start")).status == 404
    assert (await site.open("/oidc/callback?code=a&state=b")).status == 404
    assert not [link for link in (await site.open("/sign-in")).links if link.startswith("/oidc/")]


@asynccontextmanager
async def impostor(provider: RealProvider, *, says_own_name: bool) -> AsyncIterator[str]:
    """Another server that sends people to the provider, and calls itself by its own name or by the provider's."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"

    async def said(request: Request) -> JSONResponse:
        async with httpx2.AsyncClient(trust_env=False, verify=False) as client:
            document = (await client.get(provider.url + WELL_KNOWN)).json()
        return JSONResponse(document | ({"issuer": url} if says_own_name else {}))

    server = uvicorn.Server(
        uvicorn.Config(Starlette(routes=[Route(WELL_KNOWN, said)]), port=port, log_config=None, lifespan="off")
    )
    serving = asyncio.create_task(server.serve())
    while not await answers(url + WELL_KNOWN):
        assert not serving.done()
        await asyncio.sleep(0.02)
    yield url
    server.should_exit = True
    await serving
