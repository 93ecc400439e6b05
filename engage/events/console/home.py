"""The console's first page: what is next for whoever is signed in."""

from sqlalchemy import func, select
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from engage.events import listing
from engage.events.models import AskedQuestion, OpenEvening
from engage.web.guarding import SIGNED_IN, may, me, only
from engage.web.site import render, site_of

ORGANISERS = ("organiser", "admin")
MOST_SHOWN = 5


@only(SIGNED_IN)
async def home(request: Request) -> Response:
    """For organisers the next evenings, and how many questions wait."""
    site, is_organiser = site_of(request), may(await me(request), ORGANISERS)
    evenings: list[OpenEvening] = []
    questions = 0
    if is_organiser:
        ahead = listing.upcoming(site.clock(), ("draft", *listing.SHOWN))
        waiting = select(func.count()).select_from(AskedQuestion).where(AskedQuestion.status == "asked")
        async with site.database.reading() as session:
            evenings = await ahead.some(session, MOST_SHOWN)
            questions = await session.scalar(waiting) or 0
    return await render(request, "console/home.html", evenings=evenings, questions=questions, is_organiser=is_organiser)


routes = [
    Route("/console", home),
]
