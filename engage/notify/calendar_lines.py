"""The lines of a calendar's file: RFC 5545, and 6868 for quotes in names. Pure, and loaded with its large library."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from urllib.parse import quote
from zoneinfo import ZoneInfo

import icalendar

from engage.notify.calendar import Invitation, Listing, Person
from engage.notify.vtimezone import vtimezone

_LINE_BREAK = re.compile("\r\n|[\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_UNWRITABLE = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


def addressed(method: str, invitation: Invitation, answer: Mapping[str, str]) -> bytes:
    """For the one person invited, with what is asked of them."""
    event = _event(invitation, invitation.zone, invitation.organizer)
    attendee = _address("ATTENDEE", invitation.attendee)
    attendee.params.update({"CUTYPE": "INDIVIDUAL", "ROLE": "REQ-PARTICIPANT", **answer})
    event.add("ATTENDEE", attendee)
    return _file(method, invitation.zone, [event], {})


def published(invitation: Invitation) -> bytes:
    """For whoever has the file."""
    return _file("PUBLISH", invitation.zone, [_event(invitation, invitation.zone, invitation.organizer)], {})


def feed(listings: Sequence[Listing], name: str, zone: ZoneInfo, organizer: Person) -> bytes:
    """For whoever subscribes, under that name; the reader's time stays free."""
    _require("NAME", name, "a text to show", _line(name))
    events = [_event(listing, zone, organizer) for listing in listings]
    for event in events:
        event.add("TRANSP", "TRANSPARENT")
    return _file("PUBLISH", zone, events, {"NAME": _line(name), "X-WR-CALNAME": _line(name)})


def _file(method: str, zone: ZoneInfo, events: list[icalendar.Event], titles: dict[str, "_Text"]) -> bytes:
    calendar = icalendar.Calendar()
    for name, value in {"VERSION": "2.0", "PRODID": "-//Engage//EN", "METHOD": method, **titles}.items():
        calendar.add(name, value)
    # The zone stands in an empty feed too, for a file needs at least one component (RFC 5545, 3.4).
    years = [event.start.year for event in events] or [2000]
    for component in (vtimezone(zone, min(years) - 1, max(years) + 1), *events):
        calendar.add_component(component)
    content: bytes = calendar.to_ical()
    return content


def _event(listing: Listing, zone: ZoneInfo, organizer: Person) -> icalendar.Event:
    _check(listing)
    event = icalendar.Event()
    event.add("UID", listing.uid)
    event.add("SEQUENCE", listing.sequence)
    event.add("DTSTAMP", listing.stamped_at)
    event.add("DTSTART", _local(listing.starts_at, zone))
    if listing.ends_at:
        event.add("DTEND", _local(listing.ends_at, zone))
    event.add("SUMMARY", _line(listing.summary))
    event.add("DESCRIPTION", _described(listing))
    if location := _line(listing.location):
        event.add("LOCATION", location)
    event.add("URL", listing.url)
    event.add("CLASS", "PRIVATE" if listing.is_private else "PUBLIC")
    event.add("STATUS", "CANCELLED" if listing.is_cancelled else "CONFIRMED")
    event.add("ORGANIZER", _address("ORGANIZER", organizer))
    for before in listing.alarms_before:
        alarm = icalendar.Alarm()
        alarm.add("ACTION", "DISPLAY")
        alarm.add("DESCRIPTION", _line(listing.summary))
        alarm.add("TRIGGER", -before)
        event.add_component(alarm)
    return event


def _check(listing: Listing) -> None:
    starts_at, ends_at = listing.starts_at, listing.ends_at or listing.starts_at
    for name, instant in {"DTSTAMP": listing.stamped_at, "DTSTART": starts_at, "DTEND": ends_at}.items():
        _require(name, instant, "an aware instant", instant.tzinfo and 1970 < instant.year < 9000)
    _require("DTEND", ends_at, "after the start", listing.ends_at is None or ends_at > starts_at)
    _require("SUMMARY", listing.summary, "a text to show", _line(listing.summary))
    _require("UID", listing.uid, "printable ASCII without spaces", re.fullmatch("[!-~]+", listing.uid))
    _require("URL", listing.url, "a web address in ASCII", re.fullmatch("https?://[!-~]+", listing.url))
    _require("SEQUENCE", listing.sequence, "from 0 to 2147483647", 0 <= listing.sequence < 2**31)
    _require(
        "TRIGGER", listing.alarms_before, "before the start", all(it >= timedelta(0) for it in listing.alarms_before)
    )


def _require(name: str, value: object, wanted: str, is_met: object) -> None:
    if not is_met:
        raise ValueError(f"{name}: {value!r} is not {wanted}")


class _Text(icalendar.vText):
    """TEXT as typed: the library's own escaping takes the two characters of a typed `\\N` for a line break."""

    def to_ical(self) -> bytes:
        return re.sub(r"([\\;,])", r"\\\1", self).replace("\n", r"\n").encode()


def _plain(text: str) -> str:
    return _UNWRITABLE.sub("", _LINE_BREAK.sub("\n", text))


def _line(text: str) -> _Text:
    return _Text(_plain(text).replace("\n", " ").strip())


def _described(listing: Listing) -> _Text:
    text = _plain(listing.description)
    return _Text(text if listing.url in text else f"{text}\n\n{listing.url}".lstrip("\n"))


def _local(instant: datetime, zone: ZoneInfo) -> icalendar.vDatetime:
    """With TZID, but in UTC in the hour that the clocks repeat: parsers differ on which of the two is meant."""
    local = instant.astimezone(zone)
    if zone.key == "UTC" or local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset():
        return icalendar.vDatetime(instant.astimezone(UTC))
    value = icalendar.vDatetime(local.replace(tzinfo=None))
    value.params["TZID"] = zone.key
    return value


def _address(name: str, person: Person) -> icalendar.vCalAddress:
    """A `mailto:` URI, in which most signs are percent-encoded (RFC 6068)."""
    is_sound = re.fullmatch(r"[^\s@<>]+@[^\s@<>]+", person.address) and _plain(person.address) == person.address
    _require(name, person.address, "a mail address", is_sound)
    address = icalendar.vCalAddress("mailto:" + quote(person.address, safe="@!$'*+"))
    # libical takes a backslash before the closing quote for an escape, which parameters do not have.
    if shown := _line(person.name).replace("\\", "/"):
        address.params["CN"] = shown
    return address
