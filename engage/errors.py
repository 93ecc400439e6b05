"""What Engage refuses, each error named after the fact that was refused.

``status`` is the HTTP answer, the message is one line for the reader: what happened and what to do.
"""

from typing import ClassVar


class EngageError(Exception):
    """A refusal with a sentence for the reader."""

    status: ClassVar[int] = 400


class NotFound(EngageError):
    """The thing does not exist for whoever asks, which includes whatever they may not see."""

    status = 404


class FormStale(EngageError):
    """The CSRF token is missing, forged or from another browser."""

    status = 403


class SignedOut(EngageError):
    """The session ended before the form was sent."""

    status = 403


class LastHolder(EngageError):
    """A role that somebody has to hold would be held by nobody."""

    status = 409


class SignInRefused(EngageError):
    """The organisation's sign-in service did not let them in, or said something that cannot be relied on."""

    status = 403


class SignInUnavailable(EngageError):
    """The organisation's sign-in service does not answer."""

    status = 503


class RegistrationClosed(EngageError):
    """Registration is over, has not begun, or the evening or sitting is gone."""

    status = 409


class SlotFull(EngageError):
    """The sitting has no place left for this party."""

    status = 409


class OfferLapsed(EngageError):
    """The offered place has passed on, or was never offered."""

    status = 409


class OfferPending(EngageError):
    """An offered place has to be taken or declined first."""

    status = 409


class NotHeld(EngageError):
    """The act needs a place, or a registration that is still live."""

    status = 409


class FeedbackClosed(EngageError):
    """Feedback is not taken: the sitting is not over, there was no place, or it was given already."""

    status = 409


class LinkExpired(EngageError):
    """A sign-in link was used already or is too old."""

    status = 410


class LinkSpent(EngageError):
    """Answers came in with this link already."""

    status = 410


class WaveNotOpen(EngageError):
    """The wave takes no answers: it has not opened, or does so no more."""

    status = 410


class KeyUnreadable(EngageError):
    """A key does not open: the deployment's secret is another one, or it was sealed to another process."""

    status = 503


class PassphraseWrong(EngageError):
    """The passphrase gives another key than the one to which a share was sealed."""

    status = 422


class SharesTooFew(EngageError):
    """Too few shares of a wave's key, or shares that do not fit together."""

    status = 409


class PassphraseBarred(EngageError):
    """Too many wrong passphrases of a trustee lately: no other one is tried for a while."""

    status = 429


class DeskTaken(EngageError):
    """Another process stands ready to tally the wave, or this one is no longer the one that shares are sealed to."""

    status = 409


class BoxesAmiss(EngageError):
    """There are not as many sheets and comments as links were used: somebody changed the database."""

    status = 409


class OpenerGone(EngageError):
    """A process that opened boxes for this one has ended before its time."""

    status = 503


class CommentsUnread(EngageError):
    """Comments wait for one of their two readers, or were changed by the other meanwhile."""

    status = 409


class ReleaseDiffers(EngageError):
    """A release is not as it was sealed; what differs has been printed."""


class ShareHeld(EngageError):
    """A trustee's passphrase cannot change while it guards the share of a wave that is not counted yet."""

    status = 409


class Overloaded(EngageError):
    """More is waiting than can be answered soon."""

    status = 503


class SettingsInvalid(EngageError):
    """A setting is missing or makes no sense."""


class FileFaulty(EngageError):
    """A file to load has faults; ``faults`` holds one line each, with its place."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


class DeploymentFaulty(EngageError):
    """A deployment does not do what people rely on; the faults have been printed."""


class ConsultationUnfinished(EngageError):
    """The consultation has not run its time, or an objection stands, and no reason was given for opening before."""

    status = 409


class WaveNotReady(EngageError):
    """The wave cannot do this yet: it has not opened, or lacks people, keys or a close that lies ahead."""

    status = 409


class WaveOver(EngageError):
    """The wave has closed, was counted or voided, so that this cannot be done any more."""

    status = 409


class ConsultationOver(EngageError):
    """The wave has opened or was voided: nothing more is said about it on the record."""

    status = 409


class OutOfOrder(EngageError):
    """Something was said in a consultation that is not for that role to say, or that it has said already."""

    status = 409


class EveningGone(EngageError):
    """The open evening, or a part of it, was deleted while somebody edited it."""

    status = 404


class EveningInUse(EngageError):
    """Something of an open evening stays because people are bound to it."""

    status = 409


class NotPublishable(EngageError):
    """A draft lacks what visitors need."""

    status = 409


class TooMany(EngageError):
    """More rows than can be dealt with at once."""

    status = 413


class RegisteredAlready(EngageError):
    """The address has a registration for this evening, which is changed and not doubled."""

    status = 409

    def __init__(self, registration_id: int) -> None:
        super().__init__("This address is registered for this open evening already.")
        self.registration_id = registration_id


class RegistrationChanged(EngageError):
    """The registration is not any more as it was when the form was shown."""

    status = 409


class PeopleChanged(EngageError):
    """Registering a file would come to something else than was shown."""

    status = 409


class ListsClosed(EngageError):
    """The lists of who is expected and who came are for the evening, which is over."""

    status = 409


class AudienceChanged(EngageError):
    """A message would go to others than its sender was shown."""

    status = 409


class NeedChanged(EngageError):
    """Somebody else said something of an access need since the form was made."""

    status = 409


class NeedUnready(EngageError):
    """What is said of an access need is no next step, or lacks words for the person."""

    status = 422


class CannotWrite(EngageError):
    """A file cannot be written where it was asked for."""


def first_line(error: Exception) -> str:
    """What went wrong without the lines that explain it to programmers, and without its full stop."""
    cause = getattr(error, "orig", None) or error
    return (str(cause).strip().splitlines() or [type(cause).__name__])[0].rstrip(".")
