"""What concerns whoever is signed in: their own account, and the roles that wait for their confirmation."""

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from engage.errors import NotFound
from engage.people import overview, roles, sessions
from engage.people.actors import actor_of
from engage.people.pages import forget_session
from engage.web.guarding import SIGNED_IN, me, only
from engage.web.site import posted, render, site_of

PCS = "pcs"
CONFIRMATIONS = "/console/confirmations"


@only(SIGNED_IN)
async def account(request: Request) -> Response:
    person, site = await me(request), site_of(request)
    async with site.database.reading() as session:
        count = await sessions.live_sessions(session, person.email, site.clock())
        awaited = await roles.awaited_roles_of(session, person.email)
    held = [roles.title_of(role) for role in sorted(person.roles)]
    later = [roles.title_of(role) for role in sorted(awaited)]
    return await render(request, "people/account.html", held=held, awaited=later, count=count)


@only(SIGNED_IN)
async def signed_out_everywhere(request: Request) -> Response:
    await posted(request)
    person, now = await me(request), site_of(request).clock()

    async def close(session: AsyncSession) -> None:
        actor = await actor_of(session, person)
        await sessions.close_sessions(session, person.email, now, actor)

    await site_of(request).unit_of_work.run(close)
    return forget_session(request)


@only(PCS)
async def confirmations(request: Request) -> Response:
    site = site_of(request)
    async with site.database.reading() as session:
        found = await overview.of_role(session, PCS, site.clock())
    return await render(request, "people/confirmations.html", found=found)


@only(PCS)
async def decided(request: Request) -> Response:
    """Confirm that somebody speaks for the union too, or decline it."""
    sent, person = await posted(request), await me(request)
    site, act = site_of(request), sent.get("act")
    now, number = site.clock(), request.path_params["id"]
    if act not in ("confirm", "decline"):
        raise NotFound("Choose whether to confirm or to decline.")

    async def settle(session: AsyncSession) -> None:
        actor = await actor_of(session, person)
        other = await overview.holder(session, number, now)
        if act == "confirm":
            await roles.confirm(session, other.email, PCS, now, actor)
        elif PCS in other.awaited:
            await roles.revoke(session, other.email, [PCS], now, actor)

    await site.unit_of_work.run(settle)
    return RedirectResponse(CONFIRMATIONS, 303)


routes = [
    Route("/console/account", account),
    Route("/console/account/sign-out-everywhere", signed_out_everywhere, methods=["POST"]),
    Route(CONFIRMATIONS, confirmations),
    Route(f"{CONFIRMATIONS}/{{id:int}}", decided, methods=["POST"]),
]
