"""Letters about a wave: one text for everybody whom it is sent to, and no link of anybody's in it yet."""

from datetime import datetime
from typing import Any

from engage.notify.calendar import Person
from engage.notify.letters import Letters
from engage.notify.message import Letter, Message, is_mailable
from engage.settings import Settings
from engage.surveys.mail.delivered_links import STAND_IN
from engage.surveys.models import Wave


class WaveLetters:
    """Writes letters about a wave, and addresses each to many."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._letters = Letters(settings)

    def write(self, letter: str, wave: Wave, **context: Any) -> Letter:
        """The letter of that folder; its ``link`` is put in at delivery."""
        base_url = self.settings.base_url
        return self._letters.render(
            letter,
            wave=wave,
            link=f"{base_url}/pulse/{wave.key}/{STAND_IN}",
            link_begins=f"{base_url}/pulse/{wave.key}/",
            console_link=f"{base_url}/console/waves/{wave.key}",
            **context,
        )

    def address(self, letter: Letter, recipient: Person, *, key: str, now: datetime) -> Message:
        """The letter to one reader. ``key`` is unique among all messages."""
        settings = self.settings
        return Message(
            key=key,
            sender=Person(settings.mail_from, settings.organisation),
            recipient=recipient,
            letter=letter,
            dated=now,
            reply_to=settings.contact if is_mailable(settings.contact) else None,
        )
