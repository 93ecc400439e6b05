"""A closed wave of many sealed sheets, for `bench.tally`: python -m bench.sealed_wave URL SHEETS"""

import asyncio
import random
import secrets
import sys
from typing import Any

from sqlalchemy import insert, update

from bench.tally import CONTENT, DIRECTORATES, DISTINCT, FAMILIES, GRADES, SECRET
from engage.storage.database import Database
from engage.storage.migrating import migrate
from engage.surveys.answers.seal import Sheet
from engage.surveys.models import RosterEntry, SealedComments, SealedSheet, SpentLink, Wave
from engage.surveys.waves.rounds import find
from tests.pulses import Pulse, open_pulse

SEED = 1
AT_ONCE = 5_000  # rows of one transaction
PEOPLE = 100  # on the roster: one for each pair of directorate and grade


async def fill(url: str, size: int) -> None:
    """Write the wave of that many sheets."""
    database = Database(url)
    families = ["directorate", "grade", *(family["key"] for family in FAMILIES)]
    given: dict[str, Any] = {"key": f"wave-{size}", "families": families}
    pulse = await open_pulse(database, people=PEOPLE, secret=SECRET, content=CONTENT, **given)
    wave = await find(database, pulse.key)
    boxes = _boxes(pulse, min(DISTINCT, size))
    for first in range(0, size, AT_ONCE):
        await _store(
            database, wave.id, [boxes[number % len(boxes)] for number in range(first, min(first + AT_ONCE, size))]
        )
    async with database.writing() as session:
        for number, entry in enumerate(pulse.roster_ids):
            groups = {"directorate": DIRECTORATES[number % 10], "grade": GRADES[number // 10]}
            await session.execute(update(RosterEntry).where(RosterEntry.id == entry).values(**groups))
        counts = {"status": "closed", "spent": size, "invited": size + size // 5}
        await session.execute(update(Wave).where(Wave.id == wave.id).values(**counts))
    await database.close()


def _boxes(pulse: Pulse, count: int) -> list[tuple[bytes, bytes]]:
    """Sealed sheets, each with its comments."""
    chance, sealer = random.Random(SEED), pulse.sealer
    boxes = []
    for number in range(count):
        roster = {"directorate": DIRECTORATES[number % 10], "grade": GRADES[number // 10 % 10]}
        answers = {question["key"]: chance.randint(1, 5) for question in CONTENT["questions"]}
        ticked = {str(each["key"]): (f"group{chance.randrange(10)}",) for each in FAMILIES if chance.random() < 0.5}
        sheet = sealer.with_groups(roster, sealer.sheet(Sheet(answers, ticked)))
        boxes.append((sheet, sealer.comments({"better": "" if number % 10 else "More light"})))
    return boxes


async def _store(database: Database, wave_id: int, boxes: list[tuple[bytes, bytes]]) -> None:
    async with database.writing() as session:
        for table, contents in zip((SealedSheet, SealedComments), zip(*boxes, strict=True), strict=True):
            rows = [{"key": secrets.token_bytes(16), "wave_id": wave_id, "content": box} for box in contents]
            await session.execute(insert(table), sorted(rows, key=lambda row: bytes(row["key"])))
        links = [{"fingerprint": secrets.token_bytes(20), "wave_id": wave_id} for _ in boxes]
        await session.execute(insert(SpentLink), links)


if __name__ == "__main__":
    migrate(sys.argv[1])
    asyncio.run(fill(sys.argv[1], int(sys.argv[2])))
