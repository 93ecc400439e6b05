"""What those hear who take part in a consultation: what they are asked, until when, and what the others said."""

from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest

from engage import journal
from engage.journal import Subscriber
from engage.notify.models import OutboxMessage
from engage.settings import Settings
from engage.storage.database import Database
from engage.storage.unit_of_work import UnitOfWork
from engage.surveys.mail.letters import WaveLetters
from engage.surveys.mail.messages import WaveMessages
from tests.pulse import CONSULTED_AT, OPENS_AT, QUESTIONNAIRE, SERIES, WAVE, Pulse
from tests.told import parsed, part, words

CHAIR = "group_lead:working_group:carers"


@pytest.fixture
async def pulse(
    database: Database, unit_of_work: UnitOfWork, settings: Settings, tmp_path: Path, now: datetime
) -> Pulse:
    """Somebody in each role that takes part, and somebody in one that does not."""
    pulse = Pulse(database, unit_of_work, settings, tmp_path, now)
    for role in ("workforce", "pcs", CHAIR, "organiser"):
        await pulse.grant(role)
    await pulse.grant("pcs", "workforce@example.org")  # who has two roles is told once
    return pulse


async def told(pulse: Pulse, kind: str) -> dict[str, EmailMessage]:
    """The one message of that kind to each, of those made when the worker follows what happened."""
    subscribers = {"wave_messages": Subscriber(WaveMessages(WaveLetters(pulse.settings)).hear)}
    before = {row.id for row in await pulse.every(OutboxMessage)}
    while await journal.follow(pulse.database, pulse.unit_of_work, subscribers, pulse.now, datetime.now(UTC)):
        pass
    rows = [row for row in await pulse.every(OutboxMessage) if row.id not in before and row.kind == kind]
    assert len({row.recipient for row in rows}) == len(rows)
    return {row.recipient: parsed(row) for row in rows}


async def test_prepared_wave_is_told_to_the_workforce_team_and_pcs(pulse: Pulse) -> None:
    await pulse.load(QUESTIONNAIRE + SERIES)
    await pulse.plan(OPENS_AT - timedelta(weeks=4))
    messages = await told(pulse, "WavePrepared")
    assert set(messages) == {"workforce@example.org", "pcs@example.org"}
    for message in messages.values():
        assert "Planned to open: 9am on Monday 12 April 2027" in words(message)


async def test_beginning_is_told_to_all_who_are_consulted_with_its_last_day(pulse: Pulse) -> None:
    await pulse.load(QUESTIONNAIRE + WAVE)
    await pulse.plan(CONSULTED_AT)
    messages = await told(pulse, "ConsultationBegan")
    assert set(messages) == {"workforce@example.org", "pcs@example.org", f"{CHAIR.replace(':', '.')}@example.org"}
    for message in messages.values():
        assert message["Subject"] == "You are consulted: Spring 2027"
        assert "until the end of Wednesday 31 March 2027" in words(message)
        assert "http://engage.example.org/console/waves/2027-spring" in words(message)


async def test_change_begins_the_consultation_again(pulse: Pulse) -> None:
    await pulse.load(QUESTIONNAIRE + WAVE)
    await pulse.plan(CONSULTED_AT)
    await told(pulse, "ConsultationBegan")
    await pulse.load(QUESTIONNAIRE.replace("with respect", "fairly") + WAVE)
    messages = await told(pulse, "ConsultationBegan")
    assert {message["Subject"] for message in messages.values()} == {"You are consulted again: Spring 2027"}


async def test_what_is_said_is_told_to_the_others_in_its_own_words(pulse: Pulse) -> None:
    await pulse.grant("pcs", "somebody@example.org")  # who says it
    await pulse.load(QUESTIONNAIRE + WAVE)
    await pulse.plan(CONSULTED_AT)
    await told(pulse, "ConsultationBegan")
    await pulse.say("objection", text="Not <i>these</i>\nquestions")
    messages = await told(pulse, "SaidInConsultation")
    assert len(messages) == 3
    assert "somebody@example.org" not in messages
    for message in messages.values():
        assert message["Subject"] == "PCS objected: Spring 2027"
        assert "Not <i>these</i>\r\nquestions" in part(message, "plain")
        assert "Not &lt;i&gt;these&lt;/i&gt;\r\nquestions" in part(message, "html")
