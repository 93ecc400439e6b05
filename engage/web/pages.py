"""The site's own pages: the statements that the law asks for, and what machines watch."""

from datetime import UTC, datetime

from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from engage.errors import NotFound
from engage.late import library
from engage.notify.watching import look
from engage.storage.schema import is_enough
from engage.web.site import render, site_of

LOOPBACK = frozenset({"127.0.0.1", "::1"})


async def privacy(request: Request) -> Response:
    return await render(request, "privacy.html")


async def accessibility(request: Request) -> Response:
    return await render(request, "accessibility.html")


async def contact(request: Request) -> Response:
    return await render(request, "contact.html")


async def is_live(request: Request) -> Response:
    return JSONResponse({"status": "live"})


async def is_ready(request: Request) -> Response:
    """Ready when the database answers, and has at least the schema that this code needs."""
    try:
        async with site_of(request).database.engine.connect() as connection:
            is_old = not await connection.run_sync(is_enough)
    except (SQLAlchemyError, OSError):
        return _unready(database="does not answer")
    return _unready(schema="older than this version needs") if is_old else JSONResponse({"status": "ready"})


def _unready(**why: str) -> Response:
    return JSONResponse({"status": "not ready", **why}, 503, {"retry-after": "5"})


async def mail(request: Request) -> Response:
    """How the mail is: a relay that takes none makes no request fail, and so does not make the site unready."""
    site = site_of(request)
    async with site.database.reading() as session:
        state = await look(session, site.clock(), datetime.now(UTC))
    unreachable, listening, oldest = state.unreachable_since, state.listening_since, state.oldest_waiting
    is_heard = {"owned": listening is not None, "since": listening and listening.isoformat()}
    return JSONResponse(
        {
            "relay": {"reachable": unreachable is None, "unreachable_since": unreachable and unreachable.isoformat()},
            "waiting": state.waiting,
            "dead": state.dead,
            "oldest_waiting_seconds": None if oldest is None else oldest.total_seconds(),
            "listener": is_heard if site.settings.mail_inbound else None,
        },
        headers={"cache-control": "no-store"},
    )


async def metrics(request: Request) -> Response:
    """For a collector on this machine; not on the public port unless asked for by a proxy of ours."""
    if request.client is None or request.client.host not in LOOPBACK:
        raise NotFound("There is no such page.")
    collected = library("prometheus_client")
    return Response(collected.generate_latest(collected.REGISTRY), media_type=collected.CONTENT_TYPE_LATEST)


routes = [
    Route("/privacy", privacy),
    Route("/accessibility", accessibility),
    Route("/contact", contact),
    Route("/health/live", is_live),
    Route("/health/ready", is_ready),
    Route("/health/mail", mail),
    Route("/metrics", metrics),
]
