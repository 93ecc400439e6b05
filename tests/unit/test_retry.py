"""What a relay's answer means, and when to try again."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engage.notify.retry import (
    GIVEN_UP_AFTER,
    LONGEST_PAUSE,
    LONGEST_WAIT,
    Stage,
    Step,
    Verdict,
    interpret,
    next_step,
    pause,
)

NOON = datetime(2027, 2, 3, 12, 0, tzinfo=UTC)
OF_THE_ADDRESS = [
    (550, "5.1.1 User unknown in relay recipient table"),
    (550, "No such user here"),
    (553, "5.1.3 Bad recipient address syntax"),
    (501, "Syntax: RCPT TO: <address>"),
    (550, "5.4.1 Recipient address rejected"),
    (550, "5.2.1 Mailbox disabled"),
]
OF_US = [
    (550, "relay not permitted"),
    (554, "5.7.1 <someone@example.org>: Relay access denied"),
    (550, "5.7.1 Unable to relay"),
    (553, "5.7.1 Sender address rejected: not owned by user"),
    (550, "5.1.8 Sender address rejected: Domain not found"),
    (550, "5.1.7 Bad sender"),
]
OF_NEITHER = [(554, "5.7.1 Blocked by policy"), (550, "5.6.0 Bad content"), (552, "5.3.4 Message too big")]


@pytest.mark.parametrize(("code", "text"), OF_THE_ADDRESS)
def test_a_recipient_is_refused_for_what_is_said_of_its_address(code: int, text: str) -> None:
    assert interpret(Stage.RECIPIENT, code, text) is Verdict.ADDRESS_REFUSED


@pytest.mark.parametrize(("code", "text"), OF_US)
def test_a_recipient_is_not_refused_for_what_is_said_of_us(code: int, text: str) -> None:
    assert interpret(Stage.RECIPIENT, code, text) is Verdict.SENDER_REFUSED


@pytest.mark.parametrize(("code", "text"), OF_NEITHER)
def test_a_policy_or_the_content_ends_the_message_and_not_the_address(code: int, text: str) -> None:
    assert interpret(Stage.RECIPIENT, code, text) is Verdict.PERMANENT


@pytest.mark.parametrize("text", ["5.7.1 Looks like spam", "5.6.0 Bad content", "Transaction failed", "5.7.0 Rejected"])
def test_content_refused_for_good_ends_the_message_and_not_the_address(text: str) -> None:
    assert interpret(Stage.CONTENT, 554, text) is Verdict.PERMANENT


def test_an_unknown_recipient_told_only_after_the_content_is_refused() -> None:
    assert interpret(Stage.CONTENT, 550, "5.1.1 No such user") is Verdict.ADDRESS_REFUSED


@pytest.mark.parametrize("stage", [Stage.SENDER, Stage.RECIPIENT])
@pytest.mark.parametrize(
    ("code", "text"), [(530, "Authentication required"), (535, "5.7.8 Expired"), (554, "5.7.8 Who?")]
)
def test_not_being_let_in_makes_the_queue_wait(stage: Stage, code: int, text: str) -> None:
    assert interpret(stage, code, text) is Verdict.UNREACHABLE


def test_a_refused_sender_is_nobody_elses_end() -> None:
    assert interpret(Stage.SENDER, 550, "5.7.1 Not you") is Verdict.SENDER_REFUSED


def test_a_message_too_large_is_told_by_its_announced_size() -> None:
    assert interpret(Stage.SENDER, 552, "Too big") is Verdict.PERMANENT
    assert interpret(Stage.SENDER, 550, "5.3.4 Too big") is Verdict.PERMANENT


@pytest.mark.parametrize("stage", [Stage.SENDER, Stage.RECIPIENT, Stage.CONTENT])
@pytest.mark.parametrize(("code", "text"), [(451, "4.7.1 Greylisted"), (450, ""), (552, "5.2.2 Full"), (503, "Order!")])
def test_what_may_pass_is_tried_again(stage: Stage, code: int, text: str) -> None:
    assert interpret(stage, code, text) is Verdict.TRANSIENT


def test_a_relay_that_is_closing_is_unreachable_before_it_knows_whom_the_message_is_for() -> None:
    assert interpret(Stage.SENDER, 421, "Closing") is Verdict.UNREACHABLE
    assert interpret(Stage.RECIPIENT, 421, "Closing") is Verdict.TRANSIENT


@pytest.mark.parametrize("code", [None, -1, 200, 354])
def test_a_line_that_breaks_off_is_tried_again(code: int | None) -> None:
    assert interpret(Stage.SENDER, code, "") is Verdict.UNREACHABLE
    assert interpret(Stage.RECIPIENT, code, "") is Verdict.TRANSIENT
    assert interpret(Stage.CONTENT, code, "") is Verdict.TRANSIENT


@given(st.one_of(st.none(), st.integers(-1, 999)), st.text())
def test_no_answer_before_the_message_ends_it(code: int | None, text: str) -> None:
    assert interpret(Stage.CONNECT, code, text) is Verdict.UNREACHABLE


@given(st.sampled_from(Stage), st.integers(200, 499), st.text())
def test_nothing_below_500_is_for_good(stage: Stage, code: int, text: str) -> None:
    assert interpret(stage, code, text) in (Verdict.TRANSIENT, Verdict.UNREACHABLE)


def test_waits_double_up_to_an_hour_and_spread_by_jitter() -> None:
    waits = [_step(Verdict.TRANSIENT, attempts=attempts).due_at - NOON for attempts in range(10)]
    assert waits[:3] == [timedelta(seconds=30), timedelta(minutes=1), timedelta(minutes=2)]
    assert waits[-1] == LONGEST_WAIT
    assert _step(Verdict.TRANSIENT, jitter=0.0).due_at == NOON + timedelta(seconds=15)
    assert _step(Verdict.TRANSIENT, attempts=10**6, jitter=0.999).due_at < NOON + 1.5 * LONGEST_WAIT


def test_a_message_is_given_up_two_days_after_its_first_try() -> None:
    at_last = NOON - GIVEN_UP_AFTER
    assert _step(Verdict.TRANSIENT, first_tried_at=at_last + timedelta(seconds=1)).state == "waiting"
    assert _step(Verdict.TRANSIENT, first_tried_at=at_last).state == "dead"


def test_a_message_is_never_given_up_for_the_relays_sake() -> None:
    long_ago = NOON - 30 * GIVEN_UP_AFTER
    assert _step(Verdict.UNREACHABLE, attempts=3, first_tried_at=long_ago) == Step("waiting", 3, NOON)
    assert _step(Verdict.SENDER_REFUSED, first_tried_at=long_ago).state == "waiting"


def test_a_clock_set_back_gives_up_nothing() -> None:
    assert _step(Verdict.TRANSIENT, first_tried_at=NOON + timedelta(days=30)).state == "waiting"


def test_the_relay_is_asked_again_at_least_every_minute_and_a_half() -> None:
    pauses = [pause(failures, 0.5) for failures in range(1, 9)]
    assert pauses[:3] == [timedelta(seconds=2), timedelta(seconds=4), timedelta(seconds=8)]
    assert pauses[-1] == LONGEST_PAUSE
    assert pause(10**6, 0.999) < 1.5 * LONGEST_PAUSE


def _step(verdict: Verdict, *, attempts: int = 0, first_tried_at: datetime = NOON, jitter: float = 0.5) -> Step:
    return next_step(verdict, attempts=attempts, first_tried_at=first_tried_at, now=NOON, jitter=jitter)
