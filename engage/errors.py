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
