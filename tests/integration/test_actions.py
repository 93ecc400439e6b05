"""Actions about results: on the record, each act for its role, the owner reminded once, followed to the next wave."""

from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import func, select

from engage import journal
from engage.errors import NotFound, OutOfOrder
from engage.journal import JournalEntry, Subscriber
from engage.notify.models import OutboxMessage
from engage.settings import Settings
from engage.storage.database import Database
from engage.storage.unit_of_work import UnitOfWork
from engage.surveys.follow_up import actions, cuts
from engage.surveys.follow_up.action_models import Action, CutRequest
from engage.surveys.follow_up.action_reminders import ActionMessages, plan_actions
from engage.surveys.follow_up.actions import Proposal, Speaker
from engage.surveys.reports.published import open_report
from tests.releases import publish, two_waves

CHAIR = Speaker("carers@example.org", "group_lead:working_group:carers")
WORKFORCE, PCS = Speaker("w@example.org", "workforce"), Speaker("p@example.org", "pcs")
OWNER = Speaker("owner@example.org", "owner")
DUE_ON = date(2027, 3, 8)
PROPOSAL = Proposal(
    "Give every team a quiet hour", "Meetings fill the day.", "Owner@Example.org", DUE_ON, question="workload"
)
REMINDED_AT = datetime(2027, 3, 1, 9, tzinfo=UTC)


@pytest.fixture
async def wave_id(database: Database) -> int:
    """The id of the first of two published waves."""
    first, second = two_waves()
    async with database.writing() as session:
        wave = await publish(session, first)
        await publish(session, second)
    return wave.id


async def put_forward(unit_of_work: UnitOfWork, wave_id: int, now: datetime, speaker: Speaker = WORKFORCE) -> Action:
    given: dict[str, Any] = {"wave_id": wave_id, "proposal": PROPOSAL, "speaker": speaker, "now": now}
    return await unit_of_work.run(partial(actions.propose, **given))


async def do(unit_of_work: UnitOfWork, action: Action, act: str, speaker: Speaker, now: datetime) -> Action:
    given: dict[str, Any] = {"action_id": action.id, "act": act, "text": f"We {act}.", "speaker": speaker, "now": now}
    return await unit_of_work.run(partial(actions.do, **given), locks=[(Action, action.id)])


async def messages(database: Database) -> list[tuple[str, str]]:
    async with database.reading() as session:
        rows = await session.execute(select(OutboxMessage.recipient, OutboxMessage.kind).order_by(OutboxMessage.id))
        return [(row.recipient, row.kind) for row in rows]


async def work(database: Database, unit_of_work: UnitOfWork, settings: Settings, now: datetime) -> int:
    """A worker's tick; how many reminders it planned."""
    planned = await plan_actions(database, unit_of_work, settings, now)
    subscribers = {"action_messages": Subscriber(ActionMessages(settings).hear)}
    while await journal.follow(database, unit_of_work, subscribers, now, datetime.now(UTC)):
        pass
    return planned


async def test_a_chairs_proposal_is_replied_to_carried_out_and_countersigned(
    database: Database, unit_of_work: UnitOfWork, wave_id: int, now: datetime
) -> None:
    action = await put_forward(unit_of_work, wave_id, now, CHAIR)
    assert action.status == "proposed"
    for act, speaker, status in (
        ("note", CHAIR, "proposed"),
        ("agree", WORKFORCE, "agreed"),
        ("dissent", PCS, "agreed"),
        ("begin", OWNER, "under way"),
        ("countersign", PCS, "under way"),
        ("finish", OWNER, "done"),
    ):
        assert (await do(unit_of_work, action, act, speaker, now)).status == status
    async with database.reading() as session:
        (kept,) = await actions.actions_of(session, [wave_id])
        kinds = (await session.scalars(select(JournalEntry.kind).order_by(JournalEntry.id))).all()
    said = [(entry.kind, entry.role) for entry in kept.entries]
    assert said[0] == ("proposal", CHAIR.role)
    assert [kind for kind, _ in said[1:]] == ["note", "agree", "dissent", "begin", "countersign", "finish"]
    assert (kept.owner, kept.evidence) == ("owner@example.org", "We finish.")
    assert kinds == ["ActionProposed", *["ActionMoved"] * 6]


@pytest.mark.parametrize(
    ("proposer", "act", "speaker"),
    [
        (CHAIR, "agree", CHAIR),
        (CHAIR, "agree", PCS),
        (CHAIR, "begin", WORKFORCE),
        (CHAIR, "countersign", PCS),
        (WORKFORCE, "agree", WORKFORCE),
        (WORKFORCE, "finish", PCS),
        (WORKFORCE, "drop", OWNER),
        (WORKFORCE, "fly", WORKFORCE),
    ],
)
async def test_what_is_not_for_a_role_or_not_yet_changes_nothing(
    database: Database,
    unit_of_work: UnitOfWork,
    wave_id: int,
    now: datetime,
    proposer: Speaker,
    act: str,
    speaker: Speaker,
) -> None:
    action = await put_forward(unit_of_work, wave_id, now, proposer)
    with pytest.raises(OutOfOrder):
        await do(unit_of_work, action, act, speaker, now)
    async with database.reading() as session:
        (kept,) = await actions.actions_of(session, [wave_id])
    assert (kept.status, len(kept.entries)) == (action.status, 1)


