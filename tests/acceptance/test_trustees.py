"""A trustee enrols on the console, and nobody else; what is kept opens nothing without the passphrase."""

import pytest
from sqlalchemy import select

from engage.people.models import RoleGrant
from engage.people.sessions import open_session
from engage.surveys.keys import custody
from engage.surveys.models import KeyShare, Trustee
from engage.tokens import Tokens
from tests.pulses import open_pulse
from tests.site import Page, Site, on_sqlite

PAGE = "/console/trustee"
PASSPHRASE = "seven green boats at dawn"


async def sign_in(site: Site, *roles: str) -> None:
    """Sign somebody with these roles in."""
    async with site.database.writing() as session:
        session.add_all(RoleGrant(email="dpo@example.org", role=role, granted_at=site.now) for role in roles)
        cookie = await open_session(session, Tokens(site.settings.secret_key), "dpo@example.org", site.now)
    site.browser.cookies.set("engage-session", cookie)


async def enrolled(site: Site) -> Trustee | None:
    async with site.database.reading() as session:
        return await session.scalar(select(Trustee))


async def test_trustee_enrols_and_can_take_another_passphrase_while_no_share_is_held(site: Site) -> None:
    await sign_in(site, "trustee")
    form = (await site.open(PAGE)).form(PAGE)
    sent = await site.send(form, passphrase=PASSPHRASE, again=f"{PASSPHRASE} ")
    assert (sent.status_code, sent.headers["location"]) == (303, PAGE)
    assert "You enrolled at midday on Wednesday 3 February 2027" in (await site.open(PAGE)).words
    first = await enrolled(site)
    assert first is not None
    assert first.public_key == custody.public_key_of(PASSPHRASE, first.salt)
    assert PASSPHRASE not in repr(await site.dump())
    await site.send(form, passphrase="another one, with six words", again="another one, with six words")
    second = await enrolled(site)
    assert second is not None
    assert second.public_key != first.public_key


@on_sqlite
@pytest.mark.parametrize(
    ("passphrase", "again", "said"),
    [
        ("too short", "too short", "must be 20 to 500 characters"),
        ("x" * 501, "x" * 501, "must be 20 to 500 characters"),
        (PASSPHRASE, "seven green boots at dawn", "The passphrases differ"),
    ],
)
async def test_passphrase_that_is_short_or_mistyped_is_refused(
    site: Site, passphrase: str, again: str, said: str
) -> None:
    await sign_in(site, "trustee")
    sent = await site.send((await site.open(PAGE)).form(PAGE), passphrase=passphrase, again=again)
    assert sent.status_code == 422
    assert said in Page(sent).words
    assert passphrase not in sent.text
    assert await enrolled(site) is None


@on_sqlite
async def test_passphrase_that_guards_a_share_cannot_be_changed(site: Site) -> None:
    await sign_in(site, "trustee")
    form = (await site.open(PAGE)).form(PAGE)
    await site.send(form, passphrase=PASSPHRASE, again=PASSPHRASE)
    before = await enrolled(site)
    await open_pulse(site.database)
    async with site.database.writing() as session:
        session.add(KeyShare(wave_id=1, email="dpo@example.org", sealed=b"a share"))
    sent = await site.send(form, passphrase="another one, with six words", again="another one, with six words")
    assert sent.status_code == 409
    assert "guards a share of a survey that is not counted yet" in Page(sent).words
    after = await enrolled(site)
    assert before is not None
    assert after is not None
    assert after.public_key == before.public_key


@on_sqlite
async def test_page_is_there_for_trustees_alone(site: Site) -> None:
    assert (await site.open(PAGE)).status == 303
    await sign_in(site, "admin", "workforce", "pcs")
    assert (await site.open(PAGE)).status == 404
    assert (await site.browser.post(PAGE, data={"passphrase": PASSPHRASE, "again": PASSPHRASE})).status_code == 404
