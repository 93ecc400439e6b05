"""One message as the bytes that a relay takes: RFC 5322 and MIME, all ASCII, the same bytes for the same input.

It is put together here with the standard library's encoders and not by its ``EmailMessage``, which takes twenty times
as long and, when it folds headers (Python 3.11), splits quoted names and encodes addresses. Every part is
quoted-printable, so that no relay needs 8BITMIME.
"""

import re
import unicodedata
from binascii import b2a_qp
from dataclasses import dataclass
from datetime import datetime
from email.header import Header
from email.utils import format_datetime
from hashlib import sha256

from engage.notify.calendar import Person

_ADDRESS = re.compile(r"[^\s@<>()\[\]\\,:;\"]+@[^\s@<>()\\,;\"]+", re.ASCII)
_SHORT_WORDS = re.compile("[!-~]{1,60}( [!-~]{1,60})*")
_QUOTABLE = re.compile("[ -~]*")
_LINE_BREAK = re.compile("\r\n|\r|\n")
_FORBIDDEN = ("Cc", "Cs", "Zl", "Zp")  # controls, halves of characters, line and paragraph separators


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What the reader sees: a subject of one line, and the same text twice."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarPart:
    """An iCalendar file and its ``method``, REQUEST or CANCEL."""

    method: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message to one person. ``key`` is unique among all messages; ``unsubscribe_url`` takes a one-click POST."""

    key: str
    sender: Person
    recipient: Person
    letter: Letter
    dated: datetime
    reply_to: str | None = None
    calendar: CalendarPart | None = None
    unsubscribe_url: str | None = None

    @property
    def message_id(self) -> str:
        """The same for every delivery of this message, and of no other: not even of a database made anew."""
        return f"<{self._digest}@{self.sender.address.partition('@')[2]}>"

    @property
    def _digest(self) -> str:
        parts = (self.key, self.recipient.address, self.dated.isoformat())
        return sha256("\0".join(parts).encode()).hexdigest()[:40]

    def to_bytes(self) -> bytes:
        """Raises ValueError for a value that no header may hold, or an address that no relay takes without SMTPUTF8."""
        headers = "".join(f"{name}: {value}\r\n" for name, value in self._headers().items())
        # The alternatives go from the plainest to the richest, as RFC 2046 (5.1.4) orders them.
        parts = [_part("text/plain", self.letter.text), _part("text/html", self.letter.html)]
        if self.calendar:
            kind = f"text/calendar; method={self.calendar.method}; component=VEVENT"
            parts.append(_part(kind, self.calendar.content.decode()))
        delimiter = f"--{self._boundary}".encode()
        body = b"".join(b"\r\n" + delimiter + b"\r\n" + part for part in parts)
        return headers.encode("ascii") + body + b"\r\n" + delimiter + b"--\r\n"

    @property
    def _boundary(self) -> str:
        return f"=_{self._digest}"  # "=_" stands in no quoted-printable text, so that nothing typed can end a part

    def _headers(self) -> dict[str, str]:
        headers = {
            "From": _mailbox("From", self.sender),
            "To": _mailbox("To", self.recipient),
            "Subject": _words("Subject", self.letter.subject),
            "Date": format_datetime(self.dated),
            "Message-ID": self.message_id,
            "Auto-Submitted": "auto-generated",
            "X-Auto-Response-Suppress": "All",
            "MIME-Version": "1.0",
        }
        if self.reply_to:
            headers["Reply-To"] = _mailbox("Reply-To", Person(self.reply_to, ""))
        if self.unsubscribe_url:
            headers["List-Unsubscribe"] = f"<{_sound('List-Unsubscribe', self.unsubscribe_url)}>"
            headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        return headers | {"Content-Type": f'multipart/alternative;\r\n boundary="{self._boundary}"'}


def is_mailable(address: str) -> bool:
    """Whether any relay takes this address: ASCII, one mailbox, no quoted local part."""
    return _ADDRESS.fullmatch(address) is not None and address.isascii() and address.isprintable()


def _part(content_type: str, text: str) -> bytes:
    """The part whole; its text ends with a line break."""
    headers = f"Content-Type: {content_type}; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    content = _LINE_BREAK.sub("\r\n", text.removesuffix("\n").removesuffix("\r") + "\n")
    return headers.encode("ascii") + b2a_qp(content.encode(), istext=True)


def _mailbox(header: str, person: Person) -> str:
    if not is_mailable(person.address):
        raise ValueError(f"{header}: {person.address!r} is not an address that every relay takes")
    if not person.name:
        return person.address
    return f"{_phrase(header, person.name)}\r\n <{person.address}>"


def _phrase(header: str, name: str) -> str:
    if _QUOTABLE.fullmatch(_sound(header, name)) and "=?" not in name:
        return '"' + re.sub(r'(["\\])', r"\\\1", name) + '"'
    return _encoded(header, name)


def _words(header: str, text: str) -> str:
    if _SHORT_WORDS.fullmatch(_sound(header, text)) and "=?" not in text:
        return Header(text, "us-ascii", 76, header).encode(linesep="\r\n")
    return _encoded(header, text)


def _encoded(header: str, text: str) -> str:
    """As encoded words (RFC 2047) of at most 75 characters."""
    return Header(text, "utf-8", 75, header).encode(linesep="\r\n")


def _sound(header: str, text: str) -> str:
    if any(unicodedata.category(sign) in _FORBIDDEN for sign in text):
        raise ValueError(f"{header}: {text!r} holds a control character")
    return text
