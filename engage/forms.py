"""Forms: WTForms for what was typed, with error messages and summaries as the design system shows them."""

import unicodedata
from typing import Any, ClassVar

from email_validator import EmailNotValidError, validate_email
from starlette.datastructures import FormData
from wtforms import Field, Form, StringField, TextAreaField
from wtforms.validators import StopValidation

LONGEST_LINE = 200
LONGEST_TEXT = 2_000


class PostedForm(Form):
    """A form that knows its error summary: each entry links to its field, in the order in which they are shown."""

    shown_first: ClassVar[tuple[str, ...]] = ()
    problem: str | None = None  # of the form as a whole

    def __init__(self, posted: FormData | None = None, **data: Any) -> None:
        super().__init__(formdata=posted, data=data)

    @property
    def error_summary(self) -> list[dict[str, str]]:
        first = [self[name] for name in self.shown_first]
        rest = [field for field in self if field.name not in self.shown_first]
        faults = [{"text": field.errors[0], "href": f"#{field.name}"} for field in first + rest if field.errors]
        return [{"text": self.problem}, *faults] if self.problem else faults


class ListField(Field):
    """Every value of a repeated field, each once, in the order given."""

    def process_formdata(self, valuelist: list[str]) -> None:
        self.data = list(dict.fromkeys(valuelist))


class YesField(Field):
    """A tick box that says "yes"."""

    def process_formdata(self, valuelist: list[str]) -> None:
        self.data = "yes" in valuelist


class Required:
    """Something has to be there; spaces alone are nothing."""

    def __init__(self, message: str) -> None:
        self.message = message

    def __call__(self, form: Form, field: Field) -> None:
        field.data = (field.data or "").strip()
        if not field.data:
            raise StopValidation(self.message)


class Plain:
    """No control characters, and not too long; ``name`` begins the sentence. Line breaks pass where ``has_lines``."""

    def __init__(self, name: str, longest: int = LONGEST_LINE, *, has_lines: bool = False) -> None:
        self.name, self.longest, self.allowed = name, longest, "\r\n\t" if has_lines else ""

    def __call__(self, form: Form, field: Field) -> None:
        text = field.data or ""
        if len(text) > self.longest:
            raise StopValidation(f"{self.name} must be {self.longest:,} characters or fewer. It has {len(text):,}")
        if any(unicodedata.category(letter) in ("Cc", "Zl", "Zp") and letter not in self.allowed for letter in text):
            raise StopValidation(f"{self.name} must not contain line breaks or control characters")


class NoAddress:
    """No web address: what is typed here stands in mail to an address that nobody has proven to be theirs."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, form: Form, field: Field) -> None:
        if "://" in (field.data or "") or "www." in (field.data or "").lower():
            raise StopValidation(f"{self.name} must not contain a web address")


class Email:
    """A mail address that can be written to; it is put into its normal form."""

    def __call__(self, form: Form, field: Field) -> None:
        try:
            # test_environment admits the reserved domain .test and looks nothing up
            valid = validate_email(field.data, check_deliverability=False, test_environment=True, allow_smtputf8=False)
        except EmailNotValidError:
            raise StopValidation("Enter an email address in the correct format, like name@example.org") from None
        field.data = valid.ascii_email or valid.normalized


def plain(text: str) -> str:
    """What was asked for in an address, without what no database takes."""
    return "".join(letter for letter in text if letter.isprintable())


def text_of(field: Field) -> str:
    """What was typed, empty where nothing was."""
    return str(field.data or "")


def email_field() -> StringField:
    """A required mail address."""
    return StringField(validators=[Required("Enter your email address"), Plain("Your email address", 254), Email()])


def name_field() -> StringField:
    """A required name, in any script."""
    return StringField(validators=[Required("Enter your full name"), Plain("Your name"), NoAddress("Your name")])


def text_area(name: str, required: str | None = None) -> TextAreaField:
    """Several lines of text."""
    plain = Plain(name, LONGEST_TEXT, has_lines=True)
    return TextAreaField(validators=[Required(required), plain] if required else [plain])
