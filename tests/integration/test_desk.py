"""Trustees' shares come together at one process's desk, and nowhere else."""

from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from nacl.public import PrivateKey, SealedBox
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from engage.errors import DeskTaken, NotFound, PassphraseBarred, WaveNotReady
from engage.storage.database import Database
from engage.storage.unit_of_work import UnitOfWork
from engage.surveys.keys import custody, handing
from engage.surveys.keys.desk import LEFT_AFTER, Desk, Waiting
from engage.surveys.models import KeyShare, Trustee, Wave
from engage.surveys.tally import tallying
from engage.surveys.waves.rounds import act, find
from tests.answered import Voter, closed_wave, tables
from tests.conftest import SECRET
from tests.pulses import Pulse

TRUSTEES = ("dpo@example.org", "pcs@example.org", "workforce@example.org")
LATER = LEFT_AFTER + timedelta(seconds=1)


async def trusted_wave(database: Database, now: datetime) -> tuple[Pulse, dict[str, bytes]]:
    """A closed wave whose key takes two of three shares; the shares, opened."""
    pulse = await closed_wave(database, [Voter(answers={"valued": 4})] * 12)
    keys = {email: PrivateKey.generate() for email in TRUSTEES}
    sealed = custody._sealed_shares(pulse.private_key, {email: bytes(key.public_key) for email, key in keys.items()}, 2)
    async with database.writing() as session:
        for email, key in keys.items():
            session.add(Trustee(email=email, salt=b"salt", public_key=bytes(key.public_key), enrolled_at=now))
        await session.flush()
        session.add_all(KeyShare(wave_id=1, email=email, sealed=share) for email, share in sealed.items())
        await session.execute(update(Wave).values(trustees=list(TRUSTEES), shares_needed=2, wrapped_private_key=None))
    return pulse, {email: SealedBox(keys[email]).decrypt(share) for email, share in sealed.items()}


async def on_wave(database: Database, unit_of_work: UnitOfWork, command: Any, **given: Any) -> Any:
    answers: list[Any] = []

    async def run(session: AsyncSession, wave: Wave) -> bool:
        answers.append(await command(session, wave, **given))
        return True

    await act(unit_of_work, await find(database, "2027-spring"), run)
    return answers[0]


async def hand_in(database: Database, unit_of_work: UnitOfWork, email: str, share: bytes, now: datetime) -> None:
    async with database.reading() as session:
        asked = await handing.find(session, email, "2027-spring", now)
    sealed = custody.hand_over(share, asked.desk_key)
    await unit_of_work.run(partial(handing.hand_in, email=email, asked=asked, sealed=sealed))


async def test_two_of_three_shares_open_the_wave(database: Database, unit_of_work: UnitOfWork, now: datetime) -> None:
    pulse, shares = await trusted_wave(database, now)
    desk = Desk()
    look = partial(on_wave, database, unit_of_work, desk.look, now=now)
    await on_wave(database, unit_of_work, desk.open, now=now)
    assert await look() == Waiting(2, (), TRUSTEES)
    await hand_in(database, unit_of_work, "pcs@example.org", shares["pcs@example.org"], now)
    assert await look() == Waiting(2, ("pcs@example.org",), ("dpo@example.org", "workforce@example.org"))
    await hand_in(database, unit_of_work, "dpo@example.org", b"\x01 no share of it", now)
    waiting = await look()
    assert (waiting.key, waiting.missing) == (None, ("workforce@example.org",))
    await hand_in(database, unit_of_work, "dpo@example.org", shares["dpo@example.org"], now)
    waiting = await look()
    assert waiting.key == pulse.private_key
    wave = await find(database, "2027-spring")
    assert await tallying.tally(database, unit_of_work, wave, waiting.key, now, say=lambda done, total: None)
    rows = await tables(database)
    assert (rows["key_share"], rows["tally_desk"], rows["handed_share"]) == ([], [], [])
    assert rows["tally"][0]["content"]["certificate"]["counted"] == 12
    with pytest.raises(DeskTaken):
        await look()


