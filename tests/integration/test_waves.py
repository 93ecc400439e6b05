"""A wave from its preparation to its end: by the clock, by hand, once, and never against who is consulted unnoticed."""

import asyncio
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from engage.errors import (
    ConsultationOver,
    ConsultationUnfinished,
    EngageError,
    NotFound,
    OutOfOrder,
    WaveNotReady,
    WaveOver,
)
from engage.journal import JournalEntry
from engage.settings import Settings
from engage.storage.database import Database
from engage.storage.unit_of_work import UnitOfWork
from engage.surveys.keys import custody
from engage.surveys.models import (
    KeyShare,
    Questionnaire,
    RosterEntry,
    SealedComments,
    SealedSheet,
    SpentLink,
    Trustee,
    Wave,
)
from engage.surveys.waves import closing, opening
from engage.surveys.waves.rounds import Act, find, plan_waves
from tests.pulse import AUTUMN, CLOSES_AT, CONSULTED_AT, OPENS_AT, QUESTIONNAIRE, SERIES, WAVE, Pulse
from tests.site import on_sqlite

ALL = QUESTIONNAIRE + WAVE
TRUSTEES = 'trustees = ["a@x.test", "b@x.test", "c@x.test"]\n'
DAY = timedelta(days=1)


@pytest.fixture
async def pulse(
    database: Database, unit_of_work: UnitOfWork, settings: Settings, tmp_path: Path, now: datetime
) -> Pulse:
    """A loaded wave, and three people to ask."""
    pulse = Pulse(database, unit_of_work, settings, tmp_path, now)
    await pulse.load(ALL)
    await pulse.employ("Ann,Policy,6", "Bob,Policy,7", "Cem,Audit,7")
    return pulse


async def close(session: AsyncSession, wave: Wave, now: datetime) -> bool:
    return await closing.close(session, wave, now)


async def extend(session: AsyncSession, wave: Wave, until: datetime, pulse: Pulse) -> bool:
    return await closing.extend(session, wave, until, pulse.settings.zone, pulse.now)


async def void(session: AsyncSession, wave: Wave, now: datetime) -> bool:
    return await closing.void(session, wave, now, reason="Too few shares")


async def join(session: AsyncSession, wave: Wave, now: datetime) -> bool:
    return bool(await opening.add_joiners(session, wave, now))


def acts(pulse: Pulse) -> dict[str, Act]:
    until = CLOSES_AT + 7 * DAY
    return {
        "close": partial(close, now=pulse.now),
        "extend": partial(extend, until=until, pulse=pulse),
        "void": partial(void, now=pulse.now),
        "join": partial(join, now=pulse.now),
    }


async def enrol(pulse: Pulse, *emails: str) -> None:
    """As trustees, with key pairs that cost nothing to make."""

    async def command(session: AsyncSession) -> None:
        for email in emails:
            keys = custody.make_keys(pulse.settings.secret_key, email, {}, None)
            session.add(Trustee(email=email, salt=b"salt", public_key=keys.public_key, enrolled_at=pulse.now))

    await pulse.unit_of_work.run(command)


async def test_a_wave_is_consulted_about_opened_and_closed_by_the_clock(pulse: Pulse) -> None:
    moment = timedelta(seconds=1)
    assert await pulse.plan(OPENS_AT - timedelta(weeks=4) - moment) == 0
    for instant, before, after in (
        (OPENS_AT - timedelta(weeks=4), "draft", "consulting"),
        (OPENS_AT, "consulting", "open"),
        (CLOSES_AT, "open", "closed"),
    ):
        assert await pulse.plan(instant - moment) == 0
        assert (await pulse.wave()).status == before
        assert await pulse.plan(instant) == 1
        assert (await pulse.wave()).status == after
    assert await pulse.facts() == ["WaveLoaded", "ConsultationBegan", "WaveOpened", "WaveClosed"]


async def test_opening_freezes_whom_it_asks_and_what(pulse: Pulse) -> None:
    await pulse.plan(CONSULTED_AT)
    await pulse.plan(OPENS_AT)
    wave = await pulse.wave()
    roster = await pulse.roster()
    assert (wave.invited, wave.opened_at, wave.opening_reason) == (3, OPENS_AT, None)
    assert wave.questionnaire.is_frozen
    await pulse.employ("Ann,Audit,7", "Bob,Policy,7", "Cem,Audit,7", "Dee,Audit,7")
    await pulse.employ("Ann,Audit,7")
    assert await pulse.roster() == roster, "who leaves, moves or joins changes nothing"


