"""The chart of registrations over time: days are the venue's on both databases, across midnight and summer time."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import insert

from engage.events.models import Registration
from engage.events.picture import picture_of
from engage.storage.database import Database
from tests.factories import make_evening

LONDON, KOLKATA = "Europe/London", "Asia/Kolkata"


@pytest.mark.parametrize(
    ("zone", "instants", "days"),
    [
        # a minute before and at midnight, in winter time
        (LONDON, ["2027-01-09T23:59", "2027-01-10T00:00"], {"2027-01-09": 1, "2027-01-10": 1}),
        # at midnight in summer time, which is an hour before that of UTC
        (LONDON, ["2027-06-09T22:59", "2027-06-09T23:00", "2027-06-10T22:59"], {"2027-06-09": 1, "2027-06-10": 2}),
        # the day on which the clocks go forward ends an hour earlier, and the day on which they go back lasts on
        (LONDON, ["2027-03-28T00:00", "2027-03-28T22:59", "2027-03-28T23:00"], {"2027-03-28": 2, "2027-03-29": 1}),
        (LONDON, ["2027-10-30T23:00", "2027-10-31T23:59", "2027-11-01T00:00"], {"2027-10-31": 2, "2027-11-01": 1}),
        # half an hour counts
        (KOLKATA, ["2027-01-09T18:29:59", "2027-01-09T18:30"], {"2027-01-09": 1, "2027-01-10": 1}),
    ],
)
async def test_days_are_those_of_the_venue(
    database: Database, zone: str, instants: list[str], days: dict[str, int]
) -> None:
    async with database.writing() as session:
        evening = make_evening(9)
        session.add(evening)
        await session.flush()
        row = {"open_evening_id": evening.id, "status": "subscribed", "name": "A", "party": 1, "has_reminders": True}
        rows = [
            {
                "uid": each,
                "ticket_code": str(number),
                "email": each,
                "email_key": each,
                "form": each,
                "created_at": at_utc(each),
            }
            for number, each in enumerate(instants)
        ]
        await session.execute(insert(Registration), [row | each for each in rows])
    async with database.reading() as session:
        picture = await picture_of(session, evening, ZoneInfo(zone))
    assert {bar.first: bar.number for bar in picture.bars} == {
        date.fromisoformat(day): number for day, number in days.items()
    }


def at_utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
