"""Commands beside a running site: the worker at another instant, the link that signs in, the purge."""

import json
from datetime import UTC, datetime, timedelta

from engage.purging import purge
from tests.acceptance.commands import Commands
from tests.site import Page, Site, on_disk, on_sqlite


def rows(dump: dict[str, list[tuple[object, ...]]]) -> dict[str, int]:
    return {name: len(found) for name, found in dump.items()}


async def test_offer_lapses_and_passes_on_at_the_instant_that_work_is_given(site: Site, commands: Commands) -> None:
    first, second, third = [await site.joined(f"{number}@example.net", "sitting-1") for number in range(3)]
    await site.act(first, "cancel")
    await site.mail()
    too_early = commands.run("work", "--once", "--now", (site.now + timedelta(hours=23)).isoformat())
    assert not any(json.loads(too_early.out).values())
    ran = commands.run("work", "--once", "--now", (site.now + timedelta(days=1)).isoformat(), SMTP_URL=None)
    done = json.loads(ran.out)
    assert (done["lapsed"], done["sent"]) == (1, 2)
    states = [(await site.json(link))["status"] for link in (second, third)]
    assert states == ["lapsed", "offered"]


@on_sqlite
async def test_sign_in_link_of_the_command_works_once(site: Site, commands: Commands) -> None:
    site.now = datetime.now(UTC)  # the command keeps the real clock
    commands.run("grant", "boss@example.org", "organiser")
    link = commands.run("sign-in-link", "boss@example.org").out.strip().removeprefix("http://engage.example.org")
    form = (await site.open(link)).form()
    answer = await site.send(form)
    assert (answer.status_code, answer.headers["location"]) == (303, "/console")
    assert (await site.open("/console")).status == 200
    site.browser.cookies.delete("engage-session")
    used = Page(await site.send(form))
    assert (used.status, "has been used" in used.words) == (410, True)
    assert (await site.browser.get("/console")).status_code != 200


async def test_purge_forgets_each_thing_when_its_time_is_over(site: Site) -> None:
    await site.register("zoe@example.net", access_needs=["bsl"], deadline_reminders="yes")
    await site.register("zoe@example.net")
    await site.mail()
    starts = rows(await site.dump())
    kept = ("registration", "access_need", "outbox_message", "answered_form")
    assert [starts[name] for name in kept] == [1, 1, 2, 1]

    async def after(now: str) -> dict[str, int]:
        await purge(site.database, site.app.state.site.unit_of_work, datetime.fromisoformat(now), site.settings.zone)
        return rows(await site.dump())

    assert await after("2027-02-03T12:00:00+00:00") == starts
    week = await after("2027-02-10T12:00:01+00:00")
    assert week == starts | {"answered_form": 0}
    evening = await after("2027-03-10T18:00:00+00:00")
    assert evening == week, "access needs are kept for fourteen days after the last sitting"
    needs = await after("2027-03-10T20:00:00+00:00")
    assert needs == week | {"access_need": 0}
    assert await after("2027-09-13T23:00:00+00:00") == needs
    gone = await after("2027-09-15T01:00:00+00:00")
    assert (gone["registration"], gone["outbox_message"], gone["journal_entry"]) == (0, 0, starts["journal_entry"])


@on_sqlite
async def test_what_was_purged_is_not_left_in_the_log_in_which_it_was_written(site: Site) -> None:
    await site.joined("zoe@example.net")
    assert b"zoe@example.net" in on_disk(site.database)
    over = datetime.fromisoformat("2027-09-15T01:00:00+00:00")
    await purge(site.database, site.app.state.site.unit_of_work, over, site.settings.zone)
    assert b"zoe@example.net" not in on_disk(site.database)


@on_sqlite
async def test_purge_takes_the_names_out_of_the_journal_and_the_text_out_of_old_messages(
    site: Site, commands: Commands
) -> None:
    link = await site.joined("zoe@example.net")
    sent_at = datetime.now(UTC)  # sending keeps the real clock
    ran = commands.run("purge", "--now", (sent_at + timedelta(days=13)).isoformat())
    assert (ran.code, ran.out.startswith("Forgotten: 0 registrations, ")) == (0, True)
    assert b"zoe@example.net" in content_of(await site.dump())
    assert (await site.open(link)).status == 200
    commands.run("purge", "--now", "2027-09-15T01:00:00+00:00")
    assert "zoe@example.net" not in repr(await site.dump())
    assert "registration:1" not in repr((await site.dump())["journal_entry"])
    assert (await site.open(link)).status == 404


def content_of(dump: dict[str, list[tuple[object, ...]]]) -> bytes:
    (row,) = dump["outbox_message"]
    return next(value for value in row if isinstance(value, bytes))
