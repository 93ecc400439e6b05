"""After signing in people go to a page of ours, and nowhere else."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engage.people.returning import HOME, LONGEST, local_path, sign_in_address

ELSEWHERE = (None, "", "console", "//evil.example", "https://evil.example", "/\\evil", "/a\tb", "/x\r\nSet-Cookie: a=b")
NEVER = ("/é", "/sign-in", "/sign-in/abc", "/sign-out", "/oidc/start", "/" + "a" * LONGEST)


@pytest.mark.parametrize("path", ["/console/people?search=a&after=b", "/reports/2027-spring", "/", "/console/audit"])
def test_page_of_ours_is_gone_back_to(path: str) -> None:
    assert local_path(path) == path


@pytest.mark.parametrize("path", [*ELSEWHERE, *NEVER])
def test_anything_else_leads_to_the_console(path: str | None) -> None:
    assert local_path(path) == HOME


@given(st.text(alphabet=string.printable + "\\é\u2028", max_size=600))
def test_no_browser_leaves_the_site(asked: str) -> None:
    path = local_path(asked)
    assert path[0] == "/"
    assert path[1:2] not in ("/", "\\")
    assert path.isprintable()


def test_asked_page_is_one_parameter() -> None:
    assert sign_in_address("/console/a?b=c&d=e") == "/sign-in?next=%2Fconsole%2Fa%3Fb%3Dc%26d%3De"
