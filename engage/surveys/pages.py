"""The page on which a wave is answered. It knows no session, sets no cookie, is kept by no cache and logs nothing."""

import base64
import hmac
from collections.abc import Awaitable, Callable
from functools import wraps

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from engage.errors import EngageError, LinkSpent, WaveNotOpen
from engage.surveys import answering
from engage.surveys.answer_form import CHOICES, AnswerForm, is_sealed, sealed_boxes
from engage.surveys.models import Wave
from engage.surveys.questionnaire import COMMENT_BYTES
from engage.surveys.seal import Sealer
from engage.surveys.sections import counted_in, sections
from engage.web import STALE, posted_openly, refuse, render, site_of

PRIVATE = {"cache-control": "no-store", "referrer-policy": "no-referrer"}

Handler = Callable[[Request], Awaitable[Response]]


def _private(handler: Handler) -> Handler:
    """Whoever is signed in in this browser is nobody here, and nothing of the answer is kept on the way."""

    @wraps(handler)
    async def answer(request: Request) -> Response:
        request.state.person = None
        try:
            response = await handler(request)
        except EngageError as refusal:
            response = await refuse(request, refusal.status, str(refusal))
        response.headers.update(PRIVATE)
        return response

    return answer


@_private
async def page(request: Request) -> Response:
    try:
        asked = await _asked(request)
    except (LinkSpent, WaveNotOpen) as refusal:
        return await _closed(request, refusal)
    return await _page(request, asked, AnswerForm(asked.questionnaire))


@_private
async def sent(request: Request) -> Response:
    """Store what was sent, and only then say thank you; whatever goes wrong, what was typed comes back."""
    try:
        asked = await _asked(request)
        form = await posted_openly(request)
        return await _answer(request, asked, form)
    except (LinkSpent, WaveNotOpen) as refusal:
        return await _closed(request, refusal)


@_private
async def thanks(request: Request) -> Response:
    return await render(request, "surveys/thanks.html")


async def _answer(request: Request, asked: answering.Asked, posted: FormData) -> Response:
    form = AnswerForm(asked.questionnaire, posted)
    is_valid = form.validate()
    if not hmac.compare_digest(str(posted.get("csrf_token", "")).encode(), form_token(request).encode()):
        form.problem = STALE
        return await _page(request, asked, form, 403)
    if not is_valid:
        return await _page(request, asked, form, 422)
    try:
        await _submit(request, asked, form, posted)
    except (LinkSpent, WaveNotOpen):
        raise
    except EngageError as refusal:
        form.problem = str(refusal)
        return await _page(request, asked, form, refusal.status)
    return RedirectResponse("/pulse/thanks", 303)


async def _submit(request: Request, asked: answering.Asked, form: AnswerForm, posted: FormData) -> None:
    """Raises BoxBroken, LinkSpent, WaveNotOpen, Overloaded."""
    site, sealer = site_of(request), _sealer(asked)
    sheet, comments = sealed_boxes(posted, sealer) if is_sealed(posted) else form.boxes(sealer)
    stored = answering.Submission(asked.wave.id, asked.fingerprint, sealer.with_groups(asked.groups, sheet), comments)
    await site.unit_of_work.run_together(answering.submit_all, (stored, site.clock()), locks=[(Wave, asked.wave.id)])


async def _asked(request: Request) -> answering.Asked:
    """Raises NotFound, LinkSpent, WaveNotOpen."""
    site = site_of(request)
    async with site.database.reading() as session:
        wave = await answering.find_wave(session, request.path_params["wave"])
        request.state.wave = wave
        if not answering.takes_answers(wave, site.clock()):
            raise WaveNotOpen("This survey takes no answers.")
        return await answering.find(session, wave, request.path_params["token"], site.settings.secret_key)


async def _page(request: Request, asked: answering.Asked, form: AnswerForm, status: int = 200) -> Response:
    site, wave, sealer = site_of(request), asked.wave, _sealer(asked)
    async with site.database.reading() as session:
        sizes = await answering.sizes(session, asked)
    return await render(
        request,
        "surveys/pulse.html",
        status=status,
        wave=wave,
        questionnaire=asked.questionnaire,
        sections=sections(asked.questionnaire),
        counted_in=counted_in(wave.families, asked.groups, sizes, wave.invited, wave.threshold),
        choices=CHOICES,
        comment_bytes=COMMENT_BYTES,
        form=form,
        form_token=form_token(request),
        public_key=base64.b64encode(wave.public_key or b"").decode(),
        sheet_bytes=sealer.sheet_bytes,
    )


async def _closed(request: Request, refusal: LinkSpent | WaveNotOpen) -> Response:
    wave: Wave = request.state.wave
    is_spent = isinstance(refusal, LinkSpent)
    return await render(request, "surveys/closed.html", status=refusal.status, wave=wave, is_spent=is_spent)


def form_token(request: Request) -> str:
    """The token against forged posts: computed from the link itself, so that it takes no cookie and never ages."""
    link = (request.path_params["wave"], request.path_params["token"])
    return site_of(request).tokens.fingerprint("pulse", *link)


def _sealer(asked: answering.Asked) -> Sealer:
    return Sealer(asked.wave.public_key or b"", asked.questionnaire)


routes = [
    Route("/pulse/thanks", thanks),
    Route("/pulse/{wave}/{token}", page),
    Route("/pulse/{wave}/{token}", sent, methods=["POST"]),
]
