"""One registration's life in calendars, from the first place to the evening called off, at a real SMTP server."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import icalendar
import pytest

from engage.settings import Settings
from engage.storage.database import Database
from engage.storage.unit_of_work import UnitOfWork
from tests import libical
from tests.loader import Loader
from tests.site import Site, link_in, on_sqlite, running, text_of

ZOE = "zoe@example.net"
NEIGHBOUR = "neighbour@example.net"
# The clocks go forward on 28 March 2027: 6pm in London is 17:00 UTC from then on, and 18:00 UTC before.
FILE = """
[[open_evening]]
slug = "reviews-team"
title = "Reviews Team"
status = "{status}"
cancel_reason = {reason}
venue = "{venue}"

[[open_evening.slot]]
key = "1800"
starts = {day}T18:00:00
ends = {day}T19:00:00
capacity = 5

[[open_evening.slot]]
key = "1930"
starts = {day}T19:30:00
ends = {day}T20:30:00
capacity = 5
"""
FIRST = {"status": "published", "reason": '""', "venue": "City Hall", "day": "2027-04-14"}
SUMMER, WINTER = "2027-04-14", "2027-03-24"


@dataclass(frozen=True)
class Told:
    """A calendar message to one person, as two parsers that share nothing read it."""

    method: str
    sequence: int
    uid: str
    attendee: str
    organizer: str
    rsvp: str | None
    starts_at: datetime
    local: str
    location: str
    stamped_at: datetime
    is_cancelled: bool


@dataclass
class Life:
    """The site, the loading of files into it, and what has been told."""

    site: Site
    loader: Loader
    link: str = ""

    async def load(self, **changed: str) -> None:
        self.loader.now = self.site.now
        await self.loader.load(FILE.format(**FIRST | changed))

    async def act(self, act: str, **typed: str) -> None:
        assert (await self.site.act(self.link, act, **typed)).status_code == 303


@pytest.fixture(params=[None, "smtp://127.0.0.1:0"], ids=["unheard", "heard"])
async def life(
    request: pytest.FixtureRequest,
    database: Database,
    unit_of_work: UnitOfWork,
    settings: Settings,
    tmp_path: Path,
    now: datetime,
) -> AsyncIterator[Life]:
    """One evening behind the clock change with two sittings; Zoe and a neighbour have places in the first."""
    loader = Loader(database, unit_of_work, tmp_path, now)
    async with running(replace(settings, mail_inbound=request.param), now) as site:
        life = Life(site, loader)
        await life.load()
        await site.register(NEIGHBOUR, "1800")
        assert (await site.register(ZOE, "1800")).status_code == 303
        life.link = link_in((await site.mail())[-1])
        yield life


STEPS: list[Callable[[Life], Awaitable[None]]] = [
    lambda life: life.act("change", slot="1930"),
    lambda life: life.load(day=WINTER),
    lambda life: life.load(day=WINTER, venue="Palestra"),
    lambda life: life.act("cancel"),
    lambda life: life.act("change", slot="1800"),
    lambda life: life.load(day=WINTER, venue="Palestra", status="cancelled", reason='"No power"'),
]
AT_FIRST = ("REQUEST", "2027-04-14T18:00:00", datetime(2027, 4, 14, 17, tzinfo=UTC), "City Hall")
EXPECTED = [
    AT_FIRST,
    ("REQUEST", "2027-04-14T19:30:00", datetime(2027, 4, 14, 18, 30, tzinfo=UTC), "City Hall"),
    ("REQUEST", "2027-03-24T19:30:00", datetime(2027, 3, 24, 19, 30, tzinfo=UTC), "City Hall"),
    ("REQUEST", "2027-03-24T19:30:00", datetime(2027, 3, 24, 19, 30, tzinfo=UTC), "Palestra"),
    ("CANCEL", "2027-03-24T19:30:00", datetime(2027, 3, 24, 19, 30, tzinfo=UTC), "Palestra"),
    ("REQUEST", "2027-03-24T18:00:00", datetime(2027, 3, 24, 18, tzinfo=UTC), "Palestra"),
    ("CANCEL", "2027-03-24T18:00:00", datetime(2027, 3, 24, 18, tzinfo=UTC), "Palestra"),
]


def read(message: EmailMessage) -> Told:
    """Both parsers agree, and libical's tables of RFC 5546 find no fault."""
    (part,) = [each for each in message.walk() if each.get_content_type() == "text/calendar"]
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    (event,) = icalendar.Calendar.from_ical(content).events
    checked = libical.parse(content)
    assert checked.faults() == []
    assert event.errors == []
    (other,) = checked.parts("VEVENT")
    assert other.only("UID").value == str(event["UID"])
    assert other.only("SEQUENCE").value == str(event["SEQUENCE"])
    assert part.get_param("method") == checked.only("METHOD").value
    starts_at, stamped_at = other.only("DTSTART").instant, other.only("DTSTAMP").instant
    assert isinstance(event.start, datetime)
    assert starts_at is not None
    assert stamped_at is not None
    assert starts_at == event.start.astimezone(UTC)
    assert event["DTSTART"].params["TZID"] == "Europe/London"
    attendee = other.only("ATTENDEE")
    return Told(
        method=checked.only("METHOD").value,
        sequence=int(other.only("SEQUENCE").value),
        uid=str(event["UID"]),
        attendee=attendee.value,
        organizer=other.only("ORGANIZER").value,
        rsvp=attendee.parameters.get("RSVP"),
        starts_at=starts_at,
        local=event.start.replace(tzinfo=None).isoformat(),
        location=str(event["LOCATION"]),
        stamped_at=stamped_at,
        is_cancelled=str(event["STATUS"]) == "CANCELLED",
    )


