"""A wave run by hand in the console: what each state allows, who may, and that nothing is done by half."""

import asyncio
from pathlib import Path

import pytest

from engage.surveys.waves import steering_pages
from tests.acceptance.test_consultation import pulse, sign_in, site
from tests.conftest import SECRET
from tests.pulse import Pulse
from tests.site import Page, Site, on_sqlite

__all__ = ["pulse", "site"]  # fixtures

STEERING = "/console/waves/2027-spring/steering"

pytestmark = on_sqlite  # the services below are tested on both dialects


async def do(site: Site, act: str, **typed: str) -> Page:
    """Press the button of that act; the page that it leads to."""
    answer = await site.send((await site.open(STEERING)).form("/steering"), act=act, **typed)
    return await site.open(answer.headers["location"]) if answer.status_code == 303 else Page(answer)


async def test_wave_is_run_by_hand_from_its_opening_to_its_publication(
    site: Site, pulse: Pulse, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    await sign_in(site, pulse, "workforce")
    refused = await do(site, "open")
    assert refused.status == 409
    assert "reason" in refused.words
    assert "is open" in (await do(site, "open", reason="The minister asks")).words
    assert (await pulse.wave()).opening_reason == "The minister asks"
    assert "extended" in (await do(site, "extend", until="2027-05-07T17:00")).words
    assert (await do(site, "close")).status == 409
    assert (await pulse.wave()).status == "open"
    assert "closed" in (await do(site, "close", sure="yes")).words
    for name, value in {
        "DATABASE_URL": site.settings.database_url,
        "SECRET_KEY": SECRET,
        "DATA_DIR": str(tmp_path),
    }.items():
        monkeypatch.setenv(f"ENGAGE_{name}", value)
    assert "Counting has begun" in (await do(site, "tally")).words
    assert await asyncio.gather(*steering_pages._tallies) == [0]
    assert (await pulse.wave()).status == "tallied"
    assert "published" in (await do(site, "publish", sure="yes")).words
    assert (await pulse.wave()).status == "published"
    assert [kind for kind in await pulse.facts() if kind == "WaveSteered"] == ["WaveSteered"] * 4


async def test_answers_are_destroyed_only_by_who_types_the_waves_key(site: Site, pulse: Pulse) -> None:
    await sign_in(site, pulse, "workforce")
    assert (await do(site, "void", key="2027-autumn")).status == 409
    assert (await pulse.wave()).status == "consulting"
    assert (await do(site, "void", key="2027-spring", why="The questions were wrong")).status == 200
    assert ((await pulse.wave()).status, (await pulse.wave()).void_reason) == ("void", "The questions were wrong")


@pytest.mark.parametrize("act", ["close", "tally", "publish", "comments", "extend", "nonsense"])
async def test_what_the_state_of_the_wave_does_not_allow_is_refused(site: Site, pulse: Pulse, act: str) -> None:
    await sign_in(site, pulse, "workforce")
    assert (await do(site, act, until="2027-05-07T17:00", sure="yes")).status == 409
    assert (await pulse.wave()).status == "consulting"


async def test_extension_needs_an_instant(site: Site, pulse: Pulse) -> None:
    await sign_in(site, pulse, "workforce")
    await do(site, "open", reason="The minister asks")
    assert (await do(site, "extend", until="next week")).status == 409


@pytest.mark.parametrize("role", ["pcs", "admin", "organiser", "group_lead:working_group:carers"])
async def test_nobody_but_the_workforce_team_runs_a_wave(site: Site, pulse: Pulse, role: str) -> None:
    await sign_in(site, pulse, role)
    assert (await site.browser.get(STEERING)).status_code == 404
