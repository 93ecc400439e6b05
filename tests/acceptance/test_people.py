"""Administrators give and take roles; nobody but the union says who speaks for the union."""

from functools import partial

import pytest
from sqlalchemy import select

from engage.journal import JournalEntry
from engage.people.models import Account, SignInSession, Staff
from engage.people.roles import grant, roles_of
from engage.people.sessions import open_session
from tests.acceptance.commands import Commands
from tests.acceptance.test_sign_in import count
from tests.site import Page, Site, on_sqlite

ADMIN, UNION, NEW = "admin@example.org", "union@example.org", "new@example.org"
PEOPLE, CONFIRMATIONS = "/console/people", "/console/confirmations"


async def sign_in(site: Site, email: str, *roles: str) -> None:
    """Be signed in with that address, which holds those roles besides what it has."""
    parts = site.app.state.site
    await parts.unit_of_work.run(partial(grant, email=email, roles=roles, now=site.now))
    cookie = await parts.unit_of_work.run(partial(open_session, tokens=parts.tokens, email=email, now=site.now))
    site.browser.cookies.clear()
    site.browser.cookies.set("engage-session", cookie)


async def give(site: Site, email: str, role: str, **typed: str) -> Page:
    """Give a role on the page and confirm it; the page that asks."""
    asking = Page(await site.send((await site.open(PEOPLE)).form("/grant"), email=email, role=role, **typed))
    done = await site.send(asking.form("/grant"))
    assert (done.status_code, done.headers["location"]) == (303, PEOPLE)
    return asking


async def page_of(site: Site, email: str) -> str:
    async with site.database.reading() as session:
        return f"{PEOPLE}/{await session.scalar(select(Account.id).where(Account.email == email))}"


async def take(site: Site, email: str, role: str) -> Page:
    """Take a role on the person's page and confirm it; the answer."""
    page = await page_of(site, email)
    form = next(form for form in (await site.open(page)).forms if ("role", role) in form.fields)
    return Page(await site.send(Page(await site.send(form)).form("/revoke")))


async def held(site: Site, email: str) -> frozenset[str]:
    async with site.database.reading() as session:
        return await roles_of(session, email)


async def journal(site: Site) -> list[tuple[str, str, dict[str, object]]]:
    async with site.database.reading() as session:
        entries = await session.scalars(select(JournalEntry).order_by(JournalEntry.id))
        return [(entry.kind, entry.actor, entry.details) for entry in entries if entry.kind != "SignedIn"]


async def test_role_is_given_after_a_page_that_asks_and_taken_after_another(site: Site) -> None:
    await sign_in(site, ADMIN, "admin")
    asking = await give(site, "New@Example.org", "door")
    assert f"Give {NEW} the role “Door”?" in asking.words
    assert "not in the staff directory. Check that it is right" in asking.words
    assert await held(site, NEW) == {"door"}
    assert NEW in (await site.open(PEOPLE)).words
    assert (await take(site, NEW, "door")).status == 303
    assert await held(site, NEW) == set()
    assert NEW not in (await site.open(PEOPLE)).words
    assert (await journal(site))[1:] == [
        ("RoleGranted", "staff:1", {"account_id": 2, "role": "door", "is_awaited": False}),
        ("RoleRevoked", "staff:1", {"account_id": 2, "role": "door"}),
    ]


@on_sqlite
async def test_asking_changes_nothing(site: Site) -> None:
    await sign_in(site, ADMIN, "admin")
    before = await site.dump()
    await site.send((await site.open(PEOPLE)).form("/grant"), email=NEW, role="door")
    form = (await site.open(await page_of(site, ADMIN))).form("/revoke")
    await site.send(form)
    assert await site.dump() == before


async def test_nobody_poses_as_the_union(site: Site) -> None:
    await sign_in(site, UNION, "pcs")
    assert await held(site, UNION) == {"pcs"}, "the very first counts at once"
    await sign_in(site, ADMIN, "admin")
    asking = await give(site, ADMIN, "pcs")
    assert "counts once somebody who holds it confirms it" in asking.words
    assert await held(site, ADMIN) == {"admin"}
    assert (await site.open(CONFIRMATIONS)).status == 404
    assert (await site.open("/console/waves")).status == 404
    assert "to be confirmed" in (await site.open(PEOPLE)).words
    assert (await take(site, UNION, "pcs")).status == 409, "or the next would be the first again"
    assert await held(site, UNION) == {"pcs"}


@pytest.mark.parametrize(("act", "expected"), [("confirm", {"pcs"}), ("decline", set())])
async def test_whoever_speaks_for_the_union_confirms_or_declines(site: Site, act: str, expected: set[str]) -> None:
    await sign_in(site, UNION, "pcs")
    await sign_in(site, ADMIN, "admin")
    await give(site, NEW, "pcs")
    await sign_in(site, UNION)
    form = (await site.open(CONFIRMATIONS)).form("/3")
    assert (await site.send(form, act=act)).status_code == 303
    assert await held(site, NEW) == expected
    assert "Nobody waits to be confirmed" in (await site.open(CONFIRMATIONS)).words
    kind = "RoleConfirmed" if act == "confirm" else "RoleRevoked"
    assert (await journal(site))[-1] == (kind, "staff:1", {"account_id": 3, "role": "pcs"})
    again = await site.send(form, act="confirm")
    assert again.status_code == 404, "a second click finds nothing that waits"
    assert await held(site, NEW) == expected


