"""Requests that no browser sends by itself: broken bodies, forged tokens, unknown links, wrong methods."""

from collections.abc import AsyncIterator
from urllib.parse import urlencode

import pytest

from engage.app import LARGEST_BODY
from engage.events.console.uploads import LARGEST_POST
from tests.reading import sign_in
from tests.site import JSON, Page, Site, on_sqlite

FORM = "/open-evenings/reviews-team/register"
UPLOAD = "/console/evenings/reviews-team/people/upload"
URLENCODED = "application/x-www-form-urlencoded"
UNKNOWN = "a" * 39
TYPED = {"slot": "sitting-0", "name": "Zoë", "email": "zoe@example.net", "access_note": "By the door"}


def part(name: str, value: bytes) -> bytes:
    return b'--x\r\nContent-Disposition: form-data; name="' + name.encode() + b'"\r\n\r\n' + value + b"\r\n"


async def token(site: Site) -> str:
    return str((await site.open(FORM)).form("/register").filled()["csrf_token"][0])


async def post(site: Site, body: bytes, kind: str, address: str = FORM) -> Page:
    """The answer to a body that may change nothing."""
    before = await site.dump()
    page = Page(await site.browser.post(address, content=body, headers={"content-type": kind}))
    assert await site.dump() == before
    return page


@on_sqlite
async def test_body_over_the_limit_is_too_much(site: Site) -> None:
    assert (await post(site, b"name=" + b"x" * LARGEST_BODY, URLENCODED)).status == 413

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(LARGEST_BODY // 1024 + 1):
            yield b"x" * 1024

    unannounced = await site.browser.post(FORM, content=chunks(), headers={"content-type": URLENCODED})
    assert unannounced.status_code == 413


@on_sqlite
async def test_file_over_its_limit_is_answered_on_a_page_of_ours(site: Site) -> None:
    await sign_in(site, "organiser")
    page = await post(site, b"x" * (LARGEST_POST + 1), "multipart/form-data; boundary=x", UPLOAD)
    assert page.status == 413
    assert "That is too much at once" in page.words


@on_sqlite
@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (URLENCODED, b"slot=sitting-0&email=zoe@example.net&name=Zo%EB&csrf_token=%s"),
        (URLENCODED, b"slot=sitting-0&email=zoe@example.net&name=Zo\xeb&csrf_token=%s"),
        (URLENCODED, b"slot=sitting-0&email=zoe@example.net&name=%%ED%%A0%%80&csrf_token=%s"),
        (URLENCODED, b"a=b&" * 501 + b"csrf_token=%s"),
        ("multipart/form-data", b"csrf_token=%s"),
        ("multipart/form-data; boundary=x", b"not multipart, whatever the header says %s"),
        ("multipart/form-data; boundary=x", part("name", b"Zo\xeb") + part("csrf_token", b"%s") + b"--x--\r\n"),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data\r\n\r\nnameless %s\r\n--x--\r\n"),
        ("multipart/form-data; boundary=x; charset=idna", part("name", b"xn--\xff%s") + b"--x--\r\n"),
        ("multipart/form-data; boundary=x; charset=utf-7", part("name", b"+2AA-%s") + b"--x--\r\n"),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="name"; filename="f"\r\n\r\nx%s\r\n--x--\r\n',
        ),
    ],
)
async def test_broken_encoding_cannot_be_read(site: Site, kind: str, body: bytes) -> None:
    page = await post(site, body.replace(b"%s", (await token(site)).encode()).replace(b"%%", b"%"), kind)
    assert (page.status, "could not be read" in page.words) == (400, True)


@on_sqlite
@pytest.mark.parametrize("kind", ["application/json", "text/plain", "nonsense", ""])
async def test_what_is_no_form_is_asked_to_be_sent_as_one(site: Site, kind: str) -> None:
    assert (await post(site, b'{"name": "Zoe"}', kind)).status == 403


@on_sqlite
async def test_letters_of_any_script_may_stand_unescaped(site: Site) -> None:
    body = urlencode(TYPED | {"csrf_token": await token(site)}, encoding="utf-8").replace("Zo%C3%AB", "Zoë")
    answer = await site.browser.post(FORM, content=body.encode(), headers={"content-type": URLENCODED})
    assert answer.status_code == 303
    assert (await site.mail())[0]["To"].addresses[0].display_name == "Zoë"


async def stale_form(site: Site, how: str) -> dict[str, str]:
    """What is sent with a token that is forged, somebody else's, of no cookie, or missing."""
    good = await token(site)
    if how == "forged":
        return TYPED | {"csrf_token": good[:-1] + ("a" if good[-1] != "a" else "b")}
    if how == "of another browser":
        site.browser.cookies.clear()
        await token(site)
    elif how == "of a browser without cookies":
        site.browser.cookies.clear()
    return TYPED if how == "missing" else TYPED | {"csrf_token": good if how != "no text at all" else "ü\x00.."}