def to(email: str, messages: list[EmailMessage]) -> list[EmailMessage]:
    return [message for message in messages if message["To"].addresses[0].addr_spec == email]


async def live(life: Life) -> list[EmailMessage]:
    """Step by step, each of which tells Zoe once; the messages to her."""
    told = to(ZOE, [received.parsed for received in life.site.relay.messages])
    for step in STEPS:
        life.site.pass_time(timedelta(days=1))
        await step(life)
        (message,) = to(ZOE, await life.site.mail())
        told.append(message)
    return told


async def live_at_once(life: Life) -> list[EmailMessage]:
    """All steps while nothing is sent, and then all messages; those to her as they arrive."""
    for step in STEPS:
        life.site.pass_time(timedelta(days=1))
        await step(life)
    await life.site.mail()
    return to(ZOE, [received.parsed for received in life.site.relay.messages])


def check_one_entry_for_life(told: list[Told]) -> None:
    assert [each.sequence for each in told] == list(range(len(EXPECTED)))
    assert [each.is_cancelled for each in told] == [each.method == "CANCEL" for each in told]
    assert [each.stamped_at for each in told] == sorted(each.stamped_at for each in told)
    assert len({(each.uid, each.attendee, each.organizer) for each in told}) == 1
    assert told[0].attendee == f"mailto:{ZOE}"


async def test_each_change_is_one_message_about_one_entry_at_the_right_local_time(life: Life) -> None:
    told = [read(message) for message in await live(life)]
    assert [(each.method, each.local, each.starts_at, each.location) for each in told] == EXPECTED
    check_one_entry_for_life(told)
    is_heard = life.site.worker._settings.mail_inbound is not None
    requested = {each.rsvp for each in told if each.method == "REQUEST"}
    assert requested == {"TRUE" if is_heard else "FALSE"}
    assert told[0].organizer.startswith("mailto:evenings+r" if is_heard else "mailto:evenings@")


async def test_messages_arrive_in_the_order_in_which_things_happened(life: Life) -> None:
    messages = await live_at_once(life)
    told = [read(message) for message in messages]
    assert [(each.method, each.local, each.starts_at) for each in told] == [each[:3] for each in EXPECTED]
    check_one_entry_for_life(told)


@on_sqlite
async def test_nobody_sees_anything_of_anybody_else(life: Life) -> None:
    await live(life)
    for received in life.site.relay.messages:
        (recipient,) = received.recipients
        other = {ZOE: NEIGHBOUR, NEIGHBOUR: ZOE}[recipient]
        assert received.parsed["To"].addresses[0].addr_spec == recipient
        assert [received.parsed[name] for name in ("Cc", "Bcc")] == [None, None]
        for kind in ("plain", "html", "calendar"):
            assert other not in text_of(received.parsed, kind)
    neighbours = [read(message) for message in to(NEIGHBOUR, [each.parsed for each in life.site.relay.messages])]
    assert [(each.method, each.sequence) for each in neighbours] == [
        *(("REQUEST", sequence) for sequence in range(3)),
        ("CANCEL", 3),
    ]
    zoes = [read(message) for message in to(ZOE, [each.parsed for each in life.site.relay.messages])]
    assert not {each.uid for each in neighbours} & {each.uid for each in zoes}


@on_sqlite
async def test_file_from_the_own_page_is_the_same_entry(life: Life) -> None:
    (first, *_) = to(ZOE, [received.parsed for received in life.site.relay.messages])
    answer = await life.site.browser.get(f"{life.link}/invite.ics")
    (event,) = icalendar.Calendar.from_ical(answer.content).events
    assert libical.parse(answer.content).faults() == []
    assert (str(event["UID"]), event["SEQUENCE"]) == (read(first).uid, 0)