async def test_keys_are_made_at_the_opening_and_lie_under_the_secret(pulse: Pulse) -> None:
    await pulse.open(reason="A test")
    wave = await pulse.wave()
    private_key = custody.unwrap_private_key(pulse.settings.secret_key, wave.key, wave.wrapped_private_key or b"")
    assert private_key not in (wave.public_key, wave.wrapped_private_key)
    assert len(custody.unwrap_link_key(pulse.settings.secret_key, wave.key, wave.wrapped_link_key or b"")) == 32
    assert await pulse.every(KeyShare) == []


async def test_with_trustees_no_key_is_kept_and_all_must_have_enrolled(pulse: Pulse) -> None:
    await pulse.load(ALL + TRUSTEES)
    await enrol(pulse, "a@x.test", "b@x.test")
    await pulse.plan(CONSULTED_AT)
    assert await pulse.plan(OPENS_AT) == 0
    with pytest.raises(WaveNotReady, match=r"1 trustee has not enrolled yet: c@x\.test\.$"):
        await pulse.open(reason="All the same")
    await enrol(pulse, "c@x.test")
    assert await pulse.plan(OPENS_AT + DAY) == 1
    wave = await pulse.wave()
    assert (wave.wrapped_private_key, wave.shares_needed) == (None, 2)
    assert [share.email for share in await pulse.every(KeyShare)] == ["a@x.test", "b@x.test", "c@x.test"]


async def test_a_wave_loaded_late_opens_on_the_first_working_morning_after_its_consultation(pulse: Pulse) -> None:
    began_at = datetime(2027, 4, 9, 10, tzinfo=UTC)
    await pulse.plan(began_at)
    assert await pulse.plan(datetime(2027, 4, 26, 7, 59, tzinfo=UTC)) == 0
    assert await pulse.plan(datetime(2027, 4, 26, 8, tzinfo=UTC)) == 1
    assert (await pulse.wave()).status == "open"


async def test_an_objection_stops_the_opening_until_it_is_withdrawn(pulse: Pulse) -> None:
    await pulse.plan(CONSULTED_AT)
    await pulse.say("objection")
    assert await pulse.plan(OPENS_AT) == 0
    await pulse.say("withdrawal")
    assert await pulse.plan(OPENS_AT) == 1


async def test_opening_against_an_objection_needs_a_reason_that_is_published(pulse: Pulse) -> None:
    await pulse.plan(CONSULTED_AT)
    await pulse.say("objection", role="group_lead:working_group:carers")
    pulse.now = OPENS_AT
    with pytest.raises(ConsultationUnfinished, match=r"an objection stands: Chair of carers \(working group\)"):
        await pulse.open()
    assert (await pulse.wave()).status == "consulting"
    assert await pulse.open(reason="The board decided so")
    assert (await pulse.wave()).opening_reason == "The board decided so"


async def test_opening_before_the_ten_days_are_over_needs_a_reason(pulse: Pulse) -> None:
    with pytest.raises(ConsultationUnfinished, match="the consultation has not begun"):
        await pulse.open()
    await pulse.plan(CONSULTED_AT)
    with pytest.raises(ConsultationUnfinished, match="runs until the end of Wednesday 31 March 2027"):
        await pulse.open()
    pulse.now = datetime(2027, 4, 1, 8, tzinfo=UTC)
    assert await pulse.open(), "after them a wave may open early by hand"
    assert (await pulse.wave()).opening_reason is None


async def test_a_wave_that_asks_nobody_or_has_closed_cannot_be_opened(pulse: Pulse) -> None:
    pulse.now = CLOSES_AT
    with pytest.raises(WaveNotReady, match="its close has passed"):
        await pulse.open(reason="Late")
    await pulse.load(AUTUMN)

    async def leave(session: AsyncSession) -> None:
        for person in (await pulse.staff()).values():
            (await session.merge(person)).left_at = pulse.now

    await pulse.unit_of_work.run(leave)
    with pytest.raises(WaveNotReady, match="the staff directory is empty"):
        await pulse.open(reason="Nobody", key="2027-autumn")


