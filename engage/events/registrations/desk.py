"""The desk where posted forms are dealt with: read first, decided in order, written last, in few statements."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, Protocol, Self

from sqlalchemy import ClauseElement, FromClause, Table, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload, selectinload

from engage.errors import NotFound
from engage.events import facts, rules
from engage.events.models import AccessNeed, AnsweredForm, Interest, OpenEvening, QueueEntry, Registration
from engage.events.registrations import booking, places
from engage.events.registrations.applications import Application, describe, new_row
from engage.events.registrations.places import CountedEvening, CountedSlot
from engage.events.registrations.receipts import KEPT
from engage.events.registrations.sittings import refuse_if_closed, slot_of
from engage.journal import JournalEntry, append, entering
from engage.storage.bare import Answer, instant_of
from engage.storage.many import Asked, Row, drawing, drawn, inserting, locking, run_all, run_last, seeking, show


class Known(Protocol):
    """A registration, as much of it as tells what becomes of another form with its address."""

    @property
    def id(self) -> int: ...
    @property
    def status(self) -> str: ...


class _Known(NamedTuple):
    id: int
    status: str
    open_evening_id: int
    email_key: str


@dataclass(slots=True)
class Newcomer:
    """Somebody decided about and not yet written: ``turn`` is their turn in the queue, if they wait."""

    id: int
    application: Application
    slot: CountedSlot | None
    position: int | None
    turn: int | None
    now: datetime

    @property
    def status(self) -> str:
        if self.slot is None:
            return "subscribed"
        return "confirmed" if self.position is None else "waiting"

    def fact(self) -> facts.RegistrationFact:
        """What happened to them."""
        slot = self.slot
        if slot is None:
            return facts.Subscribed(registration_id=self.id)
        if self.position is not None:
            return facts.QueueJoined(registration_id=self.id, slot_id=slot.id, position=self.position, is_wish=False)
        return facts.PlaceConfirmed(
            registration_id=self.id, slot_id=slot.id, starts_at=slot.starts_at, ends_at=slot.ends_at, sequence=0
        )


@dataclass(slots=True)
class Desk:
    """Serves up to ``most`` applications one after another; `close` writes what they came to."""

    session: AsyncSession
    most: int
    evenings: dict[int, CountedEvening]
    given: dict[str, datetime]  # of forms that were answered: until when that is shown
    known: dict[tuple[int, str], Known]
    ids: Iterator[int]  # of newcomers to come
    fact_ids: list[int]  # the same of what is to happen
    newcomers: list[Newcomer] = field(default_factory=list)
    answered: list[Row] = field(default_factory=list)
    idle: list[Asked] = field(default_factory=list)
    happened: list[tuple[facts.RegistrationFact, datetime]] = field(default_factory=list)

    @classmethod
    async def open(cls, session: AsyncSession, applications: Sequence[Application], *, is_locking: bool = True) -> Self:
        """Lock the evenings; look up their places, and which forms and addresses are known."""
        evening_ids, most = {each.open_evening_id for each in applications}, len(applications)
        asked = [
            *seeking(session, Registration),
            *(locking(session, OpenEvening, evening_ids) if is_locking else ()),
            places.asking(evening_ids),
            # Only what lies at hand is read of them: more would take longer for who is known than for newcomers.
            Asked(_known, Registration, [_who(each) for each in applications]),
            *_drawing(session, most),
        ]
        *_, evenings, rows, ids, fact_ids = await run_all(session, asked)
        known: dict[tuple[int, str], Known] = {(row[2], row[3]): _Known(*row[:4]) for row in rows}
        return cls(
            session, most, places.counted(evenings), _given(rows), known, iter(drawn(ids, most)), drawn(fact_ids, most)
        )

    async def serve(self, application: Application, now: datetime) -> None:
        """Answer this form, once. Raises RegistrationClosed, NotFound, and nothing has happened then."""
        until = self.given.get(application.form)
        if until is not None and now < until:
            return
        evening = self.evenings.get(application.open_evening_id)
        if evening is None:
            raise NotFound("There is no such open evening. See the list of open evenings.")
        slot = slot_of(evening, application.slot_id) if application.slot_id is not None else None
        refuse_if_closed(evening, slot, now)
        known = self.known.get(application.whose)
        if known is None:
            self._admit(evening, slot, application, now)
        elif known.status in rules.LIVE or (known.status == "subscribed" and slot is None):
            self._decoy(evening, slot, application, known, now)
        else:
            await self._revive(application, now)
        self.given[application.form] = now + KEPT

    async def close(self) -> None:
        """Write down who came and what happened, and do nothing after it."""
        if not await run_last(self.session, self._written()):
            await show(self.session, OpenEvening, self.evenings)

    def _written(self) -> list[Asked]:
        """What writes down who came and what happened, in the order in which they came."""
        rows = [new_row(each.id, each.application, each.status, each.position, each.now) for each in self.newcomers]
        return [
            inserting(Registration, rows),
            *places.writing(self.evenings.values()),
            *self.idle,
            inserting(AnsweredForm, self.answered),
            *self._described(),
            *entering(self.session, self.happened, self.fact_ids),
        ]

    async def _make_way(self) -> None:
        """Write down what is not yet written, for somebody whose rows are about to be loaded."""
        await run_all(self.session, self._written())
        await show(self.session, OpenEvening, self.evenings)
        for written in (self.newcomers, self.answered, self.idle, self.happened):
            written.clear()

    def _described(self) -> list[Asked]:
        """What is to be written of the newcomers beside their registrations."""
        return [
            inserting(Interest, [row for each in self.newcomers for row in _interests(each)]),
            inserting(AccessNeed, [row for each in self.newcomers for row in _needs(each)]),
            inserting(QueueEntry, [_entry(each) for each in self.newcomers if each.turn is not None]),
        ]

    def _admit(
        self, evening: CountedEvening, slot: CountedSlot | None, application: Application, now: datetime
    ) -> None:
        newcomer = Newcomer(next(self.ids), application, slot, None, None, now)
        if slot is not None and rules.has_room(slot.seats_left, slot.waiting, application.details.party):
            evening.place(slot, application.details.party)
        elif slot is not None:
            newcomer.position, newcomer.turn = evening.queue(slot)
        self.known[application.whose] = newcomer
        self.newcomers.append(newcomer)
        self.happened.append((newcomer.fact(), now))

    async def _revive(self, application: Application, now: datetime) -> None:
        """Somebody who gave up, lapsed or only wanted to hear registers anew: the same registration again."""
        await self._make_way()
        evening, registration = await self._whole(application)
        self.known[application.whose] = registration
        registration.email, registration.party = application.email, application.details.party
        describe(registration, application.details, now)
        if application.slot_id is not None:
            slot = slot_of(evening, application.slot_id)
            position = await booking.seat(self.session, evening, registration, slot, now)
        else:
            position = None
            registration.status, registration.slot_id, registration.slot = "subscribed", None, None
            await append(self.session, facts.Subscribed(registration_id=registration.id), now)
        await self.session.flush()
        evenings, *ids = await run_all(self.session, [places.asking(self.evenings), *_drawing(self.session, self.most)])
        self.evenings = places.counted(evenings)
        registration_ids, self.fact_ids = (drawn(answer, self.most) for answer in ids)
        self.ids = iter(registration_ids)
        self._remember(registration.id, application, position, now)

    def _decoy(
        self, evening: CountedEvening, slot: CountedSlot | None, application: Application, known: Known, now: datetime
    ) -> None:
        """What a newcomer would be answered now; the owner hears of it."""
        self.happened.append((facts.RegisteredAgain(registration_id=known.id, form=application.form), now))
        status, position = "subscribed" if slot is None else "confirmed", None
        if slot is not None:
            slot.is_changed = True
            if not rules.has_room(slot.seats_left, slot.waiting, application.details.party):
                evening.is_changed, status, position = True, "waiting", slot.waiting + 1
        self._idle(known, application, new_row(known.id, application, status, position, now), position)
        self._remember(known.id, application, position, now)

    def _idle(self, known: Known, application: Application, row: Row, position: int | None) -> None:
        """Statements that change nothing and cost what a newcomer's would, so that the clock does not tell either."""
        details, own = application.details, {"id": known.id}
        others = [own] * (bool(details.vacancy_ids) + bool(details.needs) + bool(position))
        self.idle += [Asked(_touch, Registration, [each]) for each in (row, *others)]

    async def _whole(self, application: Application) -> tuple[OpenEvening, Registration]:
        """The evening, and the registration with all that it is about to change."""
        evening_id, email_key = application.whose
        query = (
            select(Registration)
            .where(Registration.open_evening_id == evening_id, Registration.email_key == email_key)
            .options(
                joinedload(Registration.entry).joinedload(QueueEntry.slot),
                selectinload(Registration.interests),
                selectinload(Registration.needs),
            )
        )
        evening = await self.session.get_one(OpenEvening, evening_id, populate_existing=True)
        return evening, (await self.session.scalars(query)).one()

    def _remember(self, registration_id: int, application: Application, position: int | None, now: datetime) -> None:
        """Keep what a form was answered that made no new registration."""
        self.answered.append(
            {
                "registration_id": registration_id,
                "form": application.form,
                "expires_at": now + KEPT,
                "email": application.email,
                "slot_id": application.slot_id,
                "position": position,
            }
        )


