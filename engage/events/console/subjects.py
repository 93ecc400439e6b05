"""What one page of editing is about: its title, its fields, and what is stored of them. Built anew for each request."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from itertools import count
from zoneinfo import ZoneInfo

from engage.errors import EveningGone, NotFound
from engage.events.console.fields import Field
from engage.events.console.sections import NEW_POST, OF_EVENING, OF_POST, PLACE, SITTING, TIMES, Section
from engage.events.console.sheet import Group, Sheet
from engage.events.evenings.describing import described
from engage.events.evenings.file import EveningPart, SlotPart, VacancyPart
from engage.events.models import OpenEvening, Slot, Vacancy
from engage.slugs import slug_of
from engage.wording import date, period

LONGEST_KEY = 36


@dataclass(frozen=True, slots=True)
class Subject:
    """A page: ``back`` is the address that it comes from, ``removal`` the one that takes away what it shows."""

    title: str
    sheet: Sheet
    back: str
    hint: str | None = None
    removal: str | None = None
    button: str = "Save"


Find = Callable[[OpenEvening, ZoneInfo, dict[str, str], dict[str, str]], Subject]


def section_of(evening: OpenEvening, zone: ZoneInfo, path: dict[str, str], posted: dict[str, str]) -> Subject:
    """A section of the evening itself. Raises NotFound."""
    section = _section(OF_EVENING, path["section"])
    group = Group("", section.fields, described(evening, EveningPart, zone))
    return Subject(section.title, Sheet([group]), home_of(evening), section.hint)


def sitting(evening: OpenEvening, zone: ZoneInfo, path: dict[str, str], posted: dict[str, str]) -> Subject:
    """One sitting. Raises EveningGone."""
    slot = slot_of(evening, path["key"])
    group = Group(f"slot {slot.key}", SITTING.fields, described(slot, SlotPart, zone))
    return Subject(SITTING.title, Sheet([group]), home_of(evening), removal=f"{_sittings(evening)}/{slot.key}/remove")


def new_sitting(evening: OpenEvening, zone: ZoneInfo, path: dict[str, str], posted: dict[str, str]) -> Subject:
    """A sitting to add."""
    keys = [slot.key for slot in evening.slots]
    taken = {*keys, *_loaded(evening, "slot ")}
    key = next(key for number in count(len(keys) + 1) if (key := f"sitting-{number}") not in taken)
    sheet = Sheet([Group(f"slot {key}", SITTING.fields, {})], known=_known(evening))
    return Subject("Add a sitting", sheet, home_of(evening))


def post(evening: OpenEvening, zone: ZoneInfo, path: dict[str, str], posted: dict[str, str]) -> Subject:
    """A section of one post. Raises EveningGone, NotFound."""
    vacancy, section = vacancy_of(evening, path["key"]), _section(OF_POST, path["section"])
    group = Group(f"vacancy {vacancy.key}", section.fields, described(vacancy, VacancyPart, zone))
    return Subject(f"{vacancy.title}: {section.title.lower()}", Sheet([group]), _posts(evening, vacancy.key))


def new_post(evening: OpenEvening, zone: ZoneInfo, path: dict[str, str], posted: dict[str, str]) -> Subject:
    """A post to add; its key is made from its title."""
    taken = {*(vacancy.key for vacancy in evening.vacancies), *_loaded(evening, "vacancy ")}
    name = slug_of(posted.get("title", ""))[:LONGEST_KEY].strip("-") or "post"
    keys = [name, *(f"{name}-{number}" for number in range(2, len(taken) + 3))]
    key = next(key for key in keys if key not in taken)
    sheet = Sheet([Group(f"vacancy {key}", NEW_POST.fields, {})], known=_known(evening))
    return Subject("Add a post", sheet, home_of(evening))


def move(evening: OpenEvening, zone: ZoneInfo, path: dict[str, str], posted: dict[str, str]) -> Subject:
    """The place, and the time of every sitting, together."""
    groups = [Group("", PLACE, described(evening, EveningPart, zone), "Place")]
    groups += [_times(slot, TIMES, zone) for slot in evening.slots]
    hint = "Before anything is changed, we show you how many people will be told."
    return Subject("Move this open evening", Sheet(groups, known=_known(evening)), home_of(evening), hint)


def home_of(evening: OpenEvening) -> str:
    """The address of the evening's own page in the console."""
    return f"/console/evenings/{evening.slug}"


def slot_of(evening: OpenEvening, key: str) -> Slot:
    """Raises EveningGone."""
    for slot in evening.slots:
        if slot.key == key:
            return slot
    raise EveningGone("This sitting is not there any more: it was removed in another window, or by somebody else.")


def vacancy_of(evening: OpenEvening, key: str) -> Vacancy:
    """Raises EveningGone."""
    for vacancy in evening.vacancies:
        if vacancy.key == key:
            return vacancy
    raise EveningGone("This post is not there any more: it was removed in another window, or by somebody else.")


def _times(slot: Slot, fields: Sequence[Field], zone: ZoneInfo) -> Group:
    title = f"{date(slot.starts_at, zone)}, {period(slot.starts_at, slot.ends_at, zone)}"
    return Group(f"slot {slot.key}", fields, described(slot, SlotPart, zone), title, prefix=f"{slot.key}-")


def _section(sections: Sequence[Section], key: str) -> Section:
    for section in sections:
        if section.key == key:
            return section
    raise NotFound("There is no such page.")


def _known(evening: OpenEvening) -> str:
    keys: Collection[str] = [*(slot.key for slot in evening.slots), "", *sorted(each.key for each in evening.vacancies)]
    return " ".join(keys)


def _loaded(evening: OpenEvening, kind: str) -> list[str]:
    """Keys of files, those too that were removed: they are not given to anything else."""
    return [name.removeprefix(kind) for name in evening.loaded if name.startswith(kind)]


def _sittings(evening: OpenEvening) -> str:
    return f"{home_of(evening)}/sittings"


def _posts(evening: OpenEvening, key: str) -> str:
    return f"{home_of(evening)}/posts/{key}"
