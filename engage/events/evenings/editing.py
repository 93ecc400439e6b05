"""Editing an evening in the console: forms take the way that files take, so that rules and faults are the same.

Every function runs as a command under the evening's lock and never commits. `loaded` stays as the last file left it,
so that a later load does not overwrite what was edited.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from engage.errors import EveningGone
from engage.events import facts
from engage.events.evenings import changing
from engage.events.evenings.audience import Audience
from engage.events.evenings.describing import required_of
from engage.events.evenings.file import EveningPart, GivenEvening, SlotPart, VacancyPart, read_evening
from engage.events.evenings.laying import Laid, lay
from engage.events.models import OpenEvening
from engage.files.shapes import LEFT_OUT, Table
from engage.journal import append

PLACE = "form"
GONE = "This open evening is not there any more: it was deleted in another window, or by somebody else."
RESERVED = ("new",)  # the console's own addresses
FAULT = re.compile(r"(?P<key>[a-z_]+)(?: (?P<row>\d+))?(?:, (?P<inner>[^:]+))?: (?P<message>.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Edit:
    """What a form says, in a file's words: keys of the evening, and of its sittings and posts by their keys."""

    head: Table = field(default_factory=dict)
    slots: Mapping[str, Table] = field(default_factory=dict)
    vacancies: Mapping[str, Table] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one key of one part ("", "slot 1800"), and in which ``row`` where it is a list."""

    part: str
    key: str
    row: int | None
    inner: str | None
    message: str


TAKEN = Fault("", "slug", None, None, "is that of another open evening already; choose another one")


class EditFaulty(Exception):
    """The form has faults; nothing was changed."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(f"{len(faults)} faults")
        self.faults = faults


class EditStale(Exception):
    """Somebody else changed what the form is about since it was made; nothing was changed by this one."""


class EditUnconfirmed(Exception):
    """People will be told, and whoever edits has not yet seen how many; nothing was changed."""

    def __init__(self, audience: Audience) -> None:
        super().__init__(f"{audience.total} people")
        self.audience = audience


@dataclass(frozen=True, slots=True)
class Editor:
    """Who edits, when, and by which clock on the wall."""

    actor: str
    now: datetime
    zone: ZoneInfo


async def edit(
    session: AsyncSession,
    evening: OpenEvening,
    wanted: Edit,
    editor: Editor,
    *,
    is_confirmed: bool,
    fact: Callable[[int, int], facts.EveningFact] | None = None,
) -> int:
    """Change the evening; how many people will hear of it. Raises EditFaulty, EditUnconfirmed."""
    laid = _laid(_given(evening, wanted, editor.zone), evening, editor)
    different = laid.changes(editor.zone)
    if not different:
        return 0

    def ask(audience: Audience) -> None:
        if audience.total and not is_confirmed:
            raise EditUnconfirmed(audience)

    told = len(await changing.change(session, laid, evening, editor.zone, editor.now, editor.actor, ask=ask))
    edited = facts.EveningEdited(open_evening_id=evening.id, changes=len(different), told=told)
    await append(session, edited if fact is None else fact(evening.id, told), editor.now, editor.actor)
    return told


async def draft(
    session: AsyncSession, table: Mapping[str, Any], editor: Editor, *, copied_from: int | None = None
) -> OpenEvening:
    """A new draft from a table as a file has it, or the same draft again at a second click. Raises EditFaulty."""
    if table.get("slug") in RESERVED:
        raise EditFaulty([Fault("", "slug", None, None, "must be another word; this one is taken by the console")])
    given = read_evening({**table, "status": "draft"}, PLACE, editor.zone)
    taken = select(OpenEvening).where(OpenEvening.slug == str(table.get("slug")))
    there = await session.scalar(taken.options(selectinload(OpenEvening.vacancies)))
    if there is not None:
        if there.status != "draft" or lay(given, there, is_forced=True).changes(editor.zone):
            raise EditFaulty([TAKEN])
        return there
    laid = _laid(given, None, editor)
    evening = await changing.add(session, laid, editor.zone, editor.now)
    drafted = facts.EveningDrafted(open_evening_id=evening.id, copied_from=copied_from)
    await append(session, drafted, editor.now, editor.actor)
    return evening


async def under_lock(session: AsyncSession, evening_id: int) -> OpenEvening:
    """The evening as it is stored now, with its sittings and posts. Raises EveningGone."""
    query = select(OpenEvening).where(OpenEvening.id == evening_id).options(selectinload(OpenEvening.vacancies))
    evening = (await session.scalars(query.execution_options(populate_existing=True))).one_or_none()
    if evening is None:
        raise EveningGone(
            "This open evening is not there any more: it was deleted in another window, or by somebody else."
        )
    return evening


def _given(evening: OpenEvening, wanted: Edit, zone: ZoneInfo) -> GivenEvening:
    """The form as a file's table; what no table can do without and the form does not ask for is as it is stored."""

    def over(shape: type[SlotPart | VacancyPart], rows: Sequence[Any], tables: Mapping[str, Table]) -> list[Table]:
        stored = {row.key: required_of(row, shape, zone) for row in rows}
        return [_over({**stored.get(key, {}), "key": key}, table) for key, table in tables.items()]

    table = {
        **_over(required_of(evening, EveningPart, zone), wanted.head),
        "slot": over(SlotPart, evening.slots, wanted.slots),
        "vacancy": over(VacancyPart, evening.vacancies, wanted.vacancies),
    }
    return read_evening(table, PLACE, zone)


def _over(stored: Mapping[str, Any], table: Table) -> Table:
    return {key: value for key, value in {**stored, **table}.items() if value is not LEFT_OUT}


def _laid(given: GivenEvening, row: OpenEvening | None, editor: Editor) -> Laid:
    laid = lay(given, row, is_forced=True)
    found = [*given.faults, *laid.faults(editor.zone, editor.now)]
    if found:
        parts = sorted(((part.given.place, name) for name, part in laid.parts), key=lambda each: -len(each[0]))
        raise EditFaulty([_fault(line, parts) for line in found])
    return laid


def _fault(line: str, parts: Sequence[tuple[str, str]]) -> Fault:
    """A fault's line taken apart; ``parts`` are places and names, the longest place first."""
    place, name = next(each for each in parts if line.startswith(f"{each[0]}, "))
    found = FAULT.fullmatch(line.removeprefix(f"{place}, "))
    if found is None:
        return Fault(name, "", None, None, line)
    row = found["row"]
    return Fault(name, found["key"], int(row) if row else None, found["inner"], found["message"])
