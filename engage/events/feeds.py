"""Files for everybody's calendars: the open evenings as a feed, and each post's closing instant."""

import asyncio
import re
from datetime import datetime, timedelta
from hashlib import sha256

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from engage.errors import NotFound
from engage.events import listing
from engage.events.mail.calendar_entries import location_of, public_url
from engage.events.models import OpenEvening
from engage.events.pages import asked_for
from engage.notify.calendar import Listing, Person, publish
from engage.web.shared import for_everybody
from engage.web.site import site_of

UPCOMING_IN_FEED = 200  # evenings: four a week for a year; each costs a millisecond of the processor
PAST_IN_FEED = 20
STAMP = re.compile(rb"DTSTAMP:\w*")
CALENDAR = "text/calendar; charset=utf-8"


async def feed(request: Request) -> Response:
    """The open evenings, to subscribe to in a calendar: made once for all, and not anew when somebody registers."""
    return await for_everybody(request, _feed, is_counted=False)


async def _feed(request: Request) -> Response:
    site = site_of(request)
    async with site.database.reading() as session:
        upcoming = await listing.upcoming(site.clock()).some(session, UPCOMING_IN_FEED)
        past = await listing.past(site.clock()).some(session, PAST_IN_FEED)
    organisation = site.settings.organisation
    organizer = Person(site.settings.mail_from, organisation)
    listings = [listing for evening in [*past, *upcoming] for listing in _listings(request, evening)]
    name, zone = f"Open evenings: {organisation}", site.settings.zone
    content = await asyncio.to_thread(publish, listings, name=name, zone=zone, organizer=organizer)  # others go on
    tag = sha256(STAMP.sub(b"", content)).hexdigest()[:32]  # when it was made changes nothing
    return Response(content, media_type=CALENDAR, headers={"etag": f'W/"{tag}"'})


async def deadline_file(request: Request) -> Response:
    """One post's closing instant as an entry for a calendar, with an alarm a week and a day before."""
    site, found = site_of(request), await asked_for(request)
    vacancy = next((each for each in found.vacancies if each.key == request.path_params["key"]), None)
    if vacancy is None:
        raise NotFound("There is no such post at this open evening.")
    url = public_url(found, site.settings)
    listing = Listing(
        uid=f"vacancy-{vacancy.id}@{site.settings.host}",
        sequence=_minutes(vacancy.closing_set_at),
        stamped_at=site.clock(),
        starts_at=vacancy.closes_at,
        ends_at=None,
        summary=f"Applications close: {vacancy.title}",
        description=f"{found.title}\n\nApply: {vacancy.apply_url or url}",
        location="",
        url=url,
        alarms_before=tuple(timedelta(days=days) for days in vacancy.reminders_days_before),
        is_private=True,
    )
    organizer = Person(site.settings.mail_from, site.settings.organisation)
    content = publish([listing], name=vacancy.title, zone=site.settings.zone, organizer=organizer)
    return Response(
        content, media_type=CALENDAR, headers={"content-disposition": 'attachment; filename="deadline.ics"'}
    )


def _minutes(set_at: datetime | None) -> int:
    """A SEQUENCE that rises whenever the closing is set anew."""
    return int(set_at.timestamp()) // 60 if set_at is not None else 0


def _listings(request: Request, found: OpenEvening) -> list[Listing]:
    site = site_of(request)
    settings = site.settings
    return [
        Listing(
            uid=f"slot-{slot.id}@{settings.host}",
            sequence=0,
            stamped_at=site.clock(),
            starts_at=slot.starts_at,
            ends_at=slot.ends_at,
            summary=f"{found.title}: {slot.title}" if slot.title else found.title,
            description=found.summary or "",
            location=location_of(found) if found.venue or found.address else "",
            url=public_url(found, settings),
            is_cancelled=found.status == "cancelled",
        )
        for slot in found.slots
    ]


routes = [
    Route("/open-evenings/calendar.ics", feed),
    Route("/open-evenings/{slug}/posts/{key}.ics", deadline_file),
]