async def test_who_joins_later_can_be_asked_too_with_the_groups_of_that_day(pulse: Pulse) -> None:
    with pytest.raises(WaveNotReady):
        await pulse.act(acts(pulse)["join"])
    await pulse.open(reason="A test")
    last = max(entry.id for entry in await pulse.every(RosterEntry))
    await pulse.employ("Ann,Audit,7", "Bob,Policy,7", "Cem,Audit,7", "Dee,Audit,6")
    assert await pulse.act(acts(pulse)["join"])
    assert not await pulse.act(acts(pulse)["join"]), "nobody is asked twice"
    assert await pulse.roster() == [
        ("person0@example.org", "Policy", "6"),
        ("person1@example.org", "Policy", "7"),
        ("person2@example.org", "Audit", "7"),
        ("person3@example.org", "Audit", "6"),
    ]
    assert (await pulse.wave()).invited == 4
    added = (await pulse.every(JournalEntry))[-1]
    assert added.details == {"wave_id": 1, "after_id": last, "count": 1}


@pytest.mark.parametrize("name", ["close", "extend", "void"])
async def test_each_act_done_twice_is_done_once(pulse: Pulse, name: str) -> None:
    await pulse.open(reason="A test")
    assert not await pulse.open(reason="Again")
    assert await pulse.act(acts(pulse)[name])
    facts = await pulse.facts()
    assert not await pulse.act(acts(pulse)[name])
    assert await pulse.facts() == facts


@pytest.mark.parametrize(
    ("status", "name", "refusal"),
    [
        ("consulting", "close", WaveNotReady),
        ("consulting", "extend", WaveNotReady),
        ("closed", "join", WaveOver),
        ("void", "close", WaveOver),
        ("void", "extend", WaveOver),
        ("void", "join", WaveOver),
        ("tallied", "void", WaveOver),
        ("published", "extend", WaveOver),
    ],
)
@on_sqlite
async def test_an_act_out_of_its_time_is_refused_and_changes_nothing(
    pulse: Pulse, status: str, name: str, refusal: type[EngageError]
) -> None:
    async def become(session: AsyncSession, wave: Wave) -> bool:
        wave.status = status
        return True

    await pulse.act(become)
    facts = await pulse.facts()
    with pytest.raises(refusal, match=r"^2027-spring "):
        await pulse.act(acts(pulse)[name])
    assert ((await pulse.wave()).status, await pulse.facts()) == (status, facts)
    if status != "consulting":
        with pytest.raises(WaveOver):
            await pulse.open(reason="Again")


async def test_an_extended_wave_promises_its_results_for_as_many_days_later(pulse: Pulse) -> None:
    await pulse.open(reason="A test")
    with pytest.raises(WaveNotReady, match="only be extended to a later instant"):
        await pulse.act(partial(extend, until=CLOSES_AT - DAY, pulse=pulse))
    assert await pulse.act(partial(extend, until=CLOSES_AT + 7 * DAY, pulse=pulse))
    wave = await pulse.wave()
    assert (wave.closes_at, f"{wave.results_by}") == (CLOSES_AT + 7 * DAY, "2027-06-07")
    assert await pulse.plan(CLOSES_AT) == 0
    assert await pulse.plan(CLOSES_AT + 7 * DAY) == 1


async def test_a_closed_wave_can_only_promise_its_results_for_later(pulse: Pulse) -> None:
    await pulse.open(reason="A test")
    await pulse.act(acts(pulse)["close"])
    with pytest.raises(WaveNotReady, match="only be promised for a later day"):
        await pulse.act(partial(extend, until=datetime(2027, 5, 30, 12, tzinfo=UTC), pulse=pulse))
    assert await pulse.act(partial(extend, until=datetime(2027, 6, 15, 12, tzinfo=UTC), pulse=pulse))
    wave = await pulse.wave()
    assert (wave.status, f"{wave.results_by}", wave.closes_at) == ("closed", "2027-06-15", CLOSES_AT)


