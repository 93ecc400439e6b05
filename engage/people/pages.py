"""Signing in and out: a one-time link by mail, and in the demo one click for each role."""

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from engage.errors import NotFound
from engage.forms import PostedForm, email_field, text_of
from engage.notify.calendar import Person as Mailbox
from engage.notify.message import Message
from engage.notify.outbox import put
from engage.people import sessions
from engage.web import cookie_name, posted, render, set_cookie, site_of

DEMO_ROLES = {
    "organiser": "Organiser",
    "access": "Access needs",
    "door": "Door",
    "workforce": "Workforce team",
    "pcs": "Trade union PCS",
    "admin": "Administrator",
}


class SignInForm(PostedForm):
    """The address that a sign-in link goes to."""

    email = email_field()


def demo_address(role: str) -> str:
    """The address of whoever plays a role in the demo."""
    return f"{role}@mopac.example"


async def sign_in_page(request: Request) -> Response:
    return await _page(request, SignInForm())


async def sign_in_posted(request: Request) -> Response:
    """The same answer whether or not the address may sign in."""
    sent = await posted(request)
    role = sent.get("role")
    if site_of(request).settings.is_demo and isinstance(role, str) and role in DEMO_ROLES:
        return await _sign_in_as(request, demo_address(role))
    form = SignInForm(sent)
    if not form.validate():
        return await _page(request, form, 422)
    await _send_link(request, text_of(form.email))
    return await _page(request, form, is_sent=True)


async def confirm_page(request: Request) -> Response:
    """Mail scanners open links: signing in takes a button."""
    return await render(request, "people/confirm.html", token=request.path_params["token"])


async def confirmed(request: Request) -> Response:
    site, secret = site_of(request), request.path_params["token"]
    await posted(request)

    async def use(session: AsyncSession) -> str:
        return await sessions.use_link(session, site.tokens, secret, site.clock())

    return _signed_in(request, await site.unit_of_work.run(use))


async def signed_out(request: Request) -> Response:
    site, cookie = site_of(request), request.cookies.get(cookie_name(request, "session"))
    await posted(request)

    async def close(session: AsyncSession) -> None:
        await sessions.close_session(session, site.tokens, cookie or "")

    await site.unit_of_work.run(close)
    response = RedirectResponse("/", 303)
    response.delete_cookie(cookie_name(request, "session"), secure=site.settings.is_https, httponly=True)
    return response


async def _page(request: Request, form: SignInForm, status: int = 200, *, is_sent: bool = False) -> Response:
    is_demo = site_of(request).settings.is_demo
    one_click = [{"role": role, "title": title} for role, title in DEMO_ROLES.items()] if is_demo else []
    return await render(request, "people/sign_in.html", status=status, form=form, is_sent=is_sent, one_click=one_click)


async def _send_link(request: Request, email: str) -> None:
    site = site_of(request)
    settings, now = site.settings, site.clock()

    async def send(session: AsyncSession) -> None:
        if not await sessions.roles_of(session, email):
            return
        secret = await sessions.make_link(session, site.tokens, email, now)
        if secret is None:
            return
        message = Message(
            key=f"sign-in:{site.tokens.fingerprint('sign-in', secret)}",
            sender=Mailbox(settings.mail_from, settings.organisation),
            recipient=Mailbox(email, ""),
            letter=site.letters.render(
                "sign_in",
                link=f"{settings.base_url}/sign-in/{secret}",
                minutes=int(sessions.LINK_KEPT.total_seconds() // 60),
            ),
            dated=now,
        )
        await put(session, message, kind="SignIn", stream=f"sign-in:{email.lower()}"[:60], now=now)

    await site.unit_of_work.run(send)


async def _sign_in_as(request: Request, email: str) -> Response:
    site = site_of(request)

    async def open_session(session: AsyncSession) -> str:
        if not await sessions.roles_of(session, email):
            raise NotFound("Nobody plays this role here.")
        return await sessions.open_session(session, site.tokens, email, site.clock())

    return _signed_in(request, await site.unit_of_work.run(open_session))


def _signed_in(request: Request, cookie: str) -> Response:
    response = RedirectResponse("/console", 303)
    set_cookie(request, response, "session", cookie, int(sessions.SESSION_KEPT.total_seconds()))
    return response


routes = [
    Route("/sign-in", sign_in_page),
    Route("/sign-in", sign_in_posted, methods=["POST"]),
    Route("/sign-in/{token}", confirm_page),
    Route("/sign-in/{token}", confirmed, methods=["POST"]),
    Route("/sign-out", signed_out, methods=["POST"]),
]
