"""The listener on a real socket: what it takes, what it refuses, and that nothing ends it."""

import asyncio
import tracemalloc
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pytest
import uvloop
from sqlalchemy import select

from engage.errors import Overloaded
from engage.events.facts import stream_of
from engage.journal import JournalEntry
from engage.notify.facts import ReplyHeard, proof_of
from engage.notify.inbox import Inbox
from engage.notify.listening import Limits, Listener
from engage.notify.tags import BOUNCES, REPLIES, tagged
from engage.settings import Settings
from engage.storage.database import Database
from engage.storage.unit_of_work import UnitOfWork
from engage.tokens import Tokens
from tests.replying import calendar, deliver, mail, report
from tests.site import on_sqlite

ANY_PORT = ("127.0.0.1", 0)
SHORT = Limits(silence=0.3, conversation=1.0, pause=0.05)
PROMPT = 30.0  # seconds: the machine may be busy with other things
OUT_OF_OFFICE = b"From: zoe@example.net\r\nAuto-Submitted: auto-replied\r\n\r\nI am away.\r\n"
HUMAN = b"From: zoe@example.net\r\nSubject: Re: your evening\r\n\r\nWhere do I park?\r\n"


@dataclass
class Post:
    """A listener, and what was heard."""

    listener: Listener
    database: Database
    tokens: Tokens
    settings: Settings

    def address(self, kind: str = REPLIES, number: int = 7, purpose: str | None = None) -> str:
        issued = self.tokens.issue(purpose or {REPLIES: "reply", BOUNCES: "bounce"}[kind], number)
        return tagged(self.settings.mail_from, kind, issued)

    async def deliver(self, content: bytes, recipient: str | None = None, sender: str = "somebody@example.com") -> str:
        return await deliver(self.listener.port, recipient or self.address(), content, sender)

    async def heard(self) -> list[dict[str, Any]]:
        query = select(JournalEntry.details).where(JournalEntry.kind == ReplyHeard.__name__).order_by(JournalEntry.id)
        async with self.database.reading() as session:
            return list(await session.scalars(query))

    async def lives_on(self) -> bool:
        known = len(await self.heard())
        return (await self.deliver(mail(calendar()))).startswith("250") and len(await self.heard()) == known + 1


Posts = Callable[[Limits], Any]


@pytest.fixture
def posts(database: Database, unit_of_work: UnitOfWork, settings: Settings, tokens: Tokens, now: datetime) -> Posts:
    """`async with posts(limits) as post`: a listener with these limits."""

    @asynccontextmanager
    async def open_post(limits: Limits) -> AsyncIterator[Post]:
        inbox = Inbox(settings, tokens, unit_of_work, stream_of=stream_of, clock=lambda: now)
        listener = Listener(ANY_PORT, inbox, hostname="engage.example.org", limits=limits)
        assert await listener.open()
        yield Post(listener, database, tokens, settings)
        await listener.close()

    return open_post


@pytest.fixture
async def post(posts: Posts) -> AsyncIterator[Post]:
    async with posts(Limits()) as post:
        yield post


async def test_reply_is_journalled_before_it_is_accepted(post: Post) -> None:
    assert (await post.deliver(mail(calendar("ACCEPTED")))).startswith("250")
    (heard,) = await post.heard()
    assert heard == {
        "about": "registration:7",
        "proof": proof_of(post.tokens, "d2c6ae2e-4f10-4a5e-9fb6-3f2f28ab0d37", "zoe@example.net"),
        "sequence": 3,
        "answer": "accepted",
        "stamped_at": "2027-02-03T12:30:00Z",
    }


async def test_tag_is_read_in_upper_case_too(post: Post) -> None:
    assert (await post.deliver(mail(calendar()), post.address().upper())).startswith("250")
    assert len(await post.heard()) == 1


@on_sqlite
async def test_nobody_else_gets_mail_here(post: Post) -> None:
    forged = post.address()[:-15] + "2" + post.address()[-14:]
    wrong_purpose = post.address(purpose="registration")
    for recipient in ("evenings@example.org", "root@localhost", forged, wrong_purpose, post.address(number=8)[:40]):
        assert (await post.deliver(mail(calendar()), recipient)).startswith(("550", "553"))
    assert await post.heard() == []


