"""What organisers see and do so far: how the evenings fill, and the questions asked beforehand."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from engage.errors import NotFound, NotHeld
from engage.events.models import AskedQuestion, OpenEvening
from engage.web import person_of, posted, render, site_of

ORGANISERS = frozenset({"organiser", "admin"})
STATUS_AFTER = {"publish": "published", "decline": "declined"}


async def home(request: Request) -> Response:
    person = await person_of(request)
    if person is None:
        return RedirectResponse("/sign-in", 303)
    is_organiser = bool(person.roles & ORGANISERS)
    evenings: list[OpenEvening] = []
    questions: list[AskedQuestion] = []
    if is_organiser:
        async with site_of(request).database.reading() as session:
            evenings = list(await session.scalars(select(OpenEvening).order_by(OpenEvening.id)))
            waiting = select(AskedQuestion).where(AskedQuestion.status == "asked").order_by(AskedQuestion.id)
            questions = list(await session.scalars(waiting))
    return await render(request, "console/home.html", evenings=evenings, questions=questions, is_organiser=is_organiser)


async def question_answered(request: Request) -> Response:
    person = await person_of(request)
    if person is None or not person.roles & ORGANISERS:
        raise NotFound("There is no such page.")
    form = await posted(request)
    status, answer = STATUS_AFTER.get(str(form.get("act"))), str(form.get("answer", "")).strip()
    if status is None or (status == "published" and not answer):
        raise NotHeld("Write an answer to publish, or decline the question.")

    async def settle(session: AsyncSession) -> None:
        question = await session.get(AskedQuestion, request.path_params["id"])
        if question is None:
            raise NotFound("There is no such question.")
        question.status, question.answer = status, answer or None

    await site_of(request).unit_of_work.run(settle)
    return RedirectResponse("/console", 303)


routes = [
    Route("/console", home),
    Route("/console/questions/{id:int}", question_answered, methods=["POST"]),
]
