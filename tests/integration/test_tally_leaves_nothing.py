"""Whoever holds the live database and the secret after a tally finds nothing of what anybody answered, or whether."""

import json
import pickle
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import select

from engage.storage.database import Database
from engage.storage.unit_of_work import UnitOfWork
from engage.surveys.models import Trustee
from engage.surveys.reports.report_models import Tally
from engage.surveys.tally.tallying import REWRITTEN
from tests.answered import Voter, closed_wave, tables, tally
from tests.pulses import Pulse
from tests.site import on_disk, on_sqlite

WINDOW = 24  # bytes of a box that nothing else has
SAID = "Nobody in Audit ever speaks about it"
TOO_FEW = [
    *[Voter("Policy", "6", {"valued": 4}, {"working_group": ("carers",)}, {"better": "Light"})] * 30,
    *[Voter("Audit", "7", {"valued": 1, "pride": 2}, {"working_group": ("faith",)})] * 4,
    *[Voter("Policy", "6", None)] * 5,
]
ALL_TOO_FEW = [Voter("Policy", "6", {"valued": 4}, {}, {"better": SAID})] * 4 + [Voter("Policy", "6", None)] * 20


async def raw(database: Database) -> bytes:
    """All that a thief gets: the SQLite file with its log as they lie on the disk, or every column of every table."""
    rows = pickle.dumps(await tables(database))
    if not database.is_sqlite:
        return rows
    return rows + on_disk(database)


async def secrets_of(database: Database, pulse: Pulse) -> dict[str, bytes]:
    """What would tell something, by name; taken before the tally."""
    before = await tables(database)
    secrets = {"private key": pulse.private_key, "comment": SAID.encode()}
    (wave,) = before["wave"]
    secrets |= {name: wave[name] for name in ("public_key", "wrapped_private_key", "wrapped_link_key")}
    for number, row in enumerate(before["spent_link"]):
        secrets[f"link {number}"] = row["fingerprint"]
    for table in ("sealed_sheet", "sealed_comments"):
        for number, row in enumerate(before[table]):
            content = row["content"]
            secrets |= {f"{table} {number} from {at}": content[at : at + WINDOW] for at in range(0, 200, WINDOW)}
            secrets[f"{table} {number} end"] = content[-WINDOW:]
            secrets[f"{table} {number} key"] = row["key"]
    return secrets


def leaks(found: bytes, secrets: Mapping[str, bytes]) -> list[str]:
    return [name for name, secret in secrets.items() if secret in found]


def counters_of_withheld(content: Mapping[str, Any]) -> list[str]:
    """The withheld groups of a tally of which anything but their name and reason is written."""
    named = {"family", "key", "title", "level", "status", "reason"}
    return [each["key"] for each in content["groups"] if each["status"] == "withheld" and each.keys() != named]


@pytest.mark.parametrize("voters", [TOO_FEW, ALL_TOO_FEW], ids=["one group too small", "all too few"])
async def test_nothing_of_what_anybody_answered_is_left(
    database: Database, unit_of_work: UnitOfWork, voters: list[Voter]
) -> None:
    pulse = await closed_wave(database, voters)
    secrets = await secrets_of(database, pulse)
    assert len(leaks(await raw(database), secrets)) >= len(secrets) - 2  # it finds what is there: all but open texts
    assert await tally(database, unit_of_work)
    assert await database.reclaim(REWRITTEN)
    found = await raw(database)
    assert leaks(found, secrets) == []
    (row,) = (await tables(database))["tally"]
    assert counters_of_withheld(row["content"]) == []
    assert {"audit", "faith"} <= {each["key"] for each in row["content"]["groups"] if each["status"] == "withheld"} or (
        voters is ALL_TOO_FEW
    )


async def test_planted_leaks_are_caught(database: Database, unit_of_work: UnitOfWork, now: datetime) -> None:
    pulse = await closed_wave(database, TOO_FEW)
    secrets = await secrets_of(database, pulse)
    (sheet, *_) = (await tables(database))["sealed_sheet"]
    await tally(database, unit_of_work)
    async with database.writing() as session:
        planted = Trustee(email="planted@example.org", salt=sheet["content"], public_key=b"", enrolled_at=now)
        session.add(planted)
        row = (await session.scalars(select(Tally))).one()
        groups = [each | ({"responded": 4} if each["key"] == "audit" else {}) for each in row.content["groups"]]
        row.content = row.content | {"groups": groups}
    await database.reclaim(REWRITTEN)
    assert leaks(await raw(database), secrets)
    (row_,) = (await tables(database))["tally"]
    assert counters_of_withheld(row_["content"]) == ["audit"]


@on_sqlite
async def test_deleting_alone_would_leave_answers_on_the_disk(database: Database, unit_of_work: UnitOfWork) -> None:
    """The control: without the space written anew, the log of SQLite still holds boxes."""
    pulse = await closed_wave(database, TOO_FEW)
    secrets = await secrets_of(database, pulse)
    await tally(database, unit_of_work)
    assert leaks(await raw(database), secrets)


async def test_rosters_rows_are_alike_for_those_who_answered_and_those_who_did_not(
    database: Database, unit_of_work: UnitOfWork
) -> None:
    pulse = await closed_wave(database, TOO_FEW)
    await tally(database, unit_of_work)
    rows = await tables(database)
    for number, voter in zip(pulse.roster_ids, TOO_FEW, strict=True):
        (entry,) = [row for row in rows["roster_entry"] if row["id"] == number]
        rest = {name: each for name, each in entry.items() if name not in ("id", "staff_id", "email", "name")}
        assert rest == {"wave_id": 1, "directorate": voter.directorate, "grade": voter.grade}
        elsewhere = json.dumps([each for name, each in rows.items() if name != "roster_entry"], default=repr)
        assert entry["email"] not in elsewhere
