"""What a calendar answered: the REPLY of RFC 5546 (3.2.3) in a mail of RFC 6047, and what only looks like one. Pure.

Only the few lines that matter are parsed, by icalendar's own reader of lines: time zones, which a hostile file can make
expensive and which the library remembers, are not looked at.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import unquote

from engage.late import library
from engage.notify.mime import Mail, Unreadable

if TYPE_CHECKING:
    from icalendar.parser import Parameters

LARGEST_CALENDAR = 256 * 1024
LONGEST_LINE = 2_000
CALENDARS = frozenset({"text/calendar", "application/ics"})
ANSWERS = {"ACCEPTED": "accepted", "TENTATIVE": "tentative", "DECLINED": "declined"}

_NAME = re.compile("[A-Za-z-]+")
_LOOKED_AT = frozenset({"BEGIN", "END", "METHOD", "UID", "SEQUENCE", "DTSTAMP", "RECURRENCE-ID", "ATTENDEE"})
_BULK = frozenset({"bulk", "junk", "list", "auto_reply"})
_RESPONDERS = ("X-Autoreply", "X-Autorespond", "X-Autoresponse", "X-Auto-Reply")


@dataclass(frozen=True, slots=True)
class Reply:
    """One attendee's answer about one entry: ``answer`` is accepted, tentative or declined.

    ``attendee`` is the address in lower case, ``stamped_at`` when the answer was given, None where that is not said.
    """

    uid: str
    attendee: str = field(repr=False)
    sequence: int
    answer: str
    stamped_at: datetime | None


def is_from_responder(mail: Mail) -> bool:
    """Whether a machine answered for somebody who is away, or a list passed the mail on: no word on the invitation."""
    if mail.header("Auto-Submitted").startswith("auto-replied") or mail.header("Precedence") in _BULK:
        return True
    return any(mail.headers.get(name) is not None for name in _RESPONDERS)


def is_automatic(mail: Mail) -> bool:
    """Whether no person wrote it: a responder's, or one that says so of itself, such as ours coming back.

    Calendars send their users' answers this way too, so that this alone makes no reply count less.
    """
    return is_from_responder(mail) or mail.header("Auto-Submitted") not in ("", "no")


def reply_in(mail: Mail) -> Reply | None:
    """The one answer in the mail; None where there is none, or not exactly one. Raises Unreadable."""
    for part in mail.parts:
        if part.content_type in CALENDARS:
            content = part.content
            if len(content) > LARGEST_CALENDAR:
                raise Unreadable("its calendar is too long")
            if (reply := _read(content.decode(errors="replace"))) is not None:
                return reply
    return None


@dataclass(slots=True)
class _Said:
    """What the lines of a file say: METHOD, and the properties of its only entry."""

    method: str = ""
    entries: int = 0
    properties: list[tuple[str, "Parameters", str]] = field(default_factory=list)

    def every(self, name: str) -> list[tuple["Parameters", str]]:
        return [(parameters, value) for found, parameters, value in self.properties if found == name]

    def only(self, name: str) -> str | None:
        found = self.every(name)
        return found[0][1].strip() if len(found) == 1 else None


def _read(text: str) -> Reply | None:
    said = _said(text)
    attendees, uid = said.every("ATTENDEE"), said.only("UID")
    if said.method != "REPLY" or said.entries != 1 or len(attendees) != 1 or not uid or said.every("RECURRENCE-ID"):
        return None
    parameters, address = attendees[0]
    answer = ANSWERS.get(str(parameters.get("PARTSTAT", "")).upper())
    sequence = said.only("SEQUENCE") or "0"  # left out, it is 0
    if answer is None or not re.fullmatch("[0-9]{1,9}", sequence):
        return None
    return Reply(uid, _address(address), int(sequence), answer, _instant(said.only("DTSTAMP")))


def _said(text: str) -> _Said:
    said, within = _Said(), []
    for name, parameters, value in _lines(text):
        if name == "BEGIN":
            within.append(value.strip().upper())
            said.entries += within == ["VCALENDAR", "VEVENT"]
        elif name == "END":
            del within[-1:]
        elif within == ["VCALENDAR"] and name == "METHOD":
            said.method = value.strip().upper()
        elif within == ["VCALENDAR", "VEVENT"]:
            said.properties.append((name, parameters, value))
    return said


def _lines(text: str) -> Iterator[tuple[str, "Parameters", str]]:
    """The lines that matter, taken apart; a line that is broken says nothing."""
    parser = library("icalendar.parser")
    for line in parser.Contentlines.from_ical(text):
        name = _NAME.match(line)
        if name is None or name[0].upper() not in _LOOKED_AT or len(line) > LONGEST_LINE:
            continue
        try:
            _, parameters, value = parser.Contentline(line).parts()
        except ValueError:
            continue
        yield name[0].upper(), parameters, value


def _address(value: str) -> str:
    """The address in a `mailto:` URI (RFC 6068), decoded."""
    scheme, _, rest = value.strip().partition(":")
    return unquote(rest.partition("?")[0] if scheme.lower() == "mailto" else value).strip().lower()


def _instant(stamp: str | None) -> datetime | None:
    try:
        return datetime.strptime(stamp or "", "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None
