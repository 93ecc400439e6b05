"""From the form to the published file: a wave of known answers, by the pages and the commands that people use."""

import asyncio
import json
from pathlib import Path
from typing import Any

from sqlalchemy import select, update

from engage.people.models import RoleGrant
from engage.people.sessions import open_session
from engage.storage.database import Database
from engage.surveys.keys import custody
from engage.surveys.keys.desk import Desk
from engage.surveys.keys.handing import MOST_TRIES
from engage.surveys.models import KeyShare, Trustee, Wave
from engage.surveys.reports import verify_release
from engage.surveys.reports.releases import find
from engage.surveys.reports.report_models import TallyDesk
from engage.tokens import Tokens
from tests.acceptance.answering import answer
from tests.acceptance.commands import Commands
from tests.answered import Voter, closed_wave
from tests.pulses import Pulse, open_pulse
from tests.site import Page, Site, on_sqlite, text_of

PASSPHRASE = "seven green boats at dawn"
TRUSTEE = "dpo@example.org"


async def in_thread(commands: Commands, *arguments: str) -> Any:
    return await asyncio.to_thread(commands.run, *arguments)


async def published(database: Database) -> dict[str, Any]:
    async with database.reading() as session:
        release = await find(session, "2027-spring")
    assert release is not None
    return release.content


async def test_wave_of_known_answers_gives_the_known_figures_from_the_form_to_the_file(
    site: Site, commands: Commands, tmp_path: Path
) -> None:
    pulse = await open_pulse(site.database, people=24)
    for person in range(20):
        typed = {"q_valued": "4" if person < 15 else "2", "q_safe": "3" if person % 2 else "5"}
        pride = {"q_pride": str(person % 5 + 1)} if person < 15 else {}
        assert (await answer(site, pulse.path(person), **typed, **pride)).status_code == 303
    for act in ("close", "tally", "publish"):
        ran = await in_thread(commands, "wave", act, pulse.key)
        assert (ran.code, ran.err) == (0, "")
    told = [message for message in await site.mail() if message["Subject"].startswith("The results are published")]
    assert len({message["To"] for message in told}) == len(told) == 24
    assert "http://engage.example.org/results/2027-spring" in text_of(told[0])
    content = await published(site.database)
    everyone = content["groups"][0]
    figures = {key: (each["positive"], each["n"], each["skipped"]) for key, each in everyone["questions"].items()}
    assert figures == {"valued": (75, 20, 0), "safe": (50, 20, 0), "pride": (40, 15, 5)}
    assert everyone["questions"]["pride"]["answers"] == dict.fromkeys("12345", 3)
    assert everyone["index"]["score"] == 50.0
    assert (everyone["themes"]["people"]["positive"], everyone["values"]["honesty"]["positive"]) == (75, 50)
    assert (everyone["invited"], everyone["responded"]) == (24, 20)
    assert content["certificate"] == {"invited": 24, "spent": 20, "opened": 20, "counted": 20, "damaged": 0}
    file = tmp_path / "spring.json"
    file.write_text(json.dumps(content))
    for name in (str(file), pulse.key):
        ran = await in_thread(commands, "verify", name)
        assert (ran.code, ran.out.splitlines()[-1]) == (0, "verified")
    content["groups"][0]["questions"]["valued"]["positive"] = 80
    file.write_text(json.dumps(content))
    ran = await in_thread(commands, "verify", str(file))
    assert "everyone" in ran.out
    assert "4 differences, listed above" in ran.complaint


@on_sqlite
async def test_commands_say_what_they_did_and_what_is_left_to_do(commands: Commands, database: Database) -> None:
    await closed_wave(database, [Voter(answers={"valued": 4})] * 11 + [Voter(answers=None)] * 3)
    assert "Count it first" in (await in_thread(commands, "wave", "publish", "2027-spring")).complaint
    assert "Nothing is published of 2027-spring" in (await in_thread(commands, "verify", "2027-spring")).complaint
    said = (await in_thread(commands, "wave", "tally", "2027-spring")).out.splitlines()
    assert said[0].startswith("2027-spring is tallied: 11 links used, 11 sheets opened, 11 counted; ")
    assert said[1].endswith("are destroyed.")
    again = (await in_thread(commands, "wave", "tally", "2027-spring")).out
    assert again.startswith("2027-spring: nothing to do, it is tallied.")
    ran = await in_thread(commands, "wave", "publish", "2027-spring")
    assert ran.out.startswith("2027-spring is published for every audience: http://engage.example.org/results/2027")
    assert "nothing to do" in (await in_thread(commands, "wave", "publish", "2027-spring")).out
    assert "no such file" in (await in_thread(commands, "verify", "none.json")).complaint.lower()


