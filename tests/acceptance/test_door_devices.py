"""What a door's device gets, and what it tells when it joins: each thing once, whatever became known meanwhile."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from httpx2 import Response
from sqlalchemy import select, update

from engage.events.doors import tickets
from engage.events.models import Admission, Registration
from engage.tokens import Tokens
from tests.reading import sign_in
from tests.site import Site, on_sqlite

HERE = "/console/doors/reviews-team"
Acts = list[dict[str, Any]]


class Device:
    """A door's device, as it was when it got the list."""

    def __init__(self, site: Site, number: int) -> None:
        self.site, self.number = site, number
        self.listed: dict[str, Any] = {}
        self.token = ""

    async def get(self) -> "Device":
        self.listed = (await self.site.browser.get(f"{HERE}/list")).json()
        form = (await self.site.open(f"{HERE}?plain")).form(HERE)
        self.token = dict(form.fields)["csrf_token"]
        return self

    def person(self, name: str) -> dict[str, Any]:
        return next(each for each in self.listed["people"] if each["name"].startswith(name))

    def act(self, name: str = "", act: str = "in", **given: Any) -> dict[str, Any]:
        ticket = {"ticket": self.person(name)["ticket"]} if name else {}
        made = {"act": act, "key": str(uuid4()), "at": self.site.now.isoformat(), "door": self.number}
        return made | ticket | {"sitting": "sitting-0"} | given

    async def post(self, acts: Acts, **changed: Any) -> Response:
        told = {"salt": self.listed["salt"], "since": self.listed["as_at"], "acts": acts} | changed
        return await self.site.browser.post(f"{HERE}/join", json=told, headers={"x-csrf-token": self.token})

    async def join(self, *acts: dict[str, Any]) -> dict[str, Any]:
        answer = await self.post(list(acts))
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told


async def two_doors(site: Site) -> tuple[Device, Device]:
    """Two devices with the list of two people, Ann in the first sitting and Bob in the second."""
    await site.register("ann@example.net", "sitting-0", name="Ann", companion="yes")
    await site.register("bob@example.net", "sitting-1", name="Bob")
    await sign_in(site, "door")
    return await Device(site, 1).get(), await Device(site, 2).get()


async def statuses(site: Site) -> dict[str, str]:
    async with site.database.reading() as session:
        return dict((await session.execute(select(Registration.name, Registration.status))).all())


def results(news: dict[str, Any]) -> list[str]:
    return [each["result"] for each in news["outcomes"]]


async def test_list_holds_names_sittings_and_salted_hashes_alone(site: Site) -> None:
    first, second = await two_doors(site)
    ann, again = first.person("Ann"), second.person("Ann")
    assert set(ann) == {"name", "sitting", "ticket", "code", "uses"}
    assert (ann["name"], ann["sitting"], ann["uses"]) == ("Ann and a companion", "sitting-0", [])
    assert ann["ticket"] != again["ticket"]
    async with site.database.reading() as session:
        row = (await session.scalars(select(Registration).where(Registration.name == "Ann"))).one()
    text = tickets.text_of(Tokens(site.settings.secret_key), row.id)
    assert ann["ticket"] == tickets.hash_of(first.listed["salt"], text)
    assert ann["code"] == tickets.hash_of(first.listed["salt"], row.ticket_code)
    answer = await site.browser.get(f"{HERE}/list")
    assert answer.headers["cache-control"] == "no-store"
    assert not [secret for secret in (row.ticket_code, row.email, text) if secret in answer.text]


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (datetime(2027, 2, 3, 18, 0, tzinfo=UTC), datetime(2027, 2, 4, 3, 0, tzinfo=UTC)),
        (datetime(2027, 7, 1, 1, 59, tzinfo=UTC), datetime(2027, 7, 1, 2, 0, tzinfo=UTC)),
        (datetime(2027, 7, 1, 2, 0, tzinfo=UTC), datetime(2027, 7, 2, 2, 0, tzinfo=UTC)),
    ],
)
@on_sqlite
async def test_list_is_forgotten_in_the_night_of_its_download(site: Site, now: datetime, expected: datetime) -> None:
    site.now = now
    await sign_in(site, "door")
    assert datetime.fromisoformat((await Device(site, 1).get()).listed["forget_at"]) == expected


async def test_what_is_told_twice_is_known_once(site: Site) -> None:
    first, _ = await two_doors(site)
    acts = [first.act("Ann"), first.act(act="walk_in")]
    assert results(await first.join(*acts)) == ["in", "walk_in"]
    again = await first.join(*acts)
    assert results(again) == ["in", "walk_in"]
    assert again["used_twice"] == {}
    assert again["walk_ins"] == {"sitting-0": 1, "sitting-1": 0}
    assert await statuses(site) == {"Ann": "attended", "Bob": "confirmed"}


