"""Writing to people whom the organisers chose: who is left out, sent once, made a part at a time by any worker."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NoReturn

from sqlalchemy import ColumnElement, String, cast, exists, func, insert, literal, not_, select
from sqlalchemy.ext.asyncio import AsyncSession

from engage.errors import AudienceChanged
from engage.events.facts import STREAM, stream_of
from engage.events.mail.correspondence import PLACEHOLDERS, Circular, Correspondence
from engage.events.mail.mailing_models import Mailing, MailingRecipient
from engage.events.models import OpenEvening, Registration
from engage.events.organiser_facts import MessageSent
from engage.events.registrations.choosing import Choice, count_of, is_chosen
from engage.journal import JournalEntry, append
from engage.notify import rounds
from engage.notify.facts import AddressRefused
from engage.notify.message import Letter, Message
from engage.notify.rounds import Prepared, Round
from engage.storage.database import Database
from engage.storage.unit_of_work import UnitOfWork

MAILED, TESTED = "OrganiserMessage", "OrganiserTest"
ROUND = "mailing:"
LETTER = "organiser_message"

HAS_CANCELLED = Registration.status == "cancelled"
IS_REFUSED = exists().where(
    JournalEntry.stream == literal(STREAM) + cast(Registration.id, String),
    JournalEntry.kind == AddressRefused.__name__,
)


@dataclass(frozen=True, slots=True)
class Audience:
    """To how many it goes, and how many of the chosen are left out: their address takes no mail, or they cancelled."""

    count: int
    refused: int
    cancelled: int


@dataclass(frozen=True, slots=True)
class Words:
    """What is written, and to whom."""

    subject: str
    body: str
    choice: Choice

    @property
    def paragraphs(self) -> list[str]:
        return [part for part in (each.strip() for each in self.body.split("\n\n")) if part]


async def audience_of(session: AsyncSession, evening: OpenEvening, choice: Choice) -> Audience:
    """Who would get it now."""
    chosen = is_chosen(evening, choice)
    wanted = chosen & _is_wanted(choice)
    count = await count_of(session, wanted & not_(IS_REFUSED))
    refused = await count_of(session, wanted & IS_REFUSED)
    return Audience(count, refused, await count_of(session, chosen) - count - refused)


async def send(
    session: AsyncSession, evening: OpenEvening, words: Words, key: str, count: int, now: datetime, actor: str
) -> Mailing:
    """Fix who gets it and begin; or what was sent before, for the same words to the same choice go once.

    Raises AudienceChanged where it would not be the ``count`` of people that were shown.
    """
    known = (await session.scalars(select(Mailing).where(Mailing.key == key))).one_or_none()
    if known is not None:
        return known
    mailing = Mailing(
        open_evening_id=evening.id, key=key, subject=words.subject, body=words.body, count=count, sent_at=now
    )
    session.add(mailing)
    await session.flush()
    await _fix(session, evening, words.choice, mailing)
    await append(session, MessageSent(open_evening_id=evening.id, mailing_id=mailing.id, count=count), now, actor)
    await rounds.begin(session, f"{ROUND}{mailing.id}")
    return mailing


async def make_all(database: Database, unit_of_work: UnitOfWork, correspondence: Correspondence, now: datetime) -> int:
    """Make what is left of the messages that were sent; the number of messages made."""
    async with database.reading() as session:
        numbers = [int(key.removeprefix(ROUND)) for key in await rounds.unfinished(session, ROUND)]
        query = select(Mailing, OpenEvening).join(OpenEvening, OpenEvening.id == Mailing.open_evening_id)
        found = (await session.execute(query.where(Mailing.id.in_(numbers)).order_by(Mailing.id))).all()
    due = [_Sending(correspondence, mailing, evening, now).round() for mailing, evening in found]
    return await rounds.run_all(due, database, unit_of_work, now)


def sample_of(correspondence: Correspondence, evening: OpenEvening, words: Words) -> Letter:
    """The letter as everybody gets it, but that it leads to nobody's page."""
    letter = _circular(correspondence, evening, words).letter
    assert letter is not None  # noqa: S101 - there is nothing in plain words that no letter can hold
    link = f"{correspondence.settings.base_url}/registrations/…"
    text, html = (part.replace(PLACEHOLDERS["link"], link) for part in (letter.text, letter.html))
    return replace(letter, text=text, html=html)


def test_of(correspondence: Correspondence, letter: Letter, email: str, key: str, now: datetime) -> Message:
    """The sample as a message to whoever wrote it."""
    tested = replace(letter, subject=f"Test: {letter.subject}")
    return correspondence.to_staff(tested, email, key=f"{TESTED}:{key}", now=now)


@dataclass(frozen=True, slots=True)
class _Sending:
    correspondence: Correspondence
    mailing: Mailing
    evening: OpenEvening
    now: datetime

    def round(self) -> Round:
        return Round(key=f"{ROUND}{self.mailing.id}", prepare=self.prepare)

    async def prepare(self, session: AsyncSession, after: int, limit: int) -> tuple[int | None, Sequence[Prepared]]:
        query = (
            select(Registration)
            .join(MailingRecipient, MailingRecipient.registration_id == Registration.id)
            .where(MailingRecipient.mailing_id == self.mailing.id, Registration.id > after)
            .order_by(Registration.id)
            .limit(limit)
        )
        found = (await session.scalars(query)).all()
        circular = _circular(self.correspondence, self.evening, self._words)
        return found[-1].id if len(found) == limit else None, [self._message(each, circular) for each in found]

    @property
    def _words(self) -> Words:
        return Words(self.mailing.subject, self.mailing.body, Choice())

    def _message(self, registration: Registration, circular: Circular) -> Prepared:
        key = f"{ROUND}{self.mailing.id}:{registration.id}"
        message = self.correspondence.address(circular, registration, key=key, now=self.now, is_unsubscribable=False)
        return Prepared(registration.id, message, MAILED, stream_of(registration.id))


async def _fix(session: AsyncSession, evening: OpenEvening, choice: Choice, mailing: Mailing) -> None:
    """Write down to whom it goes, in one statement. Raises AudienceChanged."""
    gets_it = is_chosen(evening, choice) & not_(IS_REFUSED) & _is_wanted(choice)
    columns = ["mailing_id", "registration_id"]
    chosen = select(literal(mailing.id), Registration.id).where(gets_it)
    await session.execute(insert(MailingRecipient).from_select(columns, chosen))
    fixed = select(func.count()).select_from(MailingRecipient).where(MailingRecipient.mailing_id == mailing.id)
    if await session.scalar(fixed) != mailing.count:
        _refuse()


def _circular(correspondence: Correspondence, evening: OpenEvening, words: Words) -> Circular:
    return correspondence.circular(LETTER, evening, title=words.subject, paragraphs=words.paragraphs)


def _is_wanted(choice: Choice) -> ColumnElement[bool]:
    """Whoever cancelled is written to only where those are chosen who cancelled."""
    return HAS_CANCELLED if choice.status == "cancelled" else not_(HAS_CANCELLED)


def _refuse() -> NoReturn:
    raise AudienceChanged(
        "Somebody registered or cancelled meanwhile, so nothing was sent. Check the new number below."
    )
