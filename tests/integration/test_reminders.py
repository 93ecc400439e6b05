"""Who is reminded of what, and when: one message for each person and instant, none late, none twice."""

import asyncio
from collections import Counter
from contextlib import AsyncExitStack
from typing import Any

import pytest
from sqlalchemy import event

from engage.notify.models import OutboxMessage
from engage.notify.rounds import PART
from engage.storage.database import Database
from engage.storage.unit_of_work import UnitOfWork
from engage.tokens import Tokens
from tests.loader import EVENING
from tests.reminding import CLOSES, DAY_BEFORE, FULL_POST, TWO_POSTS, WEEK_BEFORE, Reminding

CROWD = 2 * PART + 50


async def test_reminders_come_a_week_and_a_day_before_at_nine_and_never_again(reminding: Reminding) -> None:
    await reminding.join("zoe@example.org")
    ticks = ["2027-03-07T08:59", WEEK_BEFORE, "2027-03-07T09:01", "2027-03-12T23:00", "2027-03-13T08:59", DAY_BEFORE]
    ticks += ["2027-03-14T23:58", CLOSES, "2027-03-15T09:00"]
    assert [await reminding.plan(tick) for tick in ticks] == [0, 1, 0, 0, 0, 1, 0, 0, 0]


@pytest.mark.parametrize(
    ("closes", "ticks"),
    [
        (
            "2028-03-27T23:59",
            {"2028-03-20T08:59": 0, "2028-03-20T09:00": 1, "2028-03-26T08:59": 0, "2028-03-26T09:00": 1},
        ),
        (
            "2028-10-30T23:59",
            {"2028-10-23T08:59": 0, "2028-10-23T09:00": 1, "2028-10-29T08:59": 0, "2028-10-29T09:00": 1},
        ),
    ],
    ids=["clocks go forward", "clocks go back"],
)
async def test_reminder_after_a_change_of_clocks_comes_at_nine_too(
    reminding: Reminding, closes: str, ticks: dict[str, int]
) -> None:
    await reminding.load(EVENING.replace(CLOSES, closes))
    await reminding.join("zoe@example.org")
    assert {tick: await reminding.plan(tick) for tick in ticks} == ticks


async def test_clock_set_back_plans_nothing_twice(reminding: Reminding) -> None:
    await reminding.join("zoe@example.org")
    ticks = [WEEK_BEFORE, "2027-03-07T08:00", WEEK_BEFORE, DAY_BEFORE, WEEK_BEFORE, "2027-02-04T12:00", DAY_BEFORE]
    assert [await reminding.plan(tick) for tick in ticks] == [1, 0, 0, 1, 0, 0, 0]


async def test_one_message_lists_all_that_closes_and_is_due_then(reminding: Reminding) -> None:
    await reminding.load(TWO_POSTS)
    await reminding.join("both@example.org", ["caseworker", "manager"])
    await reminding.join("one@example.org", ["manager"])
    assert await reminding.plan(WEEK_BEFORE) == 2
    both, one = await reminding.messages()
    assert both["Subject"] == "Applications for 2 posts close, the first at midday on Monday 8 March 2027"
    assert one["Subject"] == "Manager: applications close at midday on Monday 8 March 2027"
    first, second = await reminding.texts()
    assert first.index("Manager Closes at midday on Monday 8 March 2027") < first.index("Caseworker Closes at 11:59pm")
    assert "Caseworker" not in second


