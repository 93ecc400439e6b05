"""The outbox: messages that are made and not yet in the relay's hands; the catcher's store, and what machines watch."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from engage.storage.database import Base, Key


class OutboxMessage(Base):
    """One message to one person, whole and fixed when it is made; ``key`` makes it unique.

    ``stream`` keeps messages about one thing in order. ``state`` is waiting, sent (accepted by the relay), bounced
    (accepted, and reported undelivered later), dead (given up) or dropped (no longer true). ``due_at``,
    ``first_tried_at`` and the lease are by the real clock: whoever holds ``lease`` may send the message until
    ``leased_until``. ``content`` is the message's bytes as RFC 5322 writes them, emptied some time after sending.
    """

    __tablename__ = "outbox_message"
    __table_args__ = (Index(None, "state", "due_at", "id"), Index(None, "stream", "id"))

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    key: Mapped[str] = mapped_column(String(200), unique=True)
    kind: Mapped[str] = mapped_column(String(40))
    stream: Mapped[str] = mapped_column(String(60))
    recipient: Mapped[str] = mapped_column(String(254))
    envelope_from: Mapped[str] = mapped_column(String(254))
    message_id: Mapped[str] = mapped_column(String(200))
    state: Mapped[str] = mapped_column(String(10), default="waiting")
    attempts: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime]
    first_tried_at: Mapped[datetime | None]
    lease: Mapped[str | None] = mapped_column(String(40))
    leased_until: Mapped[datetime | None]
    details: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  # what has to be true still when it is sent
    reply: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime]
    settled_at: Mapped[datetime | None] = mapped_column(index=True)
    content: Mapped[bytes | None] = mapped_column(LargeBinary)  # the last: SQLite reads long rows up to what it needs


class PlannedRound(Base):
    """Messages to many, made a part at a time: ``reached`` is the last recipient who has theirs.

    ``key`` names kind, subject and instant, such as "closing:<evening>:<due instant>", so that any number of workers
    plan a round once and a moved instant makes a new one.
    """

    __tablename__ = "planned_round"

    key: Mapped[str] = mapped_column(String(120), primary_key=True)
    reached: Mapped[int] = mapped_column(Key, default=0)
    is_done: Mapped[bool] = mapped_column(default=False)


class CaughtMessage(Base):
    """A message that the built-in catcher received in place of a relay."""

    __tablename__ = "caught_message"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    received_at: Mapped[datetime]
    envelope_from: Mapped[str] = mapped_column(String(254))
    recipients: Mapped[str] = mapped_column(Text)
    content: Mapped[bytes] = mapped_column(LargeBinary)


class MailNote(Base):
    """What one process noted for all to see: under "relay" that it takes no mail, under "listener" who hears replies.

    ``since`` when it is so, ``noted_at`` when it was last seen to be so, both by the real clock.
    """

    __tablename__ = "mail_note"

    name: Mapped[str] = mapped_column(String(20), primary_key=True)
    since: Mapped[datetime]
    noted_at: Mapped[datetime]