@pytest.mark.parametrize(
    "how", ["forged", "of another browser", "of a browser without cookies", "missing", "no text at all"]
)
@on_sqlite
async def test_bad_token_brings_the_form_back_refilled_and_fresh(site: Site, how: str) -> None:
    typed = await stale_form(site, how)
    page = await post(site, urlencode(typed).encode(), URLENCODED)
    assert (page.status, "What you typed is kept" in page.words) == (403, True)
    form = page.form("/register")
    kept = form.filled()
    assert {name: kept[name][0] for name in TYPED} == TYPED
    assert (await site.send(form)).status_code == 303, "the form that came back is good"
    machine = await site.browser.post(FORM, data=typed, headers=JSON)
    assert (machine.status_code, "error" in machine.json()) == (403, True)


async def test_bad_token_stops_every_act_of_the_own_page(site: Site) -> None:
    link = await site.joined("zoe@example.net", vacancies=["caseworker"])
    before = await site.dump()
    acts: dict[str, dict[str, str]] = {
        "change": {"slot": "sitting-1"},
        "take": {},
        "coming": {"coming": "no"},
        "cancel": {},
        "applied": {"vacancy": "caseworker"},
        "details": {"name": "Else"},
    }
    for act, typed in acts.items():
        refused = Page(await site.browser.post(f"{link}/{act}", data=typed | {"csrf_token": "forged.token"}))
        assert (refused.status, "What you typed is kept" in refused.words) == (403, True), act
    assert await site.dump() == before
    assert Page(await site.browser.post(f"{link}/details", data={"name": "Else"})).form("/details").filled()[
        "name"
    ] == ["Else"]


@on_sqlite
async def test_unknown_links_lead_nowhere(site: Site) -> None:
    link = await site.joined("zoe@example.net")
    token_ = link.rpartition("/")[2]
    swapped = token_[:-2] + ("aa" if token_[-2:] != "aa" else "bb")
    wrong = [UNKNOWN, swapped, token_[:-1], token_ + "a", "%00", "ü", "x" * 5000, "-1", f"{token_}%0A"]
    for each in wrong:
        for room in ("receipts", "registrations", "unsubscribe"):
            assert (await site.browser.get(f"/{room}/{each}")).status_code == 404, (room, each)
        for part_ in ("invite.ics", "ticket"):
            assert (await site.browser.get(f"/registrations/{each}/{part_}")).status_code == 404
        for act in ("change", "take", "coming", "cancel", "applied", "details"):
            assert (await site.browser.post(f"/registrations/{each}/{act}")).status_code == 404, (act, each)
        assert (await site.browser.post(f"/unsubscribe/{each}")).status_code == 404
    assert (await site.browser.get(f"/unsubscribe/{token_}")).status_code == 404, "one purpose, one token"
    missing = await site.browser.get(f"/registrations/{UNKNOWN}", headers=JSON)
    assert (missing.status_code, set(missing.json())) == (404, {"error"})


@on_sqlite
async def test_methods_that_an_address_does_not_take_are_refused(site: Site) -> None:
    link = await site.joined("zoe@example.net")
    for method, address in (
        ("DELETE", "/open-evenings/reviews-team"),
        ("POST", "/open-evenings/reviews-team"),
        ("POST", "/"),
        ("PUT", FORM),
        ("GET", f"{link}/cancel"),
        ("POST", f"{link}/ticket"),
        ("PATCH", link),
        ("POST", "/receipts/x"),
    ):
        answer = await site.browser.request(method, address)
        assert (answer.status_code, "allow" in answer.headers) == (405, True), (method, address)
        assert "Go back and use the buttons" in Page(answer).words


@on_sqlite
async def test_odd_acts_of_the_own_page_are_answered_in_words(site: Site) -> None:
    link = await site.joined("zoe@example.net")
    for act, typed, status in (
        ("change", {"slot": "nowhere"}, 404),
        ("change", {"slot": ""}, 404),
        ("coming", {"coming": "perhaps"}, 409),
        ("take", {}, 409),
        ("applied", {"vacancy": "x" * 5000}, 404),
        ("details", {"name": "x" * 201}, 422),
        ("details", {"name": "Zoe", "vacancies": "astronaut"}, 422),
    ):
        csrf = (await site.open(link)).form("/details").filled()["csrf_token"]
        answer = Page(await site.browser.post(f"{link}/{act}", data=typed | {"csrf_token": csrf}))
        assert (answer.status, "There is a problem" in answer.words) == (status, True), (act, typed)
