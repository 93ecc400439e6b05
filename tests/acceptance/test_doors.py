"""The doors without scripts: tickets, codes, names, walk-ins, undoing, and everything that is no good ticket."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import event, insert, select, update

from engage.events.doors import tickets
from engage.events.models import Admission, OpenEvening, Registration
from engage.journal import JournalEntry
from engage.tokens import Tokens
from tests.factories import make_evening
from tests.reading import sign_in
from tests.site import Page, Site, on_sqlite

HERE = "/console/doors/reviews-team"
MOST_STATEMENTS = 20
CLOSED_AT = datetime(2027, 2, 25, 12, tzinfo=UTC)


async def come(site: Site, name: str = "Ann Àdeyemi", slot: str = "sitting-0", **typed: str) -> Registration:
    """Register somebody, and be at the door an hour before the evening."""
    await site.register(f"{name.split(maxsplit=1)[0]}@example.net".lower(), slot, name=name, **typed)
    await sign_in(site, "door")
    return await found(site, name)


async def found(site: Site, name: str) -> Registration:
    async with site.database.reading() as session:
        return (await session.scalars(select(Registration).where(Registration.name == name))).one()


def ticket_of(site: Site, registration: Registration) -> str:
    return tickets.text_of(Tokens(site.settings.secret_key), registration.id)


async def scan(site: Site, text: str, path: str = HERE, **typed: str) -> Page:
    """What the door is told when that is scanned or typed."""
    answer = await site.send((await site.open(path)).form(path), ticket=text, **typed)
    return Page(await site.browser.get(answer.headers["location"]) if answer.status_code == 303 else answer)


async def facts(site: Site) -> list[tuple[str, str, object]]:
    async with site.database.reading() as session:
        entries = await session.scalars(select(JournalEntry).order_by(JournalEntry.id))
        of_doors = [each for each in entries if each.kind.startswith(("Check", "Walk"))]
        return [(each.kind, each.actor, each.details["door"]) for each in of_doors]


async def admissions(site: Site) -> int:
    async with site.database.reading() as session:
        return len((await session.scalars(select(Admission).where(Admission.undone_at.is_(None)))).all())


async def test_ticket_lets_in_whom_it_names_and_the_journal_says_who_did_it(site: Site) -> None:
    ann = await come(site, companion="yes")
    page = await scan(site, ticket_of(site, ann), door="2")
    assert page.status == 200
    assert "In: Ann Àdeyemi and a companion" in page.words
    assert (await found(site, ann.name)).status == "attended"
    ((kind, actor, door),) = await facts(site)
    assert (kind, door) == ("CheckedIn", 2)
    assert actor.startswith("staff:")
    assert "People in 2" in page.words


@pytest.mark.parametrize("spelt", ["{0}{1}", " {0} {1}", "{0}-{1} "])
@on_sqlite
async def test_code_lets_in_however_it_is_typed(site: Site, spelt: str) -> None:
    code = (await come(site)).ticket_code.lower()
    assert "In: Ann" in (await scan(site, spelt.format(code[:4], code[4:]))).words


async def test_names_are_found_by_their_first_letters_without_their_accents(site: Site) -> None:
    await come(site)
    await come(site, "Bob Adeoye", "sitting-1")
    page = await scan(site, "ade")
    assert "Ann Àdeyemi" in page.words
    assert "Bob Adeoye" in page.words
    assert await admissions(site) == 0
    page = await scan(site, "adey an")
    assert "Bob Adeoye" not in page.words
    form = next(each for each in page.forms if each.fields[-1][0] == "ticket" and each.fields[-1][1])
    answer = await site.send(form)
    assert "In: Ann Àdeyemi" in (await site.open(answer.headers["location"])).words
    assert "Nobody of that name" in (await scan(site, "zzz")).words


async def test_who_was_let_in_can_read_and_take_away_that(site: Site) -> None:
    link = await site.joined("ann@example.net", name="Ann Àdeyemi")
    await sign_in(site, "door")
    await scan(site, (await found(site, "Ann Àdeyemi")).ticket_code, door="4")
    assert "Checked in at door 4" in (await site.open(f"{link}/timeline")).words
    (admission,) = (await site.json(f"{link}/timeline"))["admissions"]
    assert admission == {"door": 4, "admitted_at": "2027-02-03T12:00:00Z", "undone_at": None}


async def test_second_use_is_told_with_the_time_and_the_door_of_the_first(site: Site) -> None:
    ann = await come(site)
    await scan(site, ticket_of(site, ann), door="3")
    site.pass_time(timedelta(minutes=20))
    page = await scan(site, ann.ticket_code, door="1")
    assert page.status == 409
    assert "Used already: Ann Àdeyemi Let in at midday at door 3." in page.words
    assert await admissions(site) == 1


async def test_second_click_does_nothing_anew(site: Site) -> None:
    ann = await come(site)
    form = (await site.open(HERE)).form(HERE)
    first, second = [await site.send(form, ticket=ann.ticket_code) for _ in range(2)]
    assert first.headers["location"] == second.headers["location"]
    form = (await site.open(HERE)).form(HERE)
    for _ in range(2):
        await site.browser.post(f"{HERE}/walk-in", data=form.filled(sitting="sitting-1"))
    assert await admissions(site) == 2
    assert [kind for kind, *_ in await facts(site)] == ["CheckedIn", "WalkedIn"]


async def test_undone_check_in_leaves_the_place_and_can_be_done_again(site: Site) -> None:
    ann = await come(site)
    page = await scan(site, ann.ticket_code)
    undo = page.form("/undo")
    answer = await site.send(undo)
    assert "Ann Àdeyemi is not counted as in." in (await site.open(answer.headers["location"])).words
    assert (await found(site, ann.name)).status == "confirmed"
    await site.send(undo)
    assert "In: Ann" in (await scan(site, ann.ticket_code)).words
    assert [kind for kind, *_ in await facts(site)] == ["CheckedIn", "CheckInUndone", "CheckedIn"]


async def test_walk_in_is_never_refused_and_the_door_is_warned_of_a_full_room(site: Site) -> None:
    await come(site, slot="sitting-1")
    form = (await site.open(HERE)).form(HERE)
    answer = await site.browser.post(f"{HERE}/walk-in", data=form.filled(sitting="sitting-1"))
    words = (await site.open(answer.headers["location"])).words
    assert "In: a walk-in" in words
    assert "Take care: the room holds 1, 1 are booked, and there is 1 walk-in." in words
    tonight = (await site.open("/console/evenings/reviews-team/tonight")).words
    assert "1 walk-in" in tonight
    assert "And 1 walk-in" in (await site.open("/console/evenings/reviews-team/tonight/roll-call")).words


async def test_forged_and_altered_tickets_let_in_nobody(site: Site) -> None:
    ann = await come(site)
    good = ticket_of(site, ann)
    other_secret = tickets.text_of(Tokens("another secret, that is also long enough to be one"), ann.id)
    own_page = Tokens(site.settings.secret_key).issue("registration", ann.id).upper()
    altered = [good[:position] + ("A" if good[position] != "A" else "B") + good[position + 1 :] for position in (8, 25)]
    for bad in (*altered, other_secret, good[:-1], f"ENGAGE:{own_page}", "ENGAGE:", f"ENGAGE:{ann.id}"):
        page = await scan(site, bad)
        assert page.status == 422, bad
        assert "Not a ticket of ours" in page.words
    assert await admissions(site) == 0


async def test_ticket_of_another_evening_is_told_apart(site: Site) -> None:
    ann = await come(site)
    async with site.database.writing() as session:
        session.add(make_evening(1, slug="other", title="Another evening"))
    page = await scan(site, ticket_of(site, ann), "/console/doors/other")
    assert page.status == 409
    assert "It is for Reviews Team open evening." in page.words
    assert "Nobody of that name or code" in (await scan(site, ann.ticket_code, "/console/doors/other")).words
    assert await admissions(site) == 0


async def test_cancelled_ticket_is_told_and_can_be_let_in_as_a_walk_in(site: Site) -> None:
    ann = await come(site)
    async with site.database.writing() as session:
        await session.execute(update(Registration).values(status="cancelled"))
    page = await scan(site, ticket_of(site, ann))
    assert page.status == 409
    assert "No place: Ann Àdeyemi This registration was cancelled." in page.words
    answer = await site.send(page.form("/walk-in"))
    assert "In: a walk-in" in (await site.open(answer.headers["location"])).words
    assert (await found(site, ann.name)).status == "cancelled"


async def test_ticket_of_another_sitting_is_told_and_can_be_let_in_all_the_same(site: Site) -> None:
    ann = await come(site)
    page = await scan(site, ticket_of(site, ann), sitting="sitting-1")
    assert page.status == 409
    assert "The ticket is for the 6pm sitting, not the 7pm sitting." in page.words
    answer = await site.send(page.forms[1])
    assert "In: Ann Àdeyemi For the 6pm sitting." in (await site.open(answer.headers["location"])).words


@on_sqlite
async def test_stale_form_changes_nothing_and_gives_a_fresh_one(site: Site) -> None:
    ann = await come(site)
    for act in ("", "/walk-in", "/undo"):
        answer = await site.browser.post(HERE + act, data={"ticket": ann.ticket_code, "csrf_token": "old"})
        assert answer.status_code == 403
        assert "check it and send it again" in Page(answer).words
    assert await admissions(site) == 0
    answer = await site.send(Page(answer).form(HERE), ticket=ann.ticket_code)
    assert answer.status_code == 303


@on_sqlite
async def test_odd_input_is_answered_and_lets_in_nobody(site: Site) -> None:
    await come(site)
    for typed in ("", "   ", "x" * 100_000, "%_", "\x00"):
        page = await scan(site, typed, door="-4", sitting="none", key="1' OR 1")
        assert page.status in (200, 422)
    assert (await site.open(f"{HERE}?done={uuid4()}&door=x&sitting=%00")).status == 200
    async with site.database.writing() as session:
        await session.execute(update(OpenEvening).values(status="draft"))
    assert (await site.open(HERE)).status == 404
    assert await admissions(site) == 0


async def test_printed_list_has_every_place_with_its_code_by_sitting(site: Site) -> None:
    ann = await come(site)
    bob = await come(site, "Bob Late", "sitting-1")
    await site.register("eve@example.net", "sitting-1", name="Eve Waiting")
    words = (await site.open(f"{HERE}/print")).words
    assert words.index(ann.ticket_code) < words.index("7pm") < words.index(bob.ticket_code)
    assert "Eve Waiting" not in words


async def test_kept_page_names_nobody(site: Site) -> None:
    ann = await come(site)
    await scan(site, ann.ticket_code)
    assert "Ann" in (await site.open(HERE)).words
    assert "Ann" not in (await site.browser.get(f"{HERE}?plain")).text


@on_sqlite
async def test_camera_is_for_the_doors_page_alone(site: Site) -> None:
    await come(site)
    paths = (HERE, "/", f"{HERE}/print")
    policy = {path: (await site.browser.get(path)).headers["permissions-policy"] for path in paths}
    assert [path for path, said in policy.items() if "camera=(self)" in said] == [HERE]


async def test_pages_take_few_statements_whatever_the_size(site: Site) -> None:
    await come(site)
    async with site.database.writing() as session:
        slot_id = (await session.scalars(select(Registration.slot_id))).first()
        rows = [
            {
                "open_evening_id": 1,
                "slot_id": slot_id,
                "uid": str(number),
                "ticket_code": f"{number:08}",
                "form": "form",
                "email": f"{number}@example.net",
                "email_key": f"{number}@example.net",
                "name": f"Person {number}",
                "status": "attended",
                "party": 1,
                "has_reminders": False,
                "created_at": site.now,
            }
            for number in range(2_000)
        ]
        people = await session.scalars(insert(Registration).returning(Registration.id), rows)
        used = {"open_evening_id": 1, "slot_id": slot_id, "door": 1, "admitted_at": site.now, "changed_at": site.now}
        keyed = [{"key": str(uuid4()), "registration_id": each} for each in people]
        await session.execute(insert(Admission), [used | each for each in keyed])
    seen: list[str] = []
    for engine in (site.database.engine, site.database.writer):
        event.listen(engine.sync_engine, "before_cursor_execute", lambda *given: seen.append(given[2]))
    for path in (HERE, f"{HERE}/print", f"{HERE}/list", "/console/doors"):
        seen.clear()
        assert (await site.browser.get(path)).status_code == 200
        assert 0 < len(seen) <= MOST_STATEMENTS, path
    seen.clear()
    page = await scan(site, "person")
    assert "There are more" in page.words
    assert page.words.count("Person") == 50 + 2 * 10
    assert len(seen) <= 2 * MOST_STATEMENTS


async def test_door_tells_nothing_of_anybody_once_its_lists_are_closed(site: Site) -> None:
    ann = await come(site)
    let_in = await site.send((await site.open(HERE)).form(HERE), ticket=ticket_of(site, ann))
    done = let_in.headers["location"]
    site.now = CLOSED_AT - timedelta(minutes=1)
    await sign_in(site, "door")
    for path in (HERE, done):
        assert ann.name in (await site.open(path)).words
    form = (await site.open(HERE)).form(HERE)
    site.now = CLOSED_AT
    for path in (HERE, done):
        page = await site.open(path)
        assert page.status == 200
        assert "were closed at midday on Thursday 25 February 2027" in page.words
        assert ann.name not in page.words
        assert "People in" not in page.words
    for typed in (ticket_of(site, ann), ann.ticket_code, "Ann"):
        page = Page(await site.send(form, ticket=typed))
        assert page.status == 409
        assert "were closed at midday" in page.words
        assert ann.name not in page.words
    for act in ("walk-in", "undo"):
        answer = await site.browser.post(f"{HERE}/{act}", data=form.filled())
        assert answer.status_code == 409
    assert await admissions(site) == 1
