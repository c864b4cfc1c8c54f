"""The ``Logins`` of a call: tokens of user pools and of OpenID Connect providers, verified.

Source: Amazon Cognito Developer Guide, "Setting up an OIDC provider as an identity pool IdP" and the pages of
the other providers. The messages are Cognito's, as the public reports cited beside them quote them.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from harness.aws.backend import not_implemented
from harness.aws.cognito_identity.identities import Login, logins_do_not_match, not_authorized
from harness.aws.cognito_identity.pools import IdentityPool
from harness.aws.cognito_identity.user_pools import KnownUserPools
from harness.aws.context import Context
from harness.aws.errors import AwsError
from harness.aws.identity_token import Fetch, Reason, TokenRejected, audiences, verify

__all__ = ["Proof", "invalid_login", "unsupported_provider", "verified", "verify_logins"]

# Social providers whose tokens are OpenID Connect's; the name of each is its issuer without https://.
_OIDC = frozenset({"accounts.google.com", "appleid.apple.com"})
_UNVERIFIED = "Couldn't verify signed token."  # amazon-cognito-identity-js#91


@dataclass(frozen=True, kw_only=True)
class Proof:
    """A login whose token was good.

    Attributes:
        login: who it is.
        claims: of the token.
        names: by which role mappings and tag maps may speak of the provider.
        method: what ``amr`` has for it beside the name of the provider.
    """

    login: Login
    claims: Mapping[str, Any]
    names: tuple[str, ...]
    method: str


def verify_logins(call: Context, pool: IdentityPool, tokens: Mapping[str, str]) -> list[Proof]:
    """Verify every token of ``Logins``; one that is bad spoils them all.

    Args:
        call: the call.
        pool: the pool that they are for.
        tokens: by the names of providers.

    Raises:
        AwsError: ``NotAuthorizedException``; ``ExternalServiceException`` or ``NotImplemented``, for
            providers that this AWS cannot ask.
    """
    if tokens and not pool.has_providers:
        raise logins_do_not_match()  # amazon-cognito-identity-js#68
    return [_verify(call, pool, name, token) for name, token in tokens.items()]


def verified(
    call: Context, token: str, *, issuer: str, fetch: Fetch, tolerance: float, jwks_url: str | None = None
) -> Mapping[str, Any]:
    """Return the claims of a token whose signature, issuer and times are good.

    The signature must be RSA: the developer guide's list of what is validated.

    Args:
        call: the call.
        token: a compact JWS.
        issuer: what ``iss`` must be.
        fetch: how its keys are had.
        tolerance: seconds after ``exp`` in which it is still good.
        jwks_url: where the keys are; None to ask the discovery document.

    Raises:
        AwsError: ``NotAuthorizedException``.
    """
    try:
        claims = verify(
            token, issuer=issuer, jwks_url=jwks_url, fetch=fetch, now=call.now, tolerance=tolerance
        )
    except TokenRejected as rejection:
        raise _worded(rejection, now=call.now) from None
    if not _algorithm(token).startswith("RS"):
        raise invalid_login(_UNVERIFIED)
    return claims


def invalid_login(problem: str) -> AwsError:
    """Return the refusal of a token."""
    return not_authorized(f"Invalid login token. {problem}")


def unsupported_provider() -> AwsError:
    """Return the refusal of a provider, or of a client, that is not the pool's (amplify-android#1829)."""
    return not_authorized("Token is not from a supported provider of this identity pool.")


