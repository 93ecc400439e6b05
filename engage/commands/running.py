"""How a command is run: settings, an open database, and one clear line for what goes wrong."""

import argparse
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog
from sqlalchemy.exc import InterfaceError, OperationalError, ProgrammingError

from engage.errors import EngageError, FileFaulty, first_line
from engage.settings import Settings, from_environment
from engage.storage.database import Database
from engage.storage.unit_of_work import UnitOfWork
from engage.tokens import Tokens

TRACEBACKS = structlog.processors.ExceptionRenderer(structlog.tracebacks.ExceptionDictTransformer(show_locals=False))


@dataclass(frozen=True, slots=True)
class Workplace:
    """What a command works with."""

    settings: Settings
    database: Database
    unit_of_work: UnitOfWork
    tokens: Tokens


def settings() -> Settings:
    """The settings of this process. Raises SettingsInvalid."""
    return from_environment(os.environ)


@asynccontextmanager
async def workplace(given: Settings) -> AsyncIterator[Workplace]:
    """The database opened, with its writer."""
    database = Database(given.database_url)
    unit_of_work = UnitOfWork(database)
    try:
        yield Workplace(given, database, unit_of_work, Tokens(given.secret_key))
    finally:
        await unit_of_work.close()
        await database.close()


def instant(text: str) -> datetime:
    """An argument as an aware instant; without an offset it is UTC."""
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no instant such as 2027-09-24T18:00:00+01:00") from None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def log_as(log_format: str) -> None:
    """Log to standard error, as text or as JSON. What variables held, which may be of people, is in neither."""
    ending: list[structlog.typing.Processor] = (
        [TRACEBACKS, structlog.processors.JSONRenderer()]
        if log_format == "json"
        else [structlog.processors.format_exc_info, structlog.dev.ConsoleRenderer(colors=False)]
    )
    structlog.configure(
        processors=[structlog.processors.add_log_level, structlog.processors.TimeStamper(fmt="iso"), *ending],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def run(options: argparse.Namespace) -> None:
    """Run the chosen command; whatever goes wrong is one line on standard error and exit 1, never a traceback."""
    log_as(os.environ.get("ENGAGE_LOG_FORMAT", "text"))
    try:
        options.act(options)
    except FileFaulty as faulty:
        for fault in faulty.faults if len(faulty.faults) > 1 else ():
            print(fault)
        count = len(faulty.faults)
        _fail(
            f"Nothing was loaded. {faulty.faults[0]}"
            if count == 1
            else f"Nothing was loaded: {count} faults, listed above."
        )
    except EngageError as error:
        _fail(str(error))
    except KeyboardInterrupt:
        sys.exit(130)
    except (OperationalError, InterfaceError, ProgrammingError) as error:
        _fail(f"The database cannot be used: {first_line(error)}. Is it there, and has `engage migrate` been run?")
    except Exception as error:  # noqa: BLE001 - a command never ends in a traceback
        _fail(f"Unexpected {type(error).__name__}: {first_line(error)}. Nothing more was done.")


def _fail(line: str) -> None:
    print(f"engage: {' '.join(line.split())}", file=sys.stderr)
    sys.exit(1)
