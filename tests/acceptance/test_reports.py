"""Reports over HTTP: every role sees what is for it, and everything else is not there."""

import pytest
from sqlalchemy import event

from engage.surveys.reports.verify_release import check
from tests.reading import CHAIR, STAFF, publish_two, sign_in
from tests.releases import content, publish, sealed, two_waves
from tests.site import Site, on_sqlite

pytestmark = on_sqlite

REPORT, RESULTS = "/reports/2027-spring", "/results/2027-spring"
POLICY, AUDIT, CARERS = (
    f"{REPORT}/groups/{name}" for name in ("directorate/policy", "directorate/audit", "working_group/carers")
)
LINE, UNKNOWN = f"{REPORT}/groups/about_you/part-time", f"{REPORT}/groups/directorate/none"
HOSTILE = '=HYPERLINK("x") <script>alert("x")</script> & {{ 7 * 7 }}'
EVERYONE = f"{REPORT}/groups/everyone/everyone"
FORMATS = ("pdf", "ods", "csv", "json")
FOR_STAFF = {"/reports", REPORT, f"{REPORT}/actions", "/reports/cuts", *(f"{REPORT}.{form}" for form in FORMATS)}
FOR_ALL = {"/results", RESULTS, "/results/verify.py", *(f"{RESULTS}.{form}" for form in FORMATS)}
NEVER = {LINE, UNKNOWN, EVERYONE, "/reports/none", "/results/none", f"{REPORT}.exe", f"{REPORT}.json?audience=public"}
GROUPS = {POLICY, AUDIT, CARERS}
SEEN = {
    (): FOR_ALL,
    (STAFF,): FOR_ALL | FOR_STAFF,
    ("organiser",): FOR_ALL | FOR_STAFF,
    ("trustee",): FOR_ALL | FOR_STAFF,
    (CHAIR,): FOR_ALL | FOR_STAFF | {CARERS, f"{REPORT}.json?audience=group:working_group:carers"},
    ("group_lead:directorate:audit",): FOR_ALL | FOR_STAFF | {AUDIT},
    ("workforce",): FOR_ALL | FOR_STAFF | GROUPS | {f"{REPORT}.json?audience=staff"},
    ("pcs",): FOR_ALL | FOR_STAFF | GROUPS | {f"{REPORT}.json?audience=staff"},
}
ADDRESSES = sorted({*FOR_ALL, *FOR_STAFF, *NEVER, *GROUPS, f"{REPORT}.json?audience=pcs"})


@pytest.mark.parametrize("roles", SEEN, ids=lambda roles: "-".join(roles) or "nobody")
async def test_every_address_is_there_for_those_it_is_for_and_for_nobody_else(
    site: Site, roles: tuple[str, ...]
) -> None:
    await publish_two(site)
    await sign_in(site, *roles)
    seen = SEEN[roles] | ({f"{REPORT}.json?audience=pcs"} if "pcs" in roles else set())
    answers = {path: (await site.open(path)).status for path in ADDRESSES}
    assert {path for path, status in answers.items() if status == 200} == seen & set(ADDRESSES)
    hidden = {status for path, status in answers.items() if path not in seen and not path.startswith("/reports")}
    assert hidden <= {404}
    assert {answers[path] for path in GROUPS - seen} <= {404 if roles else 303}


async def test_what_the_organisation_does_not_publish_is_for_staff_alone(site: Site) -> None:
    await publish_two(site, is_public=False)
    assert {(await site.open(path)).status for path in ("/results", RESULTS, f"{RESULTS}.json")} == {404}
    await sign_in(site, STAFF)
    assert {(await site.open(path)).status for path in ("/results", RESULTS, f"{RESULTS}.json")} == {200}


async def test_the_public_sees_no_trend_of_waves_that_are_not_public(site: Site) -> None:
    first, second = two_waves()
    async with site.database.writing() as session:
        await publish(session, first, is_public=False)
        await publish(session, second)
    assert first["title"] not in (await site.open(RESULTS)).words
    await sign_in(site, STAFF)
    assert first["title"] in (await site.open(RESULTS)).words


async def test_the_organisation_is_told_with_everything_that_a_reader_needs(site: Site) -> None:
    await publish_two(site)
    await sign_in(site, "pcs")
    page = await site.open(REPORT)
    for expected in (
        "201 of 241 people answered (83%)",
        "55.0 Out of 100, plus or minus 2.1 points. No clear change since the last wave.",
        "Leadership",
        "Managing, recognising and developing our people",
        "Strongest questions Other teams here help mine when we ask. 87%",
        "Weakest questions I know what my team is trying to achieve this year. 38%",
        "My line manager backs me when my work gets difficult. 49%, up 2 points",
        "Audit (directorate): below the threshold",
        "Grade 7 (grade): protects another group",
        "I work part time: 31 people",
        "The consultation Nobody said anything.",
        "Root sha256:",
    ):
        assert expected in page.words, expected
    assert page.words.count("it was chance alone who did not answer") == 1
    assert "/reports/2027-spring/groups/directorate/policy" in page.links