async def test_a_voided_wave_keeps_no_answer_and_no_key(pulse: Pulse) -> None:
    await pulse.load(ALL + TRUSTEES)
    await enrol(pulse, "a@x.test", "b@x.test", "c@x.test")
    await pulse.open(reason="A test")
    wave_id = (await pulse.wave()).id

    async def answer(session: AsyncSession) -> None:
        session.add(SealedSheet(key=b"1" * 16, wave_id=wave_id, content=b"box"))
        session.add(SealedComments(key=b"2" * 16, wave_id=wave_id, content=b"box"))
        session.add(SpentLink(fingerprint=b"3" * 20, wave_id=wave_id))

    await pulse.unit_of_work.run(answer)
    assert await pulse.act(acts(pulse)["void"])
    for table in (SealedSheet, SealedComments, SpentLink, KeyShare):
        assert await pulse.every(table) == []
    wave = await pulse.wave()
    assert (wave.public_key, wave.wrapped_link_key, wave.wrapped_private_key) == (None, None, None)
    assert (wave.status, wave.void_reason) == ("void", "Too few shares")
    assert len(await pulse.roster()) == 3, "they have to be told"


async def test_the_record_is_closed_once_the_wave_opens(pulse: Pulse) -> None:
    await pulse.say("comment")
    with pytest.raises(OutOfOrder):
        await pulse.say("withdrawal")
    with pytest.raises(OutOfOrder):
        await pulse.say("objection", role="workforce")
    await pulse.open(reason="A test")
    with pytest.raises(ConsultationOver):
        await pulse.say("objection")
    assert (await pulse.facts()).count("SaidInConsultation") == 1


async def test_unknown_wave_is_one_clear_line(pulse: Pulse) -> None:
    with pytest.raises(NotFound, match=r"^There is no wave none\.$"):
        await find(pulse.database, "none")


async def test_any_number_of_workers_open_a_wave_once(pulse: Pulse) -> None:
    await pulse.plan(CONSULTED_AT)
    units = [UnitOfWork(pulse.database) for _ in range(4)]
    done = await asyncio.gather(*(plan_waves(pulse.database, unit, pulse.settings, OPENS_AT) for unit in units))
    assert sum(done) == 1
    assert (await pulse.facts()).count("WaveOpened") == 1
    assert len(await pulse.roster()) == (await pulse.wave()).invited == 3
    for unit in units:
        await unit.close()


async def test_a_series_prepares_each_wave_once_and_consults_at_once(pulse: Pulse) -> None:
    await pulse.load(SERIES)
    october = datetime(2027, 9, 20, 12, tzinfo=UTC)
    assert await pulse.plan(october - timedelta(days=10)) == 0, "that of the file is over, and nobody is asked about it"
    units = [UnitOfWork(pulse.database) for _ in range(3)]
    done = await asyncio.gather(*(plan_waves(pulse.database, unit, pulse.settings, october) for unit in units))
    assert sum(done) >= 1
    await pulse.plan(october)
    prepared = await pulse.wave("pulse-2027-10")
    assert (prepared.status, prepared.series_key, prepared.threshold) == ("consulting", "pulse", 10)
    assert prepared.opens_at == datetime(2027, 10, 11, 8, tzinfo=UTC)
    assert prepared.title == "A Great Place to Work, October 2027"
    assert (await pulse.facts()).count("WavePrepared") == 1
    for unit in units:
        await unit.close()


async def test_a_series_leaves_a_month_alone_that_has_a_wave(pulse: Pulse) -> None:
    await pulse.load(SERIES)
    assert await pulse.plan(CONSULTED_AT) == 1
    assert len(await pulse.waves()) == 1


async def test_a_prepared_wave_takes_the_settings_of_the_last_one_and_can_be_loaded_over(pulse: Pulse) -> None:
    await pulse.load(SERIES, WAVE + 'families = ["grade"]\nthreshold = 12\npublic = true\n')
    await pulse.plan(datetime(2027, 9, 20, 12, tzinfo=UTC))
    prepared = await pulse.wave("pulse-2027-10")
    assert (prepared.families, prepared.threshold, prepared.is_public) == (["grade"], 12, True)
    over = AUTUMN.replace("2027-autumn", "pulse-2027-10")
    report = await pulse.load(over + "threshold = 15\n")
    assert report.kept == []
    assert (await pulse.wave("pulse-2027-10")).threshold == 15


async def test_everything_is_in_one_transaction(pulse: Pulse) -> None:
    async def fail(session: AsyncSession, wave: Wave) -> bool:
        await opening.open_wave(session, wave, pulse.settings, pulse.now, reason="A test")
        raise WaveNotReady("2027-spring failed after all.")

    with pytest.raises(WaveNotReady):
        await pulse.act(fail)
    assert await pulse.roster() == []
    assert not any(each.is_frozen for each in await pulse.every(Questionnaire))
    assert (await pulse.wave()).status == "draft"
