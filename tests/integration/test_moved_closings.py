"""A closing that moves: its reminders move with it, and those whom it touches hear of it once."""

import pytest

from engage.tokens import Tokens
from tests.loader import EVENING
from tests.reminding import CLOSES, DAY_BEFORE, FULL_POST, TWO_POSTS, WEEK_BEFORE, Reminding


async def test_closing_moved_later_makes_its_reminders_anew(reminding: Reminding) -> None:
    await reminding.join("zoe@example.org")
    assert await reminding.plan(WEEK_BEFORE) == 1
    await reminding.move(EVENING, CLOSES, "2027-03-21T23:59", at="2027-03-10T12:00")
    ticks = [DAY_BEFORE, "2027-03-14T08:59", "2027-03-14T09:00", "2027-03-20T09:00", "2027-03-21T23:59"]
    assert [await reminding.plan(tick) for tick in ticks] == [0, 0, 1, 1, 0]


async def test_closing_moved_earlier_makes_up_for_no_reminder(reminding: Reminding) -> None:
    await reminding.join("zoe@example.org")
    await reminding.move(EVENING, CLOSES, "2027-03-08T23:59", at="2027-03-05T12:00")
    assert [await reminding.plan(tick) for tick in ("2027-03-05T12:01", WEEK_BEFORE, DAY_BEFORE)] == [0, 1, 0]
    (said,) = await reminding.texts()
    assert "close at 11:59pm on Monday 8 March 2027" in said


async def test_closing_moved_into_the_past_is_reminded_of_no_more(reminding: Reminding) -> None:
    await reminding.join("zoe@example.org")
    await reminding.move(EVENING, CLOSES, "2027-03-05T12:00", at="2027-03-06T12:00")
    assert [await reminding.plan(tick) for tick in (WEEK_BEFORE, DAY_BEFORE)] == [0, 0]
    (message,), (said,) = await reminding.messages("ClosingMoved"), await reminding.texts("ClosingMoved")
    assert message["Subject"] == "Caseworker: applications have closed"
    assert "Closed at: midday on Friday 5 March 2027" in said
    assert "remind you of that post no more" not in said


async def test_one_message_tells_all_moved_closings_to_those_whom_they_touch(
    reminding: Reminding, tokens: Tokens
) -> None:
    await reminding.load(TWO_POSTS)
    both = await reminding.join("both@example.org", ["caseworker", "manager"])
    await reminding.join("one@example.org", ["manager"], status="subscribed")
    await reminding.join("unasked@example.org", has_reminders=False)
    await reminding.join("other-posts@example.org", [])
    applied = await reminding.join("applied@example.org")
    await reminding.act(applied, "caseworker")
    moved = TWO_POSTS.replace("03-14T", "03-16T").replace("03-08T12:00", "03-09T17:30")
    await reminding.move(moved, "", "", at="2027-03-01T12:00")
    assert await reminding.told("ClosingMoved") == ["both@example.org", "one@example.org"]
    first, second = await reminding.messages("ClosingMoved")
    said, other = await reminding.texts("ClosingMoved")
    assert first["Subject"] == "New closing dates of 2 posts: Reviews Team"
    assert second["Subject"] == "Manager: applications now close at 5:30pm on Tuesday 9 March 2027"
    new, old = "11:59pm on Tuesday 16 March 2027", "11:59pm on Sunday 14 March 2027"
    assert f"Caseworker Closes at: {new} Before the change: {old}" in said
    assert "Caseworker" not in other
    stop = f"http://engage.example.org/unsubscribe/{tokens.issue('unsubscribe', both)}"
    assert (first["List-Unsubscribe"], stop in said) == (f"<{stop}>", True)


async def test_closing_that_moves_within_the_past_is_told_to_nobody(reminding: Reminding) -> None:
    await reminding.join("zoe@example.org")
    await reminding.move(EVENING, CLOSES, "2027-03-15T12:00", at="2027-03-20T12:00")
    assert await reminding.told("ClosingMoved") == []


@pytest.mark.parametrize("what", ["stop", "caseworker"])
async def test_moved_closing_is_not_told_to_somebody_who_stops_before_it_is_heard(
    reminding: Reminding, what: str
) -> None:
    number = await reminding.join("zoe@example.org")
    await reminding.load(EVENING.replace(CLOSES, "2027-03-20T12:00"), at="2027-03-01T12:00")
    await reminding.act(number, what, at="2027-03-01T12:00")
    await reminding.follow("2027-03-01T12:01")
    assert await reminding.rows("ClosingMoved") == []


async def test_moved_closing_of_one_post_repeats_no_reminder_of_the_other(reminding: Reminding) -> None:
    text = EVENING + FULL_POST
    await reminding.load(text)
    await reminding.join("zoe@example.org", ["caseworker", "manager"])
    assert await reminding.plan(WEEK_BEFORE) == 1
    await reminding.move(text, "03-14T12:00", "03-20T12:00", at="2027-03-07T09:30")
    assert await reminding.plan("2027-03-07T09:31") == 0
    assert await reminding.plan(DAY_BEFORE) == 1
    _, subject = [message["Subject"] for message in await reminding.messages()]
    assert subject == "Applications for 2 posts close, the first at 11:59pm on Sunday 14 March 2027"
