"""Where the relay is and how to talk to it, as the setting SMTP_URL says."""

from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import ip_address
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from engage.errors import SettingsInvalid

DEFAULT_PORTS = {"smtp": 587, "smtps": 465}


class Encryption(StrEnum):
    """IMPLICIT: TLS from the first byte. REQUIRED: STARTTLS or nothing is sent. OFFERED: STARTTLS where possible."""

    IMPLICIT = "implicit"
    REQUIRED = "required"
    OFFERED = "offered"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Relay:
    """One relay; shown without its password."""

    host: str
    port: int
    encryption: Encryption
    username: str | None
    password: str | None = field(repr=False)


def parse(url: str) -> Relay:
    """Read ``smtp://user:pass@host:587?starttls=required|offered|never`` or ``smtps://…``. Raises SettingsInvalid.

    Unsaid, STARTTLS is used where offered, and required where a password would travel to another machine.
    """
    parts = urlsplit(url)
    try:
        port = parts.port or DEFAULT_PORTS[parts.scheme]
    except (KeyError, ValueError):
        raise SettingsInvalid("ENGAGE_SMTP_URL must look like smtp://host:587 or smtps://host:465.") from None
    if not parts.hostname:
        raise SettingsInvalid("ENGAGE_SMTP_URL names no host; give one such as smtp://mail.example.org:587.")
    username = unquote(parts.username) if parts.username else None
    password = unquote(parts.password) if parts.password else None
    return Relay(parts.hostname, port, _encryption(parts, parts.hostname), username, password)


def _encryption(parts: SplitResult, host: str) -> Encryption:
    options = parse_qs(parts.query, keep_blank_values=True)
    said = options.pop("starttls", None)
    if options:
        raise SettingsInvalid(f"ENGAGE_SMTP_URL: starttls is the only option, {next(iter(options))!r} is none.")
    if parts.scheme == "smtps":
        if said:
            raise SettingsInvalid("ENGAGE_SMTP_URL: smtps:// is encrypted from the start; leave starttls out.")
        return Encryption.IMPLICIT
    if said is None:
        return Encryption.REQUIRED if parts.password and not is_loopback(host) else Encryption.OFFERED
    if said[-1] not in ("required", "offered", "never"):
        raise SettingsInvalid(f"ENGAGE_SMTP_URL: starttls is required, offered or never, not {said[-1]!r}.")
    return Encryption(said[-1])


def is_loopback(host: str) -> bool:
    """Whether the host is this machine itself, by its usual names."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
