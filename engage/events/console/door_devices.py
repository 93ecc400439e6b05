"""What a door's device needs to work without a network: its list, the joining afterwards, and the service worker."""

import asyncio
import secrets
from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from engage.events.console.door_page import DOORS, MOST_DOORS, door_evening, tell, why_closed
from engage.events.console.tonight import AT_THE_EVENING
from engage.events.console.verdicts import who
from engage.events.doors import admissions, tickets
from engage.events.doors.attendance import Outcome, Told
from engage.events.models import Admission, OpenEvening
from engage.resources import PACKAGE
from engage.tokens import Tokens
from engage.web.guarding import only
from engage.web.site import refuse_forged, site_of

NO_STORE = {"cache-control": "no-store"}
NOBODY = 0  # the number of no registration
MOST_AT_ONCE = 200  # acts in one request
Hash = Annotated[str, Field(min_length=tickets.HASH_LENGTH, max_length=tickets.HASH_LENGTH)]
Uuid = Annotated[str, Field(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]


class Act(BaseModel):
    """One thing that happened at a door; ``key`` is that of the admission which is made or undone."""

    model_config = ConfigDict(extra="forbid")
    act: Literal["in", "walk_in", "undo"]
    key: Uuid
    at: AwareDatetime
    door: Annotated[int, Field(ge=1, le=MOST_DOORS)]
    ticket: Hash | None = None
    sitting: Annotated[str, Field(max_length=40)] | None = None
    is_done: bool = True


class Joining(BaseModel):
    """What a device tells; hashes are under ``salt``, and it knows what others told until ``since``."""

    model_config = ConfigDict(extra="forbid")
    salt: Annotated[str, Field(min_length=16, max_length=64)]
    since: AwareDatetime
    acts: Annotated[list[Act], Field(max_length=MOST_AT_ONCE)]


@only(*AT_THE_EVENING)
async def listed(request: Request) -> Response:
    """Names, sittings and hashes of tickets and codes under a salt of this download; until when they may be kept.

    Nobody once the lists are closed. What a device did until then is taken from it all the same.
    """
    site, evening, salt = site_of(request), await door_evening(request), secrets.token_hex(16)
    now = site.clock()
    async with site.database.reading() as session:
        is_open = why_closed(request, evening) is None
        people = await admissions.expected(session, evening) if is_open else []
        standing = await admissions.standing(session, evening) if is_open else []
    hashes = await _hashes(site.tokens, salt, [each.id for each in people])
    keys = {slot.id: slot.key for slot in evening.slots}
    uses = _uses(standing, hashes)
    rows = [
        {
            "name": who(each),
            "sitting": keys.get(each.slot_id or 0),
            "ticket": hashes[each.id],
            "code": tickets.hash_of(salt, each.ticket_code),
            "uses": uses.get(hashes[each.id], []),
        }
        for each in people
    ]
    forget_at = tickets.forget_at(now, site.settings.zone)
    told = {"salt": salt, "as_at": _instant(now), "forget_at": _instant(forget_at), "people": rows}
    return JSONResponse(told, headers=NO_STORE)


@only(*AT_THE_EVENING)
async def joined(request: Request) -> Response:
    """Take what a device tells, once however often it is told; answer what became of it and what other doors told."""
    refuse_forged(request, request.headers.get("x-csrf-token"))
    site, evening = site_of(request), await door_evening(request)
    try:
        joining = Joining.model_validate_json(await request.body())
    except ValidationError:
        raise HTTPException(400) from None
    now, outcomes, is_open = site.clock(), list[Outcome](), why_closed(request, evening) is None
    acts = [each for each in joining.acts if is_open or each.is_done]  # a mere question would tell who came
    async with site.database.reading() as session:
        ids = await admissions.ids_of(session, evening) if any(each.ticket for each in acts) else []
    whose = {ticket: number for number, ticket in (await _hashes(site.tokens, joining.salt, ids)).items()}
    if acts:
        outcomes = await tell(request, evening, [_told(evening, each, whose) for each in acts])
    news: dict[str, Any] = {"changed": {}, "used_twice": {}, "walk_ins": {slot.key: 0 for slot in evening.slots}}
    if is_open:
        async with site.database.reading() as session:
            news = await _news(session, evening, joining, site.tokens)
    became = [_outcome(each, is_open=is_open) for each in outcomes]
    return JSONResponse({"as_at": _instant(now), "outcomes": became, **news}, headers=NO_STORE)


@only(*AT_THE_EVENING)
async def worker(request: Request) -> Response:
    """The service worker: from this address it may serve the doors and nothing else."""
    return FileResponse(PACKAGE / "static" / "doors-worker.js", headers={"cache-control": "no-cache"})


def _told(evening: OpenEvening, act: Act, whose: Mapping[str, int]) -> Told:
    """A ticket that nobody has any more lets in a walk-in, since the door has let them in."""
    slot = next((each for each in evening.slots if each.key == act.sitting), None)
    return Told(
        key=act.key,
        at=act.at,
        door=act.door,
        registration_id=whose.get(act.ticket, NOBODY) if act.ticket else None,
        slot_id=slot.id if slot else None,
        is_undoing=act.act == "undo",
        is_done=act.is_done,
    )


async def _news(session: AsyncSession, evening: OpenEvening, joining: Joining, tokens: Tokens) -> dict[str, Any]:
    """The uses of every ticket that changed since then, the tickets that were used twice, the walk-ins."""
    changed = await admissions.standing(session, evening, joining.since)
    twice = await admissions.used_twice(session, evening)
    walked = await admissions.walk_ins(session, evening)
    ids = {each.registration_id or 0 for each in (*changed, *(use for uses in twice for use in uses))}
    hashes = await _hashes(tokens, joining.salt, ids)
    return {
        "changed": _uses(changed, hashes),
        "used_twice": _uses([use for uses in twice for use in uses], hashes),
        "walk_ins": {slot.key: walked.get(slot.id, 0) for slot in evening.slots},
    }


def _uses(found: list[Admission], hashes: Mapping[int, str]) -> dict[str, list[dict[str, Any]]]:
    """By hash; the ticket of an admission that was undone is there too, without that use."""
    uses: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for each in found:
        of_ticket = uses[hashes.get(each.registration_id or 0, "")]
        if each.undone_at is None:
            of_ticket.append(_use(each))
    return uses


def _use(admission: Admission) -> dict[str, Any]:
    return {"key": admission.key, "at": _instant(admission.admitted_at), "door": admission.door}


def _outcome(outcome: Outcome, *, is_open: bool) -> dict[str, Any]:
    use = _use(outcome.admission) if outcome.admission and is_open else None
    return {"key": outcome.key, "result": outcome.result, "use": use}


async def _hashes(tokens: Tokens, salt: str, ids: Collection[int]) -> dict[int, str]:
    """The hash of each registration's ticket; beside the event loop, for there may be many."""
    return await asyncio.to_thread(tickets.hashes_of, tokens, salt, ids)


def _instant(at: datetime) -> str:
    return at.isoformat()


HERE = f"{DOORS}/{{slug}}"
routes = [
    Route(f"{DOORS}/worker.js", worker),
    Route(f"{HERE}/list", listed),
    Route(f"{HERE}/join", joined, methods=["POST"]),
]
