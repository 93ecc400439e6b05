"""Which registrations of an evening are meant: by part of a name or address, by status, sitting and post.

Whether somebody came or applied is nothing to choose by: to those who may select, who came is somebody with a place.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from engage.events import rules
from engage.events.models import Interest, OpenEvening, QueueEntry, Registration
from engage.web.forms import LONGEST_LINE, plain
from engage.web.paging import PAGE_SIZE

HAS_ENTRY = exists().where(QueueEntry.registration_id == Registration.id)
STATUSES: Mapping[str, tuple[str, ColumnElement[bool] | None]] = {
    "": ("Everybody", None),
    "placed": ("Has a place", Registration.status.in_(rules.PLACED)),
    "wishing": ("Has a place, waits for another", and_(Registration.status == "confirmed", HAS_ENTRY)),
    "waiting": ("Waits for a place", Registration.status == "waiting"),
    "offered": ("A place is held for them", Registration.status == "offered"),
    "lapsed": ("Did not take the place held", Registration.status == "lapsed"),
    "subscribed": ("Materials and dates only", Registration.status == "subscribed"),
    "cancelled": ("Cancelled", Registration.status == "cancelled"),
}
MOST_WORDS = 6
NOBODY = -1  # an id that none has: of a sitting or post that was removed meanwhile


@dataclass(frozen=True, slots=True)
class Choice:
    """What is chosen by; what is empty is not looked at. ``slot`` and ``post`` are keys."""

    words: str = ""
    status: str = ""
    slot: str = ""
    post: str = ""

    @property
    def query(self) -> dict[str, str]:
        """As the query of an address, and as hidden fields."""
        return {name: value for name, value in asdict(self).items() if value}

    @property
    def title(self) -> str:
        return STATUSES[self.status][0]


@dataclass(frozen=True, slots=True)
class Found:
    """A page of what was chosen, the newest first; ``before`` leads to the next one."""

    total: int
    rows: Sequence[Registration]
    before: int | None


def choice_of(given: Mapping[str, str]) -> Choice:
    """What an address or a form asks for; a status that there is not is none."""
    typed = {name: plain(given.get(name, "")).strip()[:LONGEST_LINE] for name in ("words", "status", "slot", "post")}
    return Choice(**typed | {"status": typed["status"] if typed["status"] in STATUSES else ""})


def is_chosen(evening: OpenEvening, choice: Choice) -> ColumnElement[bool]:
    """True for the registrations of the evening, loaded with its posts, that are chosen."""
    conditions = [Registration.open_evening_id == evening.id, *map(_has, choice.words.split()[:MOST_WORDS])]
    if (status := STATUSES[choice.status][1]) is not None:
        conditions.append(status)
    if choice.slot:
        slot_id = next((slot.id for slot in evening.slots if slot.key == choice.slot), NOBODY)
        wish = HAS_ENTRY.where(QueueEntry.slot_id == slot_id)
        conditions.append(wish if choice.status == "wishing" else Registration.slot_id == slot_id)
    if choice.post:
        post_id = next((post.id for post in evening.vacancies if post.key == choice.post), NOBODY)
        wants = exists().where(Interest.registration_id == Registration.id, Interest.vacancy_id == post_id)
        conditions.append(wants)
    return and_(*conditions)


async def count_of(session: AsyncSession, chosen: ColumnElement[bool]) -> int:
    """How many are chosen."""
    return await session.scalar(select(func.count()).select_from(Registration).where(chosen)) or 0


async def page_of(session: AsyncSession, chosen: ColumnElement[bool], before: int | None) -> Found:
    """A page of the chosen, below the id ``before``."""
    total = await count_of(session, chosen)
    query = _newest_first(chosen).limit(PAGE_SIZE + 1)
    rows = (await session.scalars(query if before is None else query.where(Registration.id < before))).all()
    return Found(total, rows[:PAGE_SIZE], rows[PAGE_SIZE - 1].id if len(rows) > PAGE_SIZE else None)


def status_of(registration: Registration) -> str:
    """What ``shown_as`` makes of the registration, which is loaded with its queue entry."""
    return shown_as(registration.status, is_queued=registration.entry is not None)


def shown_as(status: str, *, is_queued: bool) -> str:
    """A key of ``STATUSES``, by which nobody sees who came."""
    if status in rules.PLACED:
        return "wishing" if is_queued else "placed"
    return status


def _newest_first(chosen: ColumnElement[bool]) -> Select[Registration]:
    """The chosen, with what is shown of each."""
    shown = select(Registration).where(chosen).order_by(Registration.id.desc())
    return shown.options(joinedload(Registration.slot), joinedload(Registration.entry).joinedload(QueueEntry.slot))


def _has(word: str) -> ColumnElement[bool]:
    columns: Sequence[Callable[..., ColumnElement[bool]]] = (Registration.name.icontains, Registration.email.icontains)
    return or_(*(contains(word, autoescape=True) for contains in columns))
