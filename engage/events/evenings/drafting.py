"""Drafts: a copy of an evening on another day, publishing, deleting. Commands under the lock, like editing."""

from datetime import date
from typing import Any

from sqlalchemy import delete, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from engage.errors import EveningInUse, NotPublishable
from engage.events import facts
from engage.events.evenings import editing
from engage.events.evenings.describing import described
from engage.events.evenings.editing import Edit, EditFaulty, Editor, Fault
from engage.events.evenings.file import EveningPart, SlotPart, VacancyPart
from engage.events.models import Admission, Interest, OpenEvening, QueueEntry, Registration, Slot, Vacancy
from engage.events.registrations import receipts
from engage.files.documents import shift
from engage.files.shapes import FAULTS, Table
from engage.journal import append

NOT_COPIED = ("slug", "title", "status", "cancel_reason")


async def copy(session: AsyncSession, source: OpenEvening, wanted: Table, editor: Editor) -> OpenEvening:
    """A draft like the source with the title and slug that are wanted; nothing of people is taken.

    Its first sitting is on the ``day``, all other dates move along, and times of day stay. Raises EditFaulty.
    """
    day = wanted.get("day")
    if not isinstance(day, date):
        raise EditFaulty([Fault("", "day", None, None, FAULTS["date_type"])])
    if day < editor.now.astimezone(editor.zone).date():
        raise EditFaulty([Fault("", "day", None, None, "must not be in the past")])
    table = shift(table_of(source, editor), day - _first_day(source, day, editor))
    named = {key: value for key, value in wanted.items() if key != "day"}
    return await editing.draft(session, {**table, **named}, editor, copied_from=source.id)


def table_of(evening: OpenEvening, editor: Editor) -> dict[str, Any]:
    """All that a file could say of the evening and that a copy shares with it."""
    head = described(evening, EveningPart, editor.zone)
    return {
        **{key: value for key, value in head.items() if key not in NOT_COPIED},
        "slot": [described(slot, SlotPart, editor.zone) for slot in evening.slots],
        "vacancy": [described(vacancy, VacancyPart, editor.zone) for vacancy in evening.vacancies],
    }


async def publish(session: AsyncSession, evening: OpenEvening, editor: Editor) -> None:
    """Show a draft to everybody; a second time is none. Raises NotPublishable."""
    if evening.status != "draft":
        return
    if not evening.slots:
        raise NotPublishable("Visitors choose a sitting when they register: add one before you publish.")
    if any(slot.ends_at <= editor.now for slot in evening.slots):
        raise NotPublishable("A sitting is over already. Move it to another day, or remove it, before you publish.")
    try:
        await editing.edit(
            session,
            evening,
            Edit({"status": "published"}),
            editor,
            is_confirmed=True,
            fact=lambda number, told: facts.EveningPublished(open_evening_id=number),
        )
    except EditFaulty as faulty:
        raise NotPublishable("; ".join(f"{each.key}: {each.message}" for each in faulty.faults)) from None


async def call_off(session: AsyncSession, evening: OpenEvening, reason: str | None, editor: Editor) -> int:
    """Cancel the evening and tell people why; how many. Raises EditFaulty without a reason."""
    if evening.status == "cancelled":
        return 0
    return await editing.edit(
        session,
        evening,
        Edit({"status": "cancelled", "cancel_reason": reason}),
        editor,
        is_confirmed=True,
        fact=lambda number, told: facts.EveningCalledOff(open_evening_id=number, told=told),
    )


async def delete_draft(session: AsyncSession, evening: OpenEvening, editor: Editor) -> None:
    """Raises EveningInUse for what was published, or where people are bound to it."""
    is_used = select(exists().where(Registration.open_evening_id == evening.id))
    if evening.status != "draft" or await session.scalar(is_used):
        raise EveningInUse("Only a draft in which nobody registered can be deleted. Cancel the open evening instead.")
    await session.execute(delete(OpenEvening).where(OpenEvening.id == evening.id))
    await append(session, facts.DraftDeleted(open_evening_id=evening.id), editor.now, editor.actor)


async def remove_sitting(session: AsyncSession, evening: OpenEvening, slot: Slot, editor: Editor) -> None:
    """Raises EveningInUse where somebody ever chose it, or where it is the last one that visitors could choose."""
    chosen = (model.slot_id == slot.id for model in (Registration, QueueEntry, Admission))
    is_chosen = await session.scalar(select(or_(*(exists().where(each) for each in chosen))))
    if is_chosen or await receipts.is_shown(session, slot, editor.now):
        raise EveningInUse("People have chosen this sitting, so it stays. Move it, or cancel the open evening.")
    if evening.status == "published" and len(evening.slots) == 1:
        raise EveningInUse("This is the only sitting. Add another one first, or cancel the open evening.")
    await session.execute(delete(Slot).where(Slot.id == slot.id))
    removed = facts.SittingRemoved(open_evening_id=evening.id, slot_id=slot.id)
    await append(session, removed, editor.now, editor.actor)


async def remove_vacancy(session: AsyncSession, evening: OpenEvening, vacancy: Vacancy, editor: Editor) -> None:
    """Raises EveningInUse where people want to hear of it."""
    wanted = select(func.count()).select_from(Interest).where(Interest.vacancy_id == vacancy.id)
    if number := await session.scalar(wanted):
        people = "1 person wants" if number == 1 else f"{number:,} people want"
        raise EveningInUse(f"{people} to hear of this post, so it stays. You can change when it closes.")
    await session.execute(delete(Vacancy).where(Vacancy.id == vacancy.id))
    removed = facts.VacancyRemoved(open_evening_id=evening.id, vacancy_id=vacancy.id)
    await append(session, removed, editor.now, editor.actor)


def _first_day(evening: OpenEvening, default: date, editor: Editor) -> date:
    first = min((slot.starts_at for slot in evening.slots), default=None)
    return first.astimezone(editor.zone).date() if first else default
