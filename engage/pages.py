"""The site's own pages: the statements that the law asks for, and what machines watch."""

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, generate_latest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from engage.errors import NotFound
from engage.web import render, site_of

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
    """Ready when the database answers."""
    try:
        async with site_of(request).database.reading() as session:
            await session.execute(text("SELECT 1"))
    except (SQLAlchemyError, OSError):
        return JSONResponse({"status": "not ready", "database": "does not answer"}, status_code=503)
    return JSONResponse({"status": "ready"})


async def metrics(request: Request) -> Response:
    """For a collector on this machine; not on the public port unless asked for by a proxy of ours."""
    if request.client is None or request.client.host not in LOOPBACK:
        raise NotFound("There is no such page.")
    return Response(generate_latest(REGISTRY), media_type=CONTENT_TYPE_LATEST)


routes = [
    Route("/privacy", privacy),
    Route("/accessibility", accessibility),
    Route("/contact", contact),
    Route("/health/live", is_live),
    Route("/health/ready", is_ready),
    Route("/metrics", metrics),
]
