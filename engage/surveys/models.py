"""The tables of pulse surveys. Nothing here joins a person to an answer, nor to whether they answered."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from engage.storage.database import Base, Key

NO_ORDER = {"sqlite_with_rowid": False}  # rows lie in the order of their random keys, and not of arrival


class Questionnaire(Base):
    """One version of a questionnaire. ``content`` holds questions, comments and families as the file says them."""

    __tablename__ = "questionnaire"
    __table_args__ = (UniqueConstraint("key", "version"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    key: Mapped[str] = mapped_column(String(40))
    version: Mapped[int]
    title: Mapped[str] = mapped_column(String(200))
    is_frozen: Mapped[bool] = mapped_column(default=False)  # since a wave that uses it opened
    content: Mapped[dict[str, Any]] = mapped_column(JSON)


class Series(Base):
    """Waves that come again every year in the same months."""

    __tablename__ = "series"

    key: Mapped[str] = mapped_column(String(40), primary_key=True)
    questionnaire_key: Mapped[str] = mapped_column(String(40))
    months: Mapped[list[int]] = mapped_column(JSON)


class Wave(Base):
    """One survey of everybody. Keys are random; ``wrapped_…`` ones lie under the deployment's secret.

    ``families`` are in order of their worth, ``trustees`` addresses. ``invited`` is counted when it opens, ``spent`` is
    the one number of progress. ``custody`` tells how the private key is kept.
    """

    __tablename__ = "wave"
    __table_args__ = (
        CheckConstraint(
            "status IN ('draft', 'consulting', 'open', 'closed', 'tallied', 'published', 'void')", name="status_known"
        ),
        CheckConstraint("closes_at > opens_at", name="closes_after_opening"),
        CheckConstraint("threshold >= 5", name="threshold_protects"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    key: Mapped[str] = mapped_column(String(40), unique=True)
    title: Mapped[str] = mapped_column(String(200))
    series_key: Mapped[str | None] = mapped_column(ForeignKey("series.key"))
    questionnaire_id: Mapped[int] = mapped_column(ForeignKey("questionnaire.id"))
    status: Mapped[str] = mapped_column(String(12), default="draft")
    opens_at: Mapped[datetime]
    closes_at: Mapped[datetime]
    results_by: Mapped[date | None]
    reminders_days_before: Mapped[list[int]] = mapped_column(JSON, default=lambda: [7, 2])
    is_public: Mapped[bool] = mapped_column(default=False)
    threshold: Mapped[int] = mapped_column(default=10)
    families: Mapped[list[str]] = mapped_column(JSON, default=list)
    trustees: Mapped[list[str]] = mapped_column(JSON, default=list)
    shares_needed: Mapped[int | None]
    consultation_began_at: Mapped[datetime | None]
    opened_at: Mapped[datetime | None]
    opening_reason: Mapped[str | None] = mapped_column(Text)
    union_words: Mapped[str | None] = mapped_column(Text)
    void_reason: Mapped[str | None] = mapped_column(Text)
    public_key: Mapped[bytes | None] = mapped_column(LargeBinary)
    wrapped_private_key: Mapped[bytes | None] = mapped_column(LargeBinary)
    wrapped_link_key: Mapped[bytes | None] = mapped_column(LargeBinary)
    invited: Mapped[int] = mapped_column(default=0)
    spent: Mapped[int] = mapped_column(default=0)
    loaded: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    questionnaire: Mapped[Questionnaire] = relationship(lazy="raise")


class RosterEntry(Base):
    """Who is asked in a wave, with the groups of the day on which it opened."""

    __tablename__ = "roster_entry"
    __table_args__ = (UniqueConstraint("wave_id", "staff_id"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    wave_id: Mapped[int] = mapped_column(ForeignKey("wave.id", ondelete="CASCADE"))
    staff_id: Mapped[int]
    email: Mapped[str] = mapped_column(String(254))
    name: Mapped[str] = mapped_column(String(200))
    directorate: Mapped[str] = mapped_column(String(100))
    grade: Mapped[str] = mapped_column(String(40))


class SpentLink(Base):
    """A link that was used, as a keyed hash: without time, without name, in no order."""

    __tablename__ = "spent_link"
    __table_args__ = NO_ORDER

    fingerprint: Mapped[bytes] = mapped_column(LargeBinary(20), primary_key=True)
    wave_id: Mapped[int] = mapped_column(ForeignKey("wave.id", ondelete="CASCADE"))


class SealedSheet(Base):
    """Somebody's answers and groups, sealed to the wave's public key, all of one length."""

    __tablename__ = "sealed_sheet"
    __table_args__ = NO_ORDER

    key: Mapped[bytes] = mapped_column(LargeBinary(16), primary_key=True)
    wave_id: Mapped[int] = mapped_column(ForeignKey("wave.id", ondelete="CASCADE"))
    content: Mapped[bytes] = mapped_column(LargeBinary)


class SealedComments(Base):
    """Somebody's comments, sealed alone, all of one length and there for everyone; never joined to the sheet."""

    __tablename__ = "sealed_comments"
    __table_args__ = NO_ORDER

    key: Mapped[bytes] = mapped_column(LargeBinary(16), primary_key=True)
    wave_id: Mapped[int] = mapped_column(ForeignKey("wave.id", ondelete="CASCADE"))
    content: Mapped[bytes] = mapped_column(LargeBinary)


class Trustee(Base):
    """Somebody who keeps shares of waves' keys: only the public half of a key made from their passphrase.

    ``tries`` counts passphrases since the last right one, the last at ``tried_at``.
    """

    __tablename__ = "trustee"

    email: Mapped[str] = mapped_column(String(254), primary_key=True)
    salt: Mapped[bytes] = mapped_column(LargeBinary)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    enrolled_at: Mapped[datetime]
    tries: Mapped[int] = mapped_column(default=0)
    tried_at: Mapped[datetime | None]


class KeyShare(Base):
    """One share of a wave's private key, sealed to its trustee."""

    __tablename__ = "key_share"

    wave_id: Mapped[int] = mapped_column(ForeignKey("wave.id", ondelete="CASCADE"), primary_key=True)
    email: Mapped[str] = mapped_column(ForeignKey("trustee.email"), primary_key=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)


class ConsultationEntry(Base):
    """What somebody said on the record about a wave before it opened: a comment, an objection or an answer."""

    __tablename__ = "consultation_entry"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    wave_id: Mapped[int] = mapped_column(ForeignKey("wave.id", ondelete="CASCADE"), index=True)
    author: Mapped[str] = mapped_column(String(254))
    role: Mapped[str] = mapped_column(String(100))
    kind: Mapped[str] = mapped_column(String(12))  # comment, objection, withdrawal or answer
    text: Mapped[str] = mapped_column(Text)
    said_at: Mapped[datetime]
