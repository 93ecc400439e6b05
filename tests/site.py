"""A whole site in this process: pages as a browser without scripts sees them, mail at a real SMTP server."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from email.message import EmailMessage
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from httpx2 import ASGITransport, AsyncClient, Response
from sqlalchemy import make_url, select
from starlette.applications import Starlette

from engage.app import create_app
from engage.settings import Settings
from engage.storage.database import Base, Database
from engage.worker import Worker
from tests.smtp_server import SmtpServer

JSON = {"accept": "application/json"}
Typed = str | list[str]
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # where the dialect cannot matter


def on_disk(database: Database) -> bytes:
    """The SQLite file with its log, as they lie there."""
    file = Path(make_url(database.url).database or "")
    return b"".join(path.read_bytes() for path in file.parent.glob(f"{file.name}*"))


@dataclass
class Form:
    """A form of a page: where it goes, and what a browser sends of it when nothing is typed."""

    action: str
    fields: list[tuple[str, str]] = field(default_factory=list)

    def filled(self, **typed: Typed) -> dict[str, Typed]:
        kept: dict[str, Typed] = {}
        for name, value in self.fields:
            kept[name] = [*kept.get(name, []), value]
        return kept | typed


class Page(HTMLParser):
    """A page as it is read: its words, its links and its forms."""

    def __init__(self, response: Response) -> None:
        super().__init__()
        self.response = response
        self.status = response.status_code
        self.forms: list[Form] = []
        self.links: list[str] = []
        self._words: list[str] = []
        self._area: str | None = None
        self.feed(response.text)

    @property
    def words(self) -> str:
        return " ".join(" ".join(self._words).split())

    def form(self, ending: str = "") -> Form:
        return next(form for form in self.forms if form.action.endswith(ending))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(given.get("action") or self.response.url.path))
        elif tag == "a":
            self.links.append(given.get("href", ""))
        elif tag == "textarea":
            self._area = given["name"]
        elif tag == "input" and (given["type"] not in ("radio", "checkbox") or "checked" in given):
            self.forms[-1].fields.append((given["name"], given.get("value", "")))

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._area = None

    def handle_data(self, data: str) -> None:
        self._words.append(data)
        if self._area is not None:
            self.forms[-1].fields.append((self._area, data.removeprefix("\n")))


@dataclass
class Site:
    """The running site: one browser at it, its worker when told to work, and a clock that is moved by hand."""

    app: Starlette
    settings: Settings
    database: Database
    browser: AsyncClient
    relay: SmtpServer
    worker: Worker
    now: datetime

    def pass_time(self, span: timedelta) -> None:
        self.now += span

    async def open(self, path: str) -> Page:
        return Page(await self.browser.get(path))

    async def json(self, path: str) -> Any:
        answer = await self.browser.get(path, headers=JSON)
        assert answer.status_code == 200
        return answer.json()

    async def send(self, form: Form, **typed: Typed) -> Response:
        return await self.browser.post(form.action, data=form.filled(**typed))

    async def register(self, email: str, slot: str = "sitting-0", **typed: Typed) -> Response:
        """Open the registration form of the factories' evening, fill it in and send it."""
        form = (await self.open("/open-evenings/reviews-team/register")).form("/register")
        given: dict[str, Typed] = {"slot": slot, "name": "Somebody Interested", "email": email}
        return await self.send(form, **given | typed)

    async def act(self, link: str, act: str, **typed: Typed) -> Response:
        """Do an act of a registration's own page with the form that stands there."""
        return await self.send((await self.open(link)).form(f"/{act}"), **typed)

    async def mail(self) -> list[EmailMessage]:
        """Work until nothing is left; the messages that arrived at the SMTP server since the last time, in order."""
        known = len(self.relay.messages)
        await self.worker.work_off()
        return [received.parsed for received in self.relay.messages[known:]]

    async def joined(self, email: str, slot: str = "sitting-0", **typed: Typed) -> str:
        """Register; the path of the registration's own page, from the mail."""
        answer = await self.register(email, slot, **typed)
        assert answer.status_code == 303
        (message,) = [each for each in await self.mail() if each["To"].addresses[0].addr_spec == email]
        return link_in(message)

    async def dump(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of every table."""
        async with self.database.reading() as session:
            return {
                table.name: sorted(map(tuple, (await session.execute(select(table))).all()), key=repr)
                for table in Base.metadata.sorted_tables
            }


def text_of(message: EmailMessage, subtype: str = "plain") -> str:
    """The part of the message of that type, decoded."""
    (found,) = [each for each in message.walk() if each.get_content_type() == f"text/{subtype}"]
    return str(found.get_content())


def link_in(message: EmailMessage, room: str = "registrations") -> str:
    """The path of the message's link into that room."""
    found = re.search(rf"http://engage\.example\.org(/{room}/\S+)", text_of(message))
    assert found is not None
    return found[1]


@asynccontextmanager
async def running(settings: Settings, now: datetime) -> AsyncIterator[Site]:
    """The site on the database of the settings. Its pages know of no relay, so that they show the catcher's too."""
    async with SmtpServer() as relay:
        given = replace(settings, smtp_url=f"{relay.url}?starttls=never")
        app = create_app(settings, has_worker=False, clock=lambda: site.now)
        async with app.router.lifespan_context(app), _browser(app, settings) as browser:
            parts = app.state.site
            app.state.live.life = 0.0  # an answer is taken here when it is complete, so no stream may go on
            worker = Worker(given, parts.database, parts.unit_of_work, lambda: site.now)
            site = Site(app, settings, parts.database, browser, relay, worker, now)
            await worker.open()
            yield site
            await worker.close()


def _browser(app: Starlette, settings: Settings) -> AsyncClient:
    return AsyncClient(transport=ASGITransport(app=app), base_url=settings.base_url)