@on_sqlite
async def test_changed_secret_is_told_in_one_line_and_nothing_is_lost(commands: Commands, database: Database) -> None:
    await closed_wave(database, [Voter(answers={"valued": 4})] * 11)
    ran = await asyncio.to_thread(commands.run, "wave", "tally", "2027-spring", SECRET_KEY="another secret " * 4)
    assert "Put back the secret" in ran.complaint
    assert (await in_thread(commands, "wave", "tally", "2027-spring")).code == 0


async def trusted(site: Site) -> Pulse:
    """A closed wave whose key takes the shares of two, of whom one signs in here."""
    pulse = await closed_wave(site.database, [Voter(answers={"valued": 4})] * 11)
    salt = custody.new_salt()
    public_key = custody.public_key_of(PASSPHRASE, salt)
    people = {TRUSTEE: public_key, "pcs@example.org": public_key}
    shares = custody._sealed_shares(pulse.private_key, people, 2)
    async with site.database.writing() as session:
        for email in people:
            session.add(Trustee(email=email, salt=salt, public_key=public_key, enrolled_at=site.now))
        await session.flush()
        session.add_all(KeyShare(wave_id=1, email=email, sealed=sealed) for email, sealed in shares.items())
        await session.execute(update(Wave).values(trustees=list(people), shares_needed=2, wrapped_private_key=None))
    return pulse


async def sign_in(site: Site, email: str) -> None:
    async with site.database.writing() as session:
        session.add(RoleGrant(email=email, role="trustee", granted_at=site.now))
        cookie = await open_session(session, Tokens(site.settings.secret_key), email, site.now)
    site.browser.cookies.set("engage-session", cookie)


async def test_trustees_hand_their_shares_over_and_the_waiting_command_counts(site: Site, commands: Commands) -> None:
    pulse = await trusted(site)
    await sign_in(site, TRUSTEE)
    page = f"/console/trustee/{pulse.key}"
    assert (await site.open(page)).status == 404
    process = commands.start("wave", "tally", pulse.key)
    assert process.stdout is not None
    waits = await asyncio.to_thread(process.stdout.readline)
    assert waits == "0 of 2 shares are here. Waiting at /console/trustee for: dpo@example.org, pcs@example.org\n"
    await set_clock(site)
    assert page in (await site.open("/console/trustee")).links
    for number, email in enumerate((TRUSTEE, "pcs@example.org")):
        await sign_in(site, email) if number else None
        await set_clock(site)
        form = (await site.open(page)).forms[-1]
        sent = await site.send(form, passphrase=PASSPHRASE)
        assert (sent.status_code, sent.headers["location"]) == (303, page)
    out, err = await asyncio.to_thread(process.communicate)
    assert process.returncode == 0, err
    assert "is tallied: 11 links used" in out
    assert (await site.open(page)).status == 404


async def set_clock(site: Site) -> None:
    """The site's clock to that of the process that waits."""
    async with site.database.reading() as session:
        desk = (await session.scalars(select(TallyDesk))).one()
    site.now = desk.seen_at


@on_sqlite
async def test_wrong_passphrase_is_refused_and_throttled_and_never_shown(site: Site) -> None:
    pulse = await trusted(site)
    await sign_in(site, TRUSTEE)
    async with site.database.writing() as session:
        await Desk().open(session, await session.get_one(Wave, 1), site.now)
    page = f"/console/trustee/{pulse.key}"
    form = (await site.open(page)).forms[-1]
    assert (await site.send(form, passphrase="")).status_code == 422
    for _ in range(MOST_TRIES):
        sent = await site.send(form, passphrase="seven green boots at dawn")
        assert sent.status_code == 422
        assert "That is not the passphrase" in Page(sent).words
        assert "boots" not in sent.text
    barred = await site.send(form, passphrase=PASSPHRASE)
    assert barred.status_code == 429
    assert f"wrong {MOST_TRIES} times" in Page(barred).words


def test_script_for_readers_is_one_file_that_knows_nothing_of_engage() -> None:
    source = Path(verify_release.__file__).read_text()
    assert "engage" not in source.replace("engage.surveys", "")
    assert source.count("\n") < 300
