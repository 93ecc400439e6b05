"""The demo's pulse waves: asked, opened and answered through the code that real ones go through."""

import asyncio
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from engage import journal
from engage.demo.staff import directory
from engage.demo.stage import Stage
from engage.files.documents import Document
from engage.files.loading import load
from engage.journal import Subscriber
from engage.people import staff_file
from engage.people.directory import import_staff
from engage.resources import folder
from engage.surveys.answers import answering
from engage.surveys.answers.links import Links
from engage.surveys.answers.seal import Sealer, Sheet
from engage.surveys.consultations import consultation
from engage.surveys.groups import DIRECTORY_FAMILIES
from engage.surveys.keys import custody
from engage.surveys.mail.letters import WaveLetters
from engage.surveys.mail.messages import WaveMessages, tell_all
from engage.surveys.models import RosterEntry, Wave
from engage.surveys.questionnaires.loading import PULSE
from engage.surveys.questionnaires.questionnaire import POINTS, Questionnaire
from engage.surveys.questionnaires.versions import version_of
from engage.surveys.waves import opening, planning
from engage.surveys.waves.rounds import act

ANSWERED_EARLY = 40  # people who answered the open wave already: the first on the roster
WAVE = """
[[wave]]
key = "{key}"
title = "{title}"
questionnaire = "gptw"
opens = {opens_at:%Y-%m-%dT%H:%M:%S}
closes = {closes_at:%Y-%m-%dT%H:%M:%S}
results_by = {results_by}
public = true
families = ["directorate", "grade", "working_group"]
"""


@dataclass(frozen=True, slots=True)
class PlannedWave:
    """A wave that opens on that day and is open as long as those of a series."""

    key: str
    title: str
    opens_on: date

    def opens_at(self, stage: Stage) -> datetime:
        return datetime.combine(self.opens_on, planning.OPENS_AT, stage.settings.zone)

    @property
    def text(self) -> str:
        """The wave as a file says it."""
        closes_on = self.opens_on + timedelta(days=planning.OPEN_DAYS)
        return WAVE.format(
            key=self.key,
            title=self.title,
            opens_at=datetime.combine(self.opens_on, planning.OPENS_AT),
            closes_at=datetime.combine(closes_on, planning.CLOSES_AT),
            results_by=closes_on + timedelta(days=planning.RESULTS_DAYS),
        )


@dataclass(frozen=True, slots=True)
class Answered:
    """What the person of that number on the roster, the first being 0, sends."""

    person: int
    sheet: Sheet
    comments: Mapping[str, str]


async def set_staff(stage: Stage) -> None:
    """The staff directory, the example's questionnaire and its next wave."""
    await import_staff(stage.unit_of_work, staff_file.read("staff.csv", directory()), stage.now)
    await _load(stage, folder("examples") / "gptw.toml", stage.now, stage.into_the_future)


async def set_open_wave(stage: Stage) -> None:
    """One wave that is open now and that some have answered."""
    monday = latest_monday(stage)
    wave = PlannedWave(f"{monday:%Y-%m}", f"Pulse survey {monday:%B %Y}", monday)
    questionnaire = await make_wave(stage, wave)
    chance = Random(wave.key)  # noqa: S311 - the same answers every time
    early = (made_up(questionnaire, person, chance) for person in range(ANSWERED_EARLY))
    await answer(stage, wave, early)
    await _invite(stage)


def latest_monday(stage: Stage) -> date:
    """The last Monday whose morning is over: a wave of that day is reminded of by and by, and not at once."""
    now = stage.now.astimezone(stage.settings.zone)
    monday = now.date() - timedelta(days=now.weekday())
    is_over = now > datetime.combine(monday, planning.OPENS_AT, stage.settings.zone)
    return monday if is_over else monday - timedelta(weeks=1)


