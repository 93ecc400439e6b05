"""Writing to chosen people: the words, the exact number with a sample, a test to oneself, and only then sending."""

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from engage.errors import AudienceChanged, NotFound
from engage.events.console.asking import ROLES, asked_evening, evening_of, number_of, received, under_lock
from engage.events.evenings.editing import Editor
from engage.events.mail import mailing
from engage.events.mail.correspondence import Correspondence
from engage.events.mail.mailing import TESTED, Words
from engage.events.mail.mailing_models import Mailing
from engage.events.models import OpenEvening
from engage.events.registrations import choosing
from engage.events.registrations.choosing import Choice, choice_of
from engage.notify.outbox import put
from engage.people.actors import actor_of
from engage.web.forms import Field, PostedForm, required, short, text_area, text_of
from engage.web.guarding import me, only
from engage.web.site import render, site_of

HERE = "/console/evenings/{slug}/message"
NOBODY = "Nobody would get this message: choose other people, or wait until somebody registers."


class MessageForm(PostedForm):
    """What is written: plain text."""

    subject = Field(required("Enter a subject"), short("Subject", 150))
    body = text_area("Your message", "Enter your message")


@only(*ROLES)
async def written(request: Request) -> Response:
    evening = await asked_evening(request)
    return await _form_page(request, evening, MessageForm(), choice_of(request.query_params))


@only(*ROLES)
async def answered(request: Request) -> Response:
    """Goes back to the form, previews, tests or sends, as the button says."""
    evening, sent = await asked_evening(request), await received(request)
    form, choice, act = MessageForm(FormData(dict(sent.fields))), choice_of(sent.fields), sent.fields.get("act")
    form.problem = sent.problem
    is_sound = form.validate()
    if sent.problem is not None or not is_sound or act == "edit":
        status = 403 if sent.problem is not None else 200 if is_sound else 422
        return await _form_page(request, evening, form, choice, status)
    words = Words(text_of(form.subject), text_of(form.body).replace("\r\n", "\n").strip(), choice)
    if act == "send":
        return await _send(request, evening, words, sent.fields.get("count", ""))
    if act == "test":
        await _test(request, evening, words, sent.fields["csrf_token"])
    return await _preview(request, evening, words, is_tested=act == "test")


@only(*ROLES)
async def sent(request: Request) -> Response:
    async with site_of(request).database.reading() as session:
        evening = await evening_of(session, request.path_params["slug"])
        found = await session.get(Mailing, number_of(request, "number"))
    if found is None or found.open_evening_id != evening.id:
        raise NotFound("There is no such message, or it is two weeks old and was forgotten.")
    return await render(request, "console/message_sent.html", evening=evening, mailing=found)


async def _send(request: Request, evening: OpenEvening, words: Words, count: str) -> Response:
    site = site_of(request)
    given = (evening.slug, words.subject, words.body, *words.choice.query, *words.choice.query.values())
    key = site.tokens.fingerprint("mailing", *given)
    number = int(count) if count.isdecimal() and len(count) < 10 else 0

    async def send(session: AsyncSession, stored: OpenEvening, editor: Editor) -> int:
        return (await mailing.send(session, stored, words, key, number, editor.now, editor.actor)).id

    if not number:
        return await _preview(request, evening, words, problem=NOBODY, status=422)
    try:
        mailing_id = await under_lock(request, evening.id, send)
    except AudienceChanged as changed:
        return await _preview(request, evening, words, problem=str(changed), status=changed.status)
    return RedirectResponse(f"/console/evenings/{evening.slug}/message/{mailing_id}", 303)


async def _test(request: Request, evening: OpenEvening, words: Words, token: str) -> None:
    site, person = site_of(request), await me(request)
    correspondence = Correspondence(site.settings, site.tokens)
    letter = mailing.sample_of(correspondence, evening, words)
    key = site.tokens.fingerprint(TESTED, person.email, token)
    message = mailing.test_of(correspondence, letter, person.email, key, site.clock())

    async def keep(session: AsyncSession) -> None:
        await put(session, message, kind=TESTED, stream=await actor_of(session, person), now=site.clock())

    await site.unit_of_work.run(keep)


async def _form_page(
    request: Request, evening: OpenEvening, form: MessageForm, choice: Choice, status: int = 200
) -> Response:
    async with site_of(request).database.reading() as session:
        audience = await mailing.audience_of(session, evening, choice)
    return await render(
        request,
        "console/message.html",
        status=status,
        evening=evening,
        form=form,
        choice=choice,
        audience=audience,
        statuses=choosing.STATUSES,
    )


async def _preview(
    request: Request,
    evening: OpenEvening,
    words: Words,
    *,
    is_tested: bool = False,
    problem: str | None = None,
    status: int = 200,
) -> Response:
    site = site_of(request)
    async with site.database.reading() as session:
        audience = await mailing.audience_of(session, evening, words.choice)
    return await render(
        request,
        "console/message_preview.html",
        status=status,
        evening=evening,
        words=words,
        letter=mailing.sample_of(Correspondence(site.settings, site.tokens), evening, words),
        audience=audience,
        statuses=choosing.STATUSES,
        is_tested=is_tested,
        problem=problem,
    )


routes = [
    Route(HERE, written),
    Route(HERE, answered, methods=["POST"]),
    Route(HERE + "/{number:int}", sent),
]
