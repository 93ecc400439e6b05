"""Trustees enrol with a passphrase, of which only the public half of a key pair is kept. They alone see the page."""

import asyncio
from functools import partial

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from engage.errors import EngageError, ShareHeld
from engage.people.sessions import Person
from engage.surveys.keys import custody
from engage.surveys.keys.handing import asked_of
from engage.surveys.models import KeyShare, Trustee
from engage.web.forms import Fault, Field, PostedForm, text_of
from engage.web.guarding import me, only
from engage.web.site import posted, render, site_of

SHORTEST, LONGEST = 20, 500  # characters


class EnrolForm(PostedForm):
    """A passphrase, typed twice."""

    passphrase = Field()
    again = Field()

    def validate_passphrase(self, typed: str | None) -> None:
        if not SHORTEST <= len((typed or "").strip()) <= LONGEST:
            raise Fault(f"Your passphrase must be {SHORTEST} to {LONGEST} characters long. Take five words or more")

    def validate_again(self, typed: str | None) -> None:
        if (typed or "").strip() != text_of(self.passphrase).strip():
            raise Fault("The passphrases differ. Type both again")


async def enrol(session: AsyncSession, trustee: Trustee) -> None:
    """Keep the trustee's new public key. Raises ShareHeld while the one before guards a share."""
    if await session.scalar(select(KeyShare.wave_id).where(KeyShare.email == trustee.email).limit(1)):
        raise ShareHeld(
            "Your passphrase guards a share of a survey that is not counted yet, so it cannot be changed. "
            "Try again after the count."
        )
    await session.merge(trustee)


@only("trustee")
async def page(request: Request) -> Response:
    return await _page(request, await me(request), EnrolForm())


@only("trustee")
async def enrolled(request: Request) -> Response:
    """The key pair is made in a thread, since that takes its time on purpose."""
    person, site = await me(request), site_of(request)
    form = EnrolForm(await posted(request))
    if not form.validate():
        return await _page(request, person, form, 422)
    salt = custody.new_salt()
    public_key = await asyncio.to_thread(custody.public_key_of, text_of(form.passphrase), salt)
    trustee = Trustee(email=person.email, salt=salt, public_key=public_key, enrolled_at=site.clock())
    try:
        await site.unit_of_work.run(partial(enrol, trustee=trustee))
    except EngageError as refusal:
        form.problem = str(refusal)
        return await _page(request, person, form, refusal.status)
    return RedirectResponse("/console/trustee", 303)


async def _page(request: Request, person: Person, form: EnrolForm, status: int = 200) -> Response:
    async with site_of(request).database.reading() as session:
        trustee = await session.get(Trustee, person.email)
        asked = await asked_of(session, person.email, site_of(request).clock())
    return await render(request, "surveys/trustee.html", status=status, form=form, trustee=trustee, asked=asked)


routes = [
    Route("/console/trustee", page),
    Route("/console/trustee", enrolled, methods=["POST"]),
]