async def test_reminder_says_what_is_left_to_do_and_where(reminding: Reminding, tokens: Tokens) -> None:
    await reminding.load(EVENING.replace(CLOSES, "2027-03-14T12:00") + FULL_POST)
    number = await reminding.join("zoe@example.org", ["caseworker", "manager"])
    assert await reminding.plan(WEEK_BEFORE) == 1
    (message,), (said,) = await reminding.messages(), await reminding.texts()
    stop = f"http://engage.example.org/unsubscribe/{tokens.issue('unsubscribe', number)}"
    assert message["Subject"] == "Applications for 2 posts close at midday on Sunday 14 March 2027"
    assert message["List-Unsubscribe"] == f"<{stop}>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    for expected in (
        "Manager & <Leader> (grade 3) Closes at midday on Sunday 14 March 2027",
        "Apply: https://jobs.example.org/manager?a=1&b=2",
        "Help: jobs@example.org Last help before it closes: until 5pm on Friday 12 March 2027",
        "http://engage.example.org/open-evenings/reviews-team/posts/manager.ics",
        "- Employment history. Experience in the job description",
        "- Briefing: writing, analysis",
        "Hints for the form: - Give examples.",
        "To apply, write to recruitment@example.org",
        f"http://engage.example.org/registrations/{tokens.issue('registration', number)}",
        stop,
    ):
        assert expected in said
    assert "Smile" not in said
    (html,) = [part for part in message.walk() if part.get_content_type() == "text/html"]
    assert "Manager &amp; &lt;Leader&gt;" in html.get_content()
    assert "https://jobs.example.org/manager?a=1&amp;b=2" in html.get_content()
    assert stop in html.get_content()


async def test_help_that_is_over_before_the_closing_is_not_promised(reminding: Reminding) -> None:
    await reminding.load(EVENING + FULL_POST)
    await reminding.join("zoe@example.org", ["manager"])
    await reminding.plan(DAY_BEFORE)
    (said,) = await reminding.texts()
    assert "Nobody is there to help any more before it closes." in said
    assert "Last help" not in said


async def test_reminders_go_to_whoever_wants_them_whatever_became_of_their_place(reminding: Reminding) -> None:
    for status in ("confirmed", "waiting", "offered", "lapsed", "attended", "subscribed", "cancelled"):
        await reminding.join(f"{status}@example.org", status=status)
    await reminding.join("cancelled-and-stopped@example.org", status="cancelled", has_reminders=False)
    await reminding.join("unasked@example.org", has_reminders=False)
    await reminding.join("other-posts@example.org", [])
    applied = await reminding.join("applied@example.org")
    await reminding.act(applied, "caseworker")
    cancels = await reminding.join("cancels@example.org")
    await reminding.act(cancels, "cancel")
    assert await reminding.plan(WEEK_BEFORE) == 8
    assert {each.partition("@")[0] for each in await reminding.told()} == {
        *("confirmed", "waiting", "offered", "lapsed", "attended", "subscribed", "cancelled", "cancels")
    }


async def test_registered_after_the_instant_gets_no_late_one_but_the_next(reminding: Reminding) -> None:
    await reminding.join("at-nine@example.org", at=WEEK_BEFORE)
    await reminding.join("late@example.org", at="2027-03-07T09:01")
    assert await reminding.plan("2027-03-07T09:02") == 1
    assert await reminding.told() == ["at-nine@example.org"]
    assert await reminding.plan(DAY_BEFORE) == 2


async def test_post_chosen_after_the_instant_is_left_out(reminding: Reminding) -> None:
    await reminding.load(EVENING + FULL_POST)
    number = await reminding.join("zoe@example.org", ["manager"])
    await reminding.choose(number, "caseworker", at="2027-03-07T09:01")
    assert await reminding.plan("2027-03-07T09:02") == 1
    (said,) = await reminding.texts()
    assert "Caseworker" not in said


async def test_worker_that_was_down_for_days_sends_the_latest_reminder_only(reminding: Reminding) -> None:
    await reminding.join("zoe@example.org")
    assert await reminding.plan("2027-03-14T12:00") == 1
    assert await reminding.plan("2027-03-14T12:01") == 0


async def test_evening_says_when_and_how_often_it_reminds(reminding: Reminding) -> None:
    given = EVENING.replace('venue = "City Hall"', "timing = {reminder_hour = 7}")
    await reminding.load(given.replace("closes = ", "reminders_days_before = [3]\ncloses = "))
    await reminding.join("zoe@example.org")
    ticks = [WEEK_BEFORE, "2027-03-11T06:59", "2027-03-11T07:00", DAY_BEFORE]
    assert [await reminding.plan(tick) for tick in ticks] == [0, 0, 1, 0]


