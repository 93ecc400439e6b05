"""Forms: what was typed, put right or with what is amiss, for pages that show both as the design system does."""

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any, ClassVar, Self, overload

from starlette.datastructures import FormData

from engage.late import library

LONGEST_LINE = 200
LONGEST_TEXT = 2_000
MOST_DOMAINS = 1_000
PLAIN_EMAIL = re.compile(r"([a-z0-9_+-]+(?:\.[a-z0-9_+-]+)*)@([a-z0-9.-]{1,63})")

Rule = Callable[[str], str]  # the text as it shall be; raises Fault


class Fault(ValueError):
    """What is amiss with a field, in words for whoever filled it in."""


class Field:
    """A field of a form's class; of a form itself it gives what stands in it. A text unless a kind of it says else."""

    name: str

    def __init__(self, *rules: Rule) -> None:
        self.rules = rules

    def __set_name__(self, form: type["PostedForm"], name: str) -> None:
        self.name = name

    @overload
    def __get__(self, form: None, of: type["PostedForm"]) -> Self: ...
    @overload
    def __get__(self, form: "PostedForm", of: type["PostedForm"]) -> "Filled": ...
    def __get__(self, form: "PostedForm | None", of: type["PostedForm"]) -> "Self | Filled":
        return self if form is None else Filled(form, self.name)

    def taken(self, values: Sequence[Any], given: Any) -> Any:
        """What stands in the field once these values were posted; ``given`` stood in it before."""
        return given if not values else "" if values[0].isspace() else values[0]


class ListField(Field):
    """Every value of a repeated field, each once, in the order given."""

    def taken(self, values: Sequence[Any], given: Any) -> Any:
        return list(dict.fromkeys(values))


class YesField(Field):
    """A tick box that says "yes"."""

    def taken(self, values: Sequence[Any], given: Any) -> Any:
        return "yes" in values


class Filled:
    """One field of one form, as templates show it."""

    __slots__ = ("_form", "name")

    def __init__(self, form: "PostedForm", name: str) -> None:
        self._form, self.name = form, name

    @property
    def data(self) -> Any:
        return self._form.data[self.name]

    @property
    def errors(self) -> list[str]:
        """What is amiss: one fault at most, the first that was found."""
        fault = self._form.errors.get(self.name)
        return [] if fault is None else [fault]


class PostedForm:
    """A form that knows its error summary: each entry links to its field, in the order in which they are shown.

    Its class declares the fields. A field's rules look at its text one after another, then the form's own
    ``validate_<field>`` at what stands in the field, and raises Fault. ``data`` and ``errors`` are by field.
    """

    shown_first: ClassVar[tuple[str, ...]] = ()
    fields: ClassVar[tuple[Field, ...]] = ()
    problem: str | None = None  # of the form as a whole

    _checks: ClassVar[list[tuple[str, tuple[Rule, ...], Callable[[Any, Any], None] | None]]] = []

    def __init_subclass__(cls) -> None:
        cls.fields += tuple(each for each in vars(cls).values() if isinstance(each, Field))
        checks = [(field.name, field.rules, getattr(cls, f"validate_{field.name}", None)) for field in cls.fields]
        cls._checks = [check for check in checks if any(check[1:])]

    def __init__(self, posted: FormData | None = None, **given: Any) -> None:
        self.errors: dict[str, str] = {}
        if posted is None:
            self.data: dict[str, Any] = {field.name: given.get(field.name) for field in self.fields}
            return
        sent: dict[str, list[Any]] = {}
        for name, value in posted.multi_items():
            sent.setdefault(name, []).append(value)
        self.data = {field.name: field.taken(sent.get(field.name, ()), given.get(field.name)) for field in self.fields}

    def __getitem__(self, name: str) -> Filled:
        return Filled(self, name)

    def __iter__(self) -> Iterator[Filled]:
        return (Filled(self, field.name) for field in self.fields)

    def validate(self) -> bool:
        """Whether nothing is amiss; then all texts are as their rules would have them."""
        data, self.errors = self.data, {}
        for name, rules, own in self._checks:
            try:
                for rule in rules:
                    data[name] = rule(data[name] or "")
                if own is not None:
                    own(self, data[name])
            except Fault as fault:
                self.errors[name] = str(fault)
        return not self.errors

    @property
    def error_summary(self) -> list[dict[str, str]]:
        names = [*self.shown_first, *(field.name for field in self.fields if field.name not in self.shown_first)]
        faults = [{"text": self.errors[name], "href": f"#{name}"} for name in names if name in self.errors]
        return [{"text": self.problem}, *faults] if self.problem else faults


def required(message: str) -> Rule:
    """Something has to be there; spaces alone are nothing, and around it they go."""

    def rule(text: str) -> str:
        if not (stripped := text.strip()):
            raise Fault(message)
        return stripped

    return rule


def short(name: str, longest: int = LONGEST_LINE, *, has_lines: bool = False) -> Rule:
    """No control characters, and not too long; ``name`` begins the sentence. Line breaks pass where ``has_lines``."""
    allowed = "\r\n\t" if has_lines else ""

    def rule(text: str) -> str:
        if len(text) > longest:
            raise Fault(f"{name} must be {longest:,} characters or fewer. It has {len(text):,}")
        if text.isprintable():
            return text  # as nearly everything is, at once
        if any(unicodedata.category(letter) in ("Cc", "Zl", "Zp") and letter not in allowed for letter in text):
            raise Fault(f"{name} must not contain line breaks or control characters")
        return text

    return rule


def no_address(name: str) -> Rule:
    """No web address: what is typed here stands in mail to an address that nobody has proven to be theirs."""

    def rule(text: str) -> str:
        if "://" in text or "www." in text.lower():
            raise Fault(f"{name} must not contain a web address")
        return text

    return rule


def mail_address(text: str) -> str:
    """A mail address that can be written to; it is put into its normal form."""
    try:
        return normal_email(text)
    except ValueError:
        raise Fault("Enter an email address in the correct format, like name@example.org") from None


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


def text_of(field: Filled) -> str:
    """What was typed, empty where nothing was."""
    return str(field.data or "")


def email_field(whose: str = "your") -> Field:
    """A required mail address: of whoever fills in the form, or ``whose`` it is."""
    address = f"{whose} email address"
    return Field(required(f"Enter {address}"), short(address.capitalize(), 254), mail_address)


def name_field() -> Field:
    """A required name, in any script."""
    return Field(required("Enter your full name"), short("Your name"), no_address("Your name"))


def text_area(name: str, need: str | None = None) -> Field:
    """Several lines of text; ``need`` is said where there have to be some."""
    lines = short(name, LONGEST_TEXT, has_lines=True)
    return Field(required(need), lines) if need else Field(lines)
