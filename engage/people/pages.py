"""Signing in and out: a one-time link by mail, and in the demo one click for each role."""

from collections.abc import Awaitable, Callable

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from engage.errors import EngageError, FormStale, NotFound
from engage.notify.calendar import Person as Mailbox
from engage.notify.message import Message
from engage.notify.outbox import put
from engage.people import sessions
from engage.people.returning import local_path
from engage.people.roles import may_sign_in
from engage.web.forms import Field, PostedForm, email_field, text_of
from engage.web.site import Site, cookie_name, posted, posted_openly, render, set_cookie, site_of

DEMO_ROLES = {
    "organiser": "Organiser",
    "access": "Access needs",
    "door": "Door",
    "workforce": "Workforce team",
    "pcs": "Trade union PCS",
    "admin": "Administrator",
}


Opening = Callable[[AsyncSession], Awaitable[tuple[str, str]]]


class SignInForm(PostedForm):
    """The address that a sign-in link goes to, and the page that was asked for."""

    email = email_field()
    next = Field()


def demo_address(role: str) -> str:
    """The address of whoever plays a role in the demo."""
    return f"{role}@mopac.example"


async def sign_in_page(request: Request) -> Response:
    return await show_sign_in(request, SignInForm(next=local_path(request.query_params.get("next"))))


async def sign_in_posted(request: Request) -> Response:
    """The same answer whether or not the address may sign in."""
    try:
        sent = await posted(request)
    except FormStale as stale:
        return await show_sign_in(request, SignInForm(await posted_openly(request)), stale)
    role = sent.get("role")
    form = SignInForm(sent)
    if site_of(request).settings.is_demo and isinstance(role, str) and role in DEMO_ROLES:
        return await _sign_in_as(request, demo_address(role), local_path(text_of(form.next)))
    if not form.validate():
        return await show_sign_in(request, form, status=422)
    await _send_link(request, text_of(form.email), local_path(text_of(form.next)))
    return await show_sign_in(request, form, is_sent=True)


async def confirm_page(request: Request) -> Response:
    """Mail scanners open links: signing in takes a button."""
    return await render(request, "people/confirm.html", token=request.path_params["token"])


async def confirmed(request: Request) -> Response:
    site, secret = site_of(request), request.path_params["token"]
    await posted(request)

    async def use(session: AsyncSession) -> tuple[str, str]:
        return await sessions.use_link(session, site.tokens, secret, site.clock())

    return await enter(request, use)


async def signed_out(request: Request) -> Response:
    site, cookie = site_of(request), request.cookies.get(cookie_name(request, "session"))
    await posted(request)

    async def close(session: AsyncSession) -> None:
        await sessions.close_session(session, site.tokens, cookie or "")

    await site.unit_of_work.run(close)
    return forget_session(request)


async def enter(request: Request, opening: Opening) -> Response:
    """Open a session in place of the one that this browser may have had, and go on to the page that was asked for."""
    site, before = site_of(request), request.cookies.get(cookie_name(request, "session"))

    async def open_anew(session: AsyncSession) -> tuple[str, str]:
        opened = await opening(session)
        await sessions.close_session(session, site.tokens, before or "")
        return opened

    cookie, path = await site.unit_of_work.run(open_anew)
    response = RedirectResponse(path, 303)
    set_cookie(request, response, "session", cookie, int(sessions.SESSION_KEPT.total_seconds()))
    return response


def forget_session(request: Request) -> Response:
    """Back to the first page, without a cookie."""
    response = RedirectResponse("/", 303)
    is_https = site_of(request).settings.is_https
    response.delete_cookie(cookie_name(request, "session"), secure=is_https, httponly=True, samesite="lax")
    return response


async def show_sign_in(
    request: Request,
    form: SignInForm,
    refusal: EngageError | None = None,
    *,
    status: int = 200,
    is_sent: bool = False,
) -> Response:
    """The sign-in page, with what was refused where something was."""
    site = site_of(request)
    form.problem = str(refusal) if refusal else None
    return await render(
        request,
        "people/sign_in.html",
        status=refusal.status if refusal else status,
        form=form,
        is_sent=is_sent,
        one_click=DEMO_ROLES if site.settings.is_demo else {},
        has_provider=site.provider is not None,
    )


async def _send_link(request: Request, email: str, path: str) -> None:
    """Whoever may not sign in costs the same work, but for the message itself."""
    site = site_of(request)
    now = site.clock()

    async def send(session: AsyncSession) -> None:
        secret = await sessions.make_link(session, site.tokens, email, now, path)
        if secret is None:
            return
        message = _message(site, email, secret)
        if await may_sign_in(session, email):
            await put(session, message, kind="SignIn", stream=f"sign-in:{email.lower()}"[:60], now=now)

    await site.unit_of_work.run(send)


def _message(site: Site, email: str, secret: str) -> Message:
    settings = site.settings
    return Message(
        key=f"sign-in:{site.tokens.fingerprint('sign-in', secret)}",
        sender=Mailbox(settings.mail_from, settings.organisation),
        recipient=Mailbox(email, ""),
        letter=site.letters.render(
            "sign_in",
            link=f"{settings.base_url}/sign-in/{secret}",
            minutes=int(sessions.LINK_KEPT.total_seconds() // 60),
        ),
        dated=site.clock(),
    )


async def _sign_in_as(request: Request, email: str, path: str) -> Response:
    site = site_of(request)

    async def open_session(session: AsyncSession) -> tuple[str, str]:
        if not await may_sign_in(session, email):
            raise NotFound("Nobody plays this role here.")
        return await sessions.open_session(session, site.tokens, email, site.clock(), "demo"), path

    return await enter(request, open_session)


routes = [
    Route("/sign-in", sign_in_page),
    Route("/sign-in", sign_in_posted, methods=["POST"]),
    Route("/sign-in/{token}", confirm_page),
    Route("/sign-in/{token}", confirmed, methods=["POST"]),
    Route("/sign-out", signed_out, methods=["POST"]),
]
