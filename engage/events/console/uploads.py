"""Registering people from a file: choose it, see what would come of it, and then register all of them or nobody."""

import asyncio

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from engage.errors import EngageError, FormStale, RegistrationClosed
from engage.events.console.adding import refusal
from engage.events.console.asking import ROLES, asked_evening, received
from engage.events.evenings import editing
from engage.events.models import OpenEvening
from engage.events.registrations import uploading
from engage.events.registrations.uploaded import LARGEST_FILE, MOST_PEOPLE, People, read
from engage.events.registrations.uploading import Outlook
from engage.files.csv_file import WESTERN
from engage.journal import acting
from engage.people.actors import actor_of
from engage.web.guarding import me, only
from engage.web.site import posted_file, refuse_forged, render, site_of

HERE = "/console/evenings/{slug}/people/upload"
LARGEST_POST = 16 * 1024 * 1024  # bytes that are received, to say what is wrong with them: 100,000 lines are a tenth
NONE_CHOSEN = "Choose a CSV file first."
AGAIN = "This page was open for long, or your browser keeps no cookies. Choose the file again."


@only(*ROLES)
async def form(request: Request) -> Response:
    return await _form_page(request, await asked_evening(request))


@only(*ROLES)
async def checked(request: Request) -> Response:
    """Says what would come of the file, and registers nobody."""
    evening = await asked_evening(request)
    sent, content = await posted_file(request, "file", LARGEST_FILE, LARGEST_POST)
    try:
        refuse_forged(request, sent.get("csrf_token"))
    except FormStale:
        return await _form_page(request, evening, AGAIN, 403)
    if reason := refusal(evening, request):
        raise RegistrationClosed(reason)
    if not content and not getattr(sent.get("file"), "filename", ""):
        return await _form_page(request, evening, NONE_CHOSEN, 422)
    return await _check_page(request, evening, content)


@only(*ROLES)
async def uploaded(request: Request) -> Response:
    evening, sent = await asked_evening(request), await received(request)
    content = sent.fields.get("rows", "").encode()
    if sent.problem is not None:
        return await _check_page(request, evening, content, sent.problem, 403)
    people = await _read(request, evening, content)
    if people.faults:
        return await _check_page(request, evening, content)
    try:
        number = await _upload(request, evening, people, sent.fields["csrf_token"], sent.fields.get("version", ""))
    except EngageError as refused:
        return await _check_page(request, await asked_evening(request), content, str(refused), refused.status)
    return RedirectResponse(f"/console/evenings/{evening.slug}/people?registered={number}", 303)


async def _upload(request: Request, evening: OpenEvening, people: People, token: str, version: str) -> int:
    """How many were registered. Raises EveningGone, PeopleChanged, RegistrationClosed."""
    site = site_of(request)

    async def command(session: AsyncSession) -> int:
        stored = await editing.under_lock(session, evening.id)
        if reason := refusal(stored, request):
            raise RegistrationClosed(reason)
        with acting(await actor_of(session, await me(request))):
            return await uploading.upload(session, stored, people.rows, token, version, site.tokens, site.clock())

    return await site.unit_of_work.run(command, locks=[(OpenEvening, evening.id)])


async def _read(request: Request, evening: OpenEvening, content: bytes) -> People:
    """Beside the event loop, for it takes a while."""
    return await asyncio.to_thread(read, evening, content, site_of(request).clock())


async def _form_page(request: Request, evening: OpenEvening, problem: str | None = None, status: int = 200) -> Response:
    return await render(
        request,
        "console/upload.html",
        status=status,
        evening=evening,
        problem=problem,
        refusal=refusal(evening, request),
        most_people=MOST_PEOPLE,
        largest_file=LARGEST_FILE,
    )


async def _check_page(
    request: Request, evening: OpenEvening, content: bytes, problem: str | None = None, status: int = 200
) -> Response:
    people = await _read(request, evening, content)
    async with site_of(request).database.reading() as session:
        outlook = await Outlook.of(session, evening, people.rows)
    return await render(
        request,
        "console/upload_check.html",
        status=422 if people.faults and problem is None else status,
        evening=evening,
        people=people,
        outlook=outlook,
        problem=problem,
        is_western=people.encoding == WESTERN,
    )


routes = [
    Route(HERE, form),
    Route(HERE, checked, methods=["POST"]),
    Route(f"{HERE}/register", uploaded, methods=["POST"]),
]
