"""The page on which a trustee hands a share over to whoever counts. The passphrase is used once and kept nowhere."""

import asyncio
from functools import partial

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from engage.errors import PassphraseBarred, PassphraseWrong
from engage.surveys.keys import custody, handing
from engage.web.forms import Field, PostedForm, required, text_of
from engage.web.guarding import me, only
from engage.web.site import posted, render, site_of


class PassphraseForm(PostedForm):
    """The passphrase with which the trustee enrolled."""

    passphrase = Field(required("Enter your passphrase"))


@only("trustee")
async def page(request: Request) -> Response:
    return await _page(request, await _asked(request), PassphraseForm())


@only("trustee")
async def handed(request: Request) -> Response:
    """The share is opened in a thread, since that takes its time on purpose, and goes on sealed to the desk alone."""
    asked, form = await _asked(request), PassphraseForm(await posted(request))
    if not form.validate():
        return await _page(request, asked, form, 422)
    try:
        await _hand_over(request, asked, text_of(form.passphrase))
    except (PassphraseWrong, PassphraseBarred) as refusal:
        form.problem = str(refusal)
        return await _page(request, asked, form, refusal.status)
    return RedirectResponse(request.url.path, 303)


async def _hand_over(request: Request, asked: handing.Asked, passphrase: str) -> None:
    """Raises PassphraseBarred, PassphraseWrong, NotFound."""
    site, email = site_of(request), (await me(request)).email
    trustee = await site.unit_of_work.run(partial(handing.claim_try, email=email, now=site.clock()))
    share = await asyncio.to_thread(custody.open_share, passphrase, trustee.salt, asked.sealed)
    sealed = custody.hand_over(share, asked.desk_key)
    await site.unit_of_work.run(partial(handing.hand_in, email=email, asked=asked, sealed=sealed))


async def _asked(request: Request) -> handing.Asked:
    """Raises NotFound where nobody waits for a share of this trustee."""
    site, email = site_of(request), (await me(request)).email
    async with site.database.reading() as session:
        return await handing.find(session, email, request.path_params["wave"], site.clock())


async def _page(request: Request, asked: handing.Asked, form: PassphraseForm, status: int = 200) -> Response:
    return await render(request, "surveys/hand_over.html", status=status, asked=asked, form=form)


routes = [
    Route("/console/trustee/{wave}", page),
    Route("/console/trustee/{wave}", handed, methods=["POST"]),
]
