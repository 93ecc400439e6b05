""" "You said, we did": the actions about a wave's results, put forward, answered and carried out on the record."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from engage.errors import NotFound, OutOfOrder
from engage.people.roles import GROUP_LEAD
from engage.people.sessions import Person
from engage.surveys.consultations.record import PCS, WORKFORCE, role_title
from engage.surveys.follow_up import actions
from engage.surveys.follow_up.action_forms import ProposalForm, SayForm
from engage.surveys.follow_up.action_models import Action
from engage.surveys.follow_up.action_rules import ACTS, SAID, acts_of, due_by_default, proposers, roles_in
from engage.surveys.follow_up.actions import Speaker
from engage.surveys.reports.audiences import audiences_of
from engage.surveys.reports.published import Published, open_report
from engage.values import THEMES
from engage.web.forms import Fault, text_of
from engage.web.guarding import NO_SUCH_PAGE, SIGNED_IN, me, only
from engage.web.site import render, site_of, taken


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads the page, and what they see of the wave."""

    person: Person
    published: Published

    def roles_in(self, action: Action) -> list[str]:
        """In which roles they may do something about the action as it stands."""
        roles = roles_in(self.person.roles, is_owner=action.owner == self.person.email)
        return [role for role in roles if acts_of(role, action.status)]


@only(SIGNED_IN)
async def page(request: Request) -> Response:
    return await _page(request, await _reader(request))


@only(WORKFORCE, PCS, GROUP_LEAD)
async def proposed(request: Request) -> Response:
    """Chairs, PCS and the workforce team put actions forward, each in a role of their own."""
    seen = await _reader(request)
    form, status = await taken(request, ProposalForm)
    role = text_of(form["role"])
    if role not in proposers(seen.person.roles):
        raise NotFound(NO_SUCH_PAGE)
    if status is not None:
        return await _page(request, seen, proposal=form, status=status)
    try:
        proposal = form.proposal(seen.published.report)
    except Fault as refusal:
        form.problem = str(refusal)
        return await _page(request, seen, proposal=form, status=422)
    now, speaker = site_of(request).clock(), Speaker(seen.person.email, role)
    wave_id = seen.published.wave.id
    propose = partial(actions.propose, wave_id=wave_id, proposal=proposal, speaker=speaker, now=now)
    await site_of(request).unit_of_work.run(propose)
    return RedirectResponse(request.url.path, 303)


@only(SIGNED_IN)
async def said(request: Request) -> Response:
    """An act on one action, in one of the reader's roles in it."""
    seen, number = await _reader(request), request.path_params["id"]
    action = next((each for each in seen.published.actions if each.id == number), None)
    form, status = await taken(request, SayForm)
    role = text_of(form["role"])
    if action is None or role not in roles_in(seen.person.roles, is_owner=action.owner == seen.person.email):
        raise NotFound(NO_SUCH_PAGE)
    if status is not None:
        return await _page(request, seen, say=form, said_of=number, status=status)
    act, text, site = text_of(form["act"]), text_of(form["text"]), site_of(request)
    speaker = Speaker(seen.person.email, role)
    do = partial(actions.do, action_id=number, act=act, text=text, speaker=speaker, now=site.clock())
    try:
        await site.unit_of_work.run(do, locks=[(Action, number)])
    except OutOfOrder as refusal:
        form.problem = str(refusal)
        return await _page(request, await _reader(request), say=form, said_of=number, status=refusal.status)
    return RedirectResponse(f"{request.url.path.rpartition('/')[0]}#action-{number}", 303)


async def _reader(request: Request) -> Reader:
    """Raises NotFound for a wave that has no report."""
    person = await me(request)
    async with site_of(request).database.reading() as session:
        return Reader(person, await open_report(session, request.path_params["wave"], audiences_of(person.roles)))


async def _page(request: Request, seen: Reader, *, status: int = 200, **forms: Any) -> Response:
    site, published = site_of(request), seen.published
    today = site.clock().astimezone(site.settings.zone).date()
    due_on = due_by_default(published.report.published_at.astimezone(site.settings.zone).date(), today)
    given = {
        "proposal": ProposalForm(FormData(), due_on=due_on.isoformat()),
        "say": SayForm(FormData()),
        "said_of": None,
    }
    groups = [(f"{each.family}:{each.key}", each.title) for each in published.report.groups if not each.is_line]
    return await render(
        request,
        "surveys/reports/actions.html",
        status=status,
        report=published.report,
        actions=published.actions,
        kept=published.kept,
        roles_in=seen.roles_in,
        roles=proposers(seen.person.roles),
        about=_about_choices(published),
        groups=groups,
        group_titles=dict(groups),
        acts=ACTS,
        acts_of=acts_of,
        said=SAID,
        role_title=role_title,
        today=today,
        names={theme.key: theme.name for theme in THEMES}
        | {each.key: each.text for each in published.report.questions},
        **given | forms,
    )


def _about_choices(published: Published) -> Sequence[tuple[str, str]]:
    """What an action can be for: each theme, then each question."""
    themes = [(f"theme:{theme.key}", f"Theme: {theme.name}") for theme in THEMES]
    return themes + [(f"question:{each.key}", each.text) for each in published.report.questions]


routes = [
    Route("/reports/{wave}/actions", page),
    Route("/reports/{wave}/actions", proposed, methods=["POST"]),
    Route("/reports/{wave}/actions/{id:int}", said, methods=["POST"]),
]
