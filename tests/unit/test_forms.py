"""Forms: an address is taken as the library takes it, and no post leaves anything to the next one."""

from email_validator import EmailNotValidError, validate_email
from hypothesis import example, given
from hypothesis import strategies as st
from starlette.datastructures import FormData

from engage.web.forms import Fault, ListField, PostedForm, email_field, name_field, normal_email

LETTERS = st.sampled_from([*"aZ0_+-.", "@", " ", '"', "é", "\u0301", "xn--", "test", "info", "postmaster"])
ADDRESSES = st.builds(
    "{}@{}".format, st.lists(LETTERS, max_size=5).map("".join), st.lists(LETTERS, max_size=5).map("".join)
)
DOMAINS = st.sampled_from(
    ["example.org", "EXAMPLE.org", "a.test", "localhost", "xn--bcher-kva.example", "a..b", "-a.org"]
)


class Signing(PostedForm):
    name = name_field()
    email = email_field()
    topics = ListField()

    def validate_topics(self, chosen: list[str]) -> None:
        if chosen and self.name.data == "Nobody":
            raise Fault("Choose none")


def by_the_library(address: str) -> str | None:
    try:
        valid = validate_email(address, check_deliverability=False, test_environment=True, allow_smtputf8=False)
    except EmailNotValidError:
        return None
    return valid.ascii_email or valid.normalized


def by_us(address: str) -> str | None:
    try:
        return normal_email(address)
    except EmailNotValidError:
        return None


@given(
    ADDRESSES | st.builds("{}@{}".format, st.emails().map(lambda each: each.partition("@")[0]), DOMAINS) | st.emails()
)
@example("a" * 120 + "@example.org")
@example("Info@Example.ORG")
@example("info@" + "xn--" + "a" * 59)
@example("name@example.org.")
def test_an_address_is_taken_as_the_library_takes_it(address: str) -> None:
    assert by_us(address) == by_the_library(address)


def test_a_plain_address_keeps_its_name_and_gets_its_domain_in_small_letters() -> None:
    assert normal_email("some.body+news@example.org") == "some.body+news@example.org"
    assert normal_email("some.body@EXAMPLE.org") == "some.body@example.org"


def test_no_post_leaves_anything_to_the_next_one() -> None:
    faulty = Signing(FormData([("name", " "), ("email", "nobody"), ("topics", "a"), ("topics", "a"), ("topics", "b")]))
    assert not faulty.validate()
    good = Signing(FormData([("name", " Some Body "), ("email", "Some.Body@example.org")]))
    assert good.validate()
    assert (good.data, good.errors) == ({"name": "Some Body", "email": "Some.Body@example.org", "topics": []}, {})
    assert faulty.errors["name"] == "Enter your full name"
    assert list(faulty.errors) == ["name", "email"]
    assert faulty.topics.data == ["a", "b"]
    assert Signing().data == {"name": None, "email": None, "topics": None}


def test_a_form_s_own_check_of_a_field_sees_the_whole_form() -> None:
    form = Signing(FormData([("name", "Nobody"), ("email", "a@example.org"), ("topics", "a")]))
    assert not form.validate()
    assert form.error_summary == [{"text": "Choose none", "href": "#topics"}]
