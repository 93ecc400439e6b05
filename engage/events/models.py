"""The tables of open evenings. Instants are aware UTC; keys and slugs are unique where their docstring says so."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, Boolean, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from engage.storage.database import DRAWN, KEYED, Base, Key

ACCESS_NEEDS = {
    "step_free": "Step-free access",
    "bsl": "British Sign Language interpreter",
    "hearing_loop": "Hearing loop",
    "large_print": "Large print",
    "quiet_space": "Quiet space",
    "other": "Something else",
}
IS_DECLINED = text("declined_until IS NOT NULL")


class OpenEvening(Base):
    """One open evening. Its row is the lock under which all its places, queues and editing are decided.

    JSON columns hold what `engage load` read, with dates as ISO strings: ``agenda`` [{at, title}], ``aims`` and
    ``accessibility`` [str], ``ask_by`` {access need: date}, ``materials`` [{title, url}]. ``loaded`` is the last loaded
    file's own values, against which editing in the console is noticed.
    """

    __tablename__ = "open_evening"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    slug: Mapped[str] = mapped_column(String(80), unique=True)
    title: Mapped[str] = mapped_column(String(200))
    status: Mapped[str] = mapped_column(String(12), index=True)  # draft, published or cancelled
    cancel_reason: Mapped[str | None] = mapped_column(Text)
    summary: Mapped[str | None] = mapped_column(Text)
    body: Mapped[str | None] = mapped_column(Text)
    host: Mapped[str | None] = mapped_column(String(200))
    venue: Mapped[str | None] = mapped_column(String(200))
    address: Mapped[str | None] = mapped_column(Text)
    joining_url: Mapped[str | None] = mapped_column(Text)
    agenda: Mapped[list[dict[str, str]]] = mapped_column(JSON, default=list)
    aims: Mapped[list[str]] = mapped_column(JSON, default=list)
    accessibility: Mapped[list[str]] = mapped_column(JSON, default=list)
    ask_by: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    materials: Mapped[list[dict[str, str]]] = mapped_column(JSON, default=list)
    timing: Mapped[dict[str, int]] = mapped_column(JSON, default=dict)  # what differs from `events.timetable`
    registration_closes_at: Mapped[datetime | None]
    questions_close_at: Mapped[datetime | None]
    loaded: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    last_turn: Mapped[int] = mapped_column(default=0)
    slots: Mapped[list["Slot"]] = relationship(
        back_populates="open_evening", lazy="selectin", order_by="Slot.starts_at, Slot.id"
    )
    vacancies: Mapped[list["Vacancy"]] = relationship(
        back_populates="open_evening", lazy="raise", order_by="Vacancy.closes_at, Vacancy.id"
    )


class Slot(Base):
    """One sitting; ``key`` is unique within its evening. ``held`` counts places given or offered, companions too."""

    __tablename__ = "slot"
    __table_args__ = (
        UniqueConstraint("open_evening_id", "key"),
        CheckConstraint("held >= 0 AND held <= capacity", name="held_within_capacity"),
        CheckConstraint("waiting >= 0", name="waiting_not_negative"),
        CheckConstraint("ends_at > starts_at", name="ends_after_start"),
        Index(None, "starts_at"),
        Index(None, "ends_at"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    open_evening_id: Mapped[int] = mapped_column(ForeignKey("open_evening.id", ondelete="CASCADE"))
    key: Mapped[str] = mapped_column(String(40))
    title: Mapped[str | None] = mapped_column(String(200))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    capacity: Mapped[int]
    held: Mapped[int] = mapped_column(default=0)
    waiting: Mapped[int] = mapped_column(default=0)  # the length of its queue, offered places not counted
    open_evening: Mapped[OpenEvening] = relationship(back_populates="slots", lazy="raise")

    @property
    def seats_left(self) -> int:
        return self.capacity - self.held


class Vacancy(Base):
    """One advertised post; ``key`` is unique within its evening. Shapes of the JSON columns are the file's own."""

    __tablename__ = "vacancy"
    __table_args__ = (UniqueConstraint("open_evening_id", "key"), Index(None, "closes_at"))

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    open_evening_id: Mapped[int] = mapped_column(ForeignKey("open_evening.id", ondelete="CASCADE"))
    key: Mapped[str] = mapped_column(String(40))
    title: Mapped[str] = mapped_column(String(200))
    grade: Mapped[str | None] = mapped_column(String(40))
    posts: Mapped[int | None]
    permanent: Mapped[bool | None] = mapped_column(Boolean)
    salary: Mapped[str | None] = mapped_column(String(200))
    apply_url: Mapped[str | None] = mapped_column(Text)
    description_url: Mapped[str | None] = mapped_column(Text)
    contact: Mapped[str | None] = mapped_column(String(254))
    help_hours: Mapped[str | None] = mapped_column(String(200))
    closes_at: Mapped[datetime]
    closing_set_at: Mapped[datetime | None]  # reminders whose time was over by then are not sent late
    reminders_days_before: Mapped[list[int]] = mapped_column(JSON, default=lambda: [7, 1])
    form_parts: Mapped[list[dict[str, str]]] = mapped_column(JSON, default=list)
    tests: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    interview: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    hints: Mapped[list[dict[str, str]]] = mapped_column(JSON, default=list)
    vetting: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    open_evening: Mapped[OpenEvening] = relationship(back_populates="vacancies", lazy="raise")


