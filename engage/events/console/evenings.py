"""The evenings and how they fill, one evening with all that can be done about it, one post, and the preview."""

from dataclasses import dataclass

from sqlalchemy import func, select
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from engage.events import evening_page, finding
from engage.events.console import subjects
from engage.events.console.asking import ROLES, asked_evening, evening_of
from engage.events.console.sections import OF_EVENING, OF_POST
from engage.events.models import AskedQuestion, Interest, OpenEvening, Slot, Vacancy
from engage.web.guarding import only
from engage.web.paging import Paging, page_number
from engage.web.site import render, site_of


@dataclass(frozen=True, slots=True)
class Filling:
    """How an evening fills, all sittings together."""

    held: int
    capacity: int
    waiting: int


@only(*ROLES)
async def evenings(request: Request) -> Response:
    """Latest first: by the first sitting, those without one before all others."""
    starts_at = func.min(Slot.starts_at)
    query = select(OpenEvening).outerjoin(Slot).group_by(OpenEvening.id)
    async with site_of(request).database.reading() as session:
        total = await session.scalar(select(func.count()).select_from(OpenEvening)) or 0
        paging = Paging(total, page_number(request), "/console/evenings")
        ordered = query.order_by(starts_at.is_not(None), starts_at.desc(), OpenEvening.id.desc())
        found = list(await session.scalars(ordered.limit(paging.size).offset(paging.offset)))
    rows = [(each, filling_of(each)) for each in found]
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
    Route("/console/evenings", evenings),
    Route("/console/evenings/{slug}", evening),
    Route("/console/evenings/{slug}/preview", preview),
    Route("/console/evenings/{slug}/posts/{key}", post),
]
