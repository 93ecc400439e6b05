"""The thief who has the whole database and the deployment's secret too: where there are trustees, he reads no sheet."""

from collections.abc import Iterator
from datetime import datetime
from functools import partial
from hashlib import sha256
from itertools import combinations
from pathlib import Path

from nacl.bindings import crypto_scalarmult_base
from nacl.public import PrivateKey
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from engage import tokens
from engage.errors import KeyUnreadable, SharesTooFew
from engage.settings import Settings
from engage.storage.database import Base, Database
from engage.storage.unit_of_work import UnitOfWork
from engage.surveys.answers.answering import Submission, submit_all
from engage.surveys.answers.seal import Damaged, Sealer, Sheet, Unsealer
from engage.surveys.keys import custody
from engage.surveys.models import KeyShare, Trustee, Wave
from engage.surveys.questionnaires.versions import version_of
from tests.conftest import SECRET
from tests.pulse import OPENS_AT, QUESTIONNAIRE, WAVE, Pulse

TRUSTEES = {email: PrivateKey.generate() for email in ("dpo@x.test", "pcs@x.test", "workforce@x.test")}
NAMED = f"trustees = {list(TRUSTEES)}\n".replace("'", '"')
SHEETS = [Sheet({"valued": point}, {"working_group": ("carers",)}) for point in (1, 3, 5)]


async def test_thief_with_the_secret_reads_no_sheet_of_a_wave_with_trustees(
    database: Database, unit_of_work: UnitOfWork, settings: Settings, tmp_path: Path, now: datetime
) -> None:
    pulse = Pulse(database, unit_of_work, settings, tmp_path, now)
    await _ask(pulse, WAVE + NAMED)
    assert await _read_all(database) == []


async def test_the_same_thief_reads_every_sheet_where_there_are_no_trustees(
    database: Database, unit_of_work: UnitOfWork, settings: Settings, tmp_path: Path, now: datetime
) -> None:
    pulse = Pulse(database, unit_of_work, settings, tmp_path, now)
    await _ask(pulse, WAVE)
    assert sorted(await _read_all(database), key=repr) == SHEETS


async def test_the_same_thief_reads_every_sheet_where_shares_lie_open(
    database: Database, unit_of_work: UnitOfWork, settings: Settings, tmp_path: Path, now: datetime
) -> None:
    pulse = Pulse(database, unit_of_work, settings, tmp_path, now)
    await _ask(pulse, WAVE + NAMED)
    async with database.writing() as session:
        for share in (await session.scalars(select(KeyShare).limit(2))).all():
            share.sealed = custody.take_over(bytes(TRUSTEES[share.email]), share.sealed)
    assert sorted(await _read_all(database), key=repr) == SHEETS


async def _ask(pulse: Pulse, wave: str) -> None:
    """Open the wave as it is opened, and let three people answer."""
    await pulse.load(QUESTIONNAIRE + wave)
    await pulse.employ(count=3)
    await pulse.unit_of_work.run(partial(_enrol, now=pulse.now))
    await pulse.open(reason="A test")
    opened = await pulse.wave()
    sealer = Sealer(opened.public_key or b"", version_of(opened.questionnaire))
    groups = {"directorate": "Policy", "grade": "6"}
    for number, sheet in enumerate(SHEETS):
        box = sealer.with_groups(groups, sealer.sheet(sheet))
        sent = Submission(opened.id, bytes([number] * 20), box, sealer.comments({}))
        await pulse.unit_of_work.run_together(submit_all, (sent, OPENS_AT), locks=[(Wave, opened.id)])


async def _enrol(session: AsyncSession, now: datetime) -> None:
    """As trustees, with key pairs that no passphrase has to be guessed for."""
    for email, key in TRUSTEES.items():
        session.add(Trustee(email=email, salt=custody.new_salt(), public_key=bytes(key.public_key), enrolled_at=now))


async def _read_all(database: Database) -> list[Sheet]:
    """The sheets that anything in the database opens, or anything that comes of it and of the secret."""
    async with database.reading() as session:
        rows = [row for table in Base.metadata.sorted_tables for row in await session.execute(select(table))]
        wave = (await session.scalars(select(Wave))).one()
    stored = {bytes(value) for row in rows for value in row if isinstance(value, bytes)}
    stored |= {value.encode() for row in rows for value in row if isinstance(value, str)}
    stored |= set(_unwrapped(stored, wave.key))
    keys = [*_windows(stored | set(_derived(wave.key))), *_combined(stored, wave)]
    found = [key for key in keys if crypto_scalarmult_base(key) == wave.public_key]
    return [sheet for key in found[:1] for sheet in _opened(stored, Unsealer(key))]


def _unwrapped(stored: set[bytes], wave_key: str) -> Iterator[bytes]:
    for blob in stored:
        for unwrap in (custody.unwrap_link_key, custody.unwrap_private_key):
            try:
                yield unwrap(SECRET, wave_key, blob)
            except (KeyUnreadable, ValueError):
                continue


def _derived(wave_key: str) -> Iterator[bytes]:
    """What can be computed of the secret by every derivation of ours, and by the simplest others."""
    yield from (SECRET.encode(), sha256(SECRET.encode()).digest())
    for purpose in ("tokens", "fingerprints", f"wave {wave_key} link key", f"wave {wave_key} private key"):
        yield tokens._derive(SECRET, purpose, 64)


def _windows(blobs: set[bytes]) -> Iterator[bytes]:
    """Every run of bytes that could be a key."""
    for blob in blobs:
        yield from (blob[start : start + 32] for start in range(len(blob) - 31))


def _combined(stored: set[bytes], wave: Wave) -> Iterator[bytes]:
    """What any two or three blobs give that are as long as a share."""
    likely = [blob for blob in stored if len(blob) == 1 + custody.VALUE_BYTES]
    for count in (2, 3):
        for shares in combinations(likely, count):
            try:
                yield custody.combine(shares, count, wave.public_key or b"")
            except SharesTooFew:
                continue


def _opened(stored: set[bytes], unsealer: Unsealer) -> Iterator[Sheet]:
    for blob in stored:
        try:
            yield unsealer.sheet(blob)[1]
        except Damaged:
            continue
