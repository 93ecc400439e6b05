"""Clients that send half of something, nothing, or never read: others are answered meanwhile, and they are given up."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from engage.app import LARGEST_BODY
from engage.events.models import OpenEvening
from engage.storage.database import Database
from engage.web.connections import KEPT_SECONDS, LARGEST_HEAD, LOOK_SECONDS
from tests.concurrency.clients import Client, connections_to, memory_of, post_of
from tests.concurrency.stage import FIRST, open_evening
from tests.server import JSON, Browsers, Server, client_of
from tests.site import on_sqlite

FORM = "/open-evenings/reviews-team/register"
STYLES = "GET /static/govuk/main.css HTTP/1.1\r\nhost: engage\r\n\r\n"
HALF_A_HEAD = f"GET {FORM} HTTP/1.1\r\nhost: eng"
WITHIN = 60.0  # seconds: the machine may be busy with other things

pytestmark = on_sqlite


class Impatient(Server):
    program = ("-m", "tests.concurrency.impatient")


@dataclass
class Scene:
    server: Server
    evening: OpenEvening
    visitors: int = 0

    async def answers(self) -> None:
        """Somebody with good manners is answered."""
        self.visitors += 1
        async with Browsers(self.server.url) as browsers, asyncio.timeout(WITHIN):
            page = await browsers.open(self.evening)
            answer = await browsers.post(page, slot=FIRST, email=f"visitor-{self.visitors}@example.org")
        assert answer.status_code == 303

    @asynccontextmanager
    async def clients(self, count: int, sent: str = "") -> AsyncIterator[list[Client]]:
        async with AsyncExitStack() as stack:
            found = []
            for _ in range(count):
                found.append(await Client.connect(self.server.url))
                stack.callback(found[-1].close)
                await found[-1].send(sent)
            yield found

    async def gives_up_all(self, patience: float = 0.0) -> None:
        """Return when the server, of so much patience in seconds, holds no connection any more."""
        async with asyncio.timeout(patience + WITHIN):
            while True:
                if not connections_to(self.server.port):
                    return
                await asyncio.sleep(0.05)


@pytest.fixture
async def scene(database: Database, tmp_path: Path) -> AsyncIterator[Scene]:
    """A server that gives up soon."""
    async with Impatient(tmp_path, DATABASE_URL=database.url) as server:
        yield Scene(server, await open_evening(database, 100))
        assert "Traceback" not in server.log


async def test_clients_that_ask_for_nothing_are_given_up_and_others_are_answered(scene: Scene) -> None:
    async with scene.clients(40) as silent, scene.clients(40, HALF_A_HEAD) as halves, scene.clients(40, "\r\n") as idle:
        await scene.answers()
        assert {await client.read() for client in (*silent, *halves, *idle)} == {""}
    await scene.gives_up_all()


async def test_half_sent_forms_are_told_so_in_our_words_and_keep_nobody_out(scene: Scene) -> None:
    """There are more of them than the server answers at once."""
    async with scene.clients(100, post_of(FORM, announced=100, sent="name=Zo")) as clients:
        await scene.answers()
        answers = [await client.read() for client in clients]
    assert {answer.partition("\r\n")[0] for answer in answers} == {"HTTP/1.1 408 Request Timeout"}
    assert all("did not arrive in time" in answer and "</html>" in answer for answer in answers)


async def test_clients_that_hang_up_in_the_middle_of_a_form_leave_no_trace(scene: Scene) -> None:
    async with scene.clients(100, post_of(FORM, announced=100, sent="name=Zo")):
        pass
    await scene.answers()


async def test_a_client_that_never_reads_its_answers_is_given_up(scene: Scene) -> None:
    async with scene.clients(3, STYLES * 60):
        await scene.answers()
        await scene.gives_up_all()


async def test_a_head_without_end_is_refused(scene: Scene) -> None:
    async with scene.clients(1) as (client,):
        await client.send(f"GET / HTTP/1.1\r\nhost: engage\r\nx: {'x' * LARGEST_HEAD}")
        assert (await client.read()).startswith("HTTP/1.1 431 ")


async def test_too_large_a_form_is_refused_in_our_words(scene: Scene) -> None:
    body = b"name=" + b"x" * LARGEST_BODY
    kind = {"content-type": "application/x-www-form-urlencoded"}

    async def pieces() -> AsyncIterator[bytes]:
        yield body[:1_000]
        yield body[1_000:]

    async with client_of(scene.server.url) as client:
        for content in (body, pieces()):
            answer = await client.post(FORM, content=content, headers=kind)
            assert (answer.status_code, "That is too much at once" in answer.text) == (413, True)
            assert "content-security-policy" in answer.headers
        assert (await client.post(FORM, content=body, headers=kind | JSON)).json().keys() == {"error"}


@pytest.mark.prove
@pytest.mark.timeout(900)
async def test_two_thousand_idle_connections_cost_little_and_keep_nobody_out(
    database: Database, tmp_path: Path
) -> None:
    async with Server(tmp_path, DATABASE_URL=database.url) as server:
        scene = Scene(server, await open_evening(database, 100))
        await scene.answers()
        before = memory_of(server.pid)
        async with (
            scene.clients(2_000),
            scene.clients(500, HALF_A_HEAD),
            scene.clients(500, post_of(FORM, announced=9_999, sent="name=")),
            scene.clients(50, STYLES * 60),
        ):
            for _ in range(20):
                await scene.answers()
            assert connections_to(server.port) >= 2_500
            assert memory_of(server.pid) < before + 100
            await scene.gives_up_all(KEPT_SECONDS + LOOK_SECONDS)
        await scene.answers()
        assert "Traceback" not in server.log
