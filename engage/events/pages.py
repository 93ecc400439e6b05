"""The pages of open evenings that everybody can see: the list, an evening, registering, receipts, questions."""

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from engage.errors import FormStale, RegistrationClosed
from engage.events import facts, finding, listing
from engage.events.models import AskedQuestion, OpenEvening
from engage.events.registrations.applications import Application, form_of
from engage.events.registrations.forms import EmailForm, QuestionForm, RegistrationForm
from engage.events.registrations.receipts import receipt_of
from engage.events.registrations.registering import register_all
from engage.events.views import (
    can_ask,
    evening_json,
    needs_of,
    posts_of,
    refusal_of,
    sittings_of,
    slot_json,
)
from engage.journal import append
from engage.values import VALUES
from engage.web.forms import text_of
from engage.web.paging import page_number
from engage.web.shared import shared
from engage.web.site import SeeOther, Site, posted, posted_openly, refuse, render, site_of, wants_json

SHOWN_AT_HOME = 5
LIST = "/open-evenings"


async def home(request: Request) -> Response:
    return await shared(request, _home)


async def _home(request: Request) -> Response:
    site = site_of(request)
    async with site.database.reading() as session:
        soonest = await listing.upcoming(site.clock()).some(session, SHOWN_AT_HOME)
    return await render(request, "home.html", evenings=soonest)


async def evenings(request: Request) -> Response:
    return await shared(request, _evenings, page=page_number(request))


async def _evenings(request: Request) -> Response:
    """A page of what is to come, and then of what is over; as JSON of what is to come alone."""
    site, is_json = site_of(request), wants_json(request)
    lists = (listing.upcoming(site.clock()), *([] if is_json else [listing.past(site.clock())]))
    async with site.database.reading() as session:
        paging, (coming, *over) = await listing.page_of(session, lists, page_number(request), LIST)
    if is_json:
        further = {"next": f"{site.settings.base_url}{paging.next_page}"} if paging.has_next else {}
        return JSONResponse({"open_evenings": [evening_json(each) for each in coming], **further})
    return await render(request, "events/list.html", evenings=coming, past=over[0], paging=paging)


async def plan(request: Request) -> Response:
    return await shared(request, _plan)


async def _plan(request: Request) -> Response:
    site = site_of(request)
    found = await asked_for(request)
    posts = posts_of(found.vacancies, site.clock(), site.settings.zone)
    return await render(request, "events/plan.html", evening=found, posts=posts, values=VALUES)


async def registration_form(request: Request) -> Response:
    found = await asked_for(request)
    return await _form_page(request, found, RegistrationForm(found))


async def register_posted(request: Request) -> Response:
    application, site = await received(request), site_of(request)
    if isinstance(application, Response):
        return application
    locks = [(OpenEvening, application.open_evening_id)]
    await site.unit_of_work.run_together(register_all, (application, site.clock()), locks=locks, locks_itself=True)
    return SeeOther(f"/receipts/{application.form}")


async def received(request: Request) -> Application | Response:
    """What was posted, or the form again where it cannot be taken. Raises RegistrationClosed where that is why; of
    what can be taken the desk finds out.
    """
    site, found = site_of(request), await asked_for(request, is_counted=False)
    try:
        sent = await posted(request)
    except FormStale as stale:
        found = await asked_for(request)
        form = RegistrationForm(found, await posted_openly(request))
        form.problem = str(stale)
        return await _form_page(request, found, form, 403)
    form = RegistrationForm(found, sent)
    if not form.validate():
        if refusal := refusal_of(found, site.clock()):
            raise RegistrationClosed(refusal)
        return await _form_page(request, await asked_for(request), form, 422)
    return _application(site, found, form, sent)


async def receipt(request: Request) -> Response:
    site = site_of(request)
    async with site.database.reading() as session:
        found = await receipt_of(session, request.path_params["token"], site.clock())
    if wants_json(request):
        return JSONResponse(
            {
                "status": found.status,
                "slot": slot_json(found.slot),
                "position": found.position,
                "open_evening": evening_json(found.open_evening),
            }
        )
    return await render(request, "events/receipt.html", receipt=found, evening=found.open_evening, slot=found.slot)


