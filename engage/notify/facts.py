"""What the delivery of messages finds out and others have to hear of."""

from typing import ClassVar

from engage.journal import Fact


class AddressRefused(Fact):
    """The relay refused a recipient for good. ``about`` is the message's stream, ``code`` the SMTP reply's."""

    subscribers: ClassVar[tuple[str, ...]] = ("bounces",)
    message_id: int
    about: str
    code: int

    @property
    def stream(self) -> str:
        return self.about
