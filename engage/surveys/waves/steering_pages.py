"""The workforce team's page of a wave: open, ask joiners, extend, close, tally, publish or void it by hand."""

import asyncio
import sys
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from engage.errors import EngageError, OutOfOrder
from engage.people.actors import actor_of
from engage.surveys.models import Wave
from engage.surveys.tally import tallying
from engage.surveys.waves import steering
from engage.surveys.waves.rounds import act, find
from engage.surveys.waves.steering import TALLY, Wish
from engage.web.forms import Field, PostedForm, YesField, text_area, text_of
from engage.web.guarding import me, only
from engage.web.site import render, site_of, taken

FOR_GOOD = ("close", "publish")  # nobody can take these back

_tallies: set[asyncio.Task[int]] = set()  # until they end: somebody has to wait for a process


class SteerForm(PostedForm):
    """Which act, and what it needs."""

    act = Field()
    until = Field()
    reason = text_area("The reason")
    why = text_area("The reason")  # of destroying them
    key = Field()  # typed again, by who would destroy the answers
    sure = YesField()


@only("workforce")
async def page(request: Request) -> Response:
    return await _page(request, SteerForm())


@only("workforce")
async def steered(request: Request) -> Response:
    form, status = await taken(request, SteerForm)
    if status is not None:
        return await _page(request, form, status)
    wave = await _wave(request)
    try:
        await _steer(request, wave, form)
    except EngageError as refusal:
        form.problem = str(refusal)
        return await _page(request, form, refusal.status)
    return RedirectResponse(f"{request.url.path}?done={text_of(form['act'])}", 303)


async def _steer(request: Request, wave: Wave, form: PostedForm) -> None:
    """Raises EngageError."""
    if text_of(form["act"]) == TALLY:
        tallying.refuse(wave)
        await _begin_tally(wave)
        return
    site, until = site_of(request), _instant(text_of(form["until"]))
    person = await me(request)
    asked = text_of(form["act"])
    if asked == "void" and text_of(form["key"]).strip() != wave.key:
        raise OutOfOrder(f"Type {wave.key} to destroy every answer. Nothing was changed.")
    if asked in FOR_GOOD and not form["sure"].data:
        raise OutOfOrder("Tick the box that says that you are sure. Nothing was changed.")

    async def command(session: AsyncSession, locked: Wave) -> bool:
        wish = Wish(
            asked,
            await actor_of(session, person),
            site.clock(),
            reason=text_of(form["why" if asked == "void" else "reason"]).strip() or None,
            until=until.replace(tzinfo=site.settings.zone) if until else None,
        )
        return await steering.steer(session, locked, site.settings, wish)

    await act(site.unit_of_work, wave, command)


async def _begin_tally(wave: Wave) -> None:
    """In a process of its own, which outlives this request and keeps what it opens to itself."""
    command = (sys.executable, "-m", "engage", "wave", "tally", wave.key)
    process = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL
    )
    task = asyncio.create_task(process.wait())
    _tallies.add(task)
    task.add_done_callback(_tallies.discard)


def _instant(typed: str) -> datetime | None:
    """As a browser's field for a local date and time writes it; None where it is nothing of the kind."""
    try:
        return datetime.fromisoformat(typed).replace(tzinfo=None)
    except ValueError:
        return None


async def _wave(request: Request) -> Wave:
    return await find(site_of(request).database, request.path_params["key"])


async def _page(request: Request, form: PostedForm, status: int = 200) -> Response:
    wave = await _wave(request)
    return await render(
        request,
        "surveys/steering.html",
        status=status,
        wave=wave,
        acts=steering.ACTS.get(wave.status, ()),
        form=form,
        done=request.query_params.get("done", ""),
    )


routes = [
    Route("/console/waves/{key}/steering", page),
    Route("/console/waves/{key}/steering", steered, methods=["POST"]),
]
