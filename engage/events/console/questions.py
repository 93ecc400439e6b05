"""Questions asked beforehand: the list of all evenings or of one, and the page on which one is answered or declined."""

from collections.abc import Sequence

from sqlalchemy import Row, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from engage.errors import NotFound
from engage.events.console.asking import ROLES, editor_of, received
from engage.events.evenings.editing import EditStale
from engage.events.models import AskedQuestion, OpenEvening
from engage.events.questions import settle, version_of
from engage.web.forms import PostedForm, text_area, text_of
from engage.web.guarding import only
from engage.web.paging import Paging, page_number
from engage.web.site import render, site_of

LIST = "/console/questions"
LOOKED_THROUGH = 500  # questions, for the evenings that one can choose
STATUSES = {"asked": "To answer", "published": "Published", "declined": "Declined"}


class AnswerForm(PostedForm):
    """The answer to one question; a question can be declined without."""

    answer = text_area("Your answer")


@only(*ROLES)
async def questions(request: Request) -> Response:
    slug, asked = request.query_params.get("evening", ""), request.query_params.get("status", "asked")
    chosen = asked if asked in STATUSES else "asked"
    found = select(AskedQuestion, OpenEvening.title).join(OpenEvening).where(AskedQuestion.status == chosen)
    found = found.where(OpenEvening.slug == slug) if slug else found
    async with site_of(request).database.reading() as session:
        evenings = await _evenings(session, chosen, slug)
        total = await session.scalar(select(func.count()).select_from(found.subquery())) or 0
        paging = Paging(total, page_number(request), LIST, {"evening": slug, "status": chosen})
        rows = await session.execute(
            found.order_by(AskedQuestion.id).limit(paging.size).offset(paging.offset),
        )
    return await render(
        request,
        "console/questions.html",
        rows=rows.all(),
        paging=paging,
        evenings=evenings,
        slug=slug,
        chosen=chosen,
        statuses=STATUSES,
        done=request.query_params.get("done"),
    )


@only(*ROLES)
async def question(request: Request) -> Response:
    found, evening = await _found(request)
    return await _page(request, found, evening, AnswerForm(answer=found.answer))


@only(*ROLES)
async def question_settled(request: Request) -> Response:
    found, evening = await _found(request)
    sent = await received(request)
    form = AnswerForm(FormData(dict(sent.fields)))
    is_published = sent.fields.get("act") == "publish"
    if sent.problem is not None:
        form.problem = sent.problem
        return await _page(request, found, evening, form, 403)
    if not form.validate():
        return await _page(request, found, evening, form, 422)
    answer = text_of(form.answer).replace("\r\n", "\n").strip()
    if is_published and not answer:
        form.errors["answer"] = "Write an answer to publish, or decline the question"
        return await _page(request, found, evening, form, 422)

    async def command(session: AsyncSession) -> None:
        version = sent.fields.get("version", "")
        editor = await editor_of(request, session)
        await settle(session, found.id, answer, is_published=is_published, version=version, editor=editor)

    try:
        await site_of(request).unit_of_work.run(command)
    except EditStale:
        form.problem = (
            "Somebody else answered or declined this question meanwhile. Check both answers, then send yours."
        )
        return await _page(request, *await _found(request), form, 409, is_stale=True)
    return RedirectResponse(f"{LIST}?evening={evening.slug}&done={'answered' if is_published else 'declined'}", 303)


async def _evenings(session: AsyncSession, status: str, slug: str) -> Sequence[Row[str, str]]:
    """Those of the newest questions of that status, and the one chosen; by slug and title, newest first."""
    newest = select(AskedQuestion.open_evening_id).where(AskedQuestion.status == status)
    looked_at = newest.order_by(AskedQuestion.id.desc()).limit(LOOKED_THROUGH).subquery()
    wanted = select(looked_at.c.open_evening_id).union(select(OpenEvening.id).where(OpenEvening.slug == slug))
    query = select(OpenEvening.slug, OpenEvening.title).where(OpenEvening.id.in_(wanted))
    return (await session.execute(query.order_by(OpenEvening.id.desc()))).all()


async def _found(request: Request) -> tuple[AskedQuestion, OpenEvening]:
    """Raises NotFound."""
    query = select(AskedQuestion, OpenEvening).join(OpenEvening).where(AskedQuestion.id == request.path_params["id"])
    async with site_of(request).database.reading() as session:
        row = (await session.execute(query)).one_or_none()
    if row is None:
        raise NotFound("There is no such question any more.")
    found, evening = row
    return found, evening


async def _page(
    request: Request,
    found: AskedQuestion,
    evening: OpenEvening,
    form: AnswerForm,
    status: int = 200,
    *,
    is_stale: bool = False,
) -> Response:
    return await render(
        request,
        "console/question.html",
        status=status,
        question=found,
        evening=evening,
        form=form,
        version=version_of(found),
        is_stale=is_stale,
    )


routes = [
    Route(LIST, questions),
    Route(LIST + "/{id:int}", question),
    Route(LIST + "/{id:int}", question_settled, methods=["POST"]),
]
