"""Sign-in at the organisation's own OpenID provider: code with PKCE, state and nonce (OpenID Connect Core)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from engage.errors import SignInRefused, SignInUnavailable
from engage.late import library
from engage.settings import Settings

PATIENCE = 10.0  # seconds
LEEWAY = 30  # seconds that the provider's clock may be off ours
CALLBACK = "/oidc/callback"
WELL_KNOWN = "/.well-known/openid-configuration"
SIGNATURES = ("RS", "PS", "ES", "Ed")  # never "none", nor one that a shared secret makes
AGAIN = "Go back to the sign-in page and try again."


@dataclass(frozen=True, slots=True)
class Attempt:
    """One sign-in under way: where to send the browser, and what its return is checked by."""

    url: str
    state: str
    nonce: str
    verifier: str


class Provider:
    """The provider of the settings; what it says of itself is asked once."""

    def __init__(self, settings: Settings) -> None:
        self.issuer = settings.oidc_issuer or ""
        self.document = self.issuer.rstrip("/") + WELL_KNOWN
        self.callback = f"{settings.base_url}{CALLBACK}"
        client = library("authlib.integrations.starlette_client")
        self._app: Any = client.StarletteOAuth2App(
            client.StarletteIntegration("engage"),
            name="engage",
            client_id=settings.oidc_client_id,
            client_secret=settings.oidc_client_secret,
            server_metadata_url=self.document,
            client_kwargs={"scope": "openid email", "code_challenge_method": "S256", "timeout": PATIENCE},
        )

    async def look(self) -> None:
        """Ask the provider about itself. Raises SignInUnavailable, or SignInRefused where it is another one."""
        async with _in_one_line():
            said = await self._app.load_server_metadata()
        said["id_token_signing_alg_values_supported"] = [
            alg for alg in said.get("id_token_signing_alg_values_supported", ()) if alg.startswith(SIGNATURES)
        ]
        if said.get("issuer") != self.issuer:
            said.clear()  # asked again the next time
            raise SignInRefused("The sign-in service is not the one that this site was set up for. Tell us, please.")

    async def begin(self) -> Attempt:
        """A new attempt. Raises as `look` does."""
        await self.look()
        made = await self._app.create_authorization_url(self.callback)
        return Attempt(made["url"], made["state"], made["nonce"], made["code_verifier"])

    async def finish(self, code: str, nonce: str, verifier: str) -> str:
        """The address, in lower case, of whoever the code stands for. Raises SignInRefused, SignInUnavailable."""
        await self.look()
        async with _in_one_line():
            token = await self._app.fetch_access_token(self.callback, code=code, code_verifier=verifier)
            claims = await self._app.parse_id_token(token, nonce, leeway=LEEWAY) or {}
            if claims and "email" not in claims:
                more = await self._app.userinfo(token=token)
                claims |= more if more.get("sub") == claims["sub"] else {}
        email = claims.get("email")
        if not isinstance(email, str) or "@" not in email:
            raise SignInRefused("The sign-in service did not tell us your email address. Ask for a link by email.")
        if claims.get("email_verified") is not True:
            raise SignInRefused("The sign-in service has not verified your email address. Ask for a link by email.")
        return email.lower()


@asynccontextmanager
async def _in_one_line() -> AsyncIterator[None]:
    """What goes wrong between us and the provider, as one line for whoever signs in; its cause is for the log."""
    try:
        yield
    except library("joserfc.errors").ExpiredTokenError as error:
        raise SignInRefused(f"Signing in took too long. {AGAIN}") from error
    except (library("authlib.common.errors").AuthlibBaseError, library("joserfc.errors").JoseError) as error:
        raise SignInRefused(f"The sign-in service's answer cannot be relied on. {AGAIN}") from error
    except (library("httpx2").HTTPError, ValueError, LookupError, TypeError, RuntimeError) as error:
        raise SignInUnavailable(
            "The sign-in service does not answer. Try again in a moment, or ask for a link by email."
        ) from error
