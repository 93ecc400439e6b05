"""The calendar files, read back by libical, which also checks each against the tables of its METHOD."""

import unicodedata
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import icalendar
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from engage.notify.calendar import Invitation, Listing, Person, cancel, invite_file, publish, request
from tests import libical

LONDON = ZoneInfo("Europe/London")
OFFICE = Person("evenings@engage.example", "Open evenings")
INVITATION = Invitation(
    uid="registration-7@engage.example",
    sequence=3,
    stamped_at=datetime(2027, 7, 1, 8, 15, tzinfo=UTC),
    starts_at=datetime(2027, 9, 24, 17, tzinfo=UTC),
    ends_at=datetime(2027, 9, 24, 18, tzinfo=UTC),
    zone=LONDON,
    summary="Talk and questions, first sitting",
    description="Step-free from the street.\nBring your ticket code.",
    location="Room 4; 1 High Street, Leeds",
    url="https://engage.example/open-evenings/reviews-team",
    organizer=Person("reply+mfzwizltoq@engage.example", "Open evenings"),
    attendee=Person("sam@mail.example", "Sam O'Hara"),
    is_reply_wanted=True,
    alarms_before=(timedelta(days=1), timedelta(hours=2)),
)
CLOSING = Listing(
    uid="caseworker@engage.example",
    sequence=0,
    stamped_at=datetime(2027, 7, 1, tzinfo=UTC),
    starts_at=datetime(2027, 10, 13, 22, 59, tzinfo=UTC),
    ends_at=None,
    summary="Applications close: Caseworker",
    description="Apply before 11:59pm.",
    location="",
    url="https://engage.example/open-evenings/reviews-team",
    alarms_before=(timedelta(days=7, hours=14, minutes=59),),
    is_private=True,
)
BREAKS = ["\r\n", "\n", "\r", "\n ", "\r\n\t", "\x0b", "\x0c", "\x85", "\u2028", "\u2029"]
YEARLY_ZONES = ["America/New_York", "Australia/Lord_Howe", "Europe/Dublin", "Europe/London", "Pacific/Auckland"]
IRREGULAR_ZONES = ["Africa/Casablanca", "America/Santiago", "Asia/Jerusalem"]
CHANGED_ZONES = ["America/Mexico_City", "Asia/Pyongyang"]  # gave up summer time in 2022, moved for good in 2018
WRITERS = [request, cancel, invite_file]


def feed(*listings: Listing, zone: ZoneInfo = LONDON, name: str = "Open evenings") -> bytes:
    return publish(listings, name=name, zone=zone, organizer=OFFICE)


def event_in(content: bytes) -> libical.Component:
    calendar = libical.parse(content)
    assert calendar.faults() == []
    (event,) = calendar.parts("VEVENT")
    return event


def shape(component: libical.Component) -> object:
    return component.name, [found.name for found in component.properties], [shape(it) for it in component.components]


def visible(text: str) -> list[str]:
    return [sign for sign in text if unicodedata.category(sign) not in {"Cc", "Cs", "Zl", "Zp", "Zs"}]


@pytest.mark.parametrize(
    ("writer", "method", "status"),
    [(request, "REQUEST", "CONFIRMED"), (cancel, "CANCEL", "CANCELLED"), (invite_file, "PUBLISH", "CONFIRMED")],
)
def test_every_file_of_a_place_keeps_its_uid_its_sequence_and_its_privacy(
    writer: Callable[[Invitation], bytes], method: str, status: str
) -> None:
    content = writer(INVITATION)
    event = event_in(content)
    assert libical.parse(content).only("METHOD").value == method
    assert event.only("STATUS").value == status
    assert event.only("UID").value == "registration-7@engage.example"
    assert event.only("SEQUENCE").value == "3"
    assert event.only("DTSTAMP").value == "20270701T081500Z"
    assert event.only("CLASS").value == "PRIVATE"
    assert event.only("URL").value == INVITATION.url
    assert event.only("DESCRIPTION").value == f"{INVITATION.description}\n\n{INVITATION.url}"
    assert event.only("LOCATION").value == "Room 4; 1 High Street, Leeds"
    assert event.only("ORGANIZER").value == "mailto:reply+mfzwizltoq@engage.example"
    assert len(event.every("ATTENDEE")) == (0 if method == "PUBLISH" else 1)


