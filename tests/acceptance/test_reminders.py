"""Reminders of closing dates from the form to the inbox, and how one stops them."""

from datetime import datetime
from email.message import EmailMessage
from typing import Any

from sqlalchemy import update

from engage.notify.models import OutboxMessage
from engage.notify.outbox import AT_ONCE
from tests.reminding import DAY_BEFORE, WEEK_BEFORE, local
from tests.site import Site, link_in, text_of

WANTED: dict[str, Any] = {"vacancies": ["caseworker"], "deadline_reminders": "yes"}


async def mail_at(site: Site, now: datetime) -> list[EmailMessage]:
    """The reminders that arrive at that instant."""
    site.now = now
    return [message for message in await site.mail() if "applications close" in message["Subject"]]


async def test_reminder_arrives_and_one_click_stops_the_next(site: Site) -> None:
    await site.joined("zoe@example.net", **WANTED)
    assert await mail_at(site, local("2027-03-07T08:59")) == []
    (reminder,) = await mail_at(site, local(WEEK_BEFORE))
    assert reminder["To"].addresses[0].addr_spec == "zoe@example.net"
    assert reminder["Subject"] == "Caseworker: applications close at 11:59pm on Sunday 14 March 2027"
    address = reminder["List-Unsubscribe"].strip("<>")
    assert address in text_of(reminder)
    answer = await site.browser.post(address, data={"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    assert await mail_at(site, local(DAY_BEFORE)) == []


async def test_somebody_who_cannot_come_is_reminded_until_they_have_applied(site: Site) -> None:
    await site.register("zoe@example.net", "none", **WANTED)
    (reminder,) = await mail_at(site, local(WEEK_BEFORE))
    assert (await site.act(link_in(reminder), "applied", vacancy="caseworker")).status_code == 303
    assert await mail_at(site, local(DAY_BEFORE)) == []


async def test_closing_date_of_a_reminder_can_be_put_into_a_calendar(site: Site) -> None:
    await site.register("zoe@example.net", "none", **WANTED)
    (reminder,) = await mail_at(site, local(WEEK_BEFORE))
    answer = await site.browser.get(link_in(reminder, "open-evenings"))
    assert answer.headers["content-type"].startswith("text/calendar")
    assert "DTSTART" in answer.text


async def test_worker_counts_what_it_planned_and_what_it_dropped(site: Site) -> None:
    link = await site.joined("zoe@example.net", **WANTED)
    await site.joined("yan@example.net", **WANTED)
    site.now = local("2027-03-07T08:59")
    await site.worker.work_off()
    site.now = local(WEEK_BEFORE)
    site.relay.script("RCPT", "451 4.2.0 Busy", "451 4.2.0 Busy")
    done = await site.worker.work_off()
    assert (done["planned"], done["retried"], done["dropped"]) == (2, 2, 0)
    await site.act(link, "applied", vacancy="caseworker")
    async with site.database.writing() as session:
        await session.execute(update(OutboxMessage).values(due_at=AT_ONCE))
    done = await site.worker.work_off()
    assert (done["planned"], done["sent"], done["dropped"]) == (0, 1, 1)
