"""The organisation's results, for every member of staff and, where it publishes them, for everybody."""

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from engage.errors import NotFound
from engage.surveys.reports import verify_release
from engage.surveys.reports.audiences import PUBLIC, STAFF
from engage.surveys.reports.published import Published, open_report, waves_published
from engage.surveys.reports.report_pages import DRAWN, answer, standing_out
from engage.web.guarding import NO_SUCH_PAGE
from engage.web.site import person_of, render, site_of


async def results(request: Request) -> Response:
    """The waves whose results the reader may see. Raises NotFound for the public where there is none."""
    audience = await _audience(request)
    async with site_of(request).database.reading() as session:
        waves = await waves_published(session, is_public=audience == PUBLIC)
    if audience == PUBLIC and not waves:
        raise NotFound(NO_SUCH_PAGE)
    return await render(request, "surveys/reports/results_list.html", waves=waves)


async def result(request: Request) -> Response:
    published = await _published(request)
    report = published.report
    context = standing_out(published) | DRAWN | {"questions": report.everyone.questions}
    return await render(request, "surveys/reports/results.html", published=published, report=report, **context)


async def file(request: Request) -> Response:
    return await answer(request, await _published(request))


async def verifier(request: Request) -> Response:
    """The script that checks a published file by itself, for everybody to read and run."""
    headers = {"content-disposition": 'attachment; filename="verify.py"'}
    return FileResponse(verify_release.__file__, media_type="text/x-python", headers=headers)


async def _published(request: Request) -> Published:
    audience = await _audience(request)
    async with site_of(request).database.reading() as session:
        return await open_report(session, request.path_params["wave"], [audience])


async def _audience(request: Request) -> str:
    """Everybody reads the same here: staff what staff may see, others what the public may."""
    return PUBLIC if await person_of(request) is None else STAFF


routes = [
    Route("/results", results),
    Route("/results/verify.py", verifier),
    Route("/results/{wave}.{format}", file),
    Route("/results/{wave}", result),
]
