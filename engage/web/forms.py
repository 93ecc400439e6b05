"""Forms: WTForms for what was typed, with error messages and summaries as the design system shows them."""

import re
import unicodedata
from collections.abc import Callable, Iterator
from functools import cache, lru_cache, partial
from typing import Any, ClassVar

from starlette.datastructures import FormData
from wtforms import Field, Form, StringField, TextAreaField
from wtforms.validators import StopValidation, ValidationError

from engage.late import library

LONGEST_LINE = 200
LONGEST_TEXT = 2_000
MOST_DOMAINS = 1_000
PLAIN_EMAIL = re.compile(r"([a-z0-9_+-]+(?:\.[a-z0-9_+-]+)*)@([a-z0-9.-]{1,63})")


class PostedForm(Form):
    """A form that knows its error summary: each entry links to its field, in the order in which they are shown.

    Fields are declared, and validators written, as WTForms has them. It makes them once for each class; filling in and
    validating is done here, without what no form of ours uses (defaults, filters), for it is done for every request.
    """

    shown_first: ClassVar[tuple[str, ...]] = ()
    problem: str | None = None  # of the form as a whole

    def __init__(self, posted: FormData | None = None, **data: Any) -> None:
        self.form_errors: list[str] = []
        self._fields = {name: new() for name, new in _fields_of(type(self))}
        vars(self).update(self._fields)
        sent: dict[str, list[Any]] = {}
        for name, value in posted.multi_items() if posted is not None else ():
            sent.setdefault(name, []).append(value)
        for name, field in self._fields.items():
            field.data = data.get(name)
            if posted is not None:
                field.process_formdata(sent.get(name, []))

    def validate(self, extra_validators: object = None) -> bool:
        """Whether nothing is amiss; each field holds what is."""
        for field in self._fields.values():
            if field.validators:
                field.errors = [*self._faults_of(field)]
        return not any(field.errors for field in self._fields.values())

    def _faults_of(self, field: Field) -> Iterator[str]:
        for validator in field.validators:
            try:
                validator(self, field)
            except StopValidation as fault:
                yield str(fault)
                return
            except ValidationError as fault:
                yield str(fault)

    @property
    def error_summary(self) -> list[dict[str, str]]:
        first = [self[name] for name in self.shown_first]
        rest = [field for field in self if field.name not in self.shown_first]
        faults = [{"text": field.errors[0], "href": f"#{field.name}"} for field in first + rest if field.errors]
        return [{"text": self.problem}, *faults] if self.problem else faults


@cache
def _fields_of(form: type[PostedForm]) -> list[tuple[str, Callable[[], Field]]]:
    """What makes each field of the form, empty; their validators end with the form's own method for them."""
    made = object.__new__(form)
    Form.__init__(made)
    return [(name, _making(field, getattr(form, f"validate_{name}", None))) for name, field in made._fields.items()]


def _making(field: Field, own: Any) -> Callable[[], Field]:
    """What makes the same field again. All that is the same for everybody stands in a class of its own."""
    same = vars(field) | {"validators": [*field.validators, *([own] if own is not None else [])], "errors": ()}
    alike = type(type(field).__name__, (type(field),), {"__module__": __name__} | same)
    return partial(object.__new__, alike)  # its own way of being made would make it unbound


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
        if text.isprintable():
            return  # as nearly everything is, at once
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
            field.data = normal_email(field.data)
        except ValueError:
            raise StopValidation("Enter an email address in the correct format, like name@example.org") from None


def normal_email(email: str) -> str:
    """The address in its normal form. Raises ValueError.

    What stands before the @ of a plain address is as it shall be, so that only its domain is looked at, and that once.
    """
    if len(email) <= 128 and (plain := PLAIN_EMAIL.fullmatch(email)):
        return f"{plain[1]}@{_normal_domain(plain[2])}"
    return _normal(email)


@lru_cache(MOST_DOMAINS)
def _normal_domain(domain: str) -> str:
    return _normal(f"name@{domain}").partition("@")[2]


def _normal(email: str) -> str:
    # test_environment admits the reserved domain .test and looks nothing up
    valid = library("email_validator").validate_email(
        email, check_deliverability=False, test_environment=True, allow_smtputf8=False
    )
    normal: str = valid.ascii_email or valid.normalized
    return normal


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
