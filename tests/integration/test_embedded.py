"""The worker inside a server: begun after the server, and passed on where it cannot start."""

import asyncio
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from engage.errors import SettingsInvalid
from engage.settings import Settings
from engage.storage.database import Database
from engage.storage.unit_of_work import UnitOfWork
from engage.web import embedded
from engage.web.embedded import EmbeddedWorker
from engage.worker import Worker
from tests.site import on_sqlite


class Known(Worker):
    """A worker that says when it was started."""

    def __init__(self, settings: Settings, database: Database) -> None:
        super().__init__(settings, database, UnitOfWork(database), clock=lambda: pytest.fail("it has nothing to do"))
        self.started = asyncio.Event()

    async def start(self) -> None:
        self.started.set()


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "FIRST_SECONDS", 0.0)
    monkeypatch.setattr(embedded, "LOOK_SECONDS", 0.0)


@pytest.fixture
def turn(tmp_path: Path) -> Path:
    (tmp_path / "turn").touch()
    return tmp_path / "turn"


def broken() -> Worker:
    raise SettingsInvalid("such a worker there is not")


@on_sqlite
async def test_process_whose_worker_cannot_start_says_so_and_gives_its_turn_to_another(
    settings: Settings, database: Database, turn: Path
) -> None:
    known = Known(settings, database)
    first, second = EmbeddedWorker(broken, turn), EmbeddedWorker(lambda: known, turn)
    with capture_logs() as logs:
        first.start()
        second.start()
        async with asyncio.timeout(60):
            await known.started.wait()
    assert "the worker cannot start" in [entry["event"] for entry in logs]
    await first.stop()
    await second.stop()


@on_sqlite
async def test_server_that_is_stopped_before_its_worker_was_loaded_never_starts_it(
    settings: Settings, database: Database, turn: Path
) -> None:
    known, other = Known(settings, database), Known(settings, database)
    holder, late = EmbeddedWorker(lambda: known, turn), EmbeddedWorker(lambda: other, turn)
    holder.start()
    async with asyncio.timeout(60):
        await known.started.wait()
    late.start()
    await late.stop()
    assert not other.started.is_set()
    await holder.stop()
