"""`engage serve`."""

import argparse
import os
from pathlib import Path
from tempfile import TemporaryDirectory

import uvicorn

from engage.commands.running import settings
from engage.errors import SettingsInvalid
from engage.late import library, unswept
from engage.settings import Settings
from engage.storage.schema import engine_for_migrations, is_enough
from engage.web.connections import KEPT_SECONDS, Connection, allow_files

SHUTDOWN_SECONDS = 10
BACKLOG = 2_048


def define(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--workers", type=int, default=1, metavar="N", help="web processes (PostgreSQL only)")
    parser.add_argument("--no-worker", action="store_true", help="somebody else runs `engage work`")
    parser.set_defaults(act=act)


def act(options: argparse.Namespace) -> None:
    given = settings()
    if options.workers > 1 and given.is_sqlite:
        raise SettingsInvalid(
            "SQLite has one writer and so serves one web process; use --workers 1, or PostgreSQL (ENGAGE_DATABASE_URL)."
        )
    _refuse_old_schema(given)
    os.environ["ENGAGE_HAS_WORKER"] = "no" if options.no_worker else "yes"
    if options.workers == 1:
        serve(given, options.host, options.port)
        return
    with TemporaryDirectory(prefix="engage-") as folder:
        turn = Path(folder) / "turn"
        turn.touch()
        os.environ["ENGAGE_WORKER_TURN"] = str(turn)
        serve(given, options.host, options.port, options.workers)


def serve(given: Settings, host: str, port: int, workers: int = 1) -> None:
    """Serve until stopped. Requests are not logged: their addresses hold secrets of their readers."""
    allow_files()
    if workers == 1:
        with unswept():
            library("engage.app")  # as it will be asked for, where the server starts no other process
    uvicorn.run(
        "engage.app:from_process",
        factory=True,
        host=host,
        port=port,
        workers=workers,
        loop="uvloop",
        http=Connection,
        access_log=False,
        log_level="warning",
        server_header=False,
        proxy_headers=True,
        forwarded_allow_ips=given.trusted_proxies,
        timeout_keep_alive=KEPT_SECONDS,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        backlog=BACKLOG,
    )


def _refuse_old_schema(given: Settings) -> None:
    engine = engine_for_migrations(given.database_url)
    with engine.connect() as connection:
        is_ready = is_enough(connection)
    engine.dispose()
    if not is_ready:
        raise SettingsInvalid("The database is not at the newest schema; run `engage migrate` first.")
