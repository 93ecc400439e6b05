"""The demo's people and what they do, all through the code that real visitors go through."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from itertools import product
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from engage.demo.past import set_past
from engage.demo.staff import FIRST_NAMES, LAST_NAMES
from engage.demo.stage import Stage
from engage.demo.waves import set_open_wave, set_staff
from engage.events.evenings.loading import OPEN_EVENINGS
from engage.events.finding import registration_id_by_email
from engage.events.models import AskedQuestion, OpenEvening, Registration
from engage.events.registrations import booking
from engage.events.registrations.applications import Application, Details, form_of
from engage.events.registrations.registering import register
from engage.files.loading import load
from engage.people import roles
from engage.people.pages import DEMO_ROLES, demo_address
from engage.resources import folder

NAMES = [f"{first} {last}" for last, first in product(LAST_NAMES[:5], FIRST_NAMES[:10])]
EVENINGS = ("commissioning", "reviews-team")
WAITING = 5  # people more than the first sitting of the first evening can take
QUESTIONS = (
    ("Can I apply for two of the posts?", "Yes. Send one form for each, and write each for its own job description."),
    (
        "Is there parking at the venue?",
        "No. Two Tube stations are within ten minutes, and bicycles can be locked outside.",
    ),
    ("Will the slides be shared with those who cannot come?", None),
)


Act = Callable[[AsyncSession, Registration], Awaitable[None]]


async def is_set(stage: Stage) -> bool:
    """Whether the demo's evenings are there already."""
    async with stage.database.reading() as session:
        return await session.scalar(select(OpenEvening.id).limit(1)) is not None


async def play(stage: Stage) -> None:
    """Two published pulse waves and an open one; both evenings, to which people register, change, ask and cancel."""
    await stage.unit_of_work.run(partial(_grant_roles, stage))
    await set_staff(stage)
    await set_past(stage)
    await set_open_wave(stage)
    await load(
        example_files(),
        rooms=[OPEN_EVENINGS],
        unit_of_work=stage.unit_of_work,
        zone=stage.settings.zone,
        now=stage.now,
        prepare=stage.into_the_future,
    )
    for evening in await _evenings(stage):
        await _fill(stage, evening)
        await stage.unit_of_work.run(partial(_ask, stage, evening))


def example_files() -> list[Path]:
    """The two real open evenings."""
    return [folder("examples") / f"{name}.toml" for name in EVENINGS]


async def _grant_roles(stage: Stage, session: AsyncSession) -> None:
    for role in DEMO_ROLES:
        await roles.grant(session, demo_address(role), [role], stage.now)


async def _evenings(stage: Stage) -> list[OpenEvening]:
    query = select(OpenEvening).options(selectinload(OpenEvening.vacancies)).order_by(OpenEvening.id)
    async with stage.database.reading() as session:
        return list(await session.scalars(query))


async def _fill(stage: Stage, evening: OpenEvening) -> None:
    """The first sitting fills up and a queue forms; then somebody cancels, and somebody wishes for the full sitting."""
    first, *others = evening.slots
    crowd = first.capacity + WAITING
    await asyncio.gather(*(_register(stage, evening, first.id, number) for number in range(crowd)))
    choices: list[int | None] = [slot.id for slot in others] or [None]
    later = range(crowd, len(NAMES))
    await asyncio.gather(*(_register(stage, evening, choices[number % len(choices)], number) for number in later))
    await _act(stage, evening, 0, lambda session, r: booking.cancel(session, r, stage.now, is_stop=False))
    await _act(stage, evening, len(NAMES) - 1, partial(_wish_for_first, stage))


async def _register(stage: Stage, evening: OpenEvening, slot_id: int | None, number: int) -> None:
    vacancy = evening.vacancies[number % len(evening.vacancies)]
    application = Application(
        open_evening_id=evening.id,
        slot_id=slot_id,
        email=_address(number),
        email_key=_address(number),
        details=Details(
            name=NAMES[number % len(NAMES)],
            party=1,
            vacancy_ids=frozenset({vacancy.id}),
            has_reminders=number % 3 != 0,
            needs={"step_free": None} if number % 11 == 3 else {},
        ),
        form=form_of(stage.tokens, evening, "demo", _address(number)),
    )
    await stage.unit_of_work.run(
        partial(register, application=application, now=stage.now), locks=[(OpenEvening, evening.id)]
    )


async def _act(stage: Stage, evening: OpenEvening, number: int, act: Act) -> None:
    async def command(session: AsyncSession) -> None:
        found = await registration_id_by_email(session, evening, _address(number))
        await act(session, await booking.load(session, found or 0))

    await stage.unit_of_work.run(command, locks=[(OpenEvening, evening.id)])


async def _wish_for_first(stage: Stage, session: AsyncSession, registration: Registration) -> None:
    await booking.change(session, registration, registration.open_evening.slots[0], stage.now)


async def _ask(stage: Stage, evening: OpenEvening, session: AsyncSession) -> None:
    session.add_all(
        AskedQuestion(
            open_evening_id=evening.id,
            text=text,
            answer=answer,
            status="published" if answer else "asked",
            asked_at=stage.now,
        )
        for text, answer in QUESTIONS
    )


def _address(number: int) -> str:
    return f"visitor{number + 1}@example.org"
