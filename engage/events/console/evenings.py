"""The evenings and how they fill, one evening with all that can be done about it, one post, and the preview."""

from dataclasses import dataclass
from itertools import chain

from sqlalchemy import func, select
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from engage.events import evening_page, finding, listing
from engage.events.console import subjects
from engage.events.console.asking import ROLES, asked_evening, evening_of
from engage.events.console.sections import OF_EVENING, OF_POST
from engage.events.models import AskedQuestion, Interest, OpenEvening, Vacancy
from engage.web.guarding import only
from engage.web.paging import page_number
from engage.web.site import render, site_of

LIST = "/console/evenings"


@dataclass(frozen=True, slots=True)
class Filling:
    """How an evening fills, all sittings together."""

    held: int
    capacity: int
    waiting: int


@only(*ROLES)
async def evenings(request: Request) -> Response:
    """Drafts, what is to come, what is over, and what has no sitting."""
    site = site_of(request)
    now = site.clock()
    lists = listing.drafts(), listing.upcoming(now), listing.past(now), listing.undated()
    async with site.database.reading() as session:
        paging, found = await listing.page_of(session, lists, page_number(request), LIST)
    rows = [(each, filling_of(each)) for each in chain(*found)]
    return await render(request, "console/evenings.html", rows=rows, paging=paging)


@only(*ROLES)
async def evening(request: Request) -> Response:
    async with site_of(request).database.reading() as session:
        found = await evening_of(session, request.path_params["slug"])
        waiting = select(func.count()).select_from(AskedQuestion).where(AskedQuestion.open_evening_id == found.id)
        questions = await session.scalar(waiting.where(AskedQuestion.status == "asked")) or 0
        wanted = select(Interest.vacancy_id, func.count()).join(Vacancy).where(Vacancy.open_evening_id == found.id)
        interests = dict((await session.execute(wanted.group_by(Interest.vacancy_id))).all())
    return await render(
        request,
        "console/evening.html",
        evening=found,
        filling=filling_of(found),
        sections=OF_EVENING,
        questions=questions,
        interests=interests,
        done=request.query_params.get("done"),
        told=request.query_params.get("told", ""),
    )


@only(*ROLES)
async def post(request: Request) -> Response:
    found = await asked_evening(request)
    vacancy = subjects.vacancy_of(found, request.path_params["key"])
    done, told = request.query_params.get("done"), request.query_params.get("told", "")
    return await render(
        request, "console/post.html", evening=found, vacancy=vacancy, sections=OF_POST, done=done, told=told
    )


@only(*ROLES)
async def preview(request: Request) -> Response:
    async with site_of(request).database.reading() as session:
        found = await evening_of(session, request.path_params["slug"])
        answered = await finding.answered_questions(session, found)
    if found.status == "draft":
        found.status = "published"  # of this copy alone, which is never written
    return await evening_page.show(request, found, answered, is_preview=True)


def filling_of(found: OpenEvening) -> Filling:
    """The sums over the evening's sittings."""
    slots = found.slots
    return Filling(*(sum(getattr(slot, name) for slot in slots) for name in ("held", "capacity", "waiting")))


routes = [
    Route(LIST, evenings),
    Route("/console/evenings/{slug}", evening),
    Route("/console/evenings/{slug}/preview", preview),
    Route("/console/evenings/{slug}/posts/{key}", post),
]