def _verify(call: Context, pool: IdentityPool, name: str, token: str) -> Proof:
    if any(each["ProviderName"] == name for each in pool.user_pools):
        return _user_pool(call, pool, name, token)
    provider = call.aws.iam.provider(f"https://{name}")
    arn = provider.arn if provider is not None and provider.arn in pool.oidc_arns else None
    clients = {*([pool.social[name]] if name in _OIDC & pool.social.keys() else [])}
    clients |= {*(provider.client_ids if provider is not None and arn is not None else ())}
    if clients or arn is not None:
        claims = verified(
            call, token, issuer=f"https://{name}", fetch=call.aws.fetch, tolerance=call.aws.token_tolerance
        )
        if not clients.intersection(_audiences(claims)):
            raise unsupported_provider()
        login = Login(provider=name, subject=claims["sub"])
        # AWS documents this form for user pools only (CognitoSignIn); these two are ours.
        method = f"{name}:{login.subject}" if arn is None else f"{arn}:OIDC:{login.subject}"
        return Proof(
            login=login, claims=claims, names=(name, *([arn] if arn is not None else [])), method=method
        )
    if name in pool.saml_arns:
        raise not_implemented(call)
    if name in pool.social:
        # Facebook, Amazon and Twitter say themselves whose their opaque tokens are; nobody plays them here.
        raise AwsError("ExternalServiceException", f"This AWS cannot ask {name} about its tokens.")
    raise unsupported_provider()


def _user_pool(call: Context, pool: IdentityPool, name: str, token: str) -> Proof:
    """Verify the ID token of a user pool.

    It is refused at its ``exp``: the five minutes of grace in the developer guide are for the logins of OIDC
    providers.
    """
    known = call.aws.state(KnownUserPools)
    claims = verified(
        call,
        token,
        issuer=f"https://{name}",
        fetch=known.keys(name, call.aws.fetch),
        tolerance=0,
        jwks_url=f"https://{name}/.well-known/jwks.json",
    )
    if "aud" not in claims:  # an access token; amazon-cognito-identity-js#12
        raise invalid_login("Missing a required claim: aud")
    if claims.get("token_use") != "id":  # aws-sdk-android#1431
        raise invalid_login("Not a Cognito token.")
    clients = {each["ClientId"]: each for each in pool.user_pools if each["ProviderName"] == name}
    audience = claims["aud"]
    client = clients.get(audience) if isinstance(audience, str) else None
    if client is None or claims.get("azp", audience) != audience:  # amazon-cognito-identity-js#7
        raise unsupported_provider()
    if client.get("ServerSideTokenCheck"):
        user_pool = known.find(name)
        if user_pool is None:
            message = f"This AWS does not keep the user pool {name}, so it cannot check its users."
            raise AwsError("NotImplemented", message)
        if not user_pool.honours(claims):
            # API reference, CognitoIdentityProvider: "a 400 Not Authorized error"; the text is ours.
            raise invalid_login("Token has been revoked.")
    subject = claims["sub"]
    return Proof(
        login=Login(provider=name, subject=subject),
        claims=claims,
        names=(f"{name}:{client['ClientId']}", name),
        method=f"{name}:CognitoSignIn:{subject}",
    )


def _algorithm(token: str) -> str:
    """Return ``alg`` of a verified token."""
    header = token.partition(".")[0]
    return str(json.loads(base64.urlsafe_b64decode(header + "=" * (-len(header) % 4)))["alg"])


def _audiences(claims: Mapping[str, Any]) -> Iterable[str]:
    """Return the clients that a token is for; ``azp``, where it is present, stands for ``aud``."""
    found = audiences(claims)
    if not found and "aud" not in claims:
        raise invalid_login("Missing a required claim: aud")
    return found


def _worded(rejection: TokenRejected, *, now: float) -> AwsError:
    """Word a refusal of a token as Cognito does."""
    match rejection.reason:
        case Reason.EXPIRED:  # aws-sdk-ios#2570
            return invalid_login(f"Token expired: {int(now)} >= {rejection.expires}")
        case Reason.ISSUER:  # aws-sdk-android#444
            return invalid_login("Issuer doesn't match providerName")
        case Reason.MISSING_CLAIM:
            return invalid_login(f"Missing a required claim: {rejection.detail}")
        case Reason.MALFORMED:  # stackoverflow.com/questions/64947302
            return invalid_login("Not a valid OpenId Connect identity token.")
        case _:
            return invalid_login(_UNVERIFIED)