@on_sqlite
async def test_declining_takes_no_role_that_is_held(site: Site) -> None:
    await sign_in(site, UNION, "pcs")
    await sign_in(site, ADMIN, "admin")
    await give(site, NEW, "pcs")
    await sign_in(site, UNION)
    form = (await site.open(CONFIRMATIONS)).form("/3")
    await site.send(form, act="confirm")
    assert (await site.send(form, act="decline")).status_code == 303
    assert await held(site, NEW) == {"pcs"}


def test_command_waits_for_confirmation_too(commands: Commands) -> None:
    assert commands.run("grant", UNION, "pcs").out == f"{UNION} holds: pcs\n"
    said = commands.run("grant", NEW, "pcs", "door").out.splitlines()
    assert said[0] == f"{NEW} holds: door"
    assert said[1].startswith("pcs counts once somebody who holds it confirms it")
    assert "Nobody else holds the role pcs" in commands.run("revoke", UNION, "pcs").complaint
    assert commands.run("revoke", NEW, "pcs").out == f"{NEW} holds: door\n"


@on_sqlite
async def test_last_administrator_stays(site: Site) -> None:
    await sign_in(site, ADMIN, "admin")
    refused = await take(site, ADMIN, "admin")
    assert (refused.status, "This is the only administrator" in refused.words) == (409, True)
    await give(site, NEW, "admin")
    assert (await take(site, ADMIN, "admin")).status == 303
    assert (await site.open(PEOPLE)).status == 303, "at once, and with their last role their session ends"


@on_sqlite
async def test_somebody_is_signed_out_everywhere(site: Site) -> None:
    await sign_in(site, NEW, "door")
    await sign_in(site, ADMIN, "admin")
    page = await page_of(site, NEW)
    assert "Signed in with 1 browser." in (await site.open(page)).words
    await site.send((await site.open(page)).form(f"{page}/sign-out"))
    assert await count(site, SignInSession) == 1
    assert "Signed in with 0 browsers" in (await site.open(page)).words
    assert (await journal(site))[-1] == ("SessionsEnded", "staff:2", {"account_id": 1, "count": 1})


@on_sqlite
@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"email": "", "role": "door"}, "Enter their email address"),
        ({"email": "nobody", "role": "door"}, "Enter an email address in the correct format"),
        ({"email": NEW, "role": ""}, "Select a role"),
        ({"email": NEW, "role": "emperor"}, "Select a role"),
        ({"email": NEW, "role": "group_lead", "group": "audit"}, "Enter the group that they lead"),
        ({"email": NEW, "role": "group_lead", "group": "a:b:c"}, "Enter the group that they lead"),
        ({"email": NEW, "role": "group_lead", "group": f"directorate:{'a' * 100}"}, "Enter the group that they lead"),
    ],
)
async def test_role_that_is_none_is_refused_and_what_was_typed_is_kept(
    site: Site, typed: dict[str, str], said: str
) -> None:
    await sign_in(site, ADMIN, "admin")
    page = Page(await site.send((await site.open(PEOPLE)).form("/grant"), **typed))
    assert page.status == 422
    assert said in page.words
    assert ("email", typed["email"]) in page.form("/grant").fields
    assert await count(site, Account) == 1


@on_sqlite
async def test_lead_of_a_group_is_named_with_the_group(site: Site) -> None:
    await sign_in(site, ADMIN, "admin")
    await give(site, NEW, "group_lead", group=" working_group:carers ")
    assert await held(site, NEW) == {"group_lead:working_group:carers"}
    assert "Lead of carers working group" in (await site.open(PEOPLE)).words


@on_sqlite
async def test_stale_form_is_shown_again_refilled(site: Site) -> None:
    await sign_in(site, ADMIN, "admin")
    form = (await site.open(PEOPLE)).form("/grant")
    form.fields[0] = ("csrf_token", "stale")
    page = Page(await site.send(form, email=NEW, role="door"))
    assert page.status == 403
    assert ("email", NEW) in page.form("/grant").fields
    assert await held(site, NEW) == set()


async def test_people_are_found_by_address_and_name_and_shown_by_fifties(site: Site) -> None:
    await sign_in(site, ADMIN, "admin")
    parts = site.app.state.site
    for number in range(60):
        email = f"person-{number:02}@example.org"
        await parts.unit_of_work.run(partial(grant, email=email, roles=["door"], now=site.now))
    async with site.database.writing() as session:
        session.add(Staff(email="person-07@example.org", name="Zoë 100%_", directorate="Audit", grade="7"))
    first = await site.open(PEOPLE)
    assert first.words.count("person-") == 49
    (more,) = [link for link in first.links if "after=" in link]
    second = await site.open(more)
    assert second.words.count("person-") == 11
    for search in ("zoë", "100%_", "PERSON-07"):
        assert (await site.open(f"{PEOPLE}?search={search}".replace("%", "%25"))).words.count("person-07") == 1
    assert "0 people" in (await site.open(f"{PEOPLE}?search=nobody%00")).words
