"""Who may do what: roles by mail address, one-time sign-in links, sessions on the server."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from engage.storage.database import Base, Key


class Staff(Base):
    """One member of staff, as the directory says: two groups and no more. ``email`` is in lower case."""

    __tablename__ = "staff"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    directorate: Mapped[str] = mapped_column(String(100))
    grade: Mapped[str] = mapped_column(String(40))
    left_at: Mapped[datetime | None]


class Account(Base):
    """Whoever acts in the console or holds a role, by the number that the journal has for them."""

    __tablename__ = "account"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    email: Mapped[str] = mapped_column(String(254), unique=True)


class RoleGrant(Base):
    """A role that one address holds. ``email`` is in lower case."""

    __tablename__ = "role_grant"

    email: Mapped[str] = mapped_column(String(254), primary_key=True)
    role: Mapped[str] = mapped_column(String(100), primary_key=True)
    granted_at: Mapped[datetime]


class AwaitedRole(Base):
    """A role that was given and counts for nothing until somebody who holds it confirms it."""

    __tablename__ = "awaited_role"

    email: Mapped[str] = mapped_column(String(254), primary_key=True)
    role: Mapped[str] = mapped_column(String(100), primary_key=True)
    asked_at: Mapped[datetime]


class SignInLink(Base):
    """A one-time sign-in address, kept as a keyed hash, and the page that was asked for."""

    __tablename__ = "sign_in_link"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(40), unique=True)
    email: Mapped[str] = mapped_column(String(254), index=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    next_path: Mapped[str] = mapped_column(String(500))


class SignInSession(Base):
    """A signed-in browser, kept as a keyed hash of its cookie."""

    __tablename__ = "sign_in_session"

    fingerprint: Mapped[str] = mapped_column(String(40), primary_key=True)
    email: Mapped[str] = mapped_column(String(254), index=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)
