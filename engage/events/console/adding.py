"""Registering somebody who is on the phone: the visitors' form and rules, but for needs, which they tell us alone."""

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from engage.errors import RegisteredAlready, RegistrationClosed
from engage.events.console.asking import ROLES, asked_evening, received
from engage.events.evenings import editing
from engage.events.models import OpenEvening
from engage.events.registrations import helping
from engage.events.registrations.applications import Application, form_of
from engage.events.registrations.forms import RegistrationForm
from engage.events.views import posts_of, refusal_of, sittings_of
from engage.journal import acting
from engage.people.actors import actor_of
from engage.web.forms import text_of
from engage.web.guarding import me, only
from engage.web.site import posted_openly, render, site_of

HERE = "/console/evenings/{slug}/people/new"
NOT_ASKED = ("access_needs", "access_note")  # who takes the call may be somebody who selects
DRAFT = "This is a draft. Publish it first: then people can be registered."


@only(*ROLES)
async def form(request: Request) -> Response:
    evening = await asked_evening(request)
    return await _page(request, evening, RegistrationForm(evening))


@only(*ROLES)
async def added(request: Request) -> Response:
    evening, sent = await asked_evening(request), await received(request)
    typed = FormData([pair for pair in (await posted_openly(request)).multi_items() if pair[0] not in NOT_ASKED])
    form = RegistrationForm(evening, typed)
    form.problem = sent.problem
    if form.problem is not None:
        return await _page(request, evening, form, 403)
    if not form.validate():
        return await _page(request, evening, form, 422)
    try:
        number = await _add(request, evening, form, sent.fields["csrf_token"])
    except RegisteredAlready as already:
        return await _page(request, evening, form, already.status, known=already.registration_id)
    return RedirectResponse(f"/console/registrations/{number}?done=added", 303)


async def _add(request: Request, evening: OpenEvening, form: RegistrationForm, token: str) -> int:
    """The registration's id. Raises EveningGone, RegisteredAlready, RegistrationClosed."""
    site, email = site_of(request), text_of(form.email)
    if reason := refusal(evening, request):
        raise RegistrationClosed(reason)
    application = Application(
        open_evening_id=evening.id,
        slot_id=form.slot_id(),
        email=email,
        email_key=email.lower(),
        details=form.details(),
        form=form_of(site.tokens, evening, token, email.lower()),
    )

    async def command(session: AsyncSession) -> int:
        stored = await editing.under_lock(session, evening.id)
        with acting(await actor_of(session, await me(request))):
            return await helping.add(session, stored, application, site.clock())

    return await site.unit_of_work.run(command, locks=[(OpenEvening, evening.id)])


def refusal(evening: OpenEvening, request: Request) -> str | None:
    """Why nobody can be registered, None while they can."""
    return DRAFT if evening.status == "draft" else refusal_of(evening, site_of(request).clock())


async def _page(
    request: Request, evening: OpenEvening, form: RegistrationForm, status: int = 200, known: int | None = None
) -> Response:
    now, zone = site_of(request).clock(), site_of(request).settings.zone
    return await render(
        request,
        "console/add.html",
        status=status,
        evening=evening,
        form=form,
        known=known,
        refusal=refusal(evening, request),
        sittings=sittings_of(evening.slots, now),
        posts=posts_of(evening.vacancies, now, zone),
    )


routes = [
    Route(HERE, form),
    Route(HERE, added, methods=["POST"]),
]
