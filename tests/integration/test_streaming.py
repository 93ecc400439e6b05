"""A column that comes some rows at a time is the whole column."""

import pytest
from sqlalchemy import select

from engage.storage.database import Database
from engage.storage.streaming import streamed
from engage.surveys.models import SealedSheet
from tests.answered import Voter, closed_wave, tables


@pytest.mark.parametrize("at_once", [1, 4, 5, 6])
async def test_every_row_of_the_wave_comes_once(database: Database, at_once: int) -> None:
    await closed_wave(database, [Voter()] * 5)
    stored = sorted(row["content"] for row in (await tables(database))["sealed_sheet"])
    async with database.reading() as session:
        query = select(SealedSheet.content)
        found = [chunk async for chunk in streamed(session, query.where(SealedSheet.wave_id == 1), at_once)]
        nothing = [chunk async for chunk in streamed(session, query.where(SealedSheet.wave_id == 2), at_once)]
    assert max(map(len, found)) == min(at_once, 5)
    assert sorted(content for chunk in found for content in chunk) == stored
    assert nothing == []
