"""What people need in order to take part, for those alone who arrange it: nobody who selects sees any of this."""

from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from engage.errors import NeedChanged, NeedUnready, NotFound
from engage.events import arranging, listing, rules
from engage.events.arranging import ROLE, Arrangement
from engage.events.console.asking import asked_evening, evening_of, number_of, received, under_lock
from engage.events.evenings.editing import Editor
from engage.events.models import ACCESS_NEEDS, AccessNeed, OpenEvening, Registration
from engage.events.need_rules import LEFT_TO_DO, NEXT, STATES
from engage.web.forms import Fault, Field, PostedForm, text_area, text_of
from engage.web.guarding import only
from engage.web.paging import Paging, page_number
from engage.web.site import render, site_of

LIST = "/console/needs"
HERE = "/console/evenings/{slug}/needs"
GONE = "This need is not there any more: the person took it back, or cancelled, or it was forgotten after the evening."
SHOWN_AFTER = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Row:
    """A need, and the day by which it has to be arranged."""

    need: AccessNeed
    due_on: date
    is_late: bool


class NeedForm(PostedForm):
    """What is said of one need."""

    state = Field()
    owner = Field()
    due_on = Field()
    answer = text_area("What the person is told")

    def validate_due_on(self, typed: str | None) -> None:
        try:
            _day(typed or "")
        except ValueError:
            raise Fault("Enter a date like 2027-09-24, or nothing for the usual day") from None

    def arrangement(self) -> Arrangement:
        answer = text_of(self.answer).replace("\r\n", "\n").strip() or None
        return Arrangement(text_of(self.state), text_of(self.owner) or None, _day(text_of(self.due_on)), answer)


@only(ROLE)
async def evenings(request: Request) -> Response:
    """Those ahead, or over for less than two weeks, with how much is left to do."""
    since = site_of(request).clock() - SHOWN_AFTER
    shown = (listing.upcoming(since, ("published",)),)
    counts = select(Registration.open_evening_id, func.count()).join(AccessNeed).group_by(Registration.open_evening_id)
    left = counts.where(AccessNeed.state.in_(LEFT_TO_DO), Registration.status.in_(rules.LIVE))
    async with site_of(request).database.reading() as session:
        paging, (found,) = await listing.page_of(session, shown, page_number(request), LIST)
        here = left.where(Registration.open_evening_id.in_([each.id for each in found]))
        to_do = dict((await session.execute(here)).all())
    return await render(request, "console/needs_of_all.html", evenings=found, to_do=to_do, paging=paging)


@only(ROLE)
async def needs(request: Request) -> Response:
    """What is left to do, or all; the oldest first."""
    site, is_all = site_of(request), request.query_params.get("show") == "all"
    async with site.database.reading() as session:
        evening = await evening_of(session, request.path_params["slug"])
        query = arranging.needs_of(evening.id)
        query = query if is_all else query.where(AccessNeed.state.in_(LEFT_TO_DO))
        total = await session.scalar(select(func.count()).select_from(query.order_by(None).subquery())) or 0
        paging = Paging(total, page_number(request), request.url.path, {"show": "all" if is_all else ""})
        page = query.order_by(AccessNeed.id).limit(paging.size).offset(paging.offset)
        rows = [_row(request, evening, need) for need in await session.scalars(page)]
    return await render(
        request,
        "console/needs.html",
        evening=evening,
        rows=rows,
        paging=paging,
        is_all=is_all,
        states=STATES,
        titles=ACCESS_NEEDS,
        is_saved=request.query_params.get("done") == "saved",
    )


@only(ROLE)
async def need(request: Request) -> Response:
    evening = await asked_evening(request)
    return await _page(request, evening)


@only(ROLE)
async def arranged(request: Request) -> Response:
    evening, sent = await asked_evening(request), await received(request)
    form = NeedForm(FormData(dict(sent.fields)))
    form.problem = sent.problem
    is_sound = form.validate()
    if sent.problem is not None or not is_sound:
        return await _page(request, evening, form, 403 if sent.problem is not None else 422)

    async def act(session: AsyncSession, stored: OpenEvening, editor: Editor) -> None:
        found = await _found(session, stored, number_of(request, "id"))
        wanted, version = await _sound(session, form.arrangement(), found), sent.fields.get("version", "")
        await arranging.arrange(session, stored, found, wanted, version, editor)

    try:
        await under_lock(request, evening.id, act)
    except (NeedChanged, NeedUnready) as refused:
        form.problem = str(refused)
        return await _page(request, evening, form, refused.status, is_stale=isinstance(refused, NeedChanged))
    return RedirectResponse(f"/console/evenings/{evening.slug}/needs?done=saved", 303)


async def _sound(session: AsyncSession, wanted: Arrangement, stored: AccessNeed) -> Arrangement:
    """Raises NeedUnready where the owner cannot be one."""
    if wanted.owner not in (None, stored.owner, *await arranging.owners(session)):
        raise NeedUnready("Choose an owner from the list: only they can see what people need.")
    return wanted


async def _found(session: AsyncSession, evening: OpenEvening, number: int) -> AccessNeed:
    """Raises NotFound."""
    query = arranging.needs_of(evening.id).where(AccessNeed.id == number)
    found = (await session.scalars(query)).one_or_none()
    if found is None:
        raise NotFound(GONE)
    return found


async def _page(
    request: Request, evening: OpenEvening, form: NeedForm | None = None, status: int = 200, *, is_stale: bool = False
) -> Response:
    async with site_of(request).database.reading() as session:
        found = await _found(session, evening, number_of(request, "id"))
        owners = await arranging.owners(session)
    stored = {
        "state": found.state,
        "owner": found.owner or "",
        "due_on": found.due_on.isoformat() if found.due_on else "",
        "answer": found.answer or "",
    }
    return await render(
        request,
        "console/need.html",
        status=status,
        evening=evening,
        row=_row(request, evening, found),
        form=form or NeedForm(None, **stored),
        owners=sorted({*owners, *([found.owner] if found.owner else [])}),
        states={state: STATES[state] for state in (found.state, *NEXT[found.state])},
        titles=ACCESS_NEEDS,
        version=arranging.version_of(found),
        is_stale=is_stale,
    )


def _row(request: Request, evening: OpenEvening, found: AccessNeed) -> Row:
    site = site_of(request)
    due = arranging.due_day(evening, found, site.settings.zone)
    today = site.clock().astimezone(site.settings.zone).date()
    return Row(found, due, is_late=found.state in LEFT_TO_DO and due < today)


def _day(text: str) -> date | None:
    """Raises ValueError."""
    return date.fromisoformat(text.strip()) if text.strip() else None


routes = [
    Route(LIST, evenings),
    Route(HERE, needs),
    Route(f"{HERE}/{{id:int}}", need),
    Route(f"{HERE}/{{id:int}}", arranged, methods=["POST"]),
]
