"""Settings that make no sense stop the start, with one line that names the setting."""

import pytest

from engage.errors import SettingsInvalid
from engage.settings import from_environment

GOOD = {"ENGAGE_SECRET_KEY": "x" * 32, "ENGAGE_BASE_URL": "https://engage.example.org", "HOME": "/nowhere"}


def test_defaults_are_an_embedded_database_and_the_venues_zone() -> None:
    settings = from_environment(GOOD)
    assert settings.is_sqlite
    assert settings.is_https
    assert settings.database_url.startswith("sqlite:////")
    assert settings.zone.key == "Europe/London"
    assert settings.mail_from == "engage@engage.example.org"
    assert settings.smtp_url is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEY", ""),
        ("SECRET_KEY", "short"),
        ("DATABASE_URL", "mysql://localhost/engage"),
        ("DATABASE_URL", "nonsense"),
        ("BASE_URL", "engage.example.org"),
        ("SMTP_URL", "http://relay.example.org"),
        ("SMTP_URL", "smtp://relay.example.org:port"),
        ("SMTP_URL", "smtp://relay.example.org?starttls=perhaps"),
        ("MAIL_INBOUND", "127.0.0.1:2525"),
        ("MAIL_INBOUND", "smtp://127.0.0.1"),
        ("MAIL_INBOUND", "smtp://127.0.0.1:99999"),
        ("MAIL_INBOUND", "smtp://"),
        ("MAIL_FROM", "Engage <engage@example.org>"),
        ("CONTACT", "call us"),
        ("TIMEZONE", "Europe/Londinium"),
        ("LOG_FORMAT", "xml"),
    ],
)
def test_nonsense_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(SettingsInvalid, match=f"ENGAGE_{name}") as refused:
        from_environment(GOOD | {f"ENGAGE_{name}": value})
    assert "\n" not in str(refused.value)


def test_replies_need_room_for_their_tag() -> None:
    listening = GOOD | {"ENGAGE_MAIL_INBOUND": "smtp://127.0.0.1:2525"}
    from_environment(listening | {"ENGAGE_MAIL_FROM": f"{'x' * 23}@example.org"})
    with pytest.raises(SettingsInvalid, match="ENGAGE_MAIL_FROM"):
        from_environment(listening | {"ENGAGE_MAIL_FROM": f"{'x' * 24}@example.org"})


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        (["ISSUER"], "ENGAGE_OIDC_CLIENT_ID and ENGAGE_OIDC_CLIENT_SECRET are missing"),
        (["CLIENT_ID", "CLIENT_SECRET"], "ENGAGE_OIDC_ISSUER is missing"),
        (["ISSUER", "CLIENT_ID"], "ENGAGE_OIDC_CLIENT_SECRET is missing"),
    ],
)
def test_half_of_the_settings_for_work_accounts_is_refused(given: list[str], missing: str) -> None:
    with pytest.raises(SettingsInvalid) as refused:
        from_environment(GOOD | {f"ENGAGE_OIDC_{name}": "https://login.example.org" for name in given})
    assert str(refused.value).startswith(missing)


def test_issuer_is_an_address_of_the_web() -> None:
    given = {"ISSUER": "login.example.org", "CLIENT_ID": "engage", "CLIENT_SECRET": "secret"}
    with pytest.raises(SettingsInvalid, match="ENGAGE_OIDC_ISSUER must begin with http"):
        from_environment(GOOD | {f"ENGAGE_OIDC_{name}": value for name, value in given.items()})