@on_sqlite
async def test_out_of_office_and_our_own_mail_are_taken_and_ignored(post: Post) -> None:
    ours = mail(calendar(METHOD="METHOD:REQUEST"), {"Auto-Submitted": "auto-generated"})
    away = mail(calendar(), {"Auto-Submitted": "auto-replied"})
    for content in (OUT_OF_OFFICE, ours, away, mail(calendar(), {"Precedence": "bulk"})):
        assert (await post.deliver(content)).startswith("250")
    assert (await post.deliver(HUMAN, sender="")).startswith("250")
    assert (await post.deliver(OUT_OF_OFFICE, post.address(BOUNCES))).startswith("250")
    assert await post.heard() == []


@on_sqlite
async def test_person_who_writes_is_told_where_to(post: Post) -> None:
    assert await post.deliver(HUMAN) == (
        "550 5.6.1 Only calendars' replies are read here; write to recruitment@example.org"
    )


@on_sqlite
@pytest.mark.parametrize(
    "content",
    [
        b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(10_000)),
        b"Content-Type: multipart/mixed\r\n\r\n--x\r\n",
        b"Content-Type: multipart/mixed; boundary=\xff\xfe\r\n\r\n--\xff\r\n",
        mail(calendar()).replace(b"base64\r\n\r\n", b"base64\r\n\r\nA"),
    ],
    ids=["nested", "no boundary", "no text", "broken base64"],
)
async def test_broken_mail_is_refused_for_good(post: Post, content: bytes) -> None:
    assert (await post.deliver(content)).startswith("554 5.6.0")
    assert await post.lives_on()


@on_sqlite
async def test_size_is_announced_and_kept_to(posts: Posts) -> None:
    async with posts(replace(Limits(), size=10_000)) as post:
        assert (await post.deliver(mail(calendar(), {"X-Pad": "x" * 500}) + b"y" * 900)).startswith("250")
        assert (await post.deliver(mail(calendar()) + b"y\r\n" * 5_000)).startswith("552")
        reader, writer = await asyncio.open_connection("127.0.0.1", post.listener.port)
        writer.write(b"EHLO x\r\nMAIL FROM:<> SIZE=10001\r\nQUIT\r\n")
        said = await asyncio.wait_for(reader.read(), PROMPT)
        await hang_up(writer)
        assert b"250-SIZE 10000\r\n" in said
        assert b"552 " in said
        assert await post.lives_on()