@pytest.mark.parametrize(
    ("is_reply_wanted", "answer"),
    [(True, {"PARTSTAT": "NEEDS-ACTION", "RSVP": "TRUE"}), (False, {"PARTSTAT": "ACCEPTED", "RSVP": "FALSE"})],
)
def test_a_request_asks_its_one_attendee_only_where_a_reply_is_heard(
    is_reply_wanted: bool, answer: dict[str, str]
) -> None:
    attendee = event_in(request(replace(INVITATION, is_reply_wanted=is_reply_wanted))).only("ATTENDEE")
    assert attendee.value == "mailto:sam@mail.example"
    assert attendee.parameters == {"CN": "Sam O'Hara", "CUTYPE": "INDIVIDUAL", "ROLE": "REQ-PARTICIPANT"} | answer


def test_a_cancellation_names_the_attendee_and_asks_and_rings_nothing() -> None:
    event = event_in(cancel(INVITATION))
    assert event.only("ATTENDEE").parameters.keys() == {"CN", "CUTYPE", "ROLE"}
    assert event.parts("VALARM") == []


@pytest.mark.parametrize(
    ("before", "trigger"),
    [
        (timedelta(days=7), "-P7D"),
        (timedelta(days=7, hours=14, minutes=59), "-P7DT14H59M"),
        (timedelta(hours=2), "-PT2H"),
        (timedelta(0), "PT0S"),
    ],
)
def test_an_alarm_rings_the_given_time_before_the_start(before: timedelta, trigger: str) -> None:
    (alarm,) = event_in(request(replace(INVITATION, alarms_before=(before,)))).parts("VALARM")
    assert alarm.only("ACTION").value == "DISPLAY"
    assert alarm.only("TRIGGER").value == trigger
    assert alarm.only("DESCRIPTION").value == INVITATION.summary


@pytest.mark.parametrize(("month", "day", "hour_in_utc"), [(7, 9, 17), (12, 10, 18)])
def test_six_in_the_evening_stays_so_on_both_sides_of_the_clock_change(month: int, day: int, hour_in_utc: int) -> None:
    starts_at = datetime(2027, month, day, 18, tzinfo=LONDON)
    event = event_in(request(replace(INVITATION, starts_at=starts_at, ends_at=starts_at + timedelta(minutes=90))))
    start, end = event.only("DTSTART"), event.only("DTEND")
    assert (start.value, end.value) == (f"2027{month:02}{day:02}T180000", f"2027{month:02}{day:02}T193000")
    assert start.parameters["TZID"] == end.parameters["TZID"] == "Europe/London"
    assert start.instant == datetime(2027, month, day, hour_in_utc, tzinfo=UTC)


def test_both_passes_of_the_repeated_hour_keep_their_instants() -> None:
    for minutes in range(0, 180, 30):
        starts_at = datetime(2027, 10, 30, 23, 30, tzinfo=UTC) + timedelta(minutes=minutes)
        event = event_in(request(replace(INVITATION, starts_at=starts_at, ends_at=starts_at + timedelta(hours=1))))
        assert event.only("DTSTART").instant == starts_at
        assert event.only("DTEND").instant == starts_at + timedelta(hours=1)


@pytest.mark.parametrize("key", [*YEARLY_ZONES, *IRREGULAR_ZONES, *CHANGED_ZONES, "Asia/Kolkata", "Etc/UTC", "UTC"])
def test_the_files_own_zone_gives_every_instant_of_ten_years(key: str) -> None:
    starts = [datetime(2017, 1, 1, 5, tzinfo=UTC) + timedelta(days=61 * step, hours=step) for step in range(60)]
    content = feed(*(replace(CLOSING, starts_at=start) for start in starts), zone=ZoneInfo(key))
    # Under a name of its own no parser can take the zone from its own tables.
    renamed = content.replace(f"TZID:{key}".encode(), b"TZID:Venue").replace(f"TZID={key}".encode(), b"TZID=Venue")
    calendar = libical.parse(renamed)
    assert calendar.faults() == []
    assert [event.only("DTSTART").instant for event in calendar.parts("VEVENT")] == starts
    assert min(part.only("DTSTART").value for part in calendar.components[0].components) < "20161231T000000"


