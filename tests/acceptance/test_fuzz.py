"""Whatever stands in the fields, a form is taken or refused in words, and a message has only its own headers."""

from typing import Any
from urllib.parse import quote_from_bytes

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.site import Page, Site, on_sqlite

ANSWERS = {303, 400, 403, 409, 413, 422}
FORM = "/open-evenings/reviews-team/register"
TEXT = st.text(max_size=300)
FIELDS = {
    "slot": st.sampled_from(["sitting-0", "sitting-1", "none"]) | TEXT,
    "name": TEXT,
    "email": st.emails() | TEXT,
    "vacancies": st.lists(st.just("caseworker") | TEXT, max_size=3),
    "deadline_reminders": st.just("yes") | TEXT,
    "access_needs": st.lists(st.just("bsl") | TEXT, max_size=3),
    "access_note": TEXT,
    "companion": st.just("yes") | TEXT,
}
HEADERS = {
    "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "X-Auto-Response-Suppress", "MIME-Version",
    "Reply-To", "List-Unsubscribe", "List-Unsubscribe-Post", "Content-Type",
}  # fmt: skip
UNHURRIED = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@UNHURRIED
@given(typed=st.fixed_dictionaries({}, optional=FIELDS), is_token_good=st.integers(0, 9).map(bool))
async def test_any_text_in_any_field_is_answered(site: Site, typed: dict[str, Any], is_token_good: bool) -> None:
    token = (await site.open(FORM)).form("/register").filled()["csrf_token"]
    answer = await site.browser.post(FORM, data=typed | {"csrf_token": token if is_token_good else "x"})
    assert answer.status_code in ANSWERS
    if answer.status_code in (403, 422) and "name" in typed:
        assert "There is a problem" in Page(answer).words
    for message in await site.mail():
        assert set(message.keys()) <= HEADERS
        assert len(message.keys()) == len(set(message.keys()))
        assert len(message["To"].addresses) == 1


@on_sqlite
@UNHURRIED
@given(name=st.binary(max_size=40), value=st.binary(max_size=100), is_escaped=st.booleans())
async def test_any_bytes_in_a_body_are_answered(site: Site, name: bytes, value: bytes, is_escaped: bool) -> None:
    pair = b"=".join(quote_from_bytes(each).encode() if is_escaped else each for each in (name, value))
    for kind in ("application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        answer = await site.browser.post(FORM, content=pair, headers={"content-type": kind})
        assert answer.status_code in ANSWERS
