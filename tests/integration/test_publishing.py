"""Publishing: known answers become exactly the known report, sealed and chained, and nothing of it ever changes."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from engage.database import Database
from engage.errors import CommentsUnread, NotFound, WaveNotReady, WaveOver
from engage.settings import Settings
from engage.surveys import publishing, redacting
from engage.surveys.models import Questionnaire, Wave
from engage.surveys.release import scope, with_comments
from engage.surveys.releases import all_of, find, stored_faults
from engage.surveys.report_models import CountedComment
from engage.surveys.verify_release import chain_faults, faults
from engage.surveys.waves import act
from engage.surveys.waves import find as find_wave
from engage.unit_of_work import UnitOfWork
from tests.answered import PUBLISHED_AT, Voter, closed_wave, publish, tables, tally
from tests.site import on_sqlite

CARER = {"working_group": ("carers",)}
SPRING, AUTUMN = "2027-spring", "2027-autumn"
THEN = [
    *[Voter("Policy", "6", {"valued": 2, "safe": 2, "pride": 2}, CARER)] * 30,
    *[Voter("Policy", "6", {"valued": 4, "safe": 4, "pride": 4})] * 30,
]
NOW = [
    *[Voter("Policy", "6", {"valued": 2, "safe": 2, "pride": 2}, CARER)] * 12,
    *[Voter("Policy", "6", {"valued": 4, "safe": "na", "pride": 4})] * 36,
    *[Voter("Policy", "6", None)] * 12,
]
NONE = {"change": None, "change_margin": None, "clear": False}


class Press:
    """Counts and publishes waves, and finds what was published."""

    def __init__(self, database: Database, unit_of_work: UnitOfWork, settings: Settings) -> None:
        self.database, self.unit_of_work, self.zone = database, unit_of_work, settings.zone

    async def run(self, voters: Sequence[Voter], key: str = SPRING, **changed: Any) -> dict[str, Any]:
        await closed_wave(self.database, voters, key=key, **changed)
        assert await tally(self.database, self.unit_of_work, key)
        assert await publish(self.unit_of_work, self.database, self.zone, key)
        return await self.content(key)

    async def content(self, key: str = SPRING) -> dict[str, Any]:
        async with self.database.reading() as session:
            release, comments = await find(session, key), await find(session, key, "comments")
        assert release is not None
        return with_comments(release.content, comments.content if comments else None)

    async def act(self, command: Any, **given: Any) -> None:
        async def on_wave(session: AsyncSession, wave: Wave) -> bool:
            await command(session, wave, **given)
            return True

        await act(self.unit_of_work, await find_wave(self.database, SPRING), on_wave)

    async def publish_comments(self, key: str = SPRING) -> bool:
        command = partial(publishing.publish_comments, zone=self.zone, now=PUBLISHED_AT + timedelta(days=7))
        return await act(self.unit_of_work, await find_wave(self.database, key), command)


@pytest.fixture
def press(database: Database, unit_of_work: UnitOfWork, settings: Settings) -> Press:
    return Press(database, unit_of_work, settings)


def group_in(content: dict[str, Any], key: str = "everyone") -> dict[str, Any]:
    group: dict[str, Any] = next(each for each in content["groups"] if each["key"] == key)
    return group


async def test_known_answers_give_exactly_the_known_report(press: Press) -> None:
    content = await press.run(NOW)
    assert {name: content[name] for name in ("wave", "audience", "threshold", "published_at", "previous_root")} == {
        "wave": "2027-spring",
        "audience": "pcs",
        "threshold": 10,
        "published_at": "2027-03-01T17:00:00+00:00",
        "previous_root": None,
    }
    assert content["certificate"] == {"invited": 60, "spent": 48, "opened": 48, "counted": 48, "damaged": 0}
    everyone = group_in(content)
    assert everyone | {"proof": None} == {
        "family": "everyone",
        "key": "everyone",
        "title": "Everyone",
        "status": "released",
        "reason": None,
        "proof": None,
        "invited": 60,
        "responded": 48,
        # 12 people at 25 and 36 at 75: a variance of 468.75 * 48/47, and a fifth of the people were silent
        "index": {"score": 62.5, "margin": 2.8} | NONE,
        "themes": {"people": {"positive": 75} | NONE, "inclusive-culture": {"positive": None} | NONE},
        "values": {"respect": {"positive": 75} | NONE, "honesty": {"positive": None} | NONE},
        "questions": {
            "valued": {
                "positive": 75,
                "answers": {"1": 0, "2": 12, "3": 0, "4": 36, "5": 0},
                "n": 48,
                "na": 0,
                "skipped": 0,
                "band": None,
            }
            | NONE,
            "safe": {"positive": None, "answers": None, "n": 12, "na": 36, "skipped": 0, "band": "5-"} | NONE,
            "pride": {
                "positive": 75,
                "answers": {"1": 0, "2": 12, "3": 0, "4": 36, "5": 0},
                "n": 48,
                "na": 0,
                "skipped": 0,
                "band": None,
            }
            | NONE,
        },
    }
    assert group_in(content, "faith") | {"proof": None} == {
        "family": "working_group",
        "key": "faith",
        "title": "Faith and belief",
        "status": "withheld",
        "reason": "below the threshold",
        "proof": None,
    }
    assert faults(content) == []


async def test_published_wave_is_told_once_and_its_counters_are_gone(
    press: Press, database: Database, unit_of_work: UnitOfWork, settings: Settings
) -> None:
    content = await press.run(NOW)
    assert not await publish(unit_of_work, database, settings.zone, now=PUBLISHED_AT + timedelta(days=1))
    assert await press.content() == content
    rows = await tables(database)
    assert rows["tally"] == []
    assert (rows["wave"][0]["status"], rows["release"][0]["published_at"]) == ("published", PUBLISHED_AT)
    assert [entry["kind"] for entry in rows["journal_entry"]] == ["WaveTallied", "WavePublished"]
    assert [each["subscriber"] for each in rows["pending_fact"]] == ["wave_messages"]


async def test_next_wave_is_chained_to_the_last_and_compared_with_it(press: Press, database: Database) -> None:
    spring = await press.run(THEN)
    async with database.writing() as session:
        await session.execute(update(Questionnaire).values(key="gptw", version=1))
    await closed_wave(press.database, NOW, key=AUTUMN)
    async with database.writing() as session:
        await session.execute(update(Questionnaire).where(Questionnaire.id == 2).values(key="gptw", version=2))
    await tally(press.database, press.unit_of_work, AUTUMN)
    await publish(press.unit_of_work, press.database, press.zone, AUTUMN, PUBLISHED_AT + timedelta(days=180))
    autumn = await press.content(AUTUMN)
    assert autumn["previous_root"] == spring["root"]
    everyone = group_in(autumn)
    assert (everyone["questions"]["valued"]["change"], everyone["questions"]["valued"]["clear"]) == (25, True)
    assert everyone["questions"]["safe"]["change"] is None
    assert (everyone["index"]["change"], everyone["index"]["clear"]) == (12.5, True)
    assert everyone["themes"]["people"]["change"] == 25
    assert chain_faults([autumn, spring]) == []
    async with database.reading() as session:
        assert stored_faults(await all_of(session)) == []


async def test_wave_of_another_questionnaire_is_chained_but_not_compared(press: Press) -> None:
    spring, autumn = await press.run(THEN), await press.run(NOW, AUTUMN)
    assert autumn["previous_root"] == spring["root"]
    assert group_in(autumn)["questions"]["valued"]["change"] is None


async def test_wave_with_too_few_answers_is_published_with_everyone_withheld(press: Press) -> None:
    content = await press.run(NOW[:5])
    assert {group["status"] for group in content["groups"]} == {"withheld"}
    assert faults(content) == []
    assert [group["key"] for group in scope(content, "staff")["groups"]] == ["everyone"]


async def test_all_the_same_answers_are_published_as_bands(press: Press) -> None:
    content = await press.run([Voter(answers={"valued": 5, "safe": 5, "pride": 5})] * 20)
    everyone = group_in(content)
    assert {question["band"] for question in everyone["questions"].values()} == {"95+"}
    assert everyone["index"] == {"score": 100.0, "margin": 0.0} | NONE
    assert faults(content) == []


@on_sqlite
async def test_audiences_differ_in_scope_alone(press: Press) -> None:
    content = await press.run(NOW)
    shown = {
        audience: [group["key"] for group in scope(content, audience)["groups"]]
        for audience in ("pcs", "workforce", "staff", "public", "group:directorate:policy", "group:working_group:faith")
    }
    assert shown["pcs"] == shown["workforce"] == [group["key"] for group in content["groups"]]
    assert shown["staff"] == shown["public"] == ["everyone"]
    assert shown["group:directorate:policy"] == ["everyone", "policy"]
    assert shown["group:working_group:faith"] == ["everyone", "faith"]
    for audience in ("group:directorate:nowhere", "group:pattern:part", "group:everyone:everyone:x", "press"):
        with pytest.raises(NotFound):
            scope(content, audience)


@on_sqlite
@pytest.mark.parametrize(("status", "refusal"), [("closed", WaveNotReady), ("open", WaveNotReady), ("void", WaveOver)])
async def test_wave_that_is_not_tallied_is_not_published(
    database: Database, unit_of_work: UnitOfWork, settings: Settings, status: str, refusal: type[Exception]
) -> None:
    await closed_wave(database, NOW)
    async with database.writing() as session:
        await session.execute(update(Wave).values(status=status))
    with pytest.raises(refusal):
        await publish(unit_of_work, database, settings.zone)


async def test_two_waves_published_at_once_are_one_chain(press: Press, database: Database) -> None:
    await press.run(NOW)
    keys = ["2028-spring", "2028-autumn"]
    for key in keys:
        await closed_wave(database, NOW, key=key)
        await tally(database, press.unit_of_work, key)
    others = [Database(database.url) for _ in keys]
    writers = [UnitOfWork(each) for each in others]
    outcomes = await asyncio.gather(
        *(publish(writer, database, press.zone, key) for writer, key in zip(writers, keys, strict=True)),
        return_exceptions=True,
    )
    assert True in outcomes  # whoever comes second in the same moment may have to try again
    for writer, other in zip(writers, others, strict=True):
        await writer.close()
        await other.close()
    for key in keys:
        await publish(press.unit_of_work, database, press.zone, key)
    async with database.reading() as session:
        assert stored_faults(await all_of(session)) == []


SAID = [Voter(comments={"better": f"Ask Person {number}"}) for number in range(12)]


async def test_comments_are_published_once_both_readers_agree_to_them_as_they_are(
    press: Press, database: Database
) -> None:
    spring = await press.run(SAID)
    async with database.reading() as session:
        comments = (await session.scalars(select(CountedComment).order_by(CountedComment.key))).all()
        marked = await redacting.unpublished(session, await session.get_one(Wave, 1))
    first, second, *rest = comments
    for comment in rest:
        for role in ("workforce", "pcs"):
            await press.act(redacting.agree, key=comment.key, role=role, seen=(comment.text, False))
    assert {mark.kind for each in marked for mark in each.marks} <= {"name"}
    await press.act(redacting.agree, key=first.key, role="pcs", seen=(first.text, False))
    await press.act(redacting.redact, key=first.key, role="workforce", text="Ask [a colleague]")
    with pytest.raises(CommentsUnread):
        await press.act(redacting.agree, key=first.key, role="pcs", seen=(first.text, False))
    await press.act(redacting.redact, key=second.key, role="pcs", text=second.text, is_withheld=True)
    with pytest.raises(CommentsUnread):
        await press.publish_comments()
    await press.act(redacting.agree, key=first.key, role="pcs", seen=("Ask [a colleague]", False))
    await press.act(redacting.agree, key=second.key, role="workforce", seen=(second.text, True))
    assert await press.publish_comments()
    assert not await press.publish_comments()
    filled = await press.content()
    texts = [comment["text"] for comment in filled["comments"]]
    assert sorted(texts) == sorted(["Ask [a colleague]", *(comment.text or "" for comment in rest)])
    assert {comment["question"] for comment in filled["comments"]} == {"better"}
    assert filled["root"] == spring["root"]
    assert filled["comments_head"]["previous_root"] == spring["root"]
    assert faults(filled) == []
    assert (await tables(database))["counted_comment"] == []
    autumn = await press.run(NOW, AUTUMN)
    assert autumn["previous_root"] == filled["comments_root"]
    assert chain_faults([filled, autumn]) == []
    async with database.reading() as session:
        assert stored_faults(await all_of(session)) == []


@on_sqlite
async def test_comments_wait_for_the_results_and_for_those_who_may_read_them(press: Press, database: Database) -> None:
    await closed_wave(database, SAID)
    await tally(database, press.unit_of_work)
    with pytest.raises(WaveNotReady):
        await press.publish_comments()
    async with database.reading() as session:
        comment = (await session.scalars(select(CountedComment).limit(1))).one()
    for key, role in ((comment.key, "trustee"), (b"none", "pcs")):
        with pytest.raises(NotFound):
            await press.act(redacting.agree, key=key, role=role, seen=(comment.redacted, False))


async def test_changed_rows_of_the_chain_are_named(press: Press, database: Database) -> None:
    await press.run(NOW)
    await press.run(NOW, AUTUMN)
    async with database.writing() as session:
        spring, autumn = await all_of(session)
        spring.content = spring.content | {"root": "sha256:" + "0" * 64}
        autumn.previous_root = "sha256:" + "1" * 64
    async with database.reading() as session:
        assert stored_faults(await all_of(session)) == [
            "2027-spring (results): its root in the chain is another one than its content has",
            "2027-autumn (results): does not name the release before it",
        ]
