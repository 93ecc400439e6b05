"""The settings of the contract, read once from the environment and failing loudly."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from engage.errors import SettingsInvalid
from engage.notify import smtp_url

SHORTEST_SECRET = 32
LONGEST_TAGGED = 23  # a local part has at most 64 characters (RFC 5321), of which a tag takes 41
PLAIN_ADDRESS = re.compile(r"[^\s@<>]+@[^\s@<>]+")
DATABASE_SCHEMES = ("sqlite", "postgresql")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Every setting of one process. URLs are as the contract writes them; ``zone`` is that of the venue."""

    secret_key: str
    data_dir: Path
    database_url: str
    database_direct_url: str | None
    smtp_url: str | None
    mail_from: str
    mail_inbound: str | None
    base_url: str
    organisation: str
    contact: str
    zone: ZoneInfo
    oidc_issuer: str | None
    oidc_client_id: str | None
    oidc_client_secret: str | None
    trusted_proxies: str
    log_format: str
    is_demo: bool

    @property
    def is_sqlite(self) -> bool:
        return self.database_url.startswith("sqlite")

    @property
    def is_https(self) -> bool:
        return self.base_url.startswith("https://")

    @property
    def has_provider(self) -> bool:
        """Whether people can sign in with the organisation's own accounts."""
        return self.oidc_issuer is not None

    @property
    def inbound(self) -> tuple[str, int] | None:
        """Host and port to hear replies on, None where nobody does."""
        return _inbound(self.mail_inbound) if self.mail_inbound else None

    @property
    def host(self) -> str:
        """The name of the site without its port, as it stands in addresses of mail."""
        return urlsplit(self.base_url).hostname or "localhost"


def from_environment(environ: Mapping[str, str], *, is_demo: bool = False) -> Settings:
    """Read the settings whose names begin with ENGAGE_. Raises SettingsInvalid with one line."""
    given = {name[7:].lower(): value.strip() for name, value in environ.items() if name.startswith("ENGAGE_")}
    given = {name: value for name, value in given.items() if value}
    data_dir = Path(given.get("data_dir", "var"))
    base_url = given.get("base_url", "http://localhost:8000").rstrip("/")
    host = urlsplit(base_url).hostname or "localhost"
    settings = Settings(
        secret_key=given.get("secret_key", ""),
        data_dir=data_dir,
        database_url=given.get("database_url", f"sqlite:///{data_dir.absolute() / 'engage.db'}"),
        database_direct_url=given.get("database_direct_url"),
        smtp_url=given.get("smtp_url"),
        mail_from=given.get("mail_from", f"engage@{_mail_domain(host)}"),
        mail_inbound=given.get("mail_inbound"),
        base_url=base_url,
        organisation=given.get("organisation", "Mayor's Office for Policing and Crime"),
        contact=given.get("contact", f"engage@{_mail_domain(host)}"),
        zone=_zone(given.get("timezone", "Europe/London")),
        oidc_issuer=given.get("oidc_issuer"),
        oidc_client_id=given.get("oidc_client_id"),
        oidc_client_secret=given.get("oidc_client_secret"),
        trusted_proxies=given.get("trusted_proxies", "127.0.0.1"),
        log_format=given.get("log_format", "text"),
        is_demo=is_demo,
    )
    _refuse_nonsense(settings)
    return settings


def _mail_domain(host: str) -> str:
    return host if "." in host and not host.replace(".", "").isdigit() else "localhost.localdomain"


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise SettingsInvalid(f"ENGAGE_TIMEZONE: no time zone is called {name!r}; try Europe/London.") from None


def _refuse_nonsense(settings: Settings) -> None:
    if len(settings.secret_key) < SHORTEST_SECRET:
        raise SettingsInvalid(
            f"ENGAGE_SECRET_KEY is missing or shorter than {SHORTEST_SECRET} characters; make one with: "
            'python3 -c "import secrets; print(secrets.token_urlsafe(48))"'
        )
    _refuse_scheme("ENGAGE_DATABASE_URL", settings.database_url, DATABASE_SCHEMES)
    _refuse_scheme("ENGAGE_BASE_URL", settings.base_url, ("http", "https"))
    if settings.smtp_url:
        smtp_url.parse(settings.smtp_url)
    if settings.mail_inbound:
        _inbound(settings.mail_inbound)
    _refuse_half_a_provider(settings)
    for name, address in (("ENGAGE_MAIL_FROM", settings.mail_from), ("ENGAGE_CONTACT", settings.contact)):
        if not PLAIN_ADDRESS.fullmatch(address):
            raise SettingsInvalid(f"{name} is no plain mail address; give one such as evenings@example.org.")
    if settings.mail_inbound and len(settings.mail_from.partition("@")[0]) > LONGEST_TAGGED:
        raise SettingsInvalid(
            f"ENGAGE_MAIL_FROM needs at most {LONGEST_TAGGED} characters before the @, to tell replies apart."
        )
    if settings.log_format not in ("text", "json"):
        raise SettingsInvalid("ENGAGE_LOG_FORMAT must be text or json.")


def _refuse_half_a_provider(settings: Settings) -> None:
    given = {
        "ENGAGE_OIDC_ISSUER": settings.oidc_issuer,
        "ENGAGE_OIDC_CLIENT_ID": settings.oidc_client_id,
        "ENGAGE_OIDC_CLIENT_SECRET": settings.oidc_client_secret,
    }
    if any(given.values()) and (missing := [name for name, value in given.items() if not value]):
        names = " and ".join(missing)
        raise SettingsInvalid(
            f"{names} {'is' if len(missing) == 1 else 'are'} missing; set all of ENGAGE_OIDC_…, or none."
        )
    if settings.oidc_issuer:
        _refuse_scheme("ENGAGE_OIDC_ISSUER", settings.oidc_issuer, ("http", "https"))


def _inbound(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    try:
        host, port = parts.hostname, parts.port
    except ValueError:  # no number, or none of a port
        host, port = None, None
    if parts.scheme != "smtp" or host is None or port is None:
        raise SettingsInvalid("ENGAGE_MAIL_INBOUND must look like smtp://127.0.0.1:2525.")
    return host, port


def _refuse_scheme(name: str, url: str, schemes: tuple[str, ...]) -> None:
    if urlsplit(url).scheme not in schemes:
        raise SettingsInvalid(f"{name} must begin with {' or '.join(f'{scheme}://' for scheme in schemes)}.")
