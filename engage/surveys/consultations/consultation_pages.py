"""The console's pages of the consultation about a wave, for the workforce team, PCS and the chairs of staff groups."""

from collections.abc import Awaitable, Callable
from functools import partial

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from engage.errors import ConsultationOver, NotFound, OutOfOrder
from engage.people.sessions import Person
from engage.surveys.consultations import consultation
from engage.surveys.consultations.consultation_view import view_of, waves_to_see
from engage.surveys.consultations.record import PCS, kinds_of, role_title, speaking_roles
from engage.surveys.models import Wave
from engage.surveys.questionnaires.questionnaire import POINTS
from engage.surveys.waves.rounds import act, find
from engage.values import THEMES, VALUES
from engage.web.forms import Field, PostedForm, text_area, text_of
from engage.web.guarding import me, only
from engage.web.site import render, site_of, taken

consulted = only("workforce", "pcs", "group_lead")
MOVED_ON = (ConsultationOver, OutOfOrder)


class SayForm(PostedForm):
    """What is said on the record: as whom, of which kind, and the words."""

    role = Field()
    kind = Field()
    text = text_area("What you say", "Write what you want to say")


class WordsForm(PostedForm):
    """What PCS says on the first page."""

    words = text_area("Your words")


Form = SayForm | WordsForm
Saying = Callable[[AsyncSession, Wave], Awaitable[bool]]


@consulted
async def waves(request: Request) -> Response:
    async with site_of(request).database.reading() as session:
        found = await waves_to_see(session)
    return await render(request, "surveys/consultation_list.html", waves=found)


@consulted
async def page(request: Request) -> Response:
    return await _page(request, await me(request))


@consulted
async def said(request: Request) -> Response:
    person = await me(request)
    form, status = await taken(request, SayForm)
    if status is not None:
        return await _page(request, person, say=form, status=status)
    role = text_of(form["role"])
    if role not in person.roles or role not in speaking_roles(person.roles):
        raise NotFound("There is no such page.")
    now = site_of(request).clock()

    async def say(session: AsyncSession, wave: Wave) -> bool:
        kind, text = text_of(form["kind"]), text_of(form["text"])
        await consultation.say(session, wave, author=person.email, role=role, kind=kind, text=text, now=now)
        return True

    return await _done(request, say, partial(_page, request, person, say=form))


@only(PCS)
async def worded(request: Request) -> Response:
    person = await me(request)
    form, status = await taken(request, WordsForm)
    if status is not None:
        return await _page(request, person, words=form, status=status)

    async def word(session: AsyncSession, wave: Wave) -> bool:
        consultation.word_for_union(wave, text_of(form["words"]))
        return True

    return await _done(request, word, partial(_page, request, person, words=form))


async def _done(request: Request, saying: Saying, again: Callable[..., Awaitable[Response]]) -> Response:
    """Do it and show the record; what came too late is shown again, with the reason, so that no word is lost."""
    site, key = site_of(request), request.path_params["key"]
    try:
        await act(site.unit_of_work, await find(site.database, key), saying)
    except MOVED_ON as refusal:
        return await again(problem=str(refusal), status=refusal.status)
    return RedirectResponse(f"/console/waves/{key}", 303)


async def _page(
    request: Request,
    person: Person,
    *,
    say: Form | None = None,
    words: Form | None = None,
    problem: str | None = None,
    status: int = 200,
) -> Response:
    site = site_of(request)
    async with site.database.reading() as session:
        view = await view_of(session, request.path_params["key"], site.settings.zone, site.clock())
    if (form := say or words) is not None and problem:
        form.problem = problem
    roles = speaking_roles(person.roles)
    sayings = consultation.said(view.record)
    return await render(
        request,
        "surveys/consultation.html",
        status=status,
        view=view,
        roles=roles,
        kinds=list(dict.fromkeys(kind for role in roles for kind in kinds_of(role, sayings))),
        role_title=role_title,
        say=say or SayForm(FormData()),
        words=words or WordsForm(words=view.wave.union_words),
        can_word=PCS in roles and view.wave.status in consultation.SPEAKS_ON,
        names={each.key: each.name for each in (*VALUES, *THEMES)},
        points=POINTS,
    )


routes = [
    Route("/console/waves", waves),
    Route("/console/waves/{key}", page),
    Route("/console/waves/{key}/record", said, methods=["POST"]),
    Route("/console/waves/{key}/words", worded, methods=["POST"]),
]
