"""What the organisers write to people whom they chose, and to whom: fixed when it is sent, and forgotten soon after."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from engage.storage.database import Base, Key


class Mailing(Base):
    """One message to many. ``key`` is a keyed hash of the words and of the choice: the same is sent once.

    ``count`` is how many it was sent to.
    """

    __tablename__ = "mailing"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    open_evening_id: Mapped[int] = mapped_column(ForeignKey("open_evening.id", ondelete="CASCADE"), index=True)
    key: Mapped[str] = mapped_column(String(40), unique=True)
    subject: Mapped[str] = mapped_column(String(200))
    body: Mapped[str] = mapped_column(Text)
    count: Mapped[int]
    sent_at: Mapped[datetime]


class MailingRecipient(Base):
    """Somebody to whom it goes."""

    __tablename__ = "mailing_recipient"

    mailing_id: Mapped[int] = mapped_column(ForeignKey("mailing.id", ondelete="CASCADE"), primary_key=True)
    registration_id: Mapped[int] = mapped_column(
        ForeignKey("registration.id", ondelete="CASCADE"), primary_key=True, index=True
    )
