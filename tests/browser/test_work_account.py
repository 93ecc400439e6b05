"""Signing in with a work account in a browser: to a real provider, back to the page asked for, and out again."""

import shutil
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from engage.people.models import RoleGrant
from engage.storage.database import Database
from tests.provider import KNOWN, RealProvider, real_provider
from tests.server import Server

pytestmark = pytest.mark.browser


class Reachable(Server):
    """A server that knows its own address, to which the provider sends people back."""

    def __init__(self, folder: Path, **settings: str) -> None:
        super().__init__(folder, **settings)
        self._environment["ENGAGE_BASE_URL"] = self.url


@pytest.fixture
async def server(sqlite_template: Path, tmp_path: Path) -> AsyncIterator[Server]:
    """`engage serve`, whose organiser has a work account."""
    shutil.copy(sqlite_template, tmp_path / "engage.db")
    url = f"sqlite:///{tmp_path / 'engage.db'}"
    database = Database(url)
    async with database.writing() as session:
        session.add(RoleGrant(email=KNOWN, role="organiser", granted_at=datetime.now(UTC)))
    await database.close()
    async with real_provider(tmp_path) as provider, Reachable(tmp_path, DATABASE_URL=url, **oidc(provider)) as server:
        yield server


def oidc(provider: RealProvider) -> dict[str, str]:
    return {"OIDC_ISSUER": provider.url, "OIDC_CLIENT_ID": "engage", "OIDC_CLIENT_SECRET": "known to both"}


async def test_work_account_leads_back_to_the_page_that_was_asked_for_and_out_again(
    server: Server, chromium: Browser
) -> None:
    context = await chromium.new_context()
    page = await context.new_page()
    await page.goto(f"{server.url}/console/evenings")
    await page.get_by_role("button", name="work account").press("Enter")
    await expect(page).not_to_have_url(f"{server.url}/sign-in")
    await page.locator("input[name=sub]").first.fill("known")
    await page.locator("button").first.click()
    await expect(page).to_have_url(f"{server.url}/console/evenings")
    await expect(page.get_by_role("link", name=KNOWN)).to_be_visible()
    (cookie,) = [each for each in await context.cookies() if each["name"].endswith("session")]
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Lax")
    async with page.expect_navigation():
        await page.get_by_role("button", name="Sign out").click()
    await page.goto(f"{server.url}/console/evenings")
    await expect(page.get_by_role("button", name="work account")).to_be_visible()
    await context.close()