@on_sqlite
async def test_fifty_megabytes_are_cut_off_in_little_memory(post: Post) -> None:
    piece = (b"y" * 900 + b"\r\n") * 64
    tracemalloc.start()
    reader, writer = await begin_data(post)
    with suppress(ConnectionError):
        for _ in range(50_000_000 // len(piece)):
            writer.write(piece)
            await writer.drain()
    assert await ends(reader)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    await hang_up(writer)
    assert peak < 8_000_000
    assert await post.lives_on()


@on_sqlite
@pytest.mark.parametrize("is_in_data", [False, True])
async def test_byte_after_byte_does_not_hold_a_line_open(posts: Posts, *, is_in_data: bool) -> None:
    async with posts(SHORT) as post:
        reader, writer = await (begin_data(post) if is_in_data else connect(post))
        ended = asyncio.create_task(ends(reader))
        sent = 0
        with suppress(ConnectionError):
            while not (await asyncio.wait({ended}, timeout=0.02))[0]:
                writer.write(b"y")
                sent += 1
        assert await ended
        assert sent > 2
        await hang_up(writer)
        assert await post.lives_on()


@on_sqlite
@pytest.mark.parametrize("line", [b"NOOP\r\n", b"RSET\r\n", b"\r\n", b"\xff\xff\r\n", b"y" * 600 + b"\r\n"])
async def test_thousand_commands_are_not_answered(posts: Posts, line: bytes) -> None:
    async with posts(replace(Limits(), replies=50)) as post:
        reader, writer = await connect(post)
        writer.write(line * 1_000)
        said = b""
        with suppress(ConnectionError):
            said = await asyncio.wait_for(reader.read(), PROMPT)
        await hang_up(writer)
        assert said.count(b"\n") <= 50
        assert await post.lives_on()


@on_sqlite
async def test_who_does_not_read_is_hung_up_on(posts: Posts) -> None:
    async with posts(replace(Limits(), conversation=0.5, replies=100_000)) as post:
        reader, writer = await connect(post)
        with suppress(ConnectionError, TimeoutError):
            async with asyncio.timeout(PROMPT):
                while not reader.at_eof() and reader.exception() is None:
                    writer.write(b"HELP\r\n" * 1_000)
                    await writer.drain()
        assert writer.is_closing() or reader.at_eof() or reader.exception()
        await hang_up(writer)
        assert await post.lives_on()


@on_sqlite
async def test_two_hundred_open_lines_leave_room_again(posts: Posts) -> None:
    async with posts(replace(Limits(), conversations=20)) as post:
        lines = [await asyncio.open_connection("127.0.0.1", post.listener.port) for _ in range(200)]
        greetings = [await asyncio.wait_for(reader.readline(), PROMPT) for reader, _ in lines]
        assert sorted(greeting[:3] for greeting in greetings) == [b"220"] * 20 + [b"421"] * 180
        for (_, writer), greeting in zip(lines, greetings, strict=True):
            if greeting.startswith(b"220"):
                writer.write(b"QUIT\r\n")
        for reader, writer in lines:
            assert await ends(reader)
            await hang_up(writer)
        assert await post.lives_on()


@on_sqlite
async def test_what_cannot_be_kept_is_sent_again_later(settings: Settings, tokens: Tokens, database: Database) -> None:
    class Busy(UnitOfWork):
        async def run(self, *given: Any, **named: Any) -> Any:
            raise Overloaded("too much")

    inbox = Inbox(settings, tokens, Busy(database), stream_of=stream_of, clock=lambda: datetime.now(UTC))
    listener = Listener(ANY_PORT, inbox, hostname="engage.example.org")
    await listener.open()
    post = Post(listener, database, tokens, settings)
    assert (await post.deliver(mail(calendar()))).startswith("451")
    assert (await post.deliver(report(), post.address(BOUNCES))).startswith("451")
    await listener.close()


@on_sqlite
async def test_port_has_one_owner_and_is_taken_over_when_it_is_gone(posts: Posts) -> None:
    async def say_owned() -> None:
        owned.set()

    owned = asyncio.Event()
    async with posts(SHORT) as post:
        port = post.listener.port
        heir = Listener(("127.0.0.1", port), post.listener._handler, hostname="engage.example.org", limits=SHORT)
        assert not await heir.open()
        waiting = asyncio.create_task(heir.run(say_owned))
        assert await post.lives_on()
        assert not owned.is_set()
        await post.listener.close()
        await asyncio.wait_for(owned.wait(), PROMPT)
        assert await replace(post, listener=heir).lives_on()
        waiting.cancel()
        with suppress(asyncio.CancelledError):
            await waiting
    with pytest.raises(OSError, match=r"."):
        await asyncio.open_connection("127.0.0.1", port)


async def test_servers_own_loop_keeps_to_the_limits_too() -> None:
    async def say() -> None:
        listener = Listener(ANY_PORT, object(), hostname="engage.example.org", limits=replace(SHORT, conversations=1))
        assert await listener.open()
        heir = Listener(("127.0.0.1", listener.port), object(), hostname="engage.example.org")
        assert not await heir.open()
        silent, silent_writer = await asyncio.open_connection("127.0.0.1", listener.port)
        refused, refused_writer = await asyncio.open_connection("127.0.0.1", listener.port)
        said.extend([await refused.read(), await silent.read()])
        await hang_up(silent_writer)
        await hang_up(refused_writer)
        await listener.close()

    said: list[bytes] = []
    async with asyncio.timeout(PROMPT):
        await asyncio.to_thread(uvloop.run, say())
    assert said[0].startswith(b"421")
    assert said[1].startswith(b"220")


Line = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def connect(post: Post) -> Line:
    reader, writer = await asyncio.open_connection("127.0.0.1", post.listener.port)
    assert (await asyncio.wait_for(reader.readline(), PROMPT)).startswith(b"220")
    return reader, writer


async def begin_data(post: Post) -> Line:
    reader, writer = await connect(post)
    writer.write(f"HELO x\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<{post.address()}>\r\nDATA\r\n".encode())
    said = await asyncio.wait_for(reader.readuntil(b"354"), PROMPT)
    assert said.count(b"250") == 3
    return reader, writer


async def ends(reader: asyncio.StreamReader) -> bool:
    """Whether the other side hangs up."""
    with suppress(ConnectionError):
        await asyncio.wait_for(reader.read(), PROMPT)
    return True


async def hang_up(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()
