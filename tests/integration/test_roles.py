"""Roles that somebody has to hold, and that somebody has to confirm, whatever is done at the same time."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from functools import partial

import pytest

from engage.errors import LastHolder
from engage.people.roles import awaited_roles_of, grant, may_sign_in, revoke, roles_of
from engage.storage.database import Database
from engage.storage.unit_of_work import UnitOfWork

ONE, OTHER = "one@example.org", "other@example.org"
ROUNDS = 5


@pytest.fixture
async def elsewhere(database: Database) -> AsyncIterator[UnitOfWork]:
    """The writer of another process."""
    unit_of_work = UnitOfWork(another := Database(database.url))
    yield unit_of_work
    await unit_of_work.close()
    await another.close()


async def test_last_two_administrators_cannot_both_go_at_once(
    database: Database, unit_of_work: UnitOfWork, elsewhere: UnitOfWork, now: datetime
) -> None:
    for _ in range(ROUNDS):
        for email in (ONE, OTHER):
            await unit_of_work.run(partial(grant, email=email, roles=["admin"], now=now))
        outcomes = await asyncio.gather(
            unit_of_work.run(partial(revoke, email=ONE, roles=["admin"], now=now)),
            elsewhere.run(partial(revoke, email=OTHER, roles=["admin"], now=now)),
            return_exceptions=True,
        )
        assert [type(outcome) for outcome in outcomes].count(LastHolder) == 1


async def test_of_two_who_are_the_first_for_the_union_at_once_one_waits(
    database: Database, unit_of_work: UnitOfWork, elsewhere: UnitOfWork, now: datetime
) -> None:
    await unit_of_work.run(partial(grant, email="admin@example.org", roles=["admin"], now=now))
    await asyncio.gather(
        unit_of_work.run(partial(grant, email=ONE, roles=["pcs"], now=now)),
        elsewhere.run(partial(grant, email=OTHER, roles=["pcs"], now=now)),
    )
    async with database.reading() as session:
        counts = [(len(await roles_of(session, e)), len(await awaited_roles_of(session, e))) for e in (ONE, OTHER)]
    assert sorted(counts) == [(0, 1), (1, 0)]


async def test_role_that_waits_lets_nobody_in(database: Database, unit_of_work: UnitOfWork, now: datetime) -> None:
    await unit_of_work.run(partial(grant, email=ONE, roles=["pcs"], now=now))
    await unit_of_work.run(partial(grant, email=OTHER, roles=["pcs"], now=now))
    async with database.reading() as session:
        assert await may_sign_in(session, ONE)
        assert not await may_sign_in(session, OTHER)


async def test_giving_a_role_twice_is_once(database: Database, unit_of_work: UnitOfWork, now: datetime) -> None:
    for email in (ONE, ONE.upper()):
        await unit_of_work.run(partial(grant, email=email, roles=["door", "door", "pcs"], now=now))
    async with database.reading() as session:
        assert await roles_of(session, ONE) == {"door", "pcs"}
        assert await awaited_roles_of(session, ONE) == set()
