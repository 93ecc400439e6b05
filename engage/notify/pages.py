"""The catcher's pages: every caught message as its reader would see it, HTML, text and calendar part."""

from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from email.policy import default

from sqlalchemy import select
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from engage.errors import NotFound
from engage.late import library
from engage.notify.models import CaughtMessage
from engage.web.guarding import only
from engage.web.paging import PAGE_SIZE, Uncounted, page_number
from engage.web.site import render, site_of

SIGNS_IN = "/sign-in/"  # stands in a message that signs its reader in
CALENDAR_WORDS = {
    "SUMMARY": "What",
    "DTSTART": "Begins",
    "DTEND": "Ends",
    "LOCATION": "Where",
    "ORGANIZER": "Organiser",
    "ATTENDEE": "Attendee",
    "STATUS": "Status",
    "SEQUENCE": "Version",
    "UID": "Identifier",
}
# in the demo everybody may read; elsewhere caught messages hold people's links
readers = only("admin", is_open_in_demo=True)
MAIL_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"


@dataclass(frozen=True, slots=True)
class Caught:
    """One caught message, taken apart."""

    id: int
    received_at: datetime
    recipients: str
    sender: str
    subject: str
    headers: list[tuple[str, str]]
    text: str
    html: str | None
    calendar: str | None

    @property
    def html_url(self) -> str | None:
        return f"/mail/{self.id}/html" if self.html is not None else None

    @property
    def calendar_summary(self) -> list[tuple[str, str]]:
        """The calendar's method and its entry's main facts, in words."""
        if self.calendar is None:
            return []
        calendar = library("icalendar").Calendar.from_ical(self.calendar)
        event = calendar.walk("VEVENT")[0]
        facts = [("Method", str(calendar.get("METHOD", "")))]
        return facts + [(word, _said(event[name])) for name, word in CALENDAR_WORDS.items() if name in event]


@readers
async def messages(request: Request) -> Response:
    _refuse_with_relay(request)
    number = page_number(request)
    newest = select(CaughtMessage).order_by(CaughtMessage.id.desc())
    one_more = newest.offset((number - 1) * PAGE_SIZE).limit(PAGE_SIZE + 1)  # tells whether a page follows
    async with site_of(request).database.reading() as session:
        rows = (await session.scalars(one_more)).all()
    paging = Uncounted(number, has_next=len(rows) > PAGE_SIZE, address=request.url.path)
    listed = [(row, _subject(row)) for row in rows[:PAGE_SIZE]]
    return await render(request, "mail/list.html", messages=listed, paging=paging)


@readers
async def message(request: Request) -> Response:
    return await render(request, "mail/message.html", message=await _caught(request))


@readers
async def message_html(request: Request) -> Response:
    """The HTML part alone, for a frame: nothing in it may run, load or leave."""
    caught = await _caught(request)
    if caught.html is None:
        raise NotFound("This message has no HTML part.")
    html = caught.html.replace("<head>", '<head><base target="_top">', 1)  # links open in the page, not in the frame
    return HTMLResponse(html, headers={"content-security-policy": MAIL_POLICY, "cache-control": "no-store"})


@readers
async def message_source(request: Request) -> Response:
    row = await _row(request)
    return Response(row.content, media_type="text/plain; charset=utf-8", headers={"cache-control": "no-store"})


async def _caught(request: Request) -> Caught:
    return _taken_apart(await _row(request))


async def _row(request: Request) -> CaughtMessage:
    """Raises NotFound."""
    _refuse_with_relay(request)
    async with site_of(request).database.reading() as session:
        row = await session.get(CaughtMessage, request.path_params["id"])
    if row is None:
        raise NotFound("There is no such message.")
    if not site_of(request).settings.is_demo and SIGNS_IN in _taken_apart(row).text:
        raise NotFound("This message signs its reader in, so nobody else reads it.")
    return row


def _refuse_with_relay(request: Request) -> None:
    """Raises NotFound where messages go to a relay and so none is caught."""
    if site_of(request).settings.smtp_url is not None:
        raise NotFound("There is no such page.")


def _subject(row: CaughtMessage) -> str:
    """Without looking at anything else of the message, which takes a hundred times as long."""
    return str(BytesHeaderParser(policy=default).parsebytes(row.content)["Subject"] or "")


def _taken_apart(row: CaughtMessage) -> Caught:
    parsed = message_from_bytes(row.content, policy=default)
    assert isinstance(parsed, EmailMessage)  # noqa: S101 - what the policy makes
    return Caught(
        id=row.id,
        received_at=row.received_at,
        recipients=row.recipients,
        sender=str(parsed["From"] or row.envelope_from),
        subject=str(parsed["Subject"] or ""),
        headers=[(name, str(value)) for name, value in parsed.items()],
        text=_part(parsed, "text/plain") or "",
        html=_part(parsed, "text/html"),
        calendar=_part(parsed, "text/calendar"),
    )


def _part(parsed: EmailMessage, content_type: str) -> str | None:
    for part in parsed.walk():
        if part.get_content_type() == content_type and isinstance(part, EmailMessage):
            return str(part.get_content())
    return None


def _said(value: object) -> str:
    moment = getattr(value, "dt", None)
    return f"{moment:%A} {moment.day} {moment:%B %Y, %H:%M %Z}" if isinstance(moment, datetime) else str(value)


routes = [
    Route("/mail", messages),
    Route("/mail/{id:int}", message),
    Route("/mail/{id:int}/html", message_html),
    Route("/mail/{id:int}/source", message_source),
]