async def test_process_that_died_takes_its_half_along_and_shares_are_handed_over_again(
    database: Database, unit_of_work: UnitOfWork, now: datetime
) -> None:
    pulse, shares = await trusted_wave(database, now)
    dead, desk = Desk(), Desk()
    await on_wave(database, unit_of_work, dead.open, now=now)
    for email, share in shares.items():
        await hand_in(database, unit_of_work, email, share, now)
    with pytest.raises(DeskTaken):
        await on_wave(database, unit_of_work, desk.open, now=now)
    await on_wave(database, unit_of_work, desk.open, now=now + LATER)
    assert (await tables(database))["handed_share"] == []
    waiting = await on_wave(database, unit_of_work, desk.look, now=now + LATER)
    assert (waiting.key, waiting.missing) == (None, TRUSTEES)
    with pytest.raises(DeskTaken):
        await on_wave(database, unit_of_work, dead.look, now=now + LATER)
    for email in TRUSTEES[:2]:
        await hand_in(database, unit_of_work, email, shares[email], now + LATER)
    assert (await on_wave(database, unit_of_work, desk.look, now=now + LATER)).key == pulse.private_key


async def test_share_sealed_to_another_desk_is_no_use_and_none_is_asked_for_without_one(
    database: Database, unit_of_work: UnitOfWork, now: datetime
) -> None:
    _, shares = await trusted_wave(database, now)
    with pytest.raises(NotFound):
        await hand_in(database, unit_of_work, TRUSTEES[0], shares[TRUSTEES[0]], now)
    first, desk = Desk(), Desk()
    await on_wave(database, unit_of_work, first.open, now=now)
    async with database.reading() as session:
        asked = await handing.find(session, TRUSTEES[0], "2027-spring", now)
        with pytest.raises(NotFound):
            await handing.find(session, "nobody@example.org", "2027-spring", now)
        with pytest.raises(NotFound):
            await handing.find(session, TRUSTEES[0], "2027-spring", now + LATER)
    await on_wave(database, unit_of_work, first.close)
    await on_wave(database, unit_of_work, desk.open, now=now)
    sealed = custody.hand_over(shares[TRUSTEES[0]], asked.desk_key)
    with pytest.raises(NotFound):
        await unit_of_work.run(partial(handing.hand_in, email=TRUSTEES[0], asked=asked, sealed=sealed))


async def test_nothing_at_the_desk_opens_the_wave_for_who_holds_the_database_and_the_secret(
    database: Database, unit_of_work: UnitOfWork, now: datetime
) -> None:
    pulse, shares = await trusted_wave(database, now)
    desk = Desk()
    await on_wave(database, unit_of_work, desk.open, now=now)
    for email, share in shares.items():
        await hand_in(database, unit_of_work, email, share, now)
    held = repr(await tables(database)) + SECRET
    for secret in (bytes(desk.key), pulse.private_key, *shares.values()):
        assert repr(secret)[2:-1] not in held
    assert repr(bytes(desk.key.public_key))[2:-1] in held


async def test_wrong_passphrases_are_few_whichever_process_is_asked(
    database: Database, unit_of_work: UnitOfWork, now: datetime
) -> None:
    await trusted_wave(database, now)
    claim = partial(handing.claim_try, email=TRUSTEES[0])
    for number in range(handing.MOST_TRIES):
        await unit_of_work.run(partial(claim, now=now + number * timedelta(minutes=1)))
    last = now + (handing.MOST_TRIES - 1) * timedelta(minutes=1)
    other = Database(database.url)
    second = UnitOfWork(other)
    with pytest.raises(PassphraseBarred):
        await second.run(partial(claim, now=last + handing.BARRED_FOR - timedelta(seconds=1)))
    await second.run(partial(claim, email=TRUSTEES[1], now=last))
    await second.run(partial(claim, now=last + handing.BARRED_FOR))
    await second.close()
    await other.close()


async def test_no_desk_is_opened_for_a_wave_that_is_open(
    database: Database, unit_of_work: UnitOfWork, now: datetime
) -> None:
    await trusted_wave(database, now)
    async with database.writing() as session:
        await session.execute(update(Wave).values(status="open"))
    with pytest.raises(WaveNotReady):
        await on_wave(database, unit_of_work, Desk().open, now=now)
    assert (await tables(database))["tally_desk"] == []
