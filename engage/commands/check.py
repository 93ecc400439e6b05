"""`engage check`: what a deployment gets wrong, one line each."""

import argparse
import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from aiosmtplib import SMTP, SMTPException
from sqlalchemy import DateTime, func, make_url, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from engage.commands.running import settings, workplace
from engage.errors import DeploymentFaulty, SettingsInvalid, SignInRefused, SignInUnavailable, first_line
from engage.journal import JournalEntry
from engage.notify.smtp_url import Encryption, Relay, is_loopback, parse
from engage.people.provider import Provider
from engage.settings import Settings
from engage.storage.database import Database
from engage.storage.schema import is_enough

RELAY_TIMEOUT = 10.0  # seconds
CLOCKS_APART = timedelta(seconds=5)
FEWEST_LETTERS = 12  # different ones in a secret that was made by chance
_CLOCK = func.clock_timestamp(type_=DateTime(timezone=True))
NOWHERE = "localhost.localdomain"
DURABLE = {
    "sqlite": {"PRAGMA journal_mode": ("wal",), "PRAGMA synchronous": ("2", "3")},
    "postgresql": {
        "SHOW fsync": ("on",),
        "SHOW full_page_writes": ("on",),
        "SHOW synchronous_commit": ("on", "local", "remote_write", "remote_apply"),
    },
}


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, and what was found."""

    about: str
    found: str
    is_fault: bool = False

    def __str__(self) -> str:
        return f"{'fault' if self.is_fault else 'ok':<5} {self.about}: {self.found}"


def define(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(act=act)


def act(options: argparse.Namespace) -> None:
    async def run() -> int:
        faults = 0
        async for finding in _look():
            print(finding, flush=True)
            faults += finding.is_fault
        return faults

    if faults := asyncio.run(run()):
        raise DeploymentFaulty(f"{faults} {'fault' if faults == 1 else 'faults'}, listed above.")


async def _look() -> AsyncIterator[Finding]:
    try:
        given = settings()
    except SettingsInvalid as invalid:
        yield Finding("settings", str(invalid), is_fault=True)
        return
    yield Finding("settings", "every setting makes sense")
    for finding in _of_settings(given):
        yield finding
    yield await _relay(given)
    if given.has_provider:
        yield await _provider(given)
    async for finding in _database(given):
        yield finding


def _of_settings(given: Settings) -> Iterator[Finding]:
    is_poor = len(set(given.secret_key)) < FEWEST_LETTERS
    words = "looks typed by hand; make one by chance" if is_poor else f"{len(given.secret_key)} characters"
    yield Finding("secret", words, is_poor)
    is_open = not given.is_https
    words = f"{given.base_url} is not https://, so anybody on the way can read along" if is_open else given.base_url
    yield Finding("https", words, is_open)
    domain = given.mail_from.rpartition("@")[2].lower()
    is_strange = not _is_kin(domain, given.host)
    words = f"{given.mail_from} is not of the site's domain {given.host}: set ENGAGE_MAIL_FROM"
    yield Finding("sender", words if is_strange else given.mail_from, is_strange)
    is_unset = given.contact.endswith(NOWHERE)
    yield Finding("contact", "nobody: set ENGAGE_CONTACT" if is_unset else given.contact, is_unset)


def _is_kin(one: str, other: str) -> bool:
    """Whether two domains are the same or one is below the other."""
    return one == other or one.endswith(f".{other}") or other.endswith(f".{one}")


async def _relay(given: Settings) -> Finding:
    if given.smtp_url is None:
        return Finding("smtp", "ENGAGE_SMTP_URL is not set, so messages leave this machine never", is_fault=True)
    try:
        relay = parse(given.smtp_url)
        is_encrypted = await _is_encrypted(relay)
    except SettingsInvalid as invalid:
        return Finding("smtp", str(invalid), is_fault=True)
    except (SMTPException, OSError, ValueError) as error:
        return Finding("smtp", f"the relay cannot be used: {first_line(error)}", is_fault=True)
    if not is_encrypted and not is_loopback(relay.host):
        return Finding("smtp", f"{relay.host} takes mail unencrypted; give a relay with STARTTLS", is_fault=True)
    return Finding("smtp", f"{relay.host} answers, {'encrypted' if is_encrypted else 'unencrypted, on this machine'}")


async def _is_encrypted(relay: Relay) -> bool:
    """Whether the relay lets us in over TLS. Raises SMTPException or OSError where it does not let us in."""
    is_required = relay.encryption in (Encryption.REQUIRED, Encryption.IMPLICIT)
    smtp = SMTP(
        hostname=relay.host,
        port=relay.port,
        username=relay.username,
        password=relay.password,
        use_tls=relay.encryption is Encryption.IMPLICIT,
        start_tls={Encryption.REQUIRED: True, Encryption.OFFERED: None}.get(relay.encryption, False),
        validate_certs=is_required,
        timeout=RELAY_TIMEOUT,
    )
    async with smtp:
        return smtp.get_transport_info("sslcontext") is not None


async def _provider(given: Settings) -> Finding:
    """Whether people can sign in with their work accounts."""
    provider = Provider(given)
    try:
        await provider.look()
    except (SignInRefused, SignInUnavailable):
        return Finding("sign-in", f"no OpenID provider of that name at {provider.document}", is_fault=True)
    parts = urlsplit(provider.issuer)
    if parts.scheme != "https" and not is_loopback(parts.hostname or ""):
        return Finding("sign-in", f"{provider.issuer} is not https://, so its answers can be forged", is_fault=True)
    return Finding("sign-in", f"{provider.issuer} answers; it must know the address {provider.callback}")


async def _database(given: Settings) -> AsyncIterator[Finding]:
    if missing := _missing_file(given):
        yield Finding("database", f"there is no file {missing}; run `engage migrate`", is_fault=True)
        return
    try:
        async with workplace(given) as at, at.database.engine.connect() as connection:
            yield Finding("database", at.database.engine.dialect.name)
            async for finding in _inside(at.database, connection):
                yield finding
    except (SQLAlchemyError, OSError) as error:
        yield Finding("database", f"cannot be used: {first_line(error)}", is_fault=True)


def _missing_file(given: Settings) -> str | None:
    """Opening a SQLite file that is not there would make an empty one."""
    path = make_url(given.database_url).database or ""
    return path if given.is_sqlite and not Path(path).is_file() else None


async def _inside(database: Database, connection: AsyncConnection) -> AsyncIterator[Finding]:
    is_old = not await connection.run_sync(is_enough)
    yield Finding("schema", "not the newest; run `engage migrate`" if is_old else "all that this version needs", is_old)
    yield await _durability(database, connection)
    if not is_old:
        yield await _clock(database, connection)


async def _durability(database: Database, connection: AsyncConnection) -> Finding:
    found = {question: str(await connection.scalar(text(question))) for question in DURABLE[connection.dialect.name]}
    weak = [name for name, good in DURABLE[connection.dialect.name].items() if found[name] not in good]
    shown = ", ".join(f"{name.partition(' ')[2]} = {found[name]}" for name in weak or found)
    return Finding("durability", f"a crash can lose commits: {shown}" if weak else shown, bool(weak))


async def _clock(database: Database, connection: AsyncConnection) -> Finding:
    """Against the database's clock where it has one, and against what is on record: nothing happened in the future."""
    here = datetime.now(UTC)
    there = here if database.is_sqlite else (await connection.scalars(select(_CLOCK))).one()
    if abs(there - here) > CLOCKS_APART:
        seconds = abs(there - here).total_seconds()
        return Finding("clock", f"{seconds:.0f} seconds off that of the database; set both by NTP", is_fault=True)
    last = await connection.scalar(select(func.max(JournalEntry.occurred_at)))
    if last is not None and last > here + CLOCKS_APART:
        return Finding("clock", f"behind the last entry of the journal, {last:%Y-%m-%d %H:%M:%SZ}", is_fault=True)
    return Finding("clock", f"{here:%Y-%m-%d %H:%M:%SZ}")
