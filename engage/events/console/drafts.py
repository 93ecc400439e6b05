"""Making an evening, of nothing or as a copy; publishing, cancelling, deleting; taking away sittings and posts."""

from collections.abc import Awaitable, Callable
from functools import partial

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from engage.events.console.asking import ROLES, asked_evening, editor_of, evening_of, received, under_lock
from engage.events.console.fields import Day, Field
from engage.events.console.sections import NEW_EVENING
from engage.events.console.sheet import Group, Sheet
from engage.events.console.subjects import Subject, home_of, slot_of, vacancy_of
from engage.events.evenings import drafting, editing
from engage.events.evenings.audience import audience_of
from engage.events.evenings.changes import remember
from engage.events.evenings.editing import EditFaulty, Editor
from engage.events.models import OpenEvening
from engage.web.guarding import only
from engage.web.site import posted, render, site_of

LIST = "/console/evenings"
COPY = (*NEW_EVENING.fields[:2], Day("day", "Day of the first sitting", is_required=True))
REASON = Field("cancel_reason", "Why is it cancelled?", "Everybody who is told reads this.", is_required=True, rows=4)
Act = Callable[[AsyncSession, OpenEvening, Editor], Awaitable[None]]
Show = Callable[[Subject, int], Awaitable[Response]]


@only(*ROLES)
async def new_form(request: Request) -> Response:
    return await _show(request, _new())


@only(*ROLES)
async def new_posted(request: Request) -> Response:
    subject = _new()

    async def draft(session: AsyncSession) -> str:
        return (await editing.draft(session, subject.sheet.table, await editor_of(request, session))).slug

    async def act() -> str:
        return f"{LIST}/{await site_of(request).unit_of_work.run(draft)}?done=drafted"

    return await _answered(request, subject, act, partial(_show, request))


@only(*ROLES)
async def copy_form(request: Request) -> Response:
    evening = await asked_evening(request)
    return await _show(request, _copy(evening), evening=evening)


@only(*ROLES)
async def copy_posted(request: Request) -> Response:
    evening = await asked_evening(request)
    subject = _copy(evening)

    async def copy(session: AsyncSession, source: OpenEvening, editor: Editor) -> str:
        return (await drafting.copy(session, source, subject.sheet.table, editor)).slug

    async def act() -> str:
        return f"{LIST}/{await under_lock(request, evening.id, copy)}?done=copied"

    return await _answered(request, subject, act, partial(_show, request, evening=evening))


@only(*ROLES)
async def cancel_form(request: Request) -> Response:
    return await _cancel_page(request, _cancel(await asked_evening(request)))


@only(*ROLES)
async def cancel_posted(request: Request) -> Response:
    evening = await asked_evening(request)
    subject = _cancel(evening)

    async def call_off(session: AsyncSession, stored: OpenEvening, editor: Editor) -> int:
        return await drafting.call_off(session, stored, subject.sheet.table.get("cancel_reason"), editor)

    async def act() -> str:
        return f"{home_of(evening)}?done=cancelled&told={await under_lock(request, evening.id, call_off)}"

    return await _answered(request, subject, act, partial(_cancel_page, request))


@only(*ROLES)
async def published(request: Request) -> Response:
    return await _done(request, drafting.publish, "published")


@only(*ROLES)
async def deleted(request: Request) -> Response:
    await _done(request, drafting.delete_draft, "deleted")
    return RedirectResponse(f"{LIST}?done=deleted", 303)


@only(*ROLES)
async def sitting_removed(request: Request) -> Response:
    async def remove(session: AsyncSession, evening: OpenEvening, editor: Editor) -> None:
        await drafting.remove_sitting(session, evening, slot_of(evening, request.path_params["key"]), editor)

    return await _done(request, remove, "removed")


@only(*ROLES)
async def post_removed(request: Request) -> Response:
    async def remove(session: AsyncSession, evening: OpenEvening, editor: Editor) -> None:
        await drafting.remove_vacancy(session, evening, vacancy_of(evening, request.path_params["key"]), editor)

    return await _done(request, remove, "removed")


async def _answered(request: Request, subject: Subject, act: Callable[[], Awaitable[str]], show: Show) -> Response:
    """On to the address that the act answers, or the form again with what was typed and what stands in the way."""
    sent = await received(request)
    subject.sheet.fill(sent.fields)
    if sent.problem is not None:
        subject.sheet.problem = sent.problem
        return await show(subject, 403)
    try:
        return RedirectResponse(await act(), 303)
    except EditFaulty as faulty:
        subject.sheet.blame(faulty.faults)
    except IntegrityError:  # another process took the same address at the same instant
        subject.sheet.blame([editing.TAKEN])
    return await show(subject, 422)


async def _done(request: Request, act: Act, done: str) -> Response:
    """An act that is one button."""
    evening = await asked_evening(request)
    await posted(request)
    await under_lock(request, evening.id, act)
    return RedirectResponse(f"{home_of(evening)}?done={done}", 303)


def _new() -> Subject:
    return Subject(NEW_EVENING.title, Sheet([Group("", NEW_EVENING.fields, {})]), LIST, button="Make a draft")


def _copy(evening: OpenEvening) -> Subject:
    sheet = Sheet([Group("", COPY, {"title": evening.title})])
    hint = "A new draft, with every date moved along and the times of day kept. Nothing of people is copied."
    return Subject("Copy to another day", sheet, home_of(evening), hint, button="Make the copy")


def _cancel(evening: OpenEvening) -> Subject:
    sheet = Sheet([Group("", [REASON], {})])
    return Subject("Cancel this open evening", sheet, home_of(evening), button="Cancel this open evening")


async def _cancel_page(request: Request, subject: Subject, status: int = 200) -> Response:
    """The number of people comes first, counted as if it were cancelled now."""
    site = site_of(request)
    async with site.database.reading() as session:
        with session.no_autoflush:
            evening = await evening_of(session, request.path_params["slug"])
            before, is_cancelled = remember(evening), evening.status == "cancelled"
            evening.status = "cancelled"  # of this copy alone, which is never written
            audience = await audience_of(session, evening, before, site.clock())
    return await render(
        request,
        "console/cancel.html",
        status=status,
        evening=evening,
        subject=subject,
        audience=audience,
        is_cancelled=is_cancelled,
    )


async def _show(
    request: Request, subject: Subject, status: int = 200, *, evening: OpenEvening | None = None
) -> Response:
    return await render(request, "console/edit.html", status=status, evening=evening, subject=subject, is_stale=False)


routes = [
    Route("/console/evenings/new", new_form),
    Route("/console/evenings/new", new_posted, methods=["POST"]),
    Route("/console/evenings/{slug}/copy", copy_form),
    Route("/console/evenings/{slug}/copy", copy_posted, methods=["POST"]),
    Route("/console/evenings/{slug}/cancel", cancel_form),
    Route("/console/evenings/{slug}/cancel", cancel_posted, methods=["POST"]),
    Route("/console/evenings/{slug}/publish", published, methods=["POST"]),
    Route("/console/evenings/{slug}/delete", deleted, methods=["POST"]),
    Route("/console/evenings/{slug}/sittings/{key}/remove", sitting_removed, methods=["POST"]),
    Route("/console/evenings/{slug}/posts/{key}/remove", post_removed, methods=["POST"]),
]
