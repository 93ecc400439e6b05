"""How calendars answer an invitation by mail, and how mail systems report that they could not deliver one."""

from base64 import b64encode
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any
from urllib.parse import unquote

from aiosmtplib import SMTP, SMTPException

from tests.told import entry_of

ANSWERED_AT = datetime(2027, 2, 3, 12, 30, tzinfo=UTC)


def calendar(answer: str = "DECLINED", **changed: str) -> str:
    """A REPLY as calendars write it, with the zone that they copy; ``changed`` replaces or, empty, drops lines."""
    given = {
        "METHOD": "METHOD:REPLY",
        "UID": "UID:d2c6ae2e-4f10-4a5e-9fb6-3f2f28ab0d37",
        "SEQUENCE": "SEQUENCE:3",
        "DTSTAMP": "DTSTAMP:20270203T123000Z",
        "ATTENDEE": f"ATTENDEE;CN=Zoe;PARTSTAT={answer}:mailto:Zoe@example.net",
    } | changed
    method, *properties = (line for line in given.values() if line)
    zone = ["BEGIN:VTIMEZONE", "TZID:GMT Standard Time", "BEGIN:STANDARD", "DTSTART:16010101T020000"]
    zone += ["TZOFFSETFROM:+0100", "TZOFFSETTO:+0000", "END:STANDARD", "END:VTIMEZONE"]
    event = ["BEGIN:VEVENT", *properties, "DTSTART;TZID=GMT Standard Time:20270224T180000", "END:VEVENT"]
    return "\r\n".join(["BEGIN:VCALENDAR", method, "VERSION:2.0", *zone, *event, "END:VCALENDAR", ""])


def mail(content: str, headers: dict[str, str] | None = None, *, kind: str = "text/calendar; method=REPLY") -> bytes:
    """A mail with the calendar's file beside a text for people."""
    lines = [
        *(f"{name}: {value}" for name, value in (headers or {}).items()),
        "From: Somebody <somebody@example.com>",
        "Subject: Declined: Reviews Team open evening",
        "MIME-Version: 1.0",
        'Content-Type: multipart/alternative; boundary="=_0"',
        "",
        "--=_0",
        "Content-Type: text/plain; charset=utf-8",
        "",
        "Somebody has declined.",
        "--=_0",
        f"Content-Type: {kind}; charset=utf-8",
        "Content-Transfer-Encoding: base64",
        "",
        b64encode(content.encode()).decode(),
        "--=_0--",
        "",
    ]
    return "\r\n".join(lines).encode()


def answering(
    invitation: EmailMessage,
    answer: str,
    *,
    at: datetime = ANSWERED_AT,
    headers: dict[str, str] | None = None,
    changed: dict[str, str] | None = None,
) -> bytes:
    """What the calendar of whoever got the invitation sends back."""
    _, event = entry_of(invitation)
    given = {
        "UID": f"UID:{event['UID']}",
        "SEQUENCE": f"SEQUENCE:{event['SEQUENCE']}",
        "DTSTAMP": f"DTSTAMP:{at:%Y%m%dT%H%M%SZ}",
        "ATTENDEE": f"ATTENDEE;PARTSTAT={answer}:{event['ATTENDEE']}",
    }
    return mail(calendar(**given | (changed or {})), headers)


def organizer_of(invitation: EmailMessage) -> str:
    """The address to which calendars send their answers."""
    _, event = entry_of(invitation)
    return unquote(str(event["ORGANIZER"]).removeprefix("mailto:"))


def report(recipient: str = "zoe@example.net", **fields: str) -> bytes:
    """A delivery report of one recipient; ``fields`` replaces or, empty, drops fields, named with underscores."""
    given = {
        "Final_Recipient": f"rfc822; {recipient}",
        "Action": "failed",
        "Status": "5.1.1",
        "Diagnostic_Code": f"smtp; 550 5.1.1 <{recipient}>: Recipient address rejected: User unknown",
    } | fields
    block = [f"{name.replace('_', '-')}: {value}" for name, value in given.items() if value]
    lines = [
        "From: MAILER-DAEMON@mx.example.net",
        "Auto-Submitted: auto-replied",
        "MIME-Version: 1.0",
        'Content-Type: multipart/report; report-type=delivery-status; boundary="=_1"',
        "",
        "--=_1",
        "Content-Type: text/plain",
        "",
        "Your message could not be delivered.",
        "--=_1",
        "Content-Type: message/delivery-status",
        "",
        "Reporting-MTA: dns; mx.example.net",
        "Arrival-Date: Wed, 3 Feb 2027 12:00:00 +0000",
        "",
        *block,
        "",
        "--=_1",
        "Content-Type: text/rfc822-headers",
        "",
        "Subject: You have a place",
        "--=_1--",
        "",
    ]
    return "\r\n".join(lines).encode()


async def deliver(port: int, recipient: str, content: bytes, sender: str = "somebody@example.com") -> str:
    """Hand the mail over as a relay does; the reply to it, whichever command it answers."""
    client = SMTP(hostname="127.0.0.1", port=port, start_tls=False, timeout=30)
    await client.connect()
    try:
        await client.ehlo()
        await client.mail(sender)
        await client.rcpt(recipient)
        answer: Any = await client.data(content)
        said = f"{answer.code} {answer.message}"
        await client.quit()
    except SMTPException as refusal:
        return f"{getattr(refusal, 'code', '')} {getattr(refusal, 'message', refusal)}"
    finally:
        client.close()
    return said
