"""The forms that visitors fill in, from what was posted to what booking takes."""

from typing import Any
from weakref import WeakKeyDictionary

from starlette.datastructures import FormData

from engage.events.models import ACCESS_NEEDS, OpenEvening, Registration
from engage.events.registrations.applications import Details
from engage.web.forms import Fault, Field, ListField, PostedForm, YesField, email_field, name_field, text_area

CANNOT_COME = "none"

_choices = WeakKeyDictionary[OpenEvening, tuple[dict[str, int], dict[str, int]]]()


class DetailsForm(PostedForm):
    """What a registered person can correct."""

    name = name_field()
    companion = YesField()
    vacancies = ListField()
    deadline_reminders = YesField()
    access_needs = ListField()
    access_note = text_area("What you need")

    def __init__(self, evening: OpenEvening, posted: FormData | None = None, **data: Any) -> None:
        super().__init__(posted, **data)
        self._vacancy_ids, self._slot_ids = _choices_of(evening)

    def validate_vacancies(self, chosen: list[str] | None) -> None:
        if any(key not in self._vacancy_ids for key in chosen or ()):
            raise Fault("Choose posts from the list")

    def validate_access_needs(self, kinds: list[str] | None) -> None:
        if any(kind not in ACCESS_NEEDS for kind in kinds or ()):
            raise Fault("Choose what you need from the list")

    def details(self) -> Details:
        """What was typed, once it is valid. A note without a ticked need is a need of its own kind.

        Reminders without a chosen post are reminders of all posts.
        """
        typed = self.data
        chosen = typed["vacancies"] or (self._vacancy_ids if typed["deadline_reminders"] else ())
        kinds, note = typed["access_needs"] or [], (typed["access_note"] or "").strip() or None
        if note and not kinds:
            kinds = ["other"]
        return Details(
            name=typed["name"],
            party=2 if typed["companion"] else 1,
            vacancy_ids=frozenset(self._vacancy_ids[key] for key in chosen),
            has_reminders=bool(typed["deadline_reminders"]),
            needs=dict.fromkeys(kinds, note),
        )


class RegistrationForm(DetailsForm):
    """The one form of the registration page."""

    shown_first = ("slot", "name", "email")
    slot = Field()
    email = email_field()

    def validate_slot(self, key: str | None) -> None:
        if not key:
            raise Fault("Choose a sitting, or that you cannot come")
        if key != CANNOT_COME and key not in self._slot_ids:
            raise Fault("Choose a sitting from the list")

    def slot_id(self) -> int | None:
        """The chosen sitting, None for "I cannot come"."""
        return self._slot_ids.get(self.data["slot"])


class EmailForm(PostedForm):
    """A mail address alone."""

    email = email_field()


class QuestionForm(PostedForm):
    """A question asked before the evening."""

    text = text_area("Your question", "Enter your question")


def _choices_of(evening: OpenEvening) -> tuple[dict[str, int], dict[str, int]]:
    """The ids of its posts and sittings by their keys, made once for all who are shown that evening."""
    choices = _choices.get(evening)
    if choices is None:
        posts, sittings = evening.vacancies, evening.slots
        choices = {each.key: each.id for each in posts}, {each.key: each.id for each in sittings}
        _choices[evening] = choices
    return choices


def details_form_of(registration: Registration, evening: OpenEvening, posted: FormData | None = None) -> DetailsForm:
    """The form with what is stored, or with what was posted."""
    keys = {vacancy.id: vacancy.key for vacancy in evening.vacancies}
    return DetailsForm(
        evening,
        posted,
        name=registration.name,
        companion=registration.party == 2,
        vacancies=[keys[interest.vacancy_id] for interest in registration.interests if interest.vacancy_id in keys],
        deadline_reminders=registration.has_reminders,
        access_needs=[need.kind for need in registration.needs],
        access_note=next((need.note for need in registration.needs if need.note), ""),
    )
