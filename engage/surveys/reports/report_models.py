"""The tables of what was counted and published. Nothing here is about one person but what they chose to say aloud."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from engage.storage.database import Base, Key
from engage.surveys.models import NO_ORDER


class Tally(Base):
    """What was counted of a wave: the certificate and the counters of the groups that are released, and no others.

    It is gone once the wave is published: what the next wave is compared with is in its release.
    """

    __tablename__ = "tally"

    wave_id: Mapped[int] = mapped_column(ForeignKey("wave.id", ondelete="CASCADE"), primary_key=True)
    content: Mapped[dict[str, Any]] = mapped_column(JSON)
    tallied_at: Mapped[datetime]


class CountedComment(Base):
    """One comment out of its box, beside no answer and in no order; what is published of it is ``redacted``.

    Each of the two readers, who are named until it is published, agrees to the text as it stands; a later change asks
    both again.
    """

    __tablename__ = "counted_comment"
    __table_args__ = NO_ORDER

    key: Mapped[bytes] = mapped_column(LargeBinary(16), primary_key=True)
    wave_id: Mapped[int] = mapped_column(ForeignKey("wave.id", ondelete="CASCADE"), index=True)
    question: Mapped[str] = mapped_column(String(40))
    text: Mapped[str | None] = mapped_column(Text)  # gone once the comments are published
    redacted: Mapped[str] = mapped_column(Text)
    is_withheld: Mapped[bool] = mapped_column(default=False)
    workforce_reader: Mapped[str | None] = mapped_column(String(254))  # the address of whoever agreed
    union_reader: Mapped[str | None] = mapped_column(String(254))

    @property
    def is_agreed(self) -> bool:
        """Whether both readers agree."""
        return self.workforce_reader is not None and self.union_reader is not None


class Release(Base):
    """What was published at one instant, as it was sealed: ``content`` is the contract's JSON for the widest scope.

    ``kind`` is results or comments; nothing is ever changed here. The next release of the chain names this one's
    ``root``: no two name the same, and only the first names none, which is empty here.
    """

    __tablename__ = "release"
    __table_args__ = (UniqueConstraint("wave_id", "kind"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    wave_id: Mapped[int] = mapped_column(ForeignKey("wave.id"))
    kind: Mapped[str] = mapped_column(String(8))
    root: Mapped[str] = mapped_column(String(71))
    previous_root: Mapped[str] = mapped_column(String(71), unique=True)
    published_at: Mapped[datetime]
    content: Mapped[dict[str, Any]] = mapped_column(JSON)


class TallyDesk(Base):
    """A process that is ready to tally a wave and waits for its trustees' shares: its public key, until it ends."""

    __tablename__ = "tally_desk"

    wave_id: Mapped[int] = mapped_column(ForeignKey("wave.id", ondelete="CASCADE"), primary_key=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary(32))
    seen_at: Mapped[datetime]


class HandedShare(Base):
    """A trustee's share on its way to the desk, sealed to the desk's key alone."""

    __tablename__ = "handed_share"

    wave_id: Mapped[int] = mapped_column(ForeignKey("tally_desk.wave_id", ondelete="CASCADE"), primary_key=True)
    email: Mapped[str] = mapped_column(String(254), primary_key=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