@pytest.mark.parametrize("change", ["reminders_days_before = [8, 1]\ncloses = ", "closes = "], ids=["days", "hour"])
async def test_reminder_that_a_load_puts_into_the_past_is_not_sent_late(reminding: Reminding, change: str) -> None:
    await reminding.join("zoe@example.org")
    hour = 'venue = "City Hall"\ntiming = {reminder_hour = 6}'
    text = EVENING.replace("closes = ", change).replace('venue = "City Hall"', hour)
    await reminding.load(text, at="2027-03-07T08:00")
    assert await reminding.plan("2027-03-07T08:01") == 0
    assert await reminding.plan("2027-03-07T10:00") == 0
    assert await reminding.plan("2027-03-13T06:00") == 1


async def test_load_that_moves_no_reminder_leaves_one_under_way_alone(reminding: Reminding) -> None:
    await reminding.join("zoe@example.org")
    await reminding.load(
        EVENING.replace("closes = ", "reminders_days_before = [7, 2]\ncloses = "), at="2027-03-07T09:01"
    )
    assert await reminding.plan("2027-03-07T09:02") == 1


async def test_draft_reminds_nobody(reminding: Reminding) -> None:
    await reminding.join("zoe@example.org")
    await reminding.loader.edit(status="draft")
    assert await reminding.plan(WEEK_BEFORE) == 0


@pytest.mark.parametrize("workers", [2, 4])
async def test_any_number_of_workers_at_once_plan_each_reminder_once(reminding: Reminding, workers: int) -> None:
    await reminding.load(EVENING + FULL_POST)
    await reminding.join_many([f"person{number}@example.org" for number in range(CROWD)], ["caseworker", "manager"])
    async with AsyncExitStack() as stack:
        ticks = []
        for _ in range(workers):
            database = Database(reminding.database.url)
            stack.push_async_callback(database.close)
            unit_of_work = UnitOfWork(database)
            stack.push_async_callback(unit_of_work.close)
            ticks.append(reminding.plan(WEEK_BEFORE, database=database, unit_of_work=unit_of_work))
        made = await asyncio.gather(*ticks)
    assert sum(made) == CROWD
    assert Counter(await reminding.told()) == Counter(f"person{number}@example.org" for number in range(CROWD))


class _Stopping(UnitOfWork):
    """A process that ends after so many commits."""

    def __init__(self, database: Database, commits: int) -> None:
        super().__init__(database)
        self._left = commits

    async def run(self, *arguments: Any, **options: Any) -> Any:
        if self._left == 0:
            raise ConnectionAbortedError
        self._left -= 1
        return await super().run(*arguments, **options)


async def test_worker_that_stops_in_the_middle_is_taken_over_where_it_was(reminding: Reminding) -> None:
    emails = [f"person{number}@example.org" for number in range(CROWD)]
    await reminding.join_many(emails)
    with pytest.raises(ConnectionAbortedError):
        await reminding.plan(WEEK_BEFORE, unit_of_work=_Stopping(reminding.database, 1))
    assert len(await reminding.told()) == PART
    assert await reminding.plan("2027-03-07T11:00") == CROWD - PART
    assert Counter(await reminding.told()) == Counter(emails)


async def test_address_that_no_relay_takes_is_a_dead_letter_and_the_others_go_on(reminding: Reminding) -> None:
    await reminding.join_many(["one@example.org", "zoë@example.org", "two@example.org"])
    assert await reminding.plan(WEEK_BEFORE) == 3
    assert await reminding.told() == ["one@example.org", "two@example.org"]
    (dead,) = await reminding.rows("Reminder", "dead")
    assert (dead.recipient, dead.content) == ("zoë@example.org", None)
    assert dead.reply is not None
    assert "not an address" in dead.reply


async def test_tick_costs_the_same_for_one_registration_and_for_many(reminding: Reminding) -> None:
    asked: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        asked.append(statement)

    await reminding.join("first@example.org")
    event.listen(reminding.database.engine.sync_engine, "before_cursor_execute", note)
    await reminding.plan("2027-03-01T12:00")
    few = list(asked)
    asked.clear()
    await reminding.join_many([f"person{number}@example.org" for number in range(50)])
    asked.clear()
    await reminding.plan("2027-03-01T12:01")
    assert few
    assert asked == few
    assert not any("registration" in statement or OutboxMessage.__tablename__ in statement for statement in few)
