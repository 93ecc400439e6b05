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
from engage.surveys.answers import answering
from engage.surveys.answers.answer_form import CHOICES, AnswerForm, is_sealed, sealed_boxes
from engage.surveys.answers.open_waves import Asked, OpenWaves
from engage.surveys.answers.sections import counted_in, sections
from engage.surveys.models import Wave
from engage.surveys.questionnaires.questionnaire import COMMENT_BYTES
from engage.web.site import STALE, posted_openly, refuse, render, site_of

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
        wave, asked = await _asked(request)
    except (LinkSpent, WaveNotOpen) as refusal:
        return await _closed(request, refusal)
    return await _page(request, wave, asked, AnswerForm(asked.wave.questionnaire))


@_private
async def sent(request: Request) -> Response:
    """Store what was sent, and only then say thank you; whatever goes wrong, what was typed comes back."""
    try:
        asked = _known(request) or (await _asked(request))[1]
        form = await posted_openly(request)
        return await _answer(request, asked, form)
    except (LinkSpent, WaveNotOpen) as refusal:
        return await _closed(request, refusal)


@_private
async def thanks(request: Request) -> Response:
    return await render(request, "surveys/thanks.html")


async def _answer(request: Request, asked: Asked, posted: FormData) -> Response:
    form = AnswerForm(asked.wave.questionnaire, posted)
    is_valid = form.validate()
    if not hmac.compare_digest(str(posted.get("csrf_token", "")).encode(), form_token(request).encode()):
        form.problem = STALE
        return await _again(request, form, 403)
    if not is_valid:
        return await _again(request, form, 422)
    try:
        await submit(request, asked, form, posted)
    except (LinkSpent, WaveNotOpen):
        raise
    except EngageError as refusal:
        form.problem = str(refusal)
        return await _again(request, form, refusal.status)
    return RedirectResponse("/pulse/thanks", 303)


async def submit(request: Request, asked: Asked, form: AnswerForm, posted: FormData) -> None:
    """Seal and store what was sent. Raises BoxBroken, LinkSpent, WaveNotOpen, Overloaded."""
    site, wave = site_of(request), asked.wave
    sheet, comments = _boxes(asked, form, posted)
    stored = answering.Submission(wave.id, asked.fingerprint, sheet, comments)
    locks = [(Wave, wave.id)]
    await site.unit_of_work.run_together(answering.submit_all, (stored, site.clock()), locks=locks, locks_itself=True)


def _boxes(asked: Asked, form: AnswerForm, posted: FormData) -> tuple[bytes, bytes]:
    """The sheet with the roster's groups, and the comments, as they are stored. Raises BoxBroken."""
    sealer = asked.wave.sealer
    sheet, comments = sealed_boxes(posted, sealer) if is_sealed(posted) else form.boxes(sealer)
    return sealer.with_groups(asked.groups, sheet), comments


def _known(request: Request) -> Asked | None:
    """Who sends, from memory: whether the wave is open and the link unspent is seen when the answers are stored."""
    wave = _open_waves(request).get(request.path_params["wave"])
    return None if wave is None else wave.asked(request.path_params["token"])


async def _asked(request: Request) -> tuple[Wave, Asked]:
    """Raises NotFound, LinkSpent, WaveNotOpen."""
    site = site_of(request)
    async with site.database.reading() as session:
        wave = await answering.find_wave(session, request.path_params["wave"])
        if not answering.takes_answers(wave, site.clock()):
            raise WaveNotOpen("This survey takes no answers.")
        kept = await _open_waves(request).read(session, wave)
        return wave, await answering.find(session, kept, request.path_params["token"])


async def _again(request: Request, form: AnswerForm, status: int) -> Response:
    """The page with what was typed. Raises NotFound, LinkSpent, WaveNotOpen."""
    wave, asked = await _asked(request)
    return await _page(request, wave, asked, form, status)


async def _page(request: Request, wave: Wave, asked: Asked, form: AnswerForm, status: int = 200) -> Response:
    return await render(
        request,
        "surveys/pulse.html",
        status=status,
        wave=wave,
        questionnaire=asked.wave.questionnaire,
        sections=sections(asked.wave.questionnaire),
        counted_in=counted_in(wave.families, asked.groups, asked.sizes, wave.invited, wave.threshold),
        choices=CHOICES,
        comment_bytes=COMMENT_BYTES,
        form=form,
        form_token=form_token(request),
        public_key=base64.b64encode(wave.public_key or b"").decode(),
        sheet_bytes=asked.wave.sealer.sheet_bytes,
    )


async def _closed(request: Request, refusal: LinkSpent | WaveNotOpen) -> Response:
    async with site_of(request).database.reading() as session:
        wave = await answering.find_wave(session, request.path_params["wave"])
    is_spent = isinstance(refusal, LinkSpent)
    return await render(request, "surveys/closed.html", status=refusal.status, wave=wave, is_spent=is_spent)


def form_token(request: Request) -> str:
    """The token against forged posts: computed from the link itself, so that it takes no cookie and never ages."""
    link = (request.path_params["wave"], request.path_params["token"])
    return site_of(request).tokens.fingerprint("pulse", *link)


def _open_waves(request: Request) -> OpenWaves:
    waves: OpenWaves = request.app.state.open_waves
    return waves


routes = [
    Route("/pulse/thanks", thanks),
    Route("/pulse/{wave}/{token}", page),
    Route("/pulse/{wave}/{token}", sent, methods=["POST"]),
]
