"""The forms about actions and about wishes for other groups."""

from datetime import date

from engage.surveys.follow_up.actions import Proposal
from engage.surveys.reports.report import Report
from engage.values import THEMES
from engage.web.forms import Fault, Field, PostedForm, mail_address, required, short, text_area, text_of


class SayForm(PostedForm):
    """An act on an action: in which role, which act, and the words for the record."""

    role = Field()
    act = Field()
    text = text_area("What you say", "Write what goes on the record")


class ProposalForm(PostedForm):
    """An action to put forward."""

    role = Field()
    title = Field(required("Write what is to be done"), short("What is to be done"))
    about = Field()
    group = Field()
    owner = Field(required("Enter the owner’s email address"), short("The address", 254), mail_address)
    due_on = Field(required("Enter the day on which it is due"))
    why = text_area("Why", "Write why, for the record")

    def validate_due_on(self, day: str) -> None:
        try:
            date.fromisoformat(day)
        except ValueError:
            raise Fault("Enter a day such as 2027-03-31") from None

    def proposal(self, report: Report) -> Proposal:
        """What was put forward. Raises Fault where it is about nothing that the report has."""
        theme, question = _about(text_of(self.about), report)
        family, group = _group(text_of(self.group), report)
        return Proposal(
            title=text_of(self.title),
            why=text_of(self.why),
            owner=text_of(self.owner),
            due_on=date.fromisoformat(text_of(self.due_on)),
            theme=theme,
            question=question,
            family=family,
            group=group,
        )


class CutForm(PostedForm):
    """A wish for other groups."""

    text = text_area("What you ask for", "Write which groups you would like to be shown, and why")


class AnswerForm(PostedForm):
    """The answer to a wish."""

    answer = text_area("The answer", "Write an answer")


def _about(given: str, report: Report) -> tuple[str | None, str | None]:
    if not given:
        return None, None
    kind, _, key = given.partition(":")
    if kind == "theme" and key in {theme.key for theme in THEMES}:
        return key, None
    if kind == "question" and key in {question.key for question in report.questions}:
        return None, key
    raise Fault("Choose one of the themes or questions of this report")


def _group(given: str, report: Report) -> tuple[str | None, str | None]:
    if not given:
        return None, None
    family, _, key = given.partition(":")
    if report.group(family, key) is None:
        raise Fault("Choose one of the groups of this report")
    return family, key