@pytest.mark.parametrize("key", IRREGULAR_ZONES)
def test_a_day_that_no_yearly_rule_gives_is_written_as_dates(key: str) -> None:
    (zone,) = libical.parse(feed(CLOSING, zone=ZoneInfo(key))).parts("VTIMEZONE")
    (summer,) = zone.parts("DAYLIGHT")
    assert (len(summer.every("RRULE")), len(summer.every("RDATE")) > 0) == (0, True)


@pytest.mark.parametrize(
    ("key", "days"),
    [
        ("Europe/London", {"DAYLIGHT": "-1SU;BYMONTH=3", "STANDARD": "-1SU;BYMONTH=10"}),
        ("America/New_York", {"DAYLIGHT": "2SU;BYMONTH=3", "STANDARD": "1SU;BYMONTH=11"}),
    ],
)
def test_a_yearly_rule_is_written_as_one(key: str, days: dict[str, str]) -> None:
    (zone,) = libical.parse(feed(CLOSING, zone=ZoneInfo(key))).parts("VTIMEZONE")
    rules = {part.name: part.only("RRULE").value for part in zone.components}
    assert rules == {name: f"FREQ=YEARLY;BYDAY={day}" for name, day in days.items()}


def test_a_closing_time_is_an_instant_that_takes_no_time() -> None:
    event = event_in(feed(CLOSING))
    assert event.only("DTSTART").value == "20271013T235900"
    assert event.every("DTEND") == []
    assert event.only("TRANSP").value == "TRANSPARENT"
    assert event.only("CLASS").value == "PRIVATE"
    assert [alarm.only("TRIGGER").value for alarm in event.parts("VALARM")] == ["-P7DT14H59M"]


@pytest.mark.parametrize("count", [0, 1, 50])
@pytest.mark.parametrize("key", ["Europe/London", "UTC"])
def test_a_feed_of_any_length_is_sound(count: int, key: str) -> None:
    listings = [replace(CLOSING, uid=f"{number}@x", is_cancelled=number % 2 == 1) for number in range(count)]
    calendar = libical.parse(feed(*listings, zone=ZoneInfo(key), name="Évenings; open"))
    assert calendar.faults() == []
    assert calendar.only("NAME").value == "Évenings; open"
    assert [event.only("UID").value for event in calendar.parts("VEVENT")] == [each.uid for each in listings]
    states = [event.only("STATUS").value for event in calendar.parts("VEVENT")]
    assert states == ["CANCELLED" if each.is_cancelled else "CONFIRMED" for each in listings]


@pytest.mark.parametrize(
    ("old", "new"), [(b"ORGANIZER", b"X-NOBODY"), (b"METHOD:REQUEST", b"METHOD:PUBLISH"), (b"UID:", b"X-UID:")]
)
def test_the_tables_do_refuse_a_broken_request(old: bytes, new: bytes) -> None:
    assert libical.parse(request(INVITATION).replace(old, new)).faults() != []


@pytest.mark.parametrize(
    "name", ["வணக்கம்!" * 25, "姓名" * 100, "👩🏽‍🚀" * 40, "عبد الله" * 22, "Zoë, 'Z' \"Zed\"; ^n^'"]
)
def test_names_in_any_script_come_through_lines_of_75_octets(name: str) -> None:
    content = request(replace(INVITATION, summary=name, location=name, attendee=Person("sam@mail.example", name)))
    assert content.endswith(b"END:VCALENDAR\r\n")
    lines = content.split(b"\r\n")
    assert max(len(line) for line in lines) <= 75
    assert all("\n" not in line.decode() for line in lines)
    event = event_in(content)
    assert (event.only("SUMMARY").value, event.only("LOCATION").value) == (name, name)
    assert event.only("ATTENDEE").parameters["CN"] == name


