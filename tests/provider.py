"""A real OpenID provider as a process on loopback, and the person at the browser who signs in there."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx2

from engage.settings import Settings
from tests.server import free_port

READY_WITHIN = 60.0  # seconds
STOPS_WITHIN = 30.0
KNOWN = "organiser@example.org"
PEOPLE: list[dict[str, Any]] = [
    {"sub": "known", "email": KNOWN.title(), "email_verified": True},
    {"sub": "stranger", "email": "stranger@example.org", "email_verified": True},
    {"sub": "unverified", "email": KNOWN, "email_verified": False},
    {"sub": "silent", "email": KNOWN},
    {"sub": "nameless", "email_verified": True},
]


@dataclass(frozen=True, slots=True)
class RealProvider:
    """Where the provider runs."""

    url: str

    def settings(self, given: Settings) -> Settings:
        """The settings of a site that signs people in there."""
        return replace(given, oidc_issuer=self.url, oidc_client_id="engage", oidc_client_secret="known to both")

    async def decide(self, address: str, **typed: str) -> str:
        """Fill in the provider's form at that address; where it sends the browser."""
        async with httpx2.AsyncClient(trust_env=False, verify=False) as browser:
            answer = await browser.post(address, data=typed)
        assert answer.status_code == 302, answer.text
        return str(answer.headers["location"])


@asynccontextmanager
async def real_provider(folder: Path, *, lifetime: int = 3600) -> AsyncIterator[RealProvider]:
    """The provider, whose tokens live for so many seconds, once it answers."""
    port = free_port()
    people = [part for person in PEOPLE for part in ("--user-claims", json.dumps(person))]
    given = ["--port", str(port), "--token-max-age", str(lifetime), *people]
    with (folder / f"provider-{port}.log").open("wb") as log:
        command = [sys.executable, "-m", "oidc_provider_mock", *given]
        process = await asyncio.to_thread(subprocess.Popen, command, env=dict(os.environ), stdout=log, stderr=log)
    provider = RealProvider(f"http://127.0.0.1:{port}")
    try:
        async with asyncio.timeout(READY_WITHIN):
            while not await answers(f"{provider.url}/jwks"):
                assert process.poll() is None, (folder / f"provider-{port}.log").read_text()
                await asyncio.sleep(0.1)
        yield provider
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait, STOPS_WITHIN)


async def answers(url: str) -> bool:
    """Whether a server answers at that address."""
    try:
        async with httpx2.AsyncClient(trust_env=False, verify=False) as client:
            return (await client.get(url)).status_code == 200
    except httpx2.TransportError:
        return False
