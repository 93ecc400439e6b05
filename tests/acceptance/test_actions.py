"""“You said, we did” over HTTP: who puts actions forward, who answers, and what is refused keeps its words."""

import pytest

from tests.reading import CHAIR, STAFF, publish_two, sign_in
from tests.site import Form, Page, Site, on_sqlite

pytestmark = on_sqlite

PAGE, CUTS = "/reports/2027-spring/actions", "/reports/cuts"
HOSTILE = '<script>alert("x")</script> {{ 7 * 7 }}'


async def propose(site: Site, **typed: str) -> Page:
    """Put an action forward as whoever is signed in; the page that follows."""
    form = (await site.open(PAGE)).form("/actions")
    given = {"title": "A quiet hour", "owner": "owner@example.org", "why": "Meetings fill the day."}
    answer = await site.send(form, **given | typed)
    return await site.open(PAGE) if answer.status_code == 303 else Page(answer)


async def do(site: Site, act: str, number: int = 1, **typed: str) -> Page:
    form = (await site.open(PAGE)).form(f"/{number}")
    answer = await site.send(form, act=act, **{"text": f"We {act}."} | typed)
    return await site.open(PAGE) if answer.status_code == 303 else Page(answer)


async def test_an_action_goes_its_way_before_the_eyes_of_all_staff(site: Site) -> None:
    await publish_two(site)
    await sign_in(site, CHAIR)
    words = (await propose(site, about="question:workload", group="working_group:carers")).words
    assert "A quiet hour Proposed For I can do my work well in the hours that I am paid for. Group Carers" in words
    assert "Due on Monday 8 March 2027" in words
    await sign_in(site, "workforce")
    assert "Workforce team agreed to it" in (await do(site, "agree")).words
    await sign_in(site, "pcs")
    assert "PCS dissented" in (await do(site, "dissent")).words
    await sign_in(site, STAFF)
    page = await site.open(PAGE)
    assert "Chair of carers (working group) proposed it" in page.words
    assert [form for form in page.forms if form.action.startswith(PAGE)] == []
    assert "A quiet hour : agreed, due on Monday 8 March 2027" in (await site.open("/reports/2027-spring")).words


async def test_the_owner_says_how_it_goes(site: Site) -> None:
    await publish_two(site)
    await sign_in(site, "workforce")
    await propose(site, owner="staff@example.org", about="theme:people")
    await sign_in(site, STAFF)
    words = (await do(site, "finish", text="It is in all calendars.")).words
    assert "Done For Managing, recognising and developing our people" in words
    assert "What shows it It is in all calendars." in words


@pytest.mark.parametrize("roles", [(STAFF,), ("organiser",), ("trustee",)])
async def test_others_put_nothing_forward_and_do_nothing(site: Site, roles: tuple[str, ...]) -> None:
    await publish_two(site)
    await sign_in(site, "workforce")
    await propose(site)
    form = (await site.open(PAGE)).form("/actions")
    await sign_in(site, *roles)
    assert (await site.send(form, title="x", owner="a@example.org", why="x")).status_code == 404
    for role in ("workforce", "pcs", "owner", CHAIR):
        answer = await site.send(Form(f"{PAGE}/1", form.fields), role=role, act="drop", text="x")
        assert answer.status_code == 404
    assert "Agreed" in (await site.open(PAGE)).words


@pytest.mark.parametrize(
    ("typed", "status", "said"),
    [
        ({"title": " "}, 422, "Write what is to be done"),
        ({"owner": "nobody"}, 422, "Enter an email address in the correct format"),
        ({"due_on": "soon"}, 422, "Enter a day such as 2027-03-31"),
        ({"why": "x" * 2_001}, 422, "must be 2,000 characters or fewer"),
        ({"about": "question:none"}, 422, "Choose one of the themes or questions of this report"),
        ({"group": "grade:grade-6"}, 422, "Choose one of the groups of this report"),
        ({"csrf_token": "stale"}, 403, "This page was open for long"),
        ({"role": "workforce"}, 404, "There is no such page"),
    ],
)
async def test_what_cannot_be_taken_is_shown_again_with_the_reason(
    site: Site, typed: dict[str, str], status: int, said: str
) -> None:
    await publish_two(site)
    await sign_in(site, CHAIR)
    page = await propose(site, **{"title": HOSTILE} | typed)
    assert page.status == status
    assert said in page.words
    if status != 404 and "title" not in typed:
        assert dict(page.form("/actions").fields)["title"] == HOSTILE
    assert "No action has been put forward yet" in (await site.open(PAGE)).words


async def test_an_act_that_came_too_late_keeps_its_words(site: Site) -> None:
    await publish_two(site)
    await sign_in(site, CHAIR)
    await propose(site)
    await sign_in(site, "workforce")
    form = (await site.open(PAGE)).form("/1")
    await site.send(form, act="decline", text="No.")
    late = Page(await site.send(form, act="agree", text="Yes, after all."))
    assert late.status == 409
    assert "the action has moved on" in late.words
    assert "What you wrote, so that it is not lost: Yes, after all." in late.words
    empty = Page(await site.send(form, act="agree", text=" "))
    assert empty.status == 422


async def test_wishes_for_other_groups_are_answered_before_everybody(site: Site) -> None:
    await sign_in(site, STAFF)
    form = (await site.open(CUTS)).form("/cuts")
    assert (await site.send(form, text=HOSTILE)).status_code == 303
    assert Page(await site.send(form, text=" ")).status == 422
    words = (await site.open(CUTS)).words
    assert f"Member of staff asked staff@example.org , at midday on Wednesday 3 February 2027 {HOSTILE}" in words
    assert "Not answered yet" in words
    answer = Form(f"{CUTS}/1", form.fields)
    assert (await site.send(answer, answer="Yes")).status_code == 404
    await sign_in(site, "workforce")
    form = (await site.open(CUTS)).form("/1")
    assert Page(await site.send(form, answer=" ")).status == 422
    assert (await site.send(form, answer="In the spring.")).status_code == 303
    assert Page(await site.send(form, answer="Never.")).status == 409
    await sign_in(site, STAFF)
    assert (
        "The workforce team answered At midday on Wednesday 3 February 2027 In the spring."
        in (await site.open(CUTS)).words
    )
