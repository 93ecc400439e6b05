"""What those hear who take part in a consultation: at once, for they are few."""

from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from engage.journal import JournalEntry
from engage.notify.calendar import Person
from engage.notify.outbox import put_rows, row_of
from engage.surveys import facts
from engage.surveys.consultations.consultation import consulted
from engage.surveys.consultations.record import role_title
from engage.surveys.mail.circulars import with_questionnaire
from engage.surveys.mail.letters import WaveLetters
from engage.surveys.models import ConsultationEntry
from engage.surveys.waves.planning import A_MOMENT

LETTERS = {
    facts.WavePrepared.__name__: "wave_prepared",
    facts.ConsultationBegan.__name__: "consultation_began",
    facts.SaidInConsultation.__name__: "said_in_consultation",
    facts.WaveVoided.__name__: "wave_given_up",
}
DONE = {
    "comment": "commented",
    "objection": "objected",
    "withdrawal": "withdrew the objection",
    "answer": "answered",
}


async def tell_consulted(session: AsyncSession, letters: WaveLetters, entry: JournalEntry, now: datetime) -> None:
    """Tell them of the fact, but not whoever said it. Nothing happens for one that was told already."""
    wave = await with_questionnaire(session, entry.details["wave_id"])
    if wave is None:
        return
    known = await _known(session, entry)
    letter = letters.write(LETTERS[entry.kind], wave, **known)
    addresses = await consulted(session, with_chairs=entry.kind != facts.WavePrepared.__name__)
    rows = []
    for address in addresses:
        if address != known.get("author"):
            who = sha256(address.encode()).hexdigest()[:16]
            message = letters.address(letter, Person(address, ""), key=f"consulted:{entry.id}:{who}", now=now)
            stream = f"{facts.stream_of(wave.id)}:consulted:{who}"
            rows.append(row_of(message, kind=entry.kind, stream=stream, now=now, details={"wave_id": wave.id}))
    await put_rows(session, rows)


async def _known(session: AsyncSession, entry: JournalEntry) -> dict[str, Any]:
    """What the letter says of the fact alone."""
    if entry.kind == facts.ConsultationBegan.__name__:
        fact = facts.ConsultationBegan.model_validate(entry.details)
        return {"last_day": fact.ends_at - A_MOMENT, "is_anew": fact.is_anew}
    if entry.kind != facts.SaidInConsultation.__name__:
        return {}
    said = await session.get_one(ConsultationEntry, entry.details["entry_id"])
    return {"author": said.author, "role": role_title(said.role), "done": DONE[said.kind], "text": said.text}
