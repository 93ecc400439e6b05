"""The web application: routes, middleware, lifespan. Wiring only."""

import gc
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from engage.audit import pages as audit_pages
from engage.errors import EngageError, Overloaded, first_line
from engage.events import evening_page, feedback, feeds
from engage.events import pages as evening_pages
from engage.events.console import routes as console
from engage.events.console import tonight
from engage.events.live import Live
from engage.events.registrations import own
from engage.late import library
from engage.notify import pages as mail_pages
from engage.notify.letters import Letters
from engage.people import account, provider_pages
from engage.people import console as people_console
from engage.people import pages as people_pages
from engage.people.provider import Provider
from engage.resources import PACKAGE
from engage.settings import Settings, from_environment
from engage.storage.database import Database
from engage.storage.unit_of_work import UnitOfWork
from engage.surveys.answers import pages as pulse_pages
from engage.surveys.answers.open_waves import OpenWaves
from engage.surveys.comments import comment_pages
from engage.surveys.consultations import consultation_pages
from engage.surveys.follow_up import action_pages, cut_pages
from engage.surveys.keys import handing_pages, trustees
from engage.surveys.reports import report_pages, result_pages
from engage.surveys.waves import steering_pages
from engage.tokens import Tokens
from engage.web import pages
from engage.web.admission import Admission
from engage.web.embedded import EmbeddedWorker
from engage.web.headers import SecurityHeaders
from engage.web.menu import menu_of
from engage.web.recent import Recent
from engage.web.shared import AtHand
from engage.web.site import Site, refuse
from engage.web.templating import templates_for

LARGEST_BODY = 256 * 1024
RETRY_AFTER = "5"  # seconds
RARELY = (20_000, 20, 20)  # new objects before Python looks for rings of them: a burst alone holds many more than 700
UNAVAILABLE = "We cannot reach our records, so we cannot say that anything was saved. Please try again in a moment."
SAID = {
    400: "What was sent could not be read. Go back, and send it again.",
    404: "There is no such page. Check the address, or start from the list of open evenings.",
    405: "This address does not take that. Go back and use the buttons of the page.",
    408: "What you sent did not arrive in time. Check your connection, and send it again.",
    413: "That was more than this form takes. Shorten what you wrote, or choose a smaller file, and send it again.",
}

# What crowds ask for stands first: a request is held against one route after another.
ROUTES = [
    *evening_pages.busiest,
    *pulse_pages.routes,
    *feeds.routes,
    *evening_page.routes,
    *evening_pages.routes,
    *own.routes,
    *pages.routes,
    *feedback.routes,
    *people_pages.routes,
    *people_console.routes,
    *account.routes,
    *audit_pages.routes,
    *provider_pages.routes,
    *console.routes,
    *consultation_pages.routes,
    *steering_pages.routes,
    *mail_pages.routes,
    *trustees.routes,
    *cut_pages.routes,
    *action_pages.routes,
    *comment_pages.routes,
    *report_pages.routes,
    *result_pages.routes,
    *handing_pages.routes,
    Mount("/static", StaticFiles(directory=PACKAGE / "static")),
]

log = structlog.get_logger()


def real_clock() -> datetime:
    return datetime.now(UTC)


def create_app(
    settings: Settings,
    *,
    has_worker: bool = True,
    clock: Callable[[], datetime] = real_clock,
    turn: Path | None = None,
) -> Starlette:
    """The application for these settings; with a worker inside where nobody else does its work, or in its turn."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        database = Database(settings.database_url)
        unit_of_work = UnitOfWork(database)
        tokens, templates, letters = Tokens(settings.secret_key), templates_for(settings), Letters(settings)
        templates.globals["menu"] = menu_of(ROUTES)
        provider, recent = Provider(settings) if settings.has_provider else None, Recent(database, clock)
        app.state.site = Site(settings, database, unit_of_work, tokens, templates, letters, provider, recent, clock)
        app.state.open_waves = OpenWaves(settings.secret_key)
        app.state.live = live = Live(database, partial(tonight.figures, app.state.site))
        if has_worker:
            given = settings, database, unit_of_work, clock
            worker = EmbeddedWorker(lambda: library("engage.worker").Worker(*given), turn)
            worker.start()
        yield
        if has_worker:
            await worker.stop()
        await live.close()
        await unit_of_work.close()
        await database.close()

    return Starlette(
        routes=ROUTES,
        middleware=[
            Middleware(AtHand),
            Middleware(SecurityHeaders, is_https=settings.is_https),
            Middleware(Admission, refuse=_refused, largest_body=LARGEST_BODY),
        ],
        exception_handlers=HANDLERS,
        lifespan=lifespan,
    )


def from_process() -> Starlette:
    """For the processes that a server starts: settings from the environment, as `engage serve` left them."""
    is_demo = os.environ.get("ENGAGE_IS_DEMO") == "yes"
    has_worker = os.environ.get("ENGAGE_HAS_WORKER") != "no"
    turn = Path(given) if (given := os.environ.get("ENGAGE_WORKER_TURN")) else None
    app = create_app(from_environment(os.environ, is_demo=is_demo), has_worker=has_worker, turn=turn)
    gc.freeze()  # what was imported stays for ever, and need not be looked through again and again
    gc.set_threshold(*RARELY)
    return app


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, EngageError)  # noqa: S101 - what it is registered for
    if error.status == 503:
        return await _not_now(request, str(error), "The service is busy" if isinstance(error, Overloaded) else None)
    return await refuse(request, error.status, str(error))


async def _not_now(request: Request, message: str, title: str | None = None) -> Response:
    """Asks nothing of the database, of which there may be none: the page is as for nobody."""
    request.state.person = None
    response = await refuse(request, 503, message, title=title)
    response.headers["retry-after"] = RETRY_AFTER
    return response


async def _not_served(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - what it is registered for
    response = await refuse(request, error.status_code, SAID.get(error.status_code, error.detail))
    response.headers.update(error.headers or {})
    return response


async def _unavailable(request: Request, error: Exception) -> Response:
    """Where the database is gone, or busy for too long. Raises what is wrong with a statement of ours."""
    is_gone = not isinstance(error, DBAPIError) or error.connection_invalidated
    if not is_gone and not isinstance(error, OperationalError | InterfaceError):
        raise error
    log.error("database does not answer", error=type(error).__name__, reason=first_line(error))
    return await _not_now(request, UNAVAILABLE)


async def _gone(request: Request, error: Exception) -> Response:
    """For nobody: who sent half a form has left."""
    return Response(status_code=400)


async def _failed(request: Request, error: Exception) -> Response:
    log.error("request failed", error=type(error).__name__)  # the server below logs where
    return Response(
        "Sorry, something went wrong on our side. Nothing was changed: please try again in a moment.",
        500,
        media_type="text/plain",
    )


HANDLERS: dict[Any, Callable[[Request, Exception], Awaitable[Response]]] = {
    EngageError: _refused,
    HTTPException: _not_served,
    DBAPIError: _unavailable,
    PoolTimeoutError: _unavailable,
    ClientDisconnect: _gone,
    Exception: _failed,
}
