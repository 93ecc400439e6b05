"""A registration's place as it stands in calendars: the same entry from the mail and from the page."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from engage.events.models import OpenEvening, Registration
from engage.notify.calendar import Invitation, Person
from engage.notify.tags import PURPOSES, REPLIES, tagged
from engage.settings import Settings
from engage.tokens import Tokens

ALARMS_BEFORE = (timedelta(days=1), timedelta(hours=2))


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """When the sitting is, as one message or file says it; ``sequence`` and ``stamped_at`` order the versions."""

    starts_at: datetime
    ends_at: datetime
    sequence: int
    stamped_at: datetime
    title: str | None = None


def invitation_of(registration: Registration, place: Place, settings: Settings, tokens: Tokens) -> Invitation:
    """The registration, loaded with its evening, in that place; its own address stays out: calendars are shared."""
    evening = registration.open_evening
    return Invitation(
        uid=registration.uid,  # bare, as RFC 7986 (5.3) advises: it outlives a change of the site's name
        sequence=place.sequence,
        stamped_at=place.stamped_at,
        starts_at=place.starts_at,
        ends_at=place.ends_at,
        summary=evening.title,
        description=_description(evening, place),
        location=location_of(evening),
        url=public_url(evening, settings),
        alarms_before=ALARMS_BEFORE,
        zone=settings.zone,
        organizer=_organizer(registration, settings, tokens),
        attendee=Person(registration.email, registration.name),
        is_reply_wanted=settings.mail_inbound is not None,
    )


def location_of(evening: OpenEvening) -> str:
    """Venue and address in one line, else where to join online; empty where neither is known."""
    lines = [evening.venue or "", *(evening.address or "").splitlines()]
    place = ", ".join(line.strip().rstrip(",") for line in lines if line.strip())
    return place or evening.joining_url or ""


def public_url(evening: OpenEvening, settings: Settings) -> str:
    """The evening's own page, for everybody."""
    return f"{settings.base_url}/open-evenings/{evening.slug}"


def _description(evening: OpenEvening, place: Place) -> str:
    access = "\n".join(("How accessible it is:", *(f"- {fact}" for fact in evening.accessibility)))
    parts = (
        place.title,
        evening.summary,
        evening.joining_url and f"Join online: {evening.joining_url}",
        evening.accessibility and access,
        "To change or cancel your place, use the link in our email to you.",
    )
    return "\n\n".join(part for part in parts if part)


def _organizer(registration: Registration, settings: Settings, tokens: Tokens) -> Person:
    """Where calendars send answers: with the registration's tag where somebody listens."""
    if settings.mail_inbound is None:
        return Person(settings.mail_from, settings.organisation)
    token = tokens.issue(PURPOSES[REPLIES], registration.id)
    return Person(tagged(settings.mail_from, REPLIES, token), settings.organisation)
