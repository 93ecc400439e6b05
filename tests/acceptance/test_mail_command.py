"""What an operator sees of messages that the relay did not take, and how they go out after all."""

from datetime import timedelta

from engage.notify.models import OutboxMessage
from engage.storage.database import Database
from tests.acceptance.commands import Commands
from tests.site import Site, on_sqlite


async def refused(site: Site, *emails: str) -> None:
    for email in emails:
        site.relay.refuse(email, f"550 5.7.1 <{email}> is not wanted here")
        await site.register(email, deadline_reminders="yes")
    assert await site.mail() == []


@on_sqlite
async def test_dead_messages_are_listed_without_addresses_and_sent_again(site: Site, commands: Commands) -> None:
    await refused(site, "zoe@one.example", "kim@two.example")
    await site.register("waits@example.net", "none")
    listed = commands.run("mail", "list")
    assert listed.code == 0
    assert "zoe@" not in listed.out
    heading, *rows = [line.split() for line in listed.out.splitlines()]
    assert heading[:4] == ["id", "kind", "state", "attempts"]
    assert [row[:4] for row in rows] == [["1", "PlaceConfirmed", "dead", "1"], ["2", "PlaceConfirmed", "dead", "1"]]
    assert "one.example" in rows[0]
    assert "550 5.7.1" in " ".join(rows[0])
    assert commands.run("mail", "retry", "1").out == "1 message waits to be sent again.\n"
    assert "at once" in commands.run("mail", "list", "--state", "waiting").out
    site.relay.refuse("zoe@one.example", "250 2.1.5 Wanted after all")
    assert {message["To"].addresses[0].addr_spec for message in await site.mail()} == {
        "zoe@one.example",
        "waits@example.net",
    }
    assert commands.run("mail", "retry", "--all-dead").out == "1 message waits to be sent again.\n"


@on_sqlite
async def test_one_message_is_shown_whole(site: Site, commands: Commands) -> None:
    await refused(site, "zoe@one.example")
    shown = commands.run("mail", "show", "1").out
    assert shown.startswith("PlaceConfirmed, dead after 1 attempts: 550 5.7.1")
    for words in (
        "To: Somebody Interested <zoe@one.example>",
        "Message-ID: <",
        "You have a place at this open evening",
    ):
        assert words in shown


@on_sqlite
async def test_only_what_is_dead_and_kept_is_sent_again_and_all_or_none(
    site: Site, commands: Commands, database: Database
) -> None:
    await refused(site, "zoe@one.example", "kim@two.example")
    async with database.writing() as session:
        (await session.get_one(OutboxMessage, 2)).content = None
    assert "Nothing was changed" in commands.run("mail", "retry", "1", "2", "9").complaint
    assert "text is no longer kept" in commands.run("mail", "show", "2").out
    assert commands.run("mail", "retry", "--all-dead").out == "1 message waits to be sent again.\n"
    assert "Nothing was changed" in commands.run("mail", "retry", "1").complaint


@on_sqlite
async def test_old_dead_message_has_its_whole_time_again(site: Site, commands: Commands, database: Database) -> None:
    await refused(site, "zoe@one.example")
    async with database.writing() as session:
        message = await session.get_one(OutboxMessage, 1)
        message.first_tried_at = message.created_at - timedelta(days=30)
    commands.run("mail", "retry", "1")
    site.relay.refuse("zoe@one.example", "451 4.2.0 Busy")
    await site.mail()
    async with database.reading() as session:
        message = await session.get_one(OutboxMessage, 1)
        assert (message.state, message.attempts) == ("waiting", 1)


@on_sqlite
async def test_nothing_to_list_is_said(commands: Commands) -> None:
    assert commands.run("mail", "list").out == "No message is dead or waiting.\n"


@on_sqlite
async def test_message_overtaken_by_a_later_one_is_not_sent_after_it(
    site: Site, commands: Commands, database: Database
) -> None:
    await refused(site, "zoe@one.example")
    async with database.writing() as session:
        first = await session.get_one(OutboxMessage, 1)
        columns = {column.key: getattr(first, column.key) for column in OutboxMessage.__table__.columns}
        session.add(OutboxMessage(**columns | {"id": 2, "key": "later", "state": "sent"}))
    assert commands.run("mail", "retry", "--all-dead").out == "0 messages wait to be sent again.\n"
    assert "overtaken by a later one" in commands.run("mail", "retry", "1").complaint


@on_sqlite
async def test_what_came_back_is_listed_when_asked_for(site: Site, commands: Commands, database: Database) -> None:
    await refused(site, "zoe@one.example")
    async with database.writing() as session:
        (await session.get_one(OutboxMessage, 1)).state = "bounced"
    assert commands.run("mail", "list").out == "No message is dead or waiting.\n"
    assert "bounced" in commands.run("mail", "list", "--state", "bounced").out
