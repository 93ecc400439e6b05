"""What can happen to those who sign in. Nobody is told; the journal is where it can be read."""

from engage.journal import Fact

ACCOUNT = "account:"


class AccountFact(Fact):
    """Something that happened to one account."""

    account_id: int

    @property
    def stream(self) -> str:
        return f"{ACCOUNT}{self.account_id}"


class RoleFact(AccountFact):
    """Something that happened to a role of theirs."""

    role: str


class RoleGranted(RoleFact):
    """They were given a role; ``is_awaited`` where it counts once somebody who holds it has confirmed it."""

    is_awaited: bool


class RoleConfirmed(RoleFact):
    """Somebody who holds the role confirmed that they hold it too."""


class RoleRevoked(RoleFact):
    """A role was taken from them, or one that waited was declined."""


class SignedIn(AccountFact):
    """They signed in: ``way`` is link, account or demo."""

    way: str


class SessionsEnded(AccountFact):
    """They were signed out everywhere: out of ``count`` browsers."""

    count: int
