"""What somebody changed in the database after it was published: the pages say so, to those who may see it."""

from copy import deepcopy

import pytest
from sqlalchemy import select, update

from engage.surveys.models import Wave
from engage.surveys.reports.report_models import Release
from tests.reading import CHAIR, STAFF, publish_two, sign_in
from tests.site import Site

RESULTS, REPORT = "/results/2027-spring", "/reports/2027-spring"
CARERS = f"{REPORT}/groups/working_group/carers"
AMISS, TOLD = "question direction: the answers do not sum to n", "This is not what was published"


async def add_one(site: Site, wave: Wave, *keys: str) -> None:
    """One more answer to a question in those groups."""
    async with site.database.writing() as session:
        release = (await session.scalars(select(Release).where(Release.wave_id == wave.id))).one()
        groups = deepcopy(release.content["groups"])
        for group in groups:
            if group["key"] in keys:
                group["questions"]["direction"]["answers"]["5"] += 1
        release.content = release.content | {"groups": groups}


@pytest.mark.parametrize(
    ("role", "path", "named"),
    [
        ("pcs", REPORT, {"directorate/policy", "working_group/carers"}),
        ("workforce", CARERS, {"directorate/policy", "working_group/carers"}),
        (CHAIR, REPORT, {"working_group/carers"}),
        (STAFF, REPORT, set()),
        (STAFF, RESULTS, set()),
    ],
)
async def test_a_tampered_counter_is_named_to_those_who_may_see_it(
    site: Site, role: str, path: str, named: set[str]
) -> None:
    _, wave = await publish_two(site)
    await sign_in(site, role)
    assert TOLD not in (await site.open(path)).words
    await add_one(site, wave, "policy", "carers")
    words = (await site.open(path)).words
    assert {name for name in ("directorate/policy", "working_group/carers") if f"{name}, {AMISS}" in words} == named
    assert {name for name in named if f"{name}: does not fit the root" not in words} == set()
    assert (TOLD in words) == bool(named)


async def test_a_tampered_counter_of_the_organisation_is_named_to_everybody(site: Site) -> None:
    _, wave = await publish_two(site)
    await add_one(site, wave, "everyone")
    assert f"everyone, {AMISS}" in (await site.open(RESULTS)).words


@pytest.mark.parametrize("changed", [{"root": "sha256:" + "0" * 64}, {"previous_root": "sha256:" + "1" * 64}])
@pytest.mark.parametrize("wave", ["2026-autumn", "2027-spring"])
async def test_a_broken_chain_is_told_to_everybody(site: Site, changed: dict[str, str], wave: str) -> None:
    first, second = await publish_two(site)
    assert TOLD not in (await site.open(RESULTS)).words
    tampered = first if wave == first.key else second
    async with site.database.writing() as session:
        await session.execute(update(Release).where(Release.wave_id == tampered.id).values(**changed))
    words = (await site.open(f"/results/{wave}")).words
    assert "the chain: this release does not fit those before and after it" in words
