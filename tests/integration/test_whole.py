"""Answers in one piece say what they would say the usual way, and go that way where they cannot be sent at once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from uvicorn.config import Config
from uvicorn.server import ServerState

from engage.web.connections import Connection
from engage.web.whole import Whole
from tests.concurrency.clients import Client

BODY = "Zoë registers. " * 2_000
ANSWERS: dict[str, Response] = {
    "/page": Whole(BODY, headers={"etag": '"1"', "content-type": "text/plain; charset=utf-8"}),
    "/known": Whole(status_code=304, headers={"etag": '"1"'}),
    "/usual": Response("by itself"),
}


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    await ANSWERS[scope["path"]](scope, receive, send)


class Sent(list[bool]):
    """For each answer that might have gone in one piece whether it did; ``usual`` once one did not."""

    def __init__(self) -> None:
        super().__init__()
        self.usual = asyncio.Event()

    def append(self, is_sent: bool) -> None:
        super().append(is_sent)
        if not is_sent:
            self.usual.set()


@asynccontextmanager
async def listening() -> AsyncIterator[tuple[str, Sent]]:
    """Where it listens, and how it answers."""
    config, state, sent = Config(app, log_config=None), ServerState(), Sent()
    config.load()
    state.default_headers = [(b"date", b"Wed, 03 Feb 2027 12:00:00 GMT")]

    class Watched(Connection):
        def _send_whole(self, scope: object, status: int, rest: bytes) -> bool:
            sent.append(super()._send_whole(scope, status, rest))
            return sent[-1]

    def connection() -> Watched:
        return Watched(config=config, server_state=state, app_state={})

    server = await asyncio.get_running_loop().create_server(connection, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", sent


async def ask(url: str, *requests: tuple[str, str]) -> list[str]:
    """What is answered to these methods and paths, sent in one go; the last of them closes."""
    client = await Client.connect(url)
    *first, last = [f"{method} {path} HTTP/1.1\r\nhost: engage\r\n" for method, path in requests]
    await client.send("".join(f"{each}\r\n" for each in first) + f"{last}connection: close\r\n\r\n")
    _, *answers = (await client.read()).split("HTTP/1.1 ")
    client.close()
    return answers


def said(answer: str) -> tuple[set[str], str]:
    """Status and headers, but for that of the connection, and the body."""
    head, _, body = answer.partition("\r\n\r\n")
    return set(head.split("\r\n")) - {"connection: close"}, body


@pytest.mark.parametrize("path", ["/page", "/known"])
async def test_answer_in_one_piece_is_that_of_the_usual_way(path: str) -> None:
    async with listening() as (url, sent):
        whole, usual = await ask(url, ("GET", path), ("GET", path))
        assert sent == [True, False]
        assert said(whole) == said(usual)
        assert said(whole)[1] == (BODY if path == "/page" else "")


async def test_requests_in_a_row_are_answered_in_their_order() -> None:
    async with listening() as (url, sent):
        answers = await ask(url, *[("GET", path) for path in ("/page", "/usual", "/known", "/page")] * 3)
        assert [said(answer)[1] for answer in answers] == [BODY, "by itself", "", BODY] * 3
        assert sent == [True] * (3 * 3 - 1) + [False]


async def test_whoever_asks_for_the_head_alone_gets_no_body() -> None:
    async with listening() as (url, sent):
        head, whole = await ask(url, ("HEAD", "/page"), ("GET", "/page"))
        assert sent == [False, False]
        assert said(head) == (said(whole)[0], "")


async def test_whoever_does_not_read_is_waited_for() -> None:
    """What they are sent next waits for what they have not read: then it goes the usual way, which holds up."""
    async with listening() as (url, sent):
        client = await Client.connect(url)
        await client.send("GET /page HTTP/1.1\r\nhost: engage\r\n\r\n" * 400)
        async with asyncio.timeout(60):
            await sent.usual.wait()
        client.close()
        assert sent[0]
        assert len(sent) < 400