def _who(application: Application) -> Row:
    evening_id, email_key = application.whose
    return {"open_evening_id": evening_id, "email_key": email_key, "form": application.form}


def _interests(newcomer: Newcomer) -> list[dict[str, Any]]:
    chosen = sorted(newcomer.application.details.vacancy_ids)
    return [{"registration_id": newcomer.id, "vacancy_id": each, "created_at": newcomer.now} for each in chosen]


def _needs(newcomer: Newcomer) -> list[dict[str, Any]]:
    needs = newcomer.application.details.needs.items()
    return [{"registration_id": newcomer.id, "kind": kind, "note": note, "state": "asked"} for kind, note in needs]


def _entry(newcomer: Newcomer) -> dict[str, Any]:
    return {"registration_id": newcomer.id, "slot_id": newcomer.application.slot_id, "turn": newcomer.turn}


def _drawing(session: AsyncSession, most: int) -> list[Asked]:
    """What draws an id for each newcomer that may come, and for what happens to each."""
    return [drawing(session, Registration, most), drawing(session, JournalEntry, most)]


def _given(rows: Answer) -> dict[str, datetime]:
    """Until when the answers to the forms are shown that are known, out of what `_known` asks."""
    given: dict[str, datetime] = {}
    for *_, form, created_at, again, expires_at in rows:
        given.setdefault(form, instant_of(created_at) + KEPT)
        if again is not None:
            until = instant_of(expires_at)
            given[again] = max(given.get(again, until), until)
    return given


def _known(given: FromClause, table: Table) -> ClauseElement:
    again = table.metadata.tables[AnsweredForm.__tablename__]
    is_theirs = (table.c.open_evening_id == given.c.open_evening_id) & (table.c.email_key == given.c.email_key)
    is_again = (again.c.registration_id == table.c.id) & (again.c.form == given.c.form)
    columns = (table.c[name] for name in (*_Known._fields, "form", "created_at"))
    query = select(*columns, again.c.form, again.c.expires_at)
    return query.select_from(given.join(table, is_theirs).outerjoin(again, is_again))


def _touch(given: FromClause, table: Table) -> ClauseElement:
    return update(table).where(table.c.id == given.c.id).values(name=table.c.name)
