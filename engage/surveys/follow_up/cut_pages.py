"""The page on which other groups are asked for, and the answers."""

from functools import partial
from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from engage.errors import OutOfOrder
from engage.people.sessions import Person
from engage.surveys.consultations.record import WORKFORCE, role_title, speaking_roles
from engage.surveys.follow_up import cuts
from engage.surveys.follow_up.action_forms import AnswerForm, CutForm
from engage.surveys.follow_up.action_models import CutRequest
from engage.surveys.follow_up.actions import Speaker
from engage.surveys.reports.audiences import STAFF
from engage.web.forms import text_of
from engage.web.guarding import SIGNED_IN, me, only
from engage.web.site import render, site_of, taken

PAGE = "/reports/cuts"


@only(SIGNED_IN)
async def page(request: Request) -> Response:
    return await _page(request, await me(request))


@only(SIGNED_IN)
async def asked(request: Request) -> Response:
    """Every member of staff may ask, in the first of their roles in consultations."""
    person = await me(request)
    form, status = await taken(request, CutForm)
    if status is not None:
        return await _page(request, person, cut=form, status=status)
    role = next(iter(speaking_roles(person.roles)), STAFF)
    ask = partial(
        cuts.ask, speaker=Speaker(person.email, role), text=text_of(form["text"]), now=site_of(request).clock()
    )
    await site_of(request).unit_of_work.run(ask)
    return RedirectResponse(PAGE, 303)


@only(WORKFORCE)
async def answered(request: Request) -> Response:
    """The workforce team answers."""
    person, number = await me(request), request.path_params["id"]
    form, status = await taken(request, AnswerForm)
    if status is not None:
        return await _page(request, person, answer=form, answer_to=number, status=status)
    answer = partial(cuts.answer, number=number, text=text_of(form["answer"]), now=site_of(request).clock())
    try:
        await site_of(request).unit_of_work.run(answer, locks=[(CutRequest, number)])
    except OutOfOrder as refusal:
        form.problem = str(refusal)
        return await _page(request, person, answer=form, answer_to=number, status=refusal.status)
    return RedirectResponse(PAGE, 303)


async def _page(request: Request, person: Person, *, status: int = 200, **forms: Any) -> Response:
    async with site_of(request).database.reading() as session:
        wishes = await cuts.wishes(session)
    given = {"cut": CutForm(FormData()), "answer": AnswerForm(FormData()), "answer_to": None}
    can_answer = WORKFORCE in person.roles
    context = given | forms | {"wishes": wishes, "can_answer": can_answer, "role_title": role_title}
    return await render(request, "surveys/reports/cuts.html", status=status, **context)


routes = [
    Route(PAGE, page),
    Route(PAGE, asked, methods=["POST"]),
    Route("/reports/cuts/{id:int}", answered, methods=["POST"]),
]