async def link_form(request: Request) -> Response:
    found = await asked_for(request)
    return await render(request, "events/send_my_link.html", evening=found, form=EmailForm(), is_sent=False)


async def link_posted(request: Request) -> Response:
    """The same answer whether or not the address is registered."""
    site, found = site_of(request), await asked_for(request)
    sent = await posted(request)
    form = EmailForm(sent)
    if not form.validate():
        return await render(request, "events/send_my_link.html", status=422, evening=found, form=form, is_sent=False)
    form_id = site.tokens.fingerprint("link form", str(sent["csrf_token"]))

    async def ask(session: AsyncSession) -> None:
        registration_id = await finding.registration_id_by_email(session, found, text_of(form.email))
        if registration_id is not None:
            await append(session, facts.LinkRequested(registration_id=registration_id, form=form_id), site.clock())

    await site.unit_of_work.run(ask)
    return await render(request, "events/send_my_link.html", evening=found, form=form, is_sent=True)


async def question_form(request: Request) -> Response:
    return await _question_page(request, await asked_for(request), QuestionForm())


async def question_posted(request: Request) -> Response:
    site, found = site_of(request), await asked_for(request)
    form = QuestionForm(await posted(request))
    if not can_ask(found, site.clock()):
        raise RegistrationClosed("Questions for this open evening are closed. You can ask at the evening itself.")
    if not form.validate():
        return await _question_page(request, found, form, 422)

    async def ask(session: AsyncSession) -> None:
        session.add(
            AskedQuestion(open_evening_id=found.id, text=text_of(form.text), status="asked", asked_at=site.clock())
        )

    await site.unit_of_work.run(ask)
    return await render(request, "events/ask.html", evening=found, form=form, is_sent=True)


async def asked_for(request: Request, *, is_counted: bool = True) -> OpenEvening:
    """The evening, shared with others who ask for it: to read only. Its places may be old where nobody counts them."""
    site, slug = site_of(request), request.path_params["slug"]

    async def read() -> OpenEvening:
        async with site.database.reading() as session:
            return await finding.evening_of(session, slug)

    return await site.recent.get(("evening", slug), read, is_counted=is_counted)


async def _form_page(request: Request, found: OpenEvening, form: RegistrationForm, status: int = 200) -> Response:
    site = site_of(request)
    if status != 200 and wants_json(request):
        faults = {name: [fault] for name, fault in form.errors.items()}
        return JSONResponse({"error": form.problem or "There is a problem", "fields": faults}, status_code=status)
    now = site.clock()
    return await render(
        request,
        "events/register.html",
        status=status,
        evening=found,
        form=form,
        sittings=sittings_of(found.slots, now),
        posts=posts_of(found.vacancies, now, site.settings.zone),
        needs=needs_of(found, now, site.settings.zone),
        refusal=refusal_of(found, now),
    )


async def _question_page(request: Request, found: OpenEvening, form: QuestionForm, status: int = 200) -> Response:
    if not can_ask(found, site_of(request).clock()):
        return await refuse(
            request, 409, "Questions for this open evening are closed. You can ask at the evening itself."
        )
    return await render(request, "events/ask.html", status=status, evening=found, form=form, is_sent=False)


def _application(site: Site, found: OpenEvening, form: RegistrationForm, sent: FormData) -> Application:
    email, token = form.data["email"], str(sent["csrf_token"])
    email_key = email.lower()
    return Application(
        open_evening_id=found.id,
        slot_id=form.slot_id(),
        email=email,
        email_key=email_key,
        details=form.details(),
        form=form_of(site.tokens, found, token, email_key),
    )


busiest = [Route("/open-evenings/{slug}/register", register_posted, methods=["POST"])]
routes = [
    Route("/", home),
    Route(LIST, evenings),
    Route("/open-evenings/{slug}/plan", plan),
    Route("/open-evenings/{slug}/register", registration_form),
    Route("/open-evenings/{slug}/send-my-link", link_form),
    Route("/open-evenings/{slug}/send-my-link", link_posted, methods=["POST"]),
    Route("/open-evenings/{slug}/ask", question_form),
    Route("/open-evenings/{slug}/ask", question_posted, methods=["POST"]),
    Route("/receipts/{token}", receipt),
]
