"""Who has which roles: seen, given and taken by administrators, each time after a page that asks if they are sure."""

from functools import partial

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from engage.errors import EngageError, FormStale, LastHolder
from engage.people import overview, roles, sessions
from engage.people.actors import actor_of
from engage.people.overview import SHOWN, Holder
from engage.web.forms import Fault, Field, PostedForm, email_field, plain, text_of
from engage.web.guarding import me, only
from engage.web.site import posted, posted_openly, render, site_of

PEOPLE = "/console/people"
COUNTS_LATER = "It counts once somebody who holds it confirms it. Until then they can do nothing with it."


class GrantForm(PostedForm):
    """Who is given which role; ``group`` is family:key where they lead one."""

    email = email_field("their")
    role = Field()
    group = Field()

    @property
    def given(self) -> str:
        name = text_of(self.role)
        return f"{name}:{text_of(self.group).strip()}" if name == roles.GROUP_LEAD else name

    def validate_role(self, name: str | None) -> None:
        if name not in (*roles.ROLES, roles.GROUP_LEAD):
            raise Fault("Select a role")

    def validate_group(self, typed: str | None) -> None:
        if text_of(self.role) == roles.GROUP_LEAD and not roles.is_role(self.given):
            raise Fault("Enter the group that they lead, like directorate:audit")


@only("admin")
async def people(request: Request) -> Response:
    return await _list(request, GrantForm())


@only("admin")
async def granted(request: Request) -> Response:
    """First a page that asks, then, with its button, the act."""
    try:
        form = GrantForm(sent := await posted(request))
    except FormStale as stale:
        form = GrantForm(await posted_openly(request))
        return await _list(request, form, stale)
    if not form.validate():
        return await _list(request, form, status=422)
    email, role = text_of(form.email).lower(), form.given
    if not _is_sure(sent):
        return await _ask_before_granting(request, form)
    person, now = await me(request), site_of(request).clock()

    async def give(session: AsyncSession) -> None:
        await roles.grant(session, email, [role], now, await actor_of(session, person))

    await site_of(request).unit_of_work.run(give)
    return RedirectResponse(PEOPLE, 303)


@only("admin")
async def one(request: Request) -> Response:
    return await _one(request)


@only("admin")
async def revoked(request: Request) -> Response:
    sent = await posted(request)
    person, found, now = await me(request), await _holder(request), site_of(request).clock()
    role = str(sent.get("role", ""))
    if not _is_sure(sent):
        title = f"Take the role “{roles.title_of(role)}” from {found.email}?"
        return await _ask(request, title, ["It takes effect at once."], "Take the role", role=role)

    async def take(session: AsyncSession) -> None:
        await roles.revoke(session, found.email, [role], now, await actor_of(session, person))

    try:
        await site_of(request).unit_of_work.run(take)
    except LastHolder as refusal:
        return await _one(request, refusal)
    return RedirectResponse(f"{PEOPLE}/{found.id}", 303)


@only("admin")
async def signed_out(request: Request) -> Response:
    await posted(request)
    person, found, now = await me(request), await _holder(request), site_of(request).clock()

    async def close(session: AsyncSession) -> None:
        await sessions.close_sessions(session, found.email, now, await actor_of(session, person))

    await site_of(request).unit_of_work.run(close)
    return RedirectResponse(f"{PEOPLE}/{found.id}", 303)


async def _list(request: Request, form: GrantForm, refusal: EngageError | None = None, status: int = 200) -> Response:
    site, asked = site_of(request), request.query_params
    form.problem = str(refusal) if refusal else None
    search, after = (plain(asked.get(name, "")).strip() for name in ("search", "after"))
    async with site.database.reading() as session:
        found = await overview.holders(session, site.clock(), search=search, after=after)
    return await render(
        request,
        "people/people.html",
        status=refusal.status if refusal else status,
        form=form,
        found=found[:SHOWN],
        has_more=len(found) > SHOWN,
        search=search,
        titles=roles.ROLES | {roles.GROUP_LEAD: "Lead of a group"},
        title_of=roles.title_of,
    )


async def _ask_before_granting(request: Request, form: GrantForm) -> Response:
    email, role = text_of(form.email).lower(), form.given
    async with site_of(request).database.reading() as session:
        is_awaited = await roles.is_to_be_confirmed(session, role)
        is_known = await roles.may_sign_in(session, email)
    notes = [COUNTS_LATER] if is_awaited else ["It counts at once, and lets them sign in."]
    if not is_known:
        notes.append("This address has no role yet and is not in the staff directory. Check that it is right.")
    fields = {"email": email, "role": text_of(form.role), "group": text_of(form.group)}
    return await _ask(request, f"Give {email} the role “{roles.title_of(role)}”?", notes, "Give the role", **fields)


async def _ask(request: Request, title: str, notes: list[str], button: str, **fields: str) -> Response:
    return await render(request, "people/sure.html", title=title, notes=notes, button=button, fields=fields)


async def _one(request: Request, refusal: EngageError | None = None) -> Response:
    status = refusal.status if refusal else 200
    found, problem = await _holder(request), str(refusal) if refusal else None
    page = partial(render, request, "people/person.html", status=status, title_of=roles.title_of)
    return await page(found=found, problem=problem)


async def _holder(request: Request) -> Holder:
    """Raises NotFound."""
    site = site_of(request)
    async with site.database.reading() as session:
        return await overview.holder(session, request.path_params["id"], site.clock())


def _is_sure(sent: FormData) -> bool:
    return sent.get("sure") == "yes"


routes = [
    Route(PEOPLE, people),
    Route(f"{PEOPLE}/grant", granted, methods=["POST"]),
    Route(f"{PEOPLE}/{{id:int}}", one),
    Route(f"{PEOPLE}/{{id:int}}/revoke", revoked, methods=["POST"]),
    Route(f"{PEOPLE}/{{id:int}}/sign-out", signed_out, methods=["POST"]),
]
