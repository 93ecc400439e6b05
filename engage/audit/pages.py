"""Who did what and when: the journal, for administrators to read. Nothing of it can be edited."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from engage.audit import words
from engage.audit.reading import SHOWN, Search, actor_named, addresses, entries
from engage.journal import JournalEntry
from engage.web.forms import Fault, Field, Filled, PostedForm, plain, text_of
from engage.web.guarding import only
from engage.web.site import render, site_of

LONGEST_NUMBER = 18  # digits


@dataclass(frozen=True, slots=True)
class Line:
    """One entry as it is shown."""

    at: datetime
    actor: str
    about: str
    words: str


class SearchForm(PostedForm):
    """What is looked for; everything may be left out. Days are those of the venue, both included."""

    kind = Field()
    actor = Field()
    stream = Field()
    since = Field()
    until = Field()
    before = Field()

    def validate_since(self, typed: str | None) -> None:
        _day(typed)

    def validate_until(self, typed: str | None) -> None:
        _day(typed)


@only("admin")
async def page(request: Request) -> Response:
    site, form = site_of(request), SearchForm(FormData([*request.query_params.multi_items()]))
    zone = site.settings.zone
    if not form.validate():
        return await _page(request, form, [], status=422)
    async with site.database.reading() as session:
        actor = await actor_named(session, name) if (name := _typed(form.actor)) else None
        found = await entries(session, _search(form, actor, zone))
        names = await addresses(session, found)
    lines = [_line(entry, names, zone) for entry in found[:SHOWN]]
    older = _address(request, found[SHOWN - 1].id) if len(found) > SHOWN else None
    return await _page(request, form, lines, older)


async def _page(
    request: Request, form: SearchForm, lines: list[Line], older: str | None = None, status: int = 200
) -> Response:
    return await render(
        request,
        "audit.html",
        status=status,
        form=form,
        lines=lines,
        older=older,
        kinds={kind: words.title_of(kind) for kind in words.kinds()},
        is_searched=any(field.data for field in form),
    )


def _search(form: SearchForm, actor: str | None, zone: ZoneInfo) -> Search:
    since, until = _day(form.since.data), _day(form.until.data)
    before = text_of(form.before)
    return Search(
        kind=_typed(form.kind) or None,
        actor=actor,
        stream=_typed(form.stream).lower().replace(" ", "_") or None,
        since=datetime.combine(since, time(), zone) if since else None,
        until=datetime.combine(until + timedelta(days=1), time(), zone) if until else None,
        before=int(before) if before.isdecimal() and len(before) < LONGEST_NUMBER else None,
    )


def _typed(field: Filled) -> str:
    return plain(text_of(field)).strip()


def _line(entry: JournalEntry, names: Mapping[str, str], zone: ZoneInfo) -> Line:
    return Line(
        at=entry.occurred_at,
        actor=names.get(entry.actor) or words.ACTORS.get(entry.actor, entry.actor),
        about=names.get(entry.stream) or words.about(entry.stream, zone),
        words=words.words_of(entry.kind, entry.details, zone),
    )


def _day(typed: str | None) -> date | None:
    """The day that was typed, None where nothing was. Raises Fault."""
    text = (typed or "").strip()
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise Fault("Enter a date like 2027-09-24") from None


def _address(request: Request, before: int) -> str:
    return f"{request.url.path}?{urlencode({**request.query_params, 'before': before})}"


routes = [Route("/console/audit", page)]
