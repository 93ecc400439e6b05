"""`engage demo`."""

import argparse
import asyncio
import os
import secrets
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from engage.commands.running import workplace
from engage.commands.serve import serve
from engage.demo.play import is_set, play
from engage.demo.stage import Stage
from engage.settings import Settings, from_environment
from engage.storage.migrating import migrate


def define(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--fresh", action="store_true", help="forget the last demo and begin anew")
    parser.set_defaults(act=act)


def act(options: argparse.Namespace) -> None:
    console = Console()
    given = _settings(options.port, is_fresh=options.fresh)
    with console.status(
        "Setting the stage: two open evenings, people who register for them, and a survey of all staff …"
    ):
        migrate(given.database_url)
        asyncio.run(_set(given))
    console.print(f"[bold]Engage, the demo[/bold]   {given.base_url}", highlight=False)
    for path, purpose in (
        ("/open-evenings", "what visitors see"),
        ("/mail", "every message, with every link"),
        ("/reports", "two published surveys of staff, for whoever signs in"),
        ("/console/waves", "the survey that is open, and the next one, for PCS"),
        ("/sign-in", "one click for each role"),
    ):
        console.print(f"  {given.base_url}{path:<16} {purpose}", highlight=False)
    console.print("Dates are moved into the future by whole weeks; messages stay on this machine. Stop with Ctrl-C.")
    serve(given, "127.0.0.1", options.port)


def _settings(port: int, *, is_fresh: bool) -> Settings:
    """A database and a secret of the demo's own, which the web process finds in the environment too."""
    data_dir = Path(os.environ.get("ENGAGE_DATA_DIR", "var")).absolute() / "demo"
    data_dir.mkdir(parents=True, exist_ok=True)
    if is_fresh:
        for left in data_dir.glob("demo.db*"):
            left.unlink()
    secret = data_dir / "secret"
    if not secret.exists():
        secret.touch(mode=0o600)
        secret.write_text(secrets.token_urlsafe(48))
    os.environ |= {
        "ENGAGE_DATA_DIR": str(data_dir),
        "ENGAGE_DATABASE_URL": f"sqlite:///{data_dir / 'demo.db'}",
        "ENGAGE_SECRET_KEY": secret.read_text(),
        "ENGAGE_BASE_URL": f"http://localhost:{port}",
        "ENGAGE_MAIL_FROM": "open-evenings@mopac.example",
        "ENGAGE_CONTACT": "recruitment@mopac.example",
        "ENGAGE_IS_DEMO": "yes",
    }
    os.environ.pop("ENGAGE_SMTP_URL", None)
    return from_environment(os.environ, is_demo=True)


async def _set(given: Settings) -> None:
    async with workplace(given) as at:
        stage = Stage(given, at.database, at.unit_of_work, at.tokens, datetime.now(UTC))
        if not await is_set(stage):
            await play(stage)
