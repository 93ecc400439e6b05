"""Questions asked beforehand: answered for everybody, or declined. Commands that never commit."""

from hashlib import sha256

from sqlalchemy.ext.asyncio import AsyncSession

from engage.errors import NotFound
from engage.events import facts
from engage.events.evenings.editing import Editor, EditStale
from engage.events.models import AskedQuestion
from engage.journal import append


def version_of(question: AskedQuestion) -> str:
    """What changes whenever the question is answered, edited or declined."""
    return sha256(f"{question.status}\n{question.answer or ''}".encode()).hexdigest()[:16]


async def settle(
    session: AsyncSession, question_id: int, answer: str, *, is_published: bool, version: str, editor: Editor
) -> None:
    """Publish the question with its answer, or decline it; a second time is none. Raises NotFound, EditStale."""
    question = await session.get(AskedQuestion, question_id, with_for_update=True)
    if question is None:
        raise NotFound("There is no such question any more.")
    wanted = ("published" if is_published else "declined", answer or None)
    if (question.status, question.answer) == wanted:
        return
    if version_of(question) != version:
        raise EditStale
    question.status, question.answer = wanted
    fact = facts.QuestionAnswered if is_published else facts.QuestionDeclined
    settled = fact(open_evening_id=question.open_evening_id, question_id=question.id)
    await append(session, settled, editor.now, editor.actor)