@pytest.mark.parametrize("line_break", BREAKS)
@pytest.mark.parametrize("writer", WRITERS)
def test_text_with_line_breaks_adds_no_property(writer: Callable[[Invitation], bytes], line_break: str) -> None:
    evil = line_break.join(["x", "ATTENDEE:mailto:eve@mail.example", "END:VEVENT", "BEGIN:VEVENT", "\\", '";X=":y'])
    injected = replace(
        INVITATION,
        summary=evil,
        description=evil,
        location=evil,
        organizer=replace(INVITATION.organizer, name=evil),
        attendee=replace(INVITATION.attendee, name=evil),
    )
    assert shape(libical.parse(writer(injected))) == shape(libical.parse(writer(INVITATION)))


@pytest.mark.parametrize("line_break", BREAKS)
def test_a_feeds_name_adds_no_property(line_break: str) -> None:
    evil = line_break.join(["x", "METHOD:CANCEL", "BEGIN:VEVENT"])
    assert shape(libical.parse(feed(CLOSING, name=evil))) == shape(libical.parse(feed(CLOSING)))


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"uid": ""}, "UID"),
        ({"uid": "a\r\nb"}, "UID"),
        ({"url": "https://x.example/\r\nATTENDEE:x"}, "URL"),
        ({"summary": " \x00\r\n"}, "SUMMARY"),
        ({"url": "javascript:alert(1)"}, "URL"),
        ({"sequence": -1}, "SEQUENCE"),
        ({"sequence": 2**31}, "SEQUENCE"),
        ({"stamped_at": datetime(2027, 1, 1)}, "DTSTAMP"),  # noqa: DTZ001
        ({"starts_at": datetime(2027, 1, 1)}, "DTSTART"),  # noqa: DTZ001
        ({"starts_at": datetime(9999, 12, 31, tzinfo=UTC)}, "DTSTART"),
        ({"ends_at": INVITATION.starts_at}, "DTEND"),
        ({"alarms_before": (timedelta(hours=1), timedelta(hours=-1))}, "TRIGGER"),
        ({"attendee": Person("sam", "Sam")}, "ATTENDEE"),
        ({"attendee": Person("sam@mail.example\r\nX:y", "Sam")}, "ATTENDEE"),
        ({"attendee": Person("sam@mail.example,eve@mail.example", "Sam")}, "ATTENDEE"),
        ({"organizer": Person("", "Nobody")}, "ORGANIZER"),
    ],
)
def test_a_value_that_cannot_be_written_is_refused_by_its_name(changes: dict[str, object], name: str) -> None:
    with pytest.raises(ValueError, match=f"^{name}: "):
        request(replace(INVITATION, **changes))  # type: ignore[arg-type]


def test_a_feed_without_a_name_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^NAME: "):
        feed(CLOSING, name="\n")


def test_an_empty_place_is_left_out() -> None:
    assert event_in(feed(CLOSING)).every("LOCATION") == []


def test_an_address_is_written_as_a_uri() -> None:
    attendee = event_in(request(replace(INVITATION, attendee=Person("o'b+x%y?z@mail.example", "")))).only("ATTENDEE")
    assert attendee.value == "mailto:o'b+x%25y%3Fz@mail.example"
    assert "CN" not in attendee.parameters


def test_the_zone_that_the_caller_counts_in_changes_no_byte() -> None:
    abroad = replace(INVITATION, starts_at=INVITATION.starts_at.astimezone(ZoneInfo("Asia/Kolkata")))
    assert request(abroad) == request(INVITATION)


@settings(max_examples=100, deadline=None)
@example(text="C:\\New, C:\\new; \\")
@given(text=st.text(st.characters(exclude_categories=()) | st.sampled_from("\\;,:\"'^nN\r\n\t ="), max_size=120))
def test_any_text_is_read_as_it_was_typed(text: str) -> None:
    person = Person("sam@mail.example", text)
    content = request(replace(INVITATION, summary=f"+{text}", description=text, location=f"{text}+", attendee=person))
    event = event_in(content)
    assert visible(event.only("SUMMARY").value) == ["+", *visible(text)]
    assert visible(event.only("LOCATION").value) == [*visible(text), "+"]
    assert visible(event.only("DESCRIPTION").value) == [*visible(text), *visible(INVITATION.url)]
    assert visible(event.only("ATTENDEE").parameters.get("CN", "")) == visible(text.replace("\\", "/"))
    assert [fault for part in icalendar.Calendar.from_ical(content).walk() for fault in part.errors] == []