class Registration(Base):
    """One person at one evening, whatever becomes of it: revived rather than doubled.

    ``party`` is 2 with a companion. ``sequence`` is that of the last calendar message, None before the first.
    ``attendance`` is what the person said: None, yes (on the page), accepted, tentative or declined (from a calendar).
    ``asked_at`` is when "are you still coming?" was put to them, ``declined_until`` when a declined place is given up.
    ``form`` is the form that made it, and what that was answered is in ``first_slot_id`` and ``first_position``.
    """

    __tablename__ = "registration"
    __table_args__ = (
        UniqueConstraint("open_evening_id", "email_key"),
        UniqueConstraint("open_evening_id", "ticket_code"),
        Index(None, "open_evening_id", "id"),  # the newest of an evening, however many others came after them
        Index(None, "declined_until", sqlite_where=IS_DECLINED),  # migrations make it so on PostgreSQL too
        CheckConstraint("party IN (1, 2)", name="party_one_or_two"),
        CheckConstraint(
            "status IN ('confirmed', 'waiting', 'offered', 'lapsed', 'cancelled', 'attended', 'subscribed')",
            name="status_known",
        ),
        CheckConstraint("slot_id IS NOT NULL OR status IN ('subscribed', 'cancelled')", name="slot_named"),
        DRAWN,
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    open_evening_id: Mapped[int] = mapped_column(ForeignKey("open_evening.id", ondelete="CASCADE"))
    slot_id: Mapped[int | None] = mapped_column(ForeignKey("slot.id"), index=True)
    uid: Mapped[str] = mapped_column(String(60))  # random, and never looked up
    ticket_code: Mapped[str] = mapped_column(String(8))
    email: Mapped[str] = mapped_column(String(254))
    email_key: Mapped[str] = mapped_column(String(254))
    name: Mapped[str] = mapped_column(String(200))
    status: Mapped[str] = mapped_column(String(12))
    party: Mapped[int]
    sequence: Mapped[int | None]
    has_reminders: Mapped[bool]
    attendance: Mapped[str | None] = mapped_column(String(12))
    asked_at: Mapped[datetime | None]
    declined_until: Mapped[datetime | None]
    has_given_feedback: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    form: Mapped[str] = mapped_column(String(40), index=True)
    first_slot_id: Mapped[int | None] = mapped_column(Key)
    first_position: Mapped[int | None]
    open_evening: Mapped[OpenEvening] = relationship(lazy="raise")
    slot: Mapped[Slot | None] = relationship(lazy="raise")
    entry: Mapped["QueueEntry | None"] = relationship(
        back_populates="registration", lazy="raise", passive_deletes=True, cascade="all, delete-orphan"
    )
    interests: Mapped[list["Interest"]] = relationship(
        back_populates="registration", lazy="raise", passive_deletes=True, cascade="all, delete-orphan"
    )
    needs: Mapped[list["AccessNeed"]] = relationship(
        back_populates="registration", lazy="raise", passive_deletes=True, cascade="all, delete-orphan"
    )


class QueueEntry(Base):
    """A registration's one place in line: for the sitting that it waits for, or for the one that it would rather have.

    ``turn`` rises in the order of commit, for it is counted under the evening's lock. With ``offer_expires_at`` a place
    is held for it.
    """

    __tablename__ = "queue_entry"
    __table_args__ = (UniqueConstraint("slot_id", "turn"), Index(None, "offer_expires_at"))

    registration_id: Mapped[int] = mapped_column(ForeignKey("registration.id", ondelete="CASCADE"), primary_key=True)
    slot_id: Mapped[int] = mapped_column(ForeignKey("slot.id"))
    turn: Mapped[int]
    offer_expires_at: Mapped[datetime | None]
    registration: Mapped[Registration] = relationship(back_populates="entry", lazy="raise")
    slot: Mapped[Slot] = relationship(lazy="raise")

    @property
    def party(self) -> int:
        return self.registration.party


class Interest(Base):
    """A post that a registered person wants to hear of, until they have applied."""

    __tablename__ = "interest"
    __table_args__ = KEYED

    registration_id: Mapped[int] = mapped_column(ForeignKey("registration.id", ondelete="CASCADE"), primary_key=True)
    vacancy_id: Mapped[int] = mapped_column(ForeignKey("vacancy.id", ondelete="CASCADE"), primary_key=True, index=True)
    created_at: Mapped[datetime]
    applied_at: Mapped[datetime | None]
    registration: Mapped[Registration] = relationship(back_populates="interests", lazy="raise")
    vacancy: Mapped[Vacancy] = relationship(lazy="raise")


class AccessNeed(Base):
    """What somebody needs in order to take part; kept apart from the registration, purged early, seen by one role.

    ``state`` is a key of `need_rules.STATES`, ``owner`` the address of whoever arranges it by ``due_on``, None for the
    usual day. ``answer`` is what the person is told beside that it is arranged or cannot be met.
    """

    __tablename__ = "access_need"
    __table_args__ = (
        UniqueConstraint("registration_id", "kind"),
        CheckConstraint("state IN ('asked', 'arranged', 'confirmed', 'refused')", name="state_known"),
        Index(None, "state", "registration_id"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    registration_id: Mapped[int] = mapped_column(ForeignKey("registration.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(20))
    note: Mapped[str | None] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(10), default="asked")
    owner: Mapped[str | None] = mapped_column(String(254))
    due_on: Mapped[date | None]
    answer: Mapped[str | None] = mapped_column(Text)
    registration: Mapped[Registration] = relationship(back_populates="needs", lazy="raise")


class Admission(Base):
    """One time that a door let somebody in: with a registration, or as a walk-in without one.

    ``key`` is made by chance at the door, so that what is told twice is known once. A registration with two admissions
    that stand is a ticket that was used twice. ``changed_at`` is by the server's clock, ``admitted_at`` by the door's.
    """

    __tablename__ = "admission"
    __table_args__ = (Index(None, "open_evening_id", "changed_at"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    key: Mapped[str] = mapped_column(String(36), unique=True)
    open_evening_id: Mapped[int] = mapped_column(ForeignKey("open_evening.id", ondelete="CASCADE"))
    slot_id: Mapped[int] = mapped_column(ForeignKey("slot.id"))
    registration_id: Mapped[int | None] = mapped_column(ForeignKey("registration.id", ondelete="CASCADE"), index=True)
    door: Mapped[int]
    admitted_at: Mapped[datetime]
    undone_at: Mapped[datetime | None]
    changed_at: Mapped[datetime]
    registration: Mapped[Registration | None] = relationship(lazy="raise")
    slot: Mapped[Slot] = relationship(lazy="raise")


class AskedQuestion(Base):
    """A question asked before the evening, answered on its page for everybody. Nothing tells who asked."""

    __tablename__ = "asked_question"
    __table_args__ = (Index(None, "status", "id", "open_evening_id"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    open_evening_id: Mapped[int] = mapped_column(ForeignKey("open_evening.id", ondelete="CASCADE"), index=True)
    text: Mapped[str] = mapped_column(Text)
    answer: Mapped[str | None] = mapped_column(Text)
    status: Mapped[str] = mapped_column(String(12), default="asked")  # asked, published or declined
    asked_at: Mapped[datetime]


class Feedback(Base):
    """What somebody thought of an evening: nothing tells who."""

    __tablename__ = "feedback"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    open_evening_id: Mapped[int] = mapped_column(ForeignKey("open_evening.id", ondelete="CASCADE"), index=True)
    answers: Mapped[dict[str, Any]] = mapped_column(JSON)


class AnsweredForm(Base):
    """What a form was answered that made no new registration: a decoy, or the answer to somebody who came back.

    The same form finds it again. A registration remembers by itself the form that made it.
    """

    __tablename__ = "answered_form"
    __table_args__ = KEYED

    registration_id: Mapped[int] = mapped_column(ForeignKey("registration.id", ondelete="CASCADE"), primary_key=True)
    form: Mapped[str] = mapped_column(String(40), primary_key=True, index=True)
    expires_at: Mapped[datetime] = mapped_column(primary_key=True, index=True)
    email: Mapped[str] = mapped_column(String(254))
    slot_id: Mapped[int | None] = mapped_column(Key)
    position: Mapped[int | None]
    registration: Mapped[Registration] = relationship(lazy="raise")
