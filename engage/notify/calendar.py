"""Invitations and feeds as iCalendar: RFC 5545 (format), 5546 (methods), 6047 (by mail).

Each function answers one file: UTF-8, CRLF, lines of at most 75 octets, the same bytes for the same input. Control
characters are dropped; other values that cannot be written raise ValueError, which begins with the property's name.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import ModuleType
from zoneinfo import ZoneInfo

from engage.late import library


@dataclass(frozen=True, slots=True)
class Person:
    """A mail address, and the name to show with it: any script, or empty."""

    address: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One entry of a calendar, with aware times; without `ends_at` an instant. `url` also ends the description.

    `is_private` hides it from those who share the reader's calendar: for a download, not for a feed to subscribe to,
    where Google shows nothing of it but "busy".
    """

    uid: str
    sequence: int
    stamped_at: datetime
    starts_at: datetime
    ends_at: datetime | None
    summary: str
    description: str
    location: str
    url: str
    alarms_before: tuple[timedelta, ...] = ()
    is_cancelled: bool = False
    is_private: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation(Listing):
    """One person's place: one `uid` for its whole life, `sequence` rising with every change that matters."""

    ends_at: datetime
    zone: ZoneInfo
    organizer: Person
    attendee: Person
    is_reply_wanted: bool
    is_private: bool = True


def request(invitation: Invitation) -> bytes:
    """The `method=REQUEST` part of a mail that gives or changes a place.

    A wanted reply makes PARTSTAT=NEEDS-ACTION, after a change too (RFC 5546, 3.2.2.1): with ACCEPTED, Gmail and Apple
    show the question as answered, and no reply comes. Else it is ACCEPTED, which is true, for the person asked for the
    place: both then enter it without asking. Outlook asks in either case.
    """
    answer = ("NEEDS-ACTION", "TRUE") if invitation.is_reply_wanted else ("ACCEPTED", "FALSE")
    content: bytes = _lines().addressed("REQUEST", invitation, dict(zip(("PARTSTAT", "RSVP"), answer, strict=True)))
    return content


def cancel(invitation: Invitation) -> bytes:
    """The `method=CANCEL` part of a mail that takes a place away: no alarms, no answer asked for."""
    content: bytes = _lines().addressed("CANCEL", replace(invitation, is_cancelled=True, alarms_before=()), {})
    return content


def invite_file(invitation: Invitation) -> bytes:
    """The place as a file to download: the same UID, METHOD:PUBLISH, and so no ATTENDEE (RFC 5546, 3.2.1).

    Outlook opens a downloaded REQUEST as an invitation with its buttons blocked, a PUBLISH as an appointment to save;
    Apple and Google would ask again what the mail asks. By the UID the file's entry and the mail's are one.
    """
    content: bytes = _lines().published(invitation)
    return content


def publish(listings: Sequence[Listing], *, name: str, zone: ZoneInfo, organizer: Person) -> bytes:
    """A feed to subscribe to, or one closing time to download; it leaves the reader's time free.

    Whatever is published needs an ORGANIZER (RFC 5546, 3.2.1): the body that holds the evenings.
    """
    content: bytes = _lines().feed(listings, name, zone, organizer)
    return content


def _lines() -> ModuleType:
    """What writes them, with the large library that it needs."""
    return library("engage.notify.calendar_lines")
