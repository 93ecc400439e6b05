"""Comments: two people read them, then they are a release of their own."""

import pytest
from sqlalchemy import select

from engage.errors import CommentsUnread, NotFound, WaveNotReady
from engage.settings import Settings
from engage.storage.database import Database
from engage.storage.unit_of_work import UnitOfWork
from engage.surveys.comments import redacting
from engage.surveys.consultations.record import role_title
from engage.surveys.follow_up.actions import Speaker
from engage.surveys.models import Wave
from engage.surveys.reports.releases import all_of, stored_faults
from engage.surveys.reports.report_models import CountedComment
from engage.surveys.reports.verify_release import chain_faults, faults
from tests.answered import Voter, closed_wave, tables, tally
from tests.press import AUTUMN, NOW, Press
from tests.site import on_sqlite

TEAM = Speaker("workforce@example.org", "workforce")
UNION = Speaker("pcs@example.org", "pcs")
SAID = [Voter(comments={"better": f"Ask Person {number}"}) for number in range(12)]


@pytest.fixture
def press(database: Database, unit_of_work: UnitOfWork, settings: Settings) -> Press:
    return Press(database, unit_of_work, settings)


async def test_comments_are_published_once_both_readers_agree_to_them_as_they_are(
    press: Press, database: Database
) -> None:
    spring = await press.run(SAID)
    async with database.reading() as session:
        comments = (await session.scalars(select(CountedComment).order_by(CountedComment.key))).all()
        marked = await redacting.unpublished(session, await session.get_one(Wave, 1))
    first, second, *rest = comments
    for comment in rest:
        for reader in (TEAM, UNION):
            await press.act(redacting.agree, key=comment.key, reader=reader, seen=(comment.text, False))
    assert {mark.kind for each in marked for mark in each.marks} <= {"name"}
    await press.act(redacting.agree, key=first.key, reader=UNION, seen=(first.text, False))
    await press.act(redacting.redact, key=first.key, reader=TEAM, text="Ask [a colleague]")
    with pytest.raises(CommentsUnread):
        await press.act(redacting.agree, key=first.key, reader=UNION, seen=(first.text, False))
    await press.act(redacting.redact, key=second.key, reader=UNION, text=second.text, is_withheld=True)
    with pytest.raises(CommentsUnread):
        await press.publish_comments()
    await press.act(redacting.agree, key=first.key, reader=UNION, seen=("Ask [a colleague]", False))
    await press.act(redacting.agree, key=second.key, reader=TEAM, seen=(second.text, True))
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
        reader = Speaker(UNION.email, role)
        with pytest.raises(NotFound):
            await press.act(redacting.agree, key=key, reader=reader, seen=(comment.redacted, False))


async def test_somebody_who_speaks_for_both_cannot_agree_alone(press: Press, database: Database) -> None:
    await press.run(SAID[:10])
    async with database.reading() as session:
        key = (await session.scalars(select(CountedComment.key).limit(1))).one()
    alone = Speaker(UNION.email, TEAM.role)
    for own, other in ((UNION, alone), (alone, UNION)):
        await press.act(redacting.redact, key=key, reader=own, text=f"As {own.role}")
        for doing, given in (
            (redacting.agree, {"seen": (f"As {own.role}", False)}),
            (redacting.redact, {"text": f"As {own.role}"}),
        ):
            with pytest.raises(CommentsUnread, match=f"^You agreed to this comment .* as {role_title(other.role)}\\.$"):
                await press.act(doing, key=key, reader=other, **given)
    await press.act(redacting.agree, key=key, reader=TEAM, seen=(f"As {alone.role}", False))
    await press.act(redacting.agree, key=key, reader=UNION, seen=(f"As {alone.role}", False))
    async with database.reading() as session:
        assert (await session.get_one(CountedComment, key)).is_agreed
