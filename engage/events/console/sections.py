"""Which fields stand together on one page of an evening's editing, under the keys that a file has for them."""

from dataclasses import dataclass

from engage.events.console.fields import Day, Field, Lines, Numbers, Rows, Several, Stated, When, Whole
from engage.events.models import ACCESS_NEEDS


@dataclass(frozen=True, slots=True)
class Section:
    """One page; ``hint`` says what it is for."""

    key: str
    title: str
    fields: tuple[Field, ...]
    hint: str | None = None


TITLE = Field("title", "Title", is_required=True)
PLACE = (
    Field("venue", "Venue", "For example, the name of the building"),
    Field("address", "Address", rows=3),
    Field("joining_url", "Joining link", "Shown only to people with a place. It begins with https://"),
)
TIMES = (
    When("starts", "Starts", is_required=True),
    When("ends", "Ends", is_required=True),
)

OF_EVENING = (
    Section(
        "about",
        "What it is about",
        (
            TITLE,
            Field("summary", "Summary", "One or two sentences, shown in the list of open evenings", rows=3),
            Field("host", "Host"),
            Lines("aims", "Aims", "One on each line", rows=5),
            Field("body", "Background", "Begin a heading with ## and an item of a list with a hyphen", rows=20),
        ),
    ),
    Section("place", "Place", PLACE, "If people have a place already, they are told of a new venue, address or link."),
    Section(
        "agenda",
        "Agenda",
        (
            Rows(
                "agenda",
                "Agenda",
                row="Item",
                fields=(
                    Field("at", "Time", "For example, 18:10", width="govuk-input--width-5"),
                    Field("title", "What happens"),
                ),
            ),
        ),
    ),
    Section(
        "access",
        "Access",
        (
            Lines("accessibility", "Facts about the place", "One on each line", rows=6),
            Several(
                "ask_by",
                "Last days to ask",
                "Up to which day you can promise to arrange each need. Left empty, nothing is promised.",
                fields=tuple(Day(key, title) for key, title in ACCESS_NEEDS.items()),
            ),
        ),
    ),
    Section(
        "closing",
        "Registration and questions",
        (
            When("registration_closes", "Registration closes", "Left empty, it closes when the last sitting begins"),
            When("questions_close", "Questions close", "Left empty, they close when the first sitting begins"),
        ),
    ),
    Section(
        "materials",
        "Materials",
        (
            Rows(
                "materials",
                "Materials",
                row="Material",
                fields=(Field("title", "Title"), Field("url", "Link", "It begins with https://")),
            ),
        ),
    ),
    Section(
        "timing",
        "When messages go out",
        (
            Several(
                "timing",
                "Hours",
                "Left empty, the usual times hold.",
                fields=(
                    Whole("reminder_hour", "Hour of the day at which reminders go out"),
                    Whole("coming_hours_before", "Hours before a sitting to ask “Are you still coming?”"),
                    Whole("release_hours_before", "Hours before a sitting to offer on places that nobody confirmed"),
                    Whole("thanks_hours_after", "Hours after the last sitting to say thanks"),
                ),
            ),
        ),
    ),
)
SITTING = Section(
    "sitting",
    "Sitting",
    (
        Field("title", "Title (optional)"),
        *TIMES,
        Whole("capacity", "Capacity", "Companions count too", is_required=True, width="govuk-input--width-5"),
    ),
)
OF_POST = (
    Section(
        "post",
        "The post",
        (
            TITLE,
            Field("grade", "Grade", width="govuk-input--width-10"),
            Whole("posts", "Number of posts", width="govuk-input--width-5"),
            Stated("permanent", "Is it permanent?"),
            Field("salary", "Salary"),
        ),
    ),
    Section(
        "apply",
        "Applying and reminders",
        (
            When("closes", "Closes", "People who asked for reminders are told when it moves", is_required=True),
            Numbers(
                "reminders_days_before",
                "Days before it closes to send reminders",
                "With commas between them, for example 7, 1",
                width="govuk-input--width-10",
            ),
            Field("apply_url", "Link to apply", "It begins with https://"),
            Field("description_url", "Link to the job description", "It begins with https://"),
            Field("contact", "Email address for questions"),
            Field("help_hours", "When somebody can help", "For example, Monday to Friday, 9am to 5pm"),
        ),
    ),
    Section(
        "form",
        "Parts of the application form",
        (
            Rows(
                "form_parts",
                "Parts of the form",
                row="Part",
                fields=(Field("title", "Title"), Field("maps_to", "What it is marked against")),
            ),
        ),
    ),
    Section(
        "tests",
        "Tests and interview",
        (
            Rows(
                "tests",
                "Tests",
                row="Test",
                fields=(
                    Field("title", "Title"),
                    Lines("assesses", "What it assesses", "One on each line", rows=3),
                ),
            ),
            Several(
                "interview",
                "Interview",
                blank=lambda: None,
                fields=(
                    Whole("minutes", "Minutes", width="govuk-input--width-5"),
                    Field("panel", "Panel"),
                    Lines("covers", "What it covers", "One on each line", rows=3),
                ),
            ),
        ),
    ),
    Section(
        "hints",
        "Hints",
        (
            Rows(
                "hints",
                "Hints",
                row="Hint",
                fields=(
                    Field("stage", "Stage", "One word, such as form, test or interview", width="govuk-input--width-10"),
                    Field("text", "Hint", rows=3),
                ),
            ),
        ),
    ),
    Section(
        "vetting",
        "Vetting",
        (
            Rows(
                "vetting",
                "Checks",
                "In the order in which they are made",
                row="Check",
                fields=(
                    Field("code", "Short name", "For example, RV", width="govuk-input--width-5"),
                    Field("title", "Title"),
                    Whole("order", "Order", width="govuk-input--width-5"),
                    Whole("valid_years", "Years for which it is valid", width="govuk-input--width-5"),
                    Whole("allow_weeks", "Weeks to allow", width="govuk-input--width-5"),
                ),
            ),
        ),
    ),
)
NEW_EVENING = Section(
    "new",
    "New open evening",
    (
        TITLE,
        Field(
            "slug",
            "Address of its page",
            "Small letters, digits and hyphens, such as reviews-team-2027. It cannot be changed later.",
            is_required=True,
        ),
        Field("summary", "Summary", "One or two sentences, shown in the list of open evenings", rows=3),
    ),
)
NEW_POST = Section("new", "New post", (*OF_POST[0].fields, OF_POST[1].fields[0]))