async def test_ticket_used_at_two_doors_is_told_to_both(site: Site) -> None:
    first, second = await two_doors(site)
    site.pass_time(timedelta(minutes=1))
    early = second.act("Ann")
    site.pass_time(timedelta(minutes=1))
    late = first.act("Ann")
    assert results(await first.join(late)) == ["in"]
    news = await second.join(early)
    assert results(news) == ["used"]
    for device in (first, second):
        uses = (await device.join())["used_twice"][device.person("Ann")["ticket"]]
        assert [(each["door"], each["key"]) for each in uses] == [(2, early["key"]), (1, late["key"])]
    assert "Ann and a companion: 12:01pm at door 2 and 12:02pm at door 1" in (await site.open(HERE)).words
    assert results(await first.join({**late, "act": "undo"})) == ["undone"]
    assert (await second.join())["used_twice"] == {}
    assert (await statuses(site))["Ann"] == "attended"


async def test_door_that_asks_first_is_told_of_the_use_and_counts_nobody(site: Site) -> None:
    first, second = await two_doors(site)
    await first.join(first.act("Ann"))
    news = await second.join(second.act("Ann", is_done=False))
    assert results(news) == ["used"]
    assert news["outcomes"][0]["use"]["door"] == 1
    assert news["used_twice"] == {}
    assert [use["door"] for use in news["changed"][second.person("Ann")["ticket"]]] == [1]


async def test_undoing_reaches_the_other_door_and_outlives_a_repeat(site: Site) -> None:
    first, second = await two_doors(site)
    act = first.act("Bob")
    assert results(await first.join(act, {**act, "act": "undo"}, act)) == ["in", "undone", "undone"]
    assert (await second.join())["changed"] == {second.person("Bob")["ticket"]: []}
    assert (await statuses(site))["Bob"] == "confirmed"


async def test_whoever_was_let_in_is_counted_although_they_had_cancelled(site: Site) -> None:
    first, _ = await two_doors(site)
    async with site.database.writing() as session:
        await session.execute(update(Registration).values(status="cancelled"))
    asked, done = first.act("Ann", is_done=False), first.act("Bob", sitting="sitting-1")
    unknown = first.act(ticket="0" * 32)
    news = await first.join(asked, done, unknown)
    assert results(news) == ["no_place", "walk_in", "walk_in"]
    assert news["walk_ins"] == {"sitting-0": 1, "sitting-1": 1}
    assert set((await statuses(site)).values()) == {"cancelled"}


async def test_clock_that_is_ahead_is_put_right(site: Site) -> None:
    first, _ = await two_doors(site)
    await first.join(first.act("Ann", at=(site.now + timedelta(hours=3)).isoformat()))
    async with site.database.reading() as session:
        assert (await session.scalars(select(Admission.admitted_at))).one() == site.now


async def test_device_that_joins_late_is_believed_and_hears_of_nobody(site: Site) -> None:
    first, second = await two_doors(site)
    await second.join(second.act("Bob"))
    site.now = datetime(2027, 2, 25, 12, tzinfo=UTC)
    await sign_in(site, "door")
    for device in (first, second):
        device.token = dict((await site.open(f"{HERE}?plain")).form(HERE).fields)["csrf_token"]
    asked = await first.join(first.act("Bob", is_done=False))
    assert (asked["outcomes"], asked["changed"], asked["walk_ins"]) == ([], {}, {"sitting-0": 0, "sitting-1": 0})
    late = await first.join(first.act("Ann", at="2027-02-24T18:05:00Z"))
    assert results(late) == ["in"]
    assert (late["outcomes"][0]["use"], late["changed"], late["used_twice"]) == (None, {}, {})
    assert await statuses(site) == {"Ann": "attended", "Bob": "attended"}
    assert (await Device(site, 3).get()).listed["people"] == []


@on_sqlite
async def test_what_makes_no_sense_is_refused_whole(site: Site) -> None:
    first, _ = await two_doors(site)
    good = first.act("Ann")
    odd = ({"act": "out"}, {"key": "1"}, {"at": "2027-02-03T12:00:00"}, {"door": 0}, {"ticket": "x"}, {"name": "Ann"})
    for bad in odd:
        assert (await first.post([good, good | bad])).status_code == 400
    assert (await first.post([good] * 201)).status_code == 400
    assert (await first.post([good], salt="short")).status_code == 400
    assert (await first.post([good], since="yesterday")).status_code == 400
    answer = await site.browser.post(f"{HERE}/join", content=b"\xff{", headers={"x-csrf-token": first.token})
    assert answer.status_code == 400
    first.token = "forged"
    assert (await first.post([good])).status_code == 403
    assert (await statuses(site))["Ann"] == "confirmed"


@on_sqlite
async def test_service_worker_serves_the_doors_alone(site: Site) -> None:
    await two_doors(site)
    answer = await site.browser.get("/console/doors/worker.js")
    assert answer.headers["content-type"].startswith("text/javascript")
    assert "service-worker-allowed" not in answer.headers