async def test_staff_and_leads_read_no_name_of_any_other_group(site: Site) -> None:
    await publish_two(site)
    for role, own in ((STAFF, set()), (CHAIR, {"Carers"})):
        await sign_in(site, role)
        words = (await site.open(REPORT)).words
        assert {name for name in ("Policy", "Commissioning", "Audit", "Grade 6", "Carers") if name in words} == own


async def test_a_group_stands_beside_everyone_and_its_own_last_wave(site: Site) -> None:
    await publish_two(site)
    await sign_in(site, CHAIR)
    page = await site.open(CARERS)
    assert "22 people answered and said that they belong to it; nobody knows how many do" in page.words
    assert "Everyone: 55.0. This group in its last wave:" in page.words
    assert "Everyone: 38% positive." in page.words
    assert "Leadership 43% 49% no clear change" in page.words
    assert "Inclusive culture 65% 70% no clear change" in page.words
    assert f"{REPORT}.pdf?audience=group:working_group:carers" in page.links


async def test_a_withheld_group_is_named_with_the_reason_and_nothing_else(site: Site) -> None:
    await publish_two(site)
    await sign_in(site, "group_lead:directorate:audit")
    page = await site.open(AUDIT)
    assert "This group is not shown: below the threshold." in page.words
    assert "positive" not in page.words


async def test_choices_sort_and_hide_by_the_address_alone(site: Site) -> None:
    await publish_two(site)
    await sign_in(site, "workforce")
    words = (await site.open(f"{REPORT}?questions=worst&theme=environment&family=directorate&groups=leaders")).words
    groups = words[words.index("Per cent positive by group and theme") : words.index("Groups that are not shown")]
    assert groups.index("Policy") < groups.index("Commissioning")
    assert "Grade 6" not in groups
    questions = words[words.index("Show questions") : words.index("No action has been put forward")]
    assert questions.index("I can do my work well") < questions.index("My team tries out")
    assert "I am proud" not in questions
    assert (await site.open(f"{REPORT}?questions=none&theme=<x>&family=%00&groups=1")).status == 200


@pytest.mark.parametrize("responded", [0, 9])
async def test_a_wave_with_too_few_answers_says_so(site: Site, responded: int) -> None:
    nothing = content("2027-spring", responded=201, groups=())
    everyone = {"family": "everyone", "key": "everyone", "title": "Everyone", "status": "withheld"}
    groups = [everyone | {"reason": "below the threshold"}]
    given = sealed(nothing | {"groups": groups, "certificate": {**nothing["certificate"], "counted": responded}})
    async with site.database.writing() as session:
        await publish(session, given)
    await sign_in(site, "pcs")
    for path in (REPORT, RESULTS):
        assert "Fewer than 10 people answered, so nothing that they said is shown." in (await site.open(path)).words
    assert {(await site.open(f"{REPORT}.{form}")).status for form in FORMATS} == {200}


async def test_a_question_in_a_band_shows_no_figure_of_it(site: Site) -> None:
    _, given = two_waves()
    banded = given["groups"][0]["questions"]["direction"]
    banded.update(band="95+", positive=None, answers=None, na=None, skipped=None, n=None)
    async with site.database.writing() as session:
        await publish(session, sealed(given))
    await sign_in(site, STAFF)
    words = (await site.open(REPORT)).words
    assert "Strongest questions I know what my team is trying to achieve this year. 95% or more" in words
    assert {(await site.open(f"{REPORT}.{form}")).status for form in FORMATS} == {200}


async def test_hostile_titles_are_shown_as_they_are(site: Site) -> None:
    _, given = two_waves()
    given["groups"][1]["title"] = given["title"] = HOSTILE
    async with site.database.writing() as session:
        await publish(session, sealed(given))
    await sign_in(site, "pcs")
    for path in (REPORT, POLICY):
        page = await site.open(path)
        assert HOSTILE in page.words
        assert "<script>alert" not in page.response.text
    assert {(await site.open(f"{REPORT}.{form}")).status for form in FORMATS} == {200}
    assert f"""'{HOSTILE.replace('"', '""')}""" in (await site.browser.get(f"{REPORT}.csv")).text


async def test_every_file_of_every_audience_verifies_by_itself(site: Site) -> None:
    await publish_two(site)
    files = [
        (name, (await site.browser.get(f"/results/{name}.json")).content) for name in ("2026-autumn", "2027-spring")
    ]
    for roles in (("pcs",), ("workforce",), (STAFF,), (CHAIR,)):
        await sign_in(site, *roles)
        files.append((roles[0], (await site.browser.get(f"{REPORT}.json")).content))
    assert check(files, lambda line: None) == []


@pytest.mark.parametrize("path", [REPORT, POLICY, f"{REPORT}/actions", RESULTS])
async def test_a_page_takes_at_most_ten_statements(site: Site, path: str) -> None:
    await publish_two(site)
    await sign_in(site, "pcs")
    seen: list[str] = []
    engine = site.app.state.site.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", lambda *given: seen.append(given[2]))
    assert (await site.open(path)).status == 200
    assert 1 <= len(seen) <= 10
