"""Editing an evening, a section at a time: what was typed is kept whatever happens, and nobody is told unasked."""

from collections.abc import Mapping

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from engage.events.console import subjects
from engage.events.console.asking import ROLES, asked_evening, received, under_lock
from engage.events.console.subjects import Find, Subject
from engage.events.evenings import editing
from engage.events.evenings.editing import EditFaulty, Editor, EditStale, EditUnconfirmed
from engage.events.models import OpenEvening
from engage.web.guarding import Handler, only
from engage.web.site import render, site_of


def editing_page(find: Find) -> Handler:
    """The page with what is stored."""

    @only(*ROLES)
    async def page(request: Request) -> Response:
        evening = await asked_evening(request)
        return await _show(request, evening, _found(request, find, evening, {}))

    return page


def editing_posted(find: Find) -> Handler:
    """Saves the form, or shows it again with what was typed and what stands in the way."""

    @only(*ROLES)
    async def posted(request: Request) -> Response:
        evening, sent = await asked_evening(request), await received(request)
        subject = _found(request, find, evening, sent.fields)
        if sent.problem is not None:
            subject.sheet.problem = sent.problem
            return await _show(request, evening, subject, 403)
        if sent.fields.get("act") == "back":
            return await _show(request, evening, subject)
        try:
            told = await _save(request, find, evening, sent.fields)
        except (EditStale, EditFaulty, EditUnconfirmed) as refused:
            evening = await asked_evening(request)
            return await _refused(request, evening, _found(request, find, evening, sent.fields), refused)
        return RedirectResponse(f"{subject.back}?done=saved&told={told}", 303)

    return posted


async def _save(request: Request, find: Find, evening: OpenEvening, sent: Mapping[str, str]) -> int:
    """How many people will be told. Raises EditStale, EditFaulty, EditUnconfirmed."""

    async def save(session: AsyncSession, stored: OpenEvening, editor: Editor) -> int:
        sheet = _found(request, find, stored, sent).sheet
        if sheet.is_stale:
            raise EditStale
        return await editing.edit(session, stored, sheet.edit(), editor, is_confirmed=sent.get("act") == "confirm")

    return await under_lock(request, evening.id, save)


async def _refused(
    request: Request, evening: OpenEvening, subject: Subject, refused: EditStale | EditFaulty | EditUnconfirmed
) -> Response:
    sheet = subject.sheet
    if isinstance(refused, EditUnconfirmed):
        audience = refused.audience
        return await render(request, "console/confirm.html", evening=evening, subject=subject, audience=audience)
    if isinstance(refused, EditFaulty):
        sheet.blame(refused.faults)
        return await _show(request, evening, subject, 422)
    sheet.reconcile()
    return await _show(request, evening, subject, 409, is_stale=True)


def _found(request: Request, find: Find, evening: OpenEvening, sent: Mapping[str, str]) -> Subject:
    subject = find(evening, site_of(request).settings.zone, request.path_params, dict(sent))
    if sent:
        subject.sheet.fill(sent)
    return subject


async def _show(
    request: Request, evening: OpenEvening, subject: Subject, status: int = 200, *, is_stale: bool = False
) -> Response:
    return await render(
        request, "console/edit.html", status=status, evening=evening, subject=subject, is_stale=is_stale
    )


PAGES: tuple[tuple[str, Find], ...] = (
    ("/edit/{section}", subjects.section_of),
    ("/sittings/new", subjects.new_sitting),
    ("/sittings/{key}", subjects.sitting),
    ("/posts/new", subjects.new_post),
    ("/posts/{key}/{section}", subjects.post),
    ("/move", subjects.move),
)
routes = [
    route
    for path, find in PAGES
    for address in [f"/console/evenings/{{slug}}{path}"]
    for route in (
        Route(address, editing_page(find)),
        Route(address, editing_posted(find), methods=["POST"]),
    )
]