async def test_the_owner_is_reminded_once_a_week_before_and_again_for_another_day(
    database: Database, unit_of_work: UnitOfWork, settings: Settings, wave_id: int, now: datetime
) -> None:
    action = await put_forward(unit_of_work, wave_id, now)
    assert await work(database, unit_of_work, settings, REMINDED_AT - timedelta(minutes=1)) == 0
    assert await work(database, unit_of_work, settings, REMINDED_AT) == 1
    assert await work(database, unit_of_work, settings, REMINDED_AT + timedelta(days=3)) == 0
    assert await messages(database) == [("owner@example.org", "ActionDue")]
    async with database.writing() as session:
        (await session.get_one(Action, action.id)).due_on = DUE_ON + timedelta(days=2)
    assert await work(database, unit_of_work, settings, REMINDED_AT + timedelta(days=3)) == 1
    assert len(await messages(database)) == 2


@pytest.mark.parametrize(("proposer", "act"), [(CHAIR, None), (WORKFORCE, "finish"), (WORKFORCE, "drop")])
async def test_nobody_is_reminded_of_what_is_not_agreed_or_is_over(
    database: Database,
    unit_of_work: UnitOfWork,
    settings: Settings,
    wave_id: int,
    now: datetime,
    proposer: Speaker,
    act: str | None,
) -> None:
    action = await put_forward(unit_of_work, wave_id, now, proposer)
    if act is not None:
        await do(unit_of_work, action, act, WORKFORCE, now)
    assert await work(database, unit_of_work, settings, REMINDED_AT) == 0
    assert await messages(database) == []


async def test_a_reminder_of_what_was_finished_meanwhile_is_not_made(
    database: Database, unit_of_work: UnitOfWork, settings: Settings, wave_id: int, now: datetime
) -> None:
    action = await put_forward(unit_of_work, wave_id, now)
    assert await plan_actions(database, unit_of_work, settings, REMINDED_AT) == 1
    await do(unit_of_work, action, "finish", OWNER, REMINDED_AT)
    await work(database, unit_of_work, settings, REMINDED_AT)
    assert await messages(database) == []


async def test_the_next_report_shows_what_became_of_an_action(
    database: Database, unit_of_work: UnitOfWork, wave_id: int, now: datetime
) -> None:
    await put_forward(unit_of_work, wave_id, now)
    async with database.reading() as session:
        then = await open_report(session, "2026-autumn", ["staff"])
        now_published = await open_report(session, "2027-spring", ["staff"])
    assert [action.title for action in then.actions] == [PROPOSAL.title]
    assert now_published.actions == ()
    (kept,) = now_published.kept
    assert kept.followed is not None
    assert kept.followed.name == "I can do my work well in the hours that I am paid for."
    assert then.content["actions"][0]["owner"] == "owner@example.org"


async def test_the_publics_file_does_not_say_whose_an_action_is(
    database: Database, unit_of_work: UnitOfWork, wave_id: int, now: datetime
) -> None:
    await put_forward(unit_of_work, wave_id, now)
    async with database.reading() as session:
        published = await open_report(session, "2026-autumn", ["public"])
    assert published.content["actions"] == [
        {
            "title": PROPOSAL.title,
            "theme": None,
            "question": "workload",
            "family": None,
            "group": None,
            "status": "agreed",
            "due_on": "2027-03-08",
        }
    ]


async def test_a_wish_is_kept_and_answered_once(database: Database, unit_of_work: UnitOfWork, now: datetime) -> None:
    await unit_of_work.run(partial(cuts.ask, speaker=CHAIR, text="Parents, please.", now=now))
    answer = partial(cuts.answer, number=1, text="In spring.", now=now)
    await unit_of_work.run(answer, locks=[(CutRequest, 1)])
    with pytest.raises(OutOfOrder):
        await unit_of_work.run(answer, locks=[(CutRequest, 1)])
    with pytest.raises(NotFound):
        await unit_of_work.run(partial(cuts.answer, number=2, text="No.", now=now))
    async with database.reading() as session:
        assert [(wish.text, wish.answer) for wish in await cuts.wishes(session)] == [("Parents, please.", "In spring.")]
        assert await cuts.unanswered(session) == []
        assert await session.scalar(select(func.count()).select_from(CutRequest)) == 1
