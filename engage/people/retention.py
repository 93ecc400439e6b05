"""What sign-in forgets, and when."""

from datetime import datetime

from sqlalchemy import Delete, delete

from engage.people.models import SignInLink, SignInSession


def statements(now: datetime) -> dict[str, Delete]:
    """Links and sessions at their expiry."""
    return {
        "sign-in links": delete(SignInLink).where(SignInLink.expires_at <= now),
        "sessions": delete(SignInSession).where(SignInSession.expires_at <= now),
    }
