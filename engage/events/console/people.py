"""The people of one evening: found by name, address, status, sitting or post, and taken away as a file."""

from collections.abc import AsyncIterator

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from engage.errors import FormStale
from engage.events import conversion
from engage.events.console.asking import ROLES, evening_of, received
from engage.events.models import OpenEvening
from engage.events.organiser_facts import RegistrationsExported
from engage.events.registrations import choosing, exporting
from engage.events.registrations.choosing import Choice, choice_of, count_of, is_chosen, page_of
from engage.journal import append
from engage.people.actors import actor_of
from engage.web.guarding import me, only
from engage.web.site import render, site_of

LONGEST_NUMBER = 18  # digits that every database takes


@only(*ROLES)
async def people(request: Request) -> Response:
    site, choice = site_of(request), choice_of(request.query_params)
    async with site.database.reading() as session:
        evening = await evening_of(session, request.path_params["slug"])
        found = await page_of(session, is_chosen(evening, choice), number_in(request, "before"))
        went = await conversion.of(session, evening, site.clock())
    return await render(
        request,
        "console/people.html",
        evening=evening,
        choice=choice,
        found=found,
        went=went,
        statuses=choosing.STATUSES,
        status_of=choosing.status_of,
        registered=number_in(request, "registered"),
    )


@only(*ROLES)
async def exported(request: Request) -> Response:
    """The chosen as a file; that it was taken is on record before its first line leaves."""
    sent = await received(request)
    if sent.problem is not None:
        raise FormStale(sent.problem)
    site, choice = site_of(request), choice_of(sent.fields)
    async with site.database.reading() as session:
        evening = await evening_of(session, request.path_params["slug"])
        count = await count_of(session, is_chosen(evening, choice))
    form = sent.fields.get("format", "")
    exporting.refuse_too_many(count, form)

    async def record(session: AsyncSession) -> None:
        fact = RegistrationsExported(open_evening_id=evening.id, count=count, form=form)
        await append(session, fact, site.clock(), await actor_of(session, await me(request)))

    await site.unit_of_work.run(record)
    name = f"{evening.slug}.{form}"
    headers = {"content-disposition": f'attachment; filename="{name}"', "cache-control": "no-store"}
    return StreamingResponse(
        _content(request, evening, choice, form), media_type=exporting.FORMS[form], headers=headers
    )


async def _content(request: Request, evening: OpenEvening, choice: Choice, form: str) -> AsyncIterator[bytes]:
    site, chosen = site_of(request), is_chosen(evening, choice)
    async with site.database.reading() as session:
        lines = exporting.lines_of(session, chosen, site.settings.zone)
        parts = exporting.as_csv(lines)
        if form == "ods":
            parts = exporting.as_spreadsheet(lines, evening, choice, site.clock(), site.settings.zone)
        async for part in parts:
            yield part


def number_in(request: Request, name: str) -> int | None:
    """The number that the address gives under that name; None where it gives none that can be."""
    asked = request.query_params.get(name, "")
    return int(asked) if asked.isdecimal() and asked.isascii() and len(asked) <= LONGEST_NUMBER else None


routes = [
    Route("/console/evenings/{slug}/people", people),
    Route("/console/evenings/{slug}/people/export", exported, methods=["POST"]),
]
