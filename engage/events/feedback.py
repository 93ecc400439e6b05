"""What people thought of an evening: three questions after their sitting, kept without who answered."""

from datetime import datetime
from functools import partial

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from engage.errors import FeedbackClosed, FormStale
from engage.events import finding, rules
from engage.events.models import Feedback, OpenEvening, Registration
from engage.events.registrations import booking
from engage.events.registrations.own import id_in
from engage.web.forms import Fault, Field, PostedForm, required, text_area, text_of
from engage.web.site import posted, posted_openly, render, site_of

SCALE = {
    "5": "Extremely useful",
    "4": "Very useful",
    "3": "Fairly useful",
    "2": "Not very useful",
    "1": "Not useful at all",
}
ASK_FIRST = "Select how useful the open evening was"


class FeedbackForm(PostedForm):
    """Three questions; the texts can be left out."""

    useful = Field(required(ASK_FIRST))
    most_useful = text_area("What was most useful")
    change = text_area("What you would change")

    def validate_useful(self, chosen: str) -> None:
        if chosen not in SCALE:
            raise Fault(ASK_FIRST)

    def answers(self) -> dict[str, int | str]:
        """What was answered, once it is valid; texts that were left out are left out."""
        texts = {field.name: text_of(field).strip() for field in (self.most_useful, self.change)}
        return {"useful": int(text_of(self.useful))} | {name: text for name, text in texts.items() if text}


async def give(session: AsyncSession, registration: Registration, answers: dict[str, int | str], now: datetime) -> None:
    """Keep the answers, and of the registration only that it gave some. Raises FeedbackClosed."""
    refuse_if_closed(registration, now)
    if registration.has_given_feedback:
        raise FeedbackClosed("You have given your feedback already. Thank you.")
    registration.has_given_feedback = True
    session.add(Feedback(open_evening_id=registration.open_evening_id, answers=answers))


def refuse_if_closed(registration: Registration, now: datetime) -> None:
    """Raises FeedbackClosed for somebody who had no place, and before the end of the sitting."""
    if registration.slot is None or registration.status not in rules.PLACED:
        raise FeedbackClosed("Feedback is for people who had a place at the open evening.")
    if now < registration.slot.ends_at:
        raise FeedbackClosed("You can give feedback once your sitting is over.")


async def page(request: Request) -> Response:
    return await _page(request, FeedbackForm())


async def given(request: Request) -> Response:
    try:
        form = FeedbackForm(await posted(request))
    except FormStale as stale:
        form = FeedbackForm(await posted_openly(request))
        form.problem = str(stale)
        return await _page(request, form, 403)
    if not form.validate():
        return await _page(request, form, 422)
    site = site_of(request)
    registration = await _registration(request)
    await site.unit_of_work.run(
        partial(_give, registration_id=registration.id, answers=form.answers(), now=site.clock()),
        locks=[(OpenEvening, registration.open_evening_id)],
    )
    return RedirectResponse(request.url.path, 303)


async def _give(session: AsyncSession, registration_id: int, answers: dict[str, int | str], now: datetime) -> None:
    await give(session, await booking.load(session, registration_id), answers, now)


async def _registration(request: Request) -> Registration:
    async with site_of(request).database.reading() as session:
        registration, _ = await finding.registration_of(session, id_in(request))
    refuse_if_closed(registration, site_of(request).clock())
    return registration


async def _page(request: Request, form: FeedbackForm, status: int = 200) -> Response:
    registration = await _registration(request)
    return await render(
        request,
        "events/feedback.html",
        status=status,
        registration=registration,
        evening=registration.open_evening,
        base=f"/registrations/{request.path_params['token']}",
        form=form,
        scale=SCALE,
    )


routes = [
    Route("/registrations/{token}/feedback", page),
    Route("/registrations/{token}/feedback", given, methods=["POST"]),
]
