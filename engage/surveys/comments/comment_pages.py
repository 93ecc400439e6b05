"""The page on which the workforce team and PCS together read and redact comments, before anybody else does."""

from functools import partial

from markupsafe import Markup, escape
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from engage.errors import CommentsUnread, NotFound
from engage.surveys.comments import redacting
from engage.surveys.comments.redacting import READERS, Marked, may_agree
from engage.surveys.consultations.record import PCS, WORKFORCE, role_title
from engage.surveys.follow_up.actions import Speaker
from engage.surveys.models import Wave
from engage.surveys.reports.releases import find as find_release
from engage.surveys.waves.rounds import act, find
from engage.web.forms import Field, PostedForm, YesField, text_area, text_of
from engage.web.guarding import NO_SUCH_PAGE, me, only
from engage.web.site import render, site_of, taken


class RedactForm(PostedForm):
    """One comment as a reader leaves it: ``seen`` is the text to which they agree where they change nothing."""

    role = Field()
    seen = Field()
    was_withheld = YesField()
    text = text_area("The comment")
    is_withheld = YesField()


@only(WORKFORCE, PCS)
async def page(request: Request) -> Response:
    return await _page(request)


@only(WORKFORCE, PCS)
async def read(request: Request) -> Response:
    """Agree to a comment as it was seen, or change what is published of it."""
    person, site = await me(request), site_of(request)
    form, status = await taken(request, RedactForm)
    role, key = text_of(form.role), _key(request.path_params["comment"])
    if role not in person.roles or role not in READERS:
        raise NotFound(NO_SUCH_PAGE)
    if status is not None:
        return await _page(request, form, status)
    wave = await find(site.database, request.path_params["wave"])
    try:
        await act(
            site.unit_of_work, wave, partial(_leave, form=form, key=key, reader=Speaker(person.email.lower(), role))
        )
    except CommentsUnread as refusal:
        form.problem = str(refusal)
        return await _page(request, form, refusal.status)
    return RedirectResponse(f"/reports/{wave.key}/comments#comment-{key.hex()}", 303)


async def _leave(session: AsyncSession, wave: Wave, form: RedactForm, key: bytes, reader: Speaker) -> bool:
    text, seen = _plain(text_of(form.text)), _plain(text_of(form.seen))
    if (text, form.is_withheld.data) == (seen, form.was_withheld.data):
        await redacting.agree(session, wave, key, reader, seen=(seen, bool(form.was_withheld.data)))
    else:
        await redacting.redact(session, wave, key, reader, text=text, is_withheld=bool(form.is_withheld.data))
    return True


async def _page(request: Request, form: RedactForm | None = None, status: int = 200) -> Response:
    person, site = await me(request), site_of(request)
    wave = await find(site.database, request.path_params["wave"])
    async with site.database.reading() as session:
        if await find_release(session, wave.key) is None:
            raise NotFound(NO_SUCH_PAGE)
        is_published = await find_release(session, wave.key, "comments") is not None
        comments = [] if is_published else await redacting.unpublished(session, wave)
    return await render(
        request,
        "surveys/reports/comments.html",
        status=status,
        wave=wave,
        is_published=is_published,
        comments=comments,
        highlighted=highlighted,
        readers=[Speaker(person.email.lower(), role) for role in READERS if role in person.roles],
        may_agree=may_agree,
        role_title=role_title,
        form=form or RedactForm(FormData()),
        left=sum(not each.comment.is_agreed for each in comments),
    )


def highlighted(marked: Marked) -> Markup:
    """The text as it stands, with what may tell of whom it speaks marked."""
    text, parts, place = marked.comment.redacted, [], 0
    for mark in marked.marks:
        if mark.start < place:
            continue
        parts.append(escape(text[place : mark.start]))
        parts.append(Markup('<mark title="{}">{}</mark>').format(mark.kind, text[mark.start : mark.end]))
        place = mark.end
    return Markup("").join([*parts, escape(text[place:])])


def _plain(text: str) -> str:
    """As it is stored: browsers send their own line breaks."""
    return text.replace("\r\n", "\n")


def _key(text: str) -> bytes:
    """Raises NotFound."""
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise NotFound(NO_SUCH_PAGE) from None


routes = [
    Route("/reports/{wave}/comments", page),
    Route("/reports/{wave}/comments/{comment}", read, methods=["POST"]),
]
