"""What those who run an evening do with its people: lists taken away, messages sent, needs arranged."""

from typing import ClassVar

from engage.events.facts import EveningFact


class RegistrationsExported(EveningFact):
    """The list of registrations, or a part of it, was taken away as a file: ``form`` is csv or ods."""

    count: int
    form: str


class PeopleUploaded(EveningFact):
    """``count`` people were registered from a file."""

    count: int


class MessageSent(EveningFact):
    """The organisers wrote to ``count`` chosen people."""

    mailing_id: int
    count: int


class NeedMoved(EveningFact):
    """What is done about an access need changed: ``state`` is asked, arranged, confirmed or refused.

    It names the need, which is forgotten soon, and not the person. Who asked for it hears of the last two.
    """

    subscribers: ClassVar[tuple[str, ...]] = ("need_messages",)
    need_id: int
    state: str

    @property
    def stream(self) -> str:
        return f"access_need:{self.need_id}"
