"""The people whom an open wave asks, at a server that runs: each answers so that the sheet tells who it was."""

import re
from typing import Any, Self

import httpx2

from engage.storage.database import Database
from engage.surveys.answers.seal import Sheet
from engage.surveys.questionnaires.questionnaire import NOT_APPLICABLE, POINTS
from tests.concurrency.stage import FAR_AHEAD
from tests.pulses import Pulse, Stored, open_pulse
from tests.server import client_of

TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
POINT_OF = [*map(str, POINTS), NOT_APPLICABLE, ""]  # the last one: left out
QUESTIONS = ("valued", "safe", "pride")
GROUPS = (("working_group", "carers"), ("working_group", "faith"), ("pattern", "part"))
MOST = len(POINT_OF) ** len(QUESTIONS) * 2 ** len(GROUPS)


async def open_wave(database: Database, people: int) -> Pulse:
    """A wave that is open by any clock."""
    return await open_pulse(database, people=people, closes_at=FAR_AHEAD)


class Answerers:
    """Everybody's browser: `async with Answerers(server.url, pulse) as answerers`. Scripts do not run in them."""

    def __init__(self, url: str, pulse: Pulse) -> None:
        # A connection for each request: one that was kept may be given up by the server as it is used again.
        self._client = client_of(url)
        self._pulse = pulse

    async def __aenter__(self) -> Self:
        await self._client.__aenter__()
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self._client.aclose()

    async def open(self, person: int) -> httpx2.Response:
        return await self._client.get(self._pulse.path(person))

    async def answer(self, person: int) -> httpx2.Response:
        """Open the page and send its form; redirections are not followed."""
        page = await self.open(person)
        if page.status_code != 200:
            return page
        found = TOKEN.search(page.text)
        assert found is not None, page.text
        return await self._client.post(self._pulse.path(person), data={"csrf_token": found[1]} | typed(person))


def typed(person: int) -> dict[str, Any]:
    """What the person of that number answers, unlike everybody else."""
    assert person < MOST
    fields: dict[str, Any] = {"comment-better": f"What person {person} says"}
    rest = person
    for question in QUESTIONS:
        rest, point = divmod(rest, len(POINT_OF))
        fields |= {f"q-{question}": POINT_OF[point]} if POINT_OF[point] else {}
    for place, (family, option) in enumerate(GROUPS):
        if rest >> place & 1:
            fields.setdefault(f"group-{family}", []).append(option)
    return fields


def read_back(stored: Stored) -> tuple[list[int], list[int]]:
    """Whose the sheets are and whose the comments, by number, in order."""
    return sorted(whose_sheet(sheet) for _, sheet in stored.sheets), sorted(map(whose_comments, stored.comments))


def whose_sheet(sheet: Sheet) -> int:
    number = sum(1 << place for place, (family, key) in enumerate(GROUPS) if key in sheet.groups.get(family, ()))
    for question in reversed(QUESTIONS):
        number = number * len(POINT_OF) + POINT_OF.index(str(sheet.answers.get(question, "")))
    return number


def whose_comments(comments: list[str]) -> int:
    return int(comments[0].rpartition("person ")[2].split()[0])
