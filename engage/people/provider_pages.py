"""Signing in at the organisation's own sign-in service, and coming back from it."""

import hmac
from datetime import datetime, timedelta
from typing import Any

import structlog
from itsdangerous import BadData, URLSafeSerializer
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from engage.errors import NotFound, SignInRefused, SignInUnavailable
from engage.people import sessions
from engage.people.pages import SignInForm, enter, show_sign_in
from engage.people.provider import AGAIN, CALLBACK, Provider
from engage.people.returning import local_path
from engage.people.roles import may_sign_in
from engage.web.site import cookie_name, set_cookie, site_of

ATTEMPT_KEPT = timedelta(minutes=10)
REFUSALS = (SignInRefused, SignInUnavailable)

log = structlog.get_logger()


async def start(request: Request) -> Response:
    """What the return is checked by goes into a cookie, so that it counts in this browser alone."""
    provider = _provider(request)
    asked = local_path(request.query_params.get("next"))
    try:
        attempt = await provider.begin()
    except REFUSALS as refusal:
        return await _refused(request, refusal, asked)
    until = site_of(request).clock() + ATTEMPT_KEPT
    kept = [attempt.state, attempt.nonce, attempt.verifier, asked, until.isoformat()]
    response = RedirectResponse(attempt.url, 303)
    set_cookie(request, response, "attempt", _signer(request).dumps(kept), int(ATTEMPT_KEPT.total_seconds()))
    return response


async def returned(request: Request) -> Response:
    """Back from the provider, with a code or with a refusal. An attempt is good for one return."""
    provider = _provider(request)
    try:
        response = await _enter(request, provider)
    except REFUSALS as refusal:
        response = await _refused(request, refusal, _kept(request)[3])
    is_https = site_of(request).settings.is_https
    response.delete_cookie(cookie_name(request, "attempt"), secure=is_https, httponly=True, samesite="lax")
    return response


async def _refused(request: Request, refusal: SignInRefused | SignInUnavailable, asked: str) -> Response:
    log.warning("sign-in refused", reason=str(refusal), cause=type(refusal.__cause__).__name__)
    return await show_sign_in(request, SignInForm(next=asked), refusal)


async def _enter(request: Request, provider: Provider) -> Response:
    site = site_of(request)
    email, asked = await _found_out(request, provider)

    async def open_session(session: AsyncSession) -> tuple[str, str]:
        if not await may_sign_in(session, email):
            raise SignInRefused(
                "You are signed in at your organisation, but have no role here and are not in the staff directory. "
                "Ask an administrator to give you a role."
            )
        return await sessions.open_session(session, site.tokens, email, site.clock(), "account"), asked

    return await enter(request, open_session)


async def _found_out(request: Request, provider: Provider) -> tuple[str, str]:
    """Whose address it is, and the page that was asked for. Raises SignInRefused, SignInUnavailable."""
    said = request.query_params
    state, nonce, verifier, asked, until = _kept(request)
    is_ours = bool(state) and hmac.compare_digest(state.encode(), said.get("state", "").encode())
    if not is_ours or said.get("iss", provider.issuer) != provider.issuer:
        raise SignInRefused(f"This sign-in was not begun in this browser, or was used already. {AGAIN}")
    if site_of(request).clock() > datetime.fromisoformat(until):
        raise SignInRefused(f"Signing in took too long. {AGAIN}")
    if "error" in said:
        raise SignInRefused(f"The sign-in service did not let you in, or you cancelled. {AGAIN}")
    return await provider.finish(said.get("code", ""), nonce, verifier), asked


def _kept(request: Request) -> list[str]:
    """State, nonce, verifier, the page asked for and when the attempt ends; empty without a cookie of ours."""
    try:
        kept: Any = _signer(request).loads(request.cookies.get(cookie_name(request, "attempt"), ""))
    except BadData:
        return [""] * 5
    return [str(each) for each in kept]


def _signer(request: Request) -> URLSafeSerializer:
    return URLSafeSerializer(site_of(request).settings.secret_key, salt="engage sign-in attempt")


def _provider(request: Request) -> Provider:
    """Raises NotFound where none is configured."""
    provider = site_of(request).provider
    if provider is None:
        raise NotFound("There is no such page.")
    return provider


routes = [
    Route("/oidc/start", start),
    Route(CALLBACK, returned),
]
