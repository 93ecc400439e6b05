"""`engage serve` as a real process on loopback, and the browsers of those who register there, over real HTTP."""

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import httpx2

from engage.events.models import OpenEvening
from tests.conftest import SECRET
from tests.forked import Forked

READY_WITHIN = 60.0  # seconds: the machine may be busy with other things
STOPS_WITHIN = 30.0
ANSWERS_WITHIN = 120.0
TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
JSON = {"accept": "application/json"}


class Server:
    """`async with Server(folder, DATABASE_URL=…, SMTP_URL=…) as server:` serves at `server.url` once it is ready.

    After `kill` (which is `kill -9`) or `stop` it can be started again, at the same address. What it wrote to standard
    error since the first start is `server.log`.
    """

    program = ("-m", "engage")  # what Python runs
    options: tuple[str, ...] = ()
    code: Path | None = None  # where another release lies

    def __init__(self, folder: Path, **settings: str) -> None:
        given = {"SECRET_KEY": SECRET, "DATA_DIR": str(folder), "MAIL_FROM": "evenings@example.org"} | settings
        outside = {name: value for name, value in os.environ.items() if not name.startswith("ENGAGE_")}
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.killed = asyncio.Event()
        self._environment = outside | {f"ENGAGE_{name}": value for name, value in given.items()}
        self._log = folder / f"serve-{self.port}.log"
        self._process: subprocess.Popen[bytes] | Forked | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.stop()

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def log(self) -> str:
        return self._log.read_text()

    async def start(self) -> None:
        """Return when it is ready. Raises AssertionError with its log where it ends instead."""
        self.killed.clear()
        self._process = await asyncio.to_thread(self._spawn)
        async with asyncio.timeout(READY_WITHIN), client_of(self.url) as client:
            while not await is_ready(client):
                assert self._process.poll() is None, self.log
                await asyncio.sleep(0.05)

    def kill(self) -> None:
        """Let it do nothing more, in the middle of whatever it does."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None
        self.killed.set()

    async def stop(self) -> None:
        """Ask it to end, and wait until it has."""
        if self._process is not None:
            self._process.terminate()
            await asyncio.to_thread(self._process.wait, STOPS_WITHIN)
            self._process = None

    def _spawn(self) -> subprocess.Popen[bytes] | Forked:
        if Forked.is_used and self.code is None and "--workers" not in self.options:
            return Forked(self.program[-1], (*self.arguments, *self.options), self._environment, self._log)
        command = [sys.executable, *self.program, *self.arguments, *self.options]
        with self._log.open("ab") as log:
            return subprocess.Popen(command, env=self._environment, stdout=log, stderr=log, cwd=self.code)

    @property
    def arguments(self) -> tuple[str, ...]:
        return ("serve", "--port", str(self.port))


class Work(Server):
    """`engage work` in the same way; it answers nobody."""

    async def start(self) -> None:
        self.killed.clear()
        self._process = await asyncio.to_thread(self._spawn)

    @property
    def arguments(self) -> tuple[str, ...]:
        return ("work",)


@dataclass(frozen=True, slots=True)
class Page:
    """A registration page as one browser holds it: its cookie and its form's token."""

    slug: str
    cookie: str
    token: str


class Loopback(httpx2.AsyncHTTPTransport):
    """A connection for each request, as many as are asked for: one that was kept may be given up by the server as it is
    used again. It speaks no TLS, to read the certificates for which takes 50 ms.
    """

    def __init__(self) -> None:
        super().__init__(verify=False, limits=httpx2.Limits(max_connections=None, max_keepalive_connections=0))

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        try:
            return await super().handle_async_request(request)
        except AttributeError as error:  # anyio's, where uvloop's connection was lost before it was looked at
            raise httpx2.ConnectError(str(error)) from error


def client_of(url: str, **given: Any) -> httpx2.AsyncClient:
    """A client of a server on loopback."""
    return httpx2.AsyncClient(base_url=url, timeout=ANSWERS_WITHIN, trust_env=False, transport=Loopback(), **given)


class Browsers:
    """Any number of browsers at one server: `async with Browsers(server.url) as browsers`."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._client = client_of(url)

    async def __aenter__(self) -> Self:
        await self._client.__aenter__()
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self._client.aclose()

    async def open(self, evening: OpenEvening) -> Page:
        """Open the evening's registration page in a browser that was never here."""
        async with client_of(self._url) as browser:
            answer = await browser.get(f"/open-evenings/{evening.slug}/register")
        found = TOKEN.search(answer.text)
        assert found is not None, answer.text
        return Page(evening.slug, f"engage-csrf={answer.cookies['engage-csrf']}", found[1])

    async def post(self, page: Page, *, slot: str, email: str, **fields: Any) -> httpx2.Response:
        """Send the form off; redirections are not followed."""
        form = {"csrf_token": page.token, "slot": slot, "email": email, "name": "Somebody Interested"} | fields
        address = f"/open-evenings/{page.slug}/register"
        return await self._client.post(address, data=form, headers={"cookie": page.cookie})

    async def get(self, path: str, *, headers: Mapping[str, str] | None = None) -> httpx2.Response:
        return await self._client.get(path, headers=headers)

    async def is_ready(self) -> bool:
        return await is_ready(self._client)

    async def receipt(self, posted: httpx2.Response) -> dict[str, Any]:
        """The receipt, as JSON, that a good post leads to."""
        assert posted.status_code == 303, f"{posted.status_code} {posted.text}"
        answer = await self._client.get(posted.headers["location"], headers=JSON)
        assert answer.status_code == 200, f"{answer.status_code} {answer.text}"
        receipt: dict[str, Any] = answer.json()
        return receipt

    async def read(self, posted: httpx2.Response) -> httpx2.Response:
        """The receipt as a person reads it."""
        return await self._client.get(posted.headers["location"])


async def is_ready(client: httpx2.AsyncClient) -> bool:
    """Whether the server at the client's base address answers that it is ready."""
    try:
        return (await client.get("/health/ready")).status_code == 200
    except httpx2.TransportError:
        return False


def free_port() -> int:
    """A port on loopback that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
