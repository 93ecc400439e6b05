"""The reports of published waves, for those who are signed in: what one may not see is not there."""

from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from engage.errors import NotFound
from engage.surveys.consultations.consultation import entries
from engage.surveys.consultations.record import role_title
from engage.surveys.follow_up.action_rules import SAID
from engage.surveys.questionnaires.questionnaire import POINTS
from engage.surveys.reports import charts
from engage.surveys.reports.audiences import SEES_ALL, audiences_of
from engage.surveys.reports.export import FORMATS, exported
from engage.surveys.reports.figures import Group, Mean
from engage.surveys.reports.notes import NON_RESPONSE
from engage.surveys.reports.published import Published, open_report, waves_published
from engage.surveys.reports.report import Report, before, clear_changes, strongest, trend, weakest
from engage.surveys.reports.shown import (
    GROUP_ORDERS,
    QUESTION_ORDERS,
    choice_of,
    groups_shown,
    questions_shown,
    theme_of,
)
from engage.values import THEMES
from engage.web.guarding import NO_SUCH_PAGE, SIGNED_IN, me, only
from engage.web.site import render, site_of

DRAWN: dict[str, Any] = {"charts": charts, "points": POINTS, "formats": FORMATS, "non_response": NON_RESPONSE}


async def audiences(request: Request) -> list[str]:
    """The reader's audiences, the widest first."""
    return audiences_of((await me(request)).roles)


@only(SIGNED_IN)
async def reports(request: Request) -> Response:
    async with site_of(request).database.reading() as session:
        waves = await waves_published(session)
    return await render(request, "surveys/reports/list.html", waves=waves)


@only(SIGNED_IN)
async def report(request: Request) -> Response:
    """The organisation's report, with the groups that the reader may see."""
    seen = await audiences(request)
    async with site_of(request).database.reading() as session:
        published = await open_report(session, request.path_params["wave"], seen)
        sees_all = seen[0] in SEES_ALL
        record = await entries(session, published.wave.id) if sees_all else ()
    context = _choices(request, published.report) | standing_out(published) | DRAWN
    context |= {"published": published, "report": published.report, "sees": _sees(published.report, sees_all=sees_all)}
    context |= {"sees_all": sees_all, "record": record, "said": SAID, "role_title": role_title}
    return await render(request, "surveys/reports/report.html", **context)


@only(SIGNED_IN)
async def group(request: Request) -> Response:
    """One group beside the organisation and its own last wave; a withheld one is named with the reason."""
    family, key = request.path_params["family"], request.path_params["key"]
    seen = await audiences(request)
    async with site_of(request).database.reading() as session:
        published = await open_report(session, request.path_params["wave"], seen)
    found = published.report.group(family, key)
    if found is None:
        raise NotFound(NO_SUCH_PAGE)
    context = _choices(request, published.report) | DRAWN | _beside(request, published, found)
    context |= {
        "published": published,
        "strongest": strongest(found),
        "weakest": weakest(found),
        "changes": clear_changes(found),
    }
    audience = seen[0] if seen[0] in SEES_ALL else found.audience
    return await render(
        request, "surveys/reports/group.html", report=published.report, group=found, audience=audience, **context
    )


@only(SIGNED_IN)
async def file(request: Request) -> Response:
    """The report of one of the reader's audiences as a file: the widest, or the one that the address names."""
    seen = await audiences(request)
    audience = request.query_params.get("audience", seen[0])
    if audience not in seen:
        raise NotFound(NO_SUCH_PAGE)
    async with site_of(request).database.reading() as session:
        published = await open_report(session, request.path_params["wave"], [audience])
    return await answer(request, published)


async def answer(request: Request, published: Published) -> Response:
    """The file that the address names, to keep. Raises NotFound where there is no such format."""
    form = request.path_params["format"]
    if form not in FORMATS:
        raise NotFound(NO_SUCH_PAGE)
    content = await exported(published, form, site_of(request).settings.organisation)
    name = f"{published.wave.key}-{published.content['audience'].replace(':', '-')}.{form}"
    headers = {"content-disposition": f'attachment; filename="{name}"', "cache-control": "no-store"}
    return Response(content, media_type=FORMATS[form].media_type, headers=headers)


def standing_out(published: Published) -> dict[str, Any]:
    """What a page says first of the whole organisation."""
    everyone = published.report.everyone
    return {
        "strongest": strongest(everyone),
        "weakest": weakest(everyone),
        "changes": clear_changes(everyone),
        "trend": trend(published.report, published.earlier),
    }


def _choices(request: Request, report: Report) -> dict[str, Any]:
    """What the reader chose to see, out of what there is to choose."""
    choice = choice_of(request.query_params, report)
    themes = [theme for theme in THEMES if theme_of(report.everyone, theme.key)]
    named = [(theme.key, theme.name) for theme in themes]
    return {
        "choice": choice,
        "groups": groups_shown(report, choice),
        "questions": questions_shown(report.everyone, choice),
        "themes": themes,
        "theme_of": theme_of,
        "theme_choices": named,
        "families": [(key, report.family_title(key)) for key in dict.fromkeys(each.family for each in report.released)],
        "group_orders": [*GROUP_ORDERS.items(), *named],
        "question_orders": QUESTION_ORDERS.items(),
    }


def _beside(request: Request, published: Published, found: Group) -> dict[str, Any]:
    """The figures of everyone and of the group's last wave, where the two can be compared."""
    everyone, choice = published.report.everyone, choice_of(request.query_params, published.report)
    last = published.earlier[-1].group(found.family, found.key) if published.earlier else None
    others = {each.question.key: each for each in everyone.questions}
    shown = questions_shown(found, choice)
    is_comparable = found.index is not None and found.index.change.points is not None
    return {
        "questions": [(each, others.get(each.question.key), before(each, last)) for each in shown],
        "last_index": last.index.words if last and last.index and is_comparable else None,
        "beside": {"values": _words(everyone.values), "themes": _words(everyone.themes)},
    }


def _words(means: Sequence[Mean]) -> dict[str, str]:
    return {mean.key: mean.words for mean in means}


def _sees(report: Report, *, sees_all: bool) -> str:
    """What of the results this reader is shown, in a sentence."""
    if sees_all:
        return "You see the whole organisation and every group that can be shown."
    titles = [group.title for group in report.groups if not group.is_line]
    return f"You see the whole organisation{' and your group, ' + ', '.join(titles) if titles else ''}."


routes = [
    Route("/reports", reports),
    Route("/reports/{wave}.{format}", file),
    Route("/reports/{wave}", report),
    Route("/reports/{wave}/groups/{family}/{key}", group),
]
