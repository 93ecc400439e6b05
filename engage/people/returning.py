"""Where somebody goes once they have signed in: the page that they asked for, if it is one of ours. Pure."""

from urllib.parse import urlencode

HOME = "/console"
LONGEST = 500  # characters
NEVER = ("/sign-in", "/sign-out", "/oidc/")  # pages of signing in itself


def local_path(asked: str | None) -> str:
    """The path as it was asked for where it leads to a page of this site, else the console's first page."""
    path = asked or HOME
    is_local = path.startswith("/") and not path.startswith(("//", *NEVER))
    is_plain = path.isascii() and path.isprintable() and "\\" not in path and len(path) <= LONGEST
    return path if is_local and is_plain else HOME


def sign_in_address(asked: str) -> str:
    """The sign-in page that leads on to the page asked for."""
    return f"/sign-in?{urlencode({'next': asked})}"
