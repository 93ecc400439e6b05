"""The demo's published waves: answered, closed, counted and published by the real path, on days that are over.

Their story: something was done after the first, and people noticed. Everything else moved as chance moves it. One
directorate is too small to be shown, and one is nearly the same people as a grade.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial
from random import Random

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from engage.demo.stage import Stage
from engage.demo.waves import Answered, PlannedWave, answer, latest_monday, made_up, make_wave, wave_of
from engage.journal import PendingFact
from engage.people.pages import demo_address
from engage.surveys.comments import redacting
from engage.surveys.comments.redacting import READERS
from engage.surveys.follow_up import actions
from engage.surveys.keys import custody
from engage.surveys.models import Wave
from engage.surveys.questionnaires.questionnaire import Questionnaire
from engage.surveys.reports import publishing
from engage.surveys.reports.report_models import CountedComment
from engage.surveys.tally import tallying
from engage.surveys.waves import closing
from engage.surveys.waves.rounds import act

WEEKS_AGO = (52, 26)
RESPONSE = (0.78, 0.84)
PEOPLE = 240
NOTICED = {"recognised", "action"}  # the questions about what was done after the first wave
NOTICED_WEIGHTS = ((4, 4, 2, 1), (1, 2, 6, 3))  # of the answers 2 to 5, in each wave
COMMENTS = (
    ("keep", "My team. People help each other out, whatever the grade."),
    ("keep", "Working from home two days a week."),
    ("better", "Tell us why a promotion went to somebody else. A line would do."),
    ("better", "Fewer meetings that begin at half past five."),
    ("better", "Ask Priya Grant in Finance how long an invoice takes: five weeks."),
    ("survey", "You did not ask about the noise in the open-plan office."),
)
WHENEVER = date.min  # eight weeks after the publication, once that is known
ACTIONS = (
    (
        actions.Proposal(
            title="Say thank you where others hear it",
            why="Fewer than half said that somebody notices when they do something well.",
            owner=demo_address("workforce"),
            due_on=WHENEVER,
            question="recognised",
        ),
        "Every team meeting begins with it now.",
    ),
    (
        actions.Proposal(
            title="Feedback to everybody who was not promoted",
            why="Many comments ask for a reason.",
            owner=demo_address("workforce"),
            due_on=WHENEVER,
            theme="people",
        ),
        None,
    ),
)


async def set_past(stage: Stage) -> None:
    """Two published waves, with what was done about the first; the comments on the second wait for their readers."""
    monday = latest_monday(stage)
    for number, (weeks, response) in enumerate(zip(WEEKS_AGO, RESPONSE, strict=True)):
        opens_on = monday - timedelta(weeks=weeks)
        planned = PlannedWave(f"{opens_on:%Y-%m}", f"Pulse survey {opens_on:%B %Y}", opens_on)
        questionnaire = await make_wave(stage, planned)
        await answer(stage, planned, _answers(questionnaire, number, response))
        published_at = await _count(stage, planned)
        if number == 0:
            await _act_on(stage, planned, published_at)
        await stage.unit_of_work.run(partial(_tell_nobody, stage, planned))


def _answers(questionnaire: Questionnaire, number: int, response: float) -> Iterator[Answered]:
    """What is answered in the first wave (0) and the second one (1): the same whenever the demo is played."""
    chance = Random(number)  # noqa: S311 - nothing is secret here
    told = iter(COMMENTS)
    weights = NOTICED_WEIGHTS[number]
    for person in [each for each in range(PEOPLE) if chance.random() < response]:
        answered = made_up(questionnaire, person, chance)
        answers = dict(answered.sheet.answers)
        for question in NOTICED & answers.keys():
            answers[question] = chance.choices((2, 3, 4, 5), weights)[0]
        comment = next(told, None) if chance.random() < 0.1 else None
        yield replace(
            answered, sheet=replace(answered.sheet, answers=answers), comments=dict([comment] if comment else [])
        )


async def _count(stage: Stage, planned: PlannedWave) -> datetime:
    """Close, tally and publish the wave on the day that was promised; when that was."""
    wave = await wave_of(stage, planned.key)
    await act(stage.unit_of_work, wave, partial(closing.close, now=wave.closes_at))
    at = wave.closes_at + timedelta(days=10)
    private_key = custody.unwrap_private_key(stage.settings.secret_key, wave.key, wave.wrapped_private_key or b"")
    await tallying.tally(stage.database, stage.unit_of_work, wave, private_key, at, say=lambda done, total: None)
    await act(stage.unit_of_work, wave, partial(publishing.publish, zone=stage.settings.zone, now=at))
    return at


async def _act_on(stage: Stage, planned: PlannedWave, published_at: datetime) -> None:
    """What was agreed and done about the results, and the comments as both readers left them."""
    wave = await wave_of(stage, planned.key)
    workforce, pcs = (actions.Speaker(demo_address(role), role) for role in ("workforce", "pcs"))
    at = published_at + timedelta(weeks=2)

    async def promise(session: AsyncSession) -> None:
        for proposal, evidence in ACTIONS:
            due_on = (published_at + timedelta(weeks=8)).date()
            action = await actions.propose(session, wave.id, replace(proposal, due_on=due_on), workforce, at)
            await actions.do(session, action.id, "countersign", "PCS was heard on this.", pcs, at)
            if evidence:
                await actions.do(session, action.id, "begin", "Under way in all teams.", workforce, at)
                await actions.do(session, action.id, "finish", evidence, workforce, at + timedelta(weeks=4))

    await stage.unit_of_work.run(promise)
    await act(stage.unit_of_work, wave, partial(_read_comments, stage, at))


async def _read_comments(stage: Stage, at: datetime, session: AsyncSession, wave: Wave) -> bool:
    """The name in one of them is taken out, and both readers agree to all of them."""
    for comment in await session.scalars(select(CountedComment).where(CountedComment.wave_id == wave.id)):
        text = comment.redacted.replace("Ask Priya Grant in Finance", "Ask Finance")
        for role in READERS:
            await redacting.redact(session, wave, comment.key, actions.Speaker(demo_address(role), role), text=text)
    return await publishing.publish_comments(session, wave, stage.settings.zone, at)


async def _tell_nobody(stage: Stage, planned: PlannedWave, session: AsyncSession) -> None:
    """Nobody gets mail about what is long over."""
    wave = await wave_of(stage, planned.key)
    await session.execute(delete(PendingFact).where(PendingFact.stream == f"wave:{wave.id}"))
