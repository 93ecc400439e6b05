"""What happened, in words for those who look into the journal. Pure.

A kind of fact has its words here; ``Kind:field`` has those for when that field is true.
"""

import re
from collections.abc import Mapping
from datetime import date as day
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from engage.wording import date, instant

HIDDEN = frozenset({"AppliedForVacancy"})  # whether somebody applied is no business of those who might select
WORDS = {
    # people
    "SignedIn": "Signed in by {way}",
    "SessionsEnded": "Signed out everywhere ({count} sessions)",
    "RoleGranted": "Was given the role {role}",
    "RoleGranted:is_awaited": "Was proposed for the role {role}, which waits for confirmation",
    "RoleConfirmed": "Was confirmed in the role {role}",
    "RoleRevoked": "Lost the role {role}, or was declined for it",
    # open evenings
    "EveningLoaded": "Loaded from a file, with {changes} changes",
    "EveningDrafted": "Drafted",
    "EveningEdited": "Edited: {changes} changes, {told} people told",
    "EveningPublished": "Published",
    "EveningCalledOff": "Called off, {told} people told",
    "DraftDeleted": "Draft deleted",
    "SittingRemoved": "Sitting {slot_id} removed",
    "VacancyRemoved": "Post {vacancy_id} removed",
    "VacancyClosingMoved": "Closing date of post {vacancy_id} moved from {old} to {new}",
    "QuestionAnswered": "Question {question_id} answered in public",
    "QuestionDeclined": "Question {question_id} declined",
    "RegistrationsExported": "List of {count} registrations exported as {form}",
    "PeopleUploaded": "Registered from a file: {count} people",
    "MessageSent": "Message {mailing_id} sent to {count} people",
    "NeedMoved": "What is done about it is now: {state}",
    # registrations
    "PlaceConfirmed": "Place confirmed for {starts_at}",
    "PlaceChanged": "Place changed to {starts_at}",
    "PlaceReleased": "Place at {starts_at} passed on, since nobody confirmed it",
    "PlaceOffered": "Freed place held until {expires_at}",
    "OfferLapsed": "Held place passed on",
    "EveningMoved": "Told of a new time or place: {starts_at}",
    "EveningCancelled": "Told that the evening is called off",
    "RegistrationCancelled": "Registration cancelled",
    "AddressFailed": "Registration cancelled, since the address takes no email",
    "QueueJoined": "Joined the queue as number {position}",
    "QueuedEveningMoved": "Told, in the queue, of a new time or place: {starts_at}",
    "ClosingMoved": "Told of a new closing date",
    "Subscribed": "Asked for the materials and closing dates",
    "RegisteredAgain": "Sent the form again",
    "LinkRequested": "Asked for the link to the registration",
    "DetailsCorrected": "Details corrected",
    "ComingConfirmed": "Said that they are coming",
    "AttendanceAnswered": "Calendar answered: {answer}",
    "DeclineHeard": "Calendar answered: declined; the place is held until {held_until}",
    "RemindersStopped": "Stopped the reminders of closing dates",
    "CheckedIn": "Checked in at door {door}",
    "CheckedIn:is_again": "Let in at door {door} with a ticket that had been used already",
    "CheckInUndone": "Check-in at door {door} undone",
    "WalkedIn": "Somebody without a registration let in at door {door}",
    "WalkInUndone": "Walk-in at door {door} undone",
    # messages
    "AddressRefused": "Message {message_id} was refused for good, with the code {code}",
    "ReplyHeard": "Answer from a calendar arrived: {answer}",
    # pulse waves
    "WaveLoaded": "Loaded from a file, with {changes} changes",
    "WaveSteered": "Done by hand: {act}",
    "WavePrepared": "Drafted by its series, to open at {opens_at}",
    "ConsultationBegan": "Consultation began, and runs until {ends_at}",
    "ConsultationBegan:is_anew": "Consultation began anew, and runs until {ends_at}",
    "SaidInConsultation": "Entry {entry_id} added to the record of the consultation",
    "WaveOpened": "Opened",
    "WaveOpened:is_all_the_same": "Opened before the consultation was over, for a published reason",
    "JoinersAdded": "{count} people who joined were added to the roster",
    "WaveClosed": "Closed",
    "WaveExtended": "Extended until {closes_at}",
    "WaveVoided": "Voided",
    "WaveVoided:was_opened": "Voided, and everything that was answered destroyed unopened",
    "WaveTallied": "Answers counted, then destroyed with the keys",
    "WavePublished": "Results published",
    "CommentsPublished": "Comments published",
    "ActionProposed": "Action {action_id} put forward",
    "ActionMoved": "Action {action_id}: {act}",
    "ActionDue": "Owner of action {action_id} reminded that it is due on {due_on}",
}
ABOUT = {
    "access_need": "access need",
    "account": "account",
    "open_evening": "open evening",
    "registration": "registration",
    "wave": "pulse wave",
}
ACTORS = {
    "visitor": "Somebody who registered",
    "system": "Engage",
    "worker": "Engage",
    "relay": "The mail relay",
    "calendar": "Somebody’s calendar",
    "operator": "The operator, by a command",
    "pcs": "PCS",
    "workforce": "The workforce team",
}


def words_of(kind: str, details: Mapping[str, Any], zone: ZoneInfo) -> str:
    """What happened; of a kind that is not known, its name."""
    variant = next((f"{kind}:{name}" for name, value in details.items() if value is True), kind)
    words = WORDS.get(variant) or WORDS.get(kind) or title_of(kind)
    return words.format_map({name: _said(value, zone) for name, value in details.items()})


def title_of(kind: str) -> str:
    """A kind of fact as a choice in a list: "Place confirmed"."""
    return re.sub(r"(?<!^)(?=[A-Z])", " ", kind).capitalize()


def kinds() -> list[str]:
    """Every kind that can be looked for."""
    return sorted({name.partition(":")[0] for name in WORDS})


def about(stream: str, zone: ZoneInfo) -> str:
    """What a stream is about: "registration 17", "action 2, due on Monday 9 February 2026"."""
    name, _, rest = stream.partition(":")
    number, _, due_on = rest.partition(":due:")
    words = f"{ABOUT.get(name, name.replace('_', ' '))} {number}".strip()
    return f"{words}, due on {_said(due_on, zone)}" if due_on else words


def _said(value: Any, zone: ZoneInfo) -> str:
    if isinstance(value, str) and re.match(r"\d{4}-\d{2}-\d{2}T", value):
        return instant(datetime.fromisoformat(value), zone)
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        return date(day.fromisoformat(value), zone)
    return str(value)
