"""The tables of what is done about results, and of what is asked of the next wave. All of it is on the record."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from engage.storage.database import Base, Key


class Action(Base):
    """Something promised about a theme, a question or a group of a published wave."""

    __tablename__ = "action"
    __table_args__ = (
        CheckConstraint("status IN ('proposed', 'agreed', 'under way', 'done', 'dropped')", name="status_known"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    wave_id: Mapped[int] = mapped_column(ForeignKey("wave.id", ondelete="CASCADE"), index=True)
    title: Mapped[str] = mapped_column(String(200))
    theme: Mapped[str | None] = mapped_column(String(40))
    question: Mapped[str | None] = mapped_column(String(40))
    family: Mapped[str | None] = mapped_column(String(40))
    group: Mapped[str | None] = mapped_column(String(100))
    owner: Mapped[str] = mapped_column(String(254))
    due_on: Mapped[date]
    status: Mapped[str] = mapped_column(String(10), default="proposed")
    evidence: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime]
    entries: Mapped[list["ActionEntry"]] = relationship(lazy="raise", order_by="ActionEntry.id")


class ActionEntry(Base):
    """What somebody said about an action: a proposal, a reply, progress, or PCS's countersignature or dissent."""

    __tablename__ = "action_entry"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    action_id: Mapped[int] = mapped_column(ForeignKey("action.id", ondelete="CASCADE"), index=True)
    author: Mapped[str] = mapped_column(String(254))
    role: Mapped[str] = mapped_column(String(100))
    kind: Mapped[str] = mapped_column(String(12))
    text: Mapped[str] = mapped_column(Text)
    said_at: Mapped[datetime]


class CutRequest(Base):
    """A wish for other groups in the next wave, and what became of it."""

    __tablename__ = "cut_request"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    author: Mapped[str] = mapped_column(String(254))
    role: Mapped[str] = mapped_column(String(100))
    text: Mapped[str] = mapped_column(Text)
    asked_at: Mapped[datetime]
    answer: Mapped[str | None] = mapped_column(Text)
    answered_at: Mapped[datetime | None]
