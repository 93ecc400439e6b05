"""What can happen to a wave as a whole. No fact is about one person's answering: nothing knows that."""

from datetime import date, datetime
from typing import ClassVar

from engage.journal import Fact

STREAM = "wave:"


def stream_of(wave_id: int) -> str:
    """What keeps facts about one wave in order; streams of messages about it go on with another colon."""
    return f"{STREAM}{wave_id}"


class WaveFact(Fact):
    """Something that happened to a wave, of which nobody is told."""

    wave_id: int

    @property
    def stream(self) -> str:
        return stream_of(self.wave_id)


class ToldWaveFact(WaveFact):
    """Something of which people are told."""

    subscribers: ClassVar[tuple[str, ...]] = ("wave_messages",)


class WaveLoaded(WaveFact):
    """A file added or changed the wave."""

    changes: int


class WaveSteered(WaveFact):
    """Somebody did by hand what ``act`` says; the fact of what came of it stands beside this one."""

    act: str


class WavePrepared(ToldWaveFact):
    """A series made the draft of its next wave; the workforce team and PCS hear of it."""

    opens_at: datetime
    closes_at: datetime


class ConsultationBegan(ToldWaveFact):
    """PCS and the chairs of staff groups are asked, the first time or, ``is_anew``, since what they are asked changed.

    Objections can be made until ``ends_at``, and later while the wave has not opened.
    """

    ends_at: datetime
    is_anew: bool


class SaidInConsultation(ToldWaveFact):
    """Somebody commented, objected, withdrew or answered, on the record; the others in the consultation hear of it."""

    entry_id: int


class WaveOpened(ToldWaveFact):
    """Everybody on the roster is invited; ``is_all_the_same`` where a published reason stands for the consultation."""

    opens_at: datetime  # as planned; the fact's own instant is when it opened
    closes_at: datetime
    is_all_the_same: bool


class JoinersAdded(ToldWaveFact):
    """People who joined since the opening are on the roster too: those whose entries have an id above ``after_id``."""

    after_id: int
    count: int


class WaveClosed(ToldWaveFact):
    """No more answers are taken; ``results_by`` is the day that was promised."""

    results_by: date | None


class WaveExtended(ToldWaveFact):
    """Answers are taken for longer, or where the wave has closed the results come later; everybody is told."""

    closes_at: datetime
    results_by: date | None


class WaveTallied(WaveFact):
    """The answers were counted, and then destroyed with the keys."""


class WavePublished(ToldWaveFact):
    """The results can be read by every audience; everybody on the roster is told."""


class CommentsPublished(WaveFact):
    """The comments, as both readers left them, can be read beside the results."""


class WaveVoided(ToldWaveFact):
    """Everything that was answered was destroyed unopened; everybody is told."""

    was_opened: bool
