"""An open evening's page: while people register, its places alone are read and written anew."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from engage.events import finding
from engage.events.models import AskedQuestion, OpenEvening
from engage.events.pages import asked_for
from engage.events.views import Sitting, can_ask, evening_json, posts_of, refusal_of, sittings_of
from engage.web.anybody import Anybody
from engage.web.shared import shared
from engage.web.site import person_of, render, site_of, wants_json

PLACES = Markup("<!-- places -->")  # no text of an evening's can be it, for each is escaped


async def evening(request: Request) -> Response:
    return await shared(request, _evening)


async def _evening(request: Request) -> Response:
    site, slug = site_of(request), request.path_params["slug"]
    if wants_json(request):
        found = await asked_for(request)
        return JSONResponse(evening_json(found, found.vacancies))
    if await person_of(request) is not None:
        return await show(request, *await _read(request))
    evening_id, around = await site.recent.get((_around, slug), partial(_around, Anybody(request)), is_counted=False)
    async with site.database.reading() as session:
        slots = await finding.slots_of(session, evening_id)
    return HTMLResponse(around.replace(PLACES, _places(request, sittings_of(slots, site.clock()))))


async def _around(request: Anybody) -> tuple[int, str]:
    """The evening's id, and its page with `PLACES` where its places belong."""
    found, answered = await _read(request)
    return found.id, bytes((await show(request, found, answered, places=PLACES)).body).decode()


async def _read(request: Request) -> tuple[OpenEvening, list[AskedQuestion]]:
    async with site_of(request).database.reading() as session:
        found = await finding.evening_of(session, request.path_params["slug"])
        return found, await finding.answered_questions(session, found)


def _places(request: Request, sittings: Sequence[Sitting]) -> Markup:
    template: Any = site_of(request).templates.get_template("components/sitting.html").module
    return Markup(template.sitting_list(sittings))  # noqa: S704 - rendered and escaped there


async def show(
    request: Request,
    found: OpenEvening,
    answered: Sequence[AskedQuestion],
    *,
    places: Markup | None = None,
    is_preview: bool = False,
) -> Response:
    """The evening's page, as visitors see it; with ``places`` where its sittings' belong, if they are given."""
    site = site_of(request)
    now = site.clock()
    sittings = sittings_of(found.slots, now)
    return await render(
        request,
        "events/evening.html",
        is_preview=is_preview,
        evening=found,
        sittings=sittings,
        places=places or _places(request, sittings),
        posts=posts_of(found.vacancies, now, site.settings.zone),
        answered=answered,
        refusal=refusal_of(found, now),
        can_ask=can_ask(found, now),
    )


routes = [Route("/open-evenings/{slug}", evening)]