async def make_wave(stage: Stage, planned: PlannedWave) -> Questionnaire:
    """Load the wave, consult about it and open it when its time has come, on its own days; what it asks."""
    opens_at = planned.opens_at(stage)
    asked_at = opens_at - planning.AHEAD
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / f"{planned.key}.toml"
        file.write_text(planned.text)
        await _load(stage, file, asked_at)
    wave = await wave_of(stage, planned.key)
    await act(stage.unit_of_work, wave, partial(_consult, stage, asked_at))
    await act(stage.unit_of_work, wave, partial(_open, stage, opens_at))
    return version_of((await wave_of(stage, planned.key)).questionnaire)


async def answer(stage: Stage, planned: PlannedWave, answers: Iterable[Answered]) -> None:
    """Send these answers an hour after the opening, as with the links of these people."""
    wave = await wave_of(stage, planned.key)
    async with stage.database.reading() as session:
        query = select(RosterEntry).where(RosterEntry.wave_id == wave.id).order_by(RosterEntry.id)
        roster = (await session.scalars(query)).all()
    links = Links(custody.unwrap_link_key(stage.settings.secret_key, wave.key, wave.wrapped_link_key or b""), wave.key)
    sealer = Sealer(wave.public_key or b"", version_of(wave.questionnaire))
    sent_at = planned.opens_at(stage) + timedelta(hours=1)
    submissions = [_submission(wave, roster[each.person], each, links, sealer) for each in answers]
    send = partial(stage.unit_of_work.run_together, answering.submit_all, locks=[(Wave, wave.id)], locks_itself=True)
    await asyncio.gather(*(send((submission, sent_at)) for submission in submissions))


def made_up(questionnaire: Questionnaire, person: int, chance: Random) -> Answered:
    """What somebody may answer who is rather content: some questions skipped, no comments."""
    weights = (6, 12, 22, 38, 22)
    answers = {
        question.key: chance.choices(list(POINTS), weights)[0]
        for question in questionnaire.questions
        if chance.random() > 0.04
    }
    groups = {
        family.key: tuple(option.key for option in family.options if chance.random() < 0.15)
        for family in questionnaire.families
    }
    return Answered(person, Sheet(answers, {key: ticked for key, ticked in groups.items() if ticked}), {})


async def _load(stage: Stage, file: Path, now: datetime, prepare: Callable[[Document], Document] = dict) -> None:
    zone, unit_of_work = stage.settings.zone, stage.unit_of_work
    await load([file], rooms=[PULSE], unit_of_work=unit_of_work, zone=zone, now=now, prepare=prepare)


async def wave_of(stage: Stage, key: str) -> Wave:
    async with stage.database.reading() as session:
        return await answering.find_wave(session, key)


async def _invite(stage: Stage) -> None:
    """Make the invitations before anything else happens, so that the newest messages are those of the evenings."""
    letters = WaveLetters(stage.settings)
    subscribers = {"wave_messages": Subscriber(WaveMessages(letters).hear)}
    while await journal.follow(stage.database, stage.unit_of_work, subscribers, stage.now, stage.now):
        pass
    await tell_all(stage.database, stage.unit_of_work, letters, stage.now)


async def _consult(stage: Stage, now: datetime, session: AsyncSession, wave: Wave) -> bool:
    if wave.status == "draft":
        await consultation.begin(session, wave, stage.settings.zone, now)
    return wave.status == "consulting"


async def _open(stage: Stage, now: datetime, session: AsyncSession, wave: Wave) -> bool:
    return await opening.open_wave(session, wave, stage.settings, now)


def _submission(
    wave: Wave, entry: RosterEntry, answered: Answered, links: Links, sealer: Sealer
) -> answering.Submission:
    groups = {family: getattr(entry, family) for family in DIRECTORY_FAMILIES}
    sheet = sealer.with_groups(groups, sealer.sheet(answered.sheet))
    return answering.Submission(wave.id, links.fingerprint(entry.id), sheet, sealer.comments(answered.comments))
