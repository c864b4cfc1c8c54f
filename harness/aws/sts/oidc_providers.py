"""OpenID Connect providers: those registered in the account, and the two that are built into AWS.

Source: IAM User Guide, "OIDC federation" and "Available keys for AWS OIDC federation"; Cognito Developer
Guide, "Role trust and permissions".
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.aws.cognito_identity.issuer import IdentityPoolIssuer
from harness.aws.context import Context
from harness.aws.errors import AwsError
from harness.aws.identity_token import (
    CheckHost,
    Reason,
    TokenRejected,
    audiences,
    decode,
    verify,
)
from harness.aws.sts.tags import within_token
from harness.aws.sts.web_person import WebPerson

__all__ = ["identify"]

_GOOGLE = "accounts.google.com"
_COGNITO = "cognito-identity.amazonaws.com"
_SOURCE_IDENTITY_CLAIM = "https://aws.amazon.com/source_identity"
_SOURCE_IDENTITY = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)  # as the API reference has it for AssumeRole
# AWS refuses a token that was issued too long ago (mozilla-aws-cli#146). Its bound is not public: that token
# was five days old, and those of EKS, which are accepted, live for a day at most.
_MAX_AGE = 24 * 3600


@dataclass(frozen=True, kw_only=True)
class _Provider:
    """A provider: how trust policies name it, what its condition keys begin with, and how to ask it.

    ``client_ids`` None leaves the audience to the trust policy; ``jwks`` None lets the issuer be asked.
    """

    principal: str
    url: str
    client_ids: tuple[str, ...] | None = None
    jwks: Mapping[str, Any] | None = None
    check_host: CheckHost | None = None


def identify(call: Context, token: str) -> WebPerson:
    """Return who an honest token is about.

    Raises:
        AwsError: ``InvalidIdentityToken``, ``ExpiredTokenException``.
    """
    try:
        read = decode(token)
        issuer = read.claims.get("iss")
        provider = _provider(call, issuer) if isinstance(issuer, str) else None
        if provider is None:
            raise _no_provider(issuer)
        claims = verify(
            read,
            issuer=f"https://{provider.url}",
            jwks=provider.jwks,
            fetch=call.aws.fetch,
            check_host=provider.check_host,
            now=call.now,
            tolerance=call.aws.token_tolerance,
            max_age=_MAX_AGE,
        )
    except TokenRejected as rejected:
        raise _refusal(rejected, call.now) from None
    audience = _audience(provider, claims)
    source = claims.get(_SOURCE_IDENTITY_CLAIM)
    if source is not None and not (isinstance(source, str) and _SOURCE_IDENTITY.fullmatch(source)):
        raise _invalid("The source identity in the ID Token is not one that a session may have")  # text ours
    return WebPerson(
        principal=provider.principal,
        subject=claims["sub"],
        audience=audience,
        keys=_keys(claims, provider.url),
        tags=within_token(claims),
        source_identity=source,
    )


def _provider(call: Context, issuer: str) -> _Provider | None:
    """Find the provider of an issuer: one that the account registered counts before a built-in one."""
    registered = call.aws.iam.provider(issuer)
    if registered is not None:
        return _Provider(
            principal=registered.arn,
            url=registered.url,
            client_ids=registered.client_ids,
            check_host=_certificates(call, registered.thumbprints),
        )
    if issuer == f"https://{_GOOGLE}":
        return _Provider(principal=_GOOGLE, url=_GOOGLE)
    if issuer == f"https://{_COGNITO}":
        return _Provider(principal=_COGNITO, url=_COGNITO, jwks=call.aws.state(IdentityPoolIssuer).jwks())
    return None


def _certificates(call: Context, thumbprints: Sequence[str]) -> CheckHost | None:
    """Return what judges an issuer's certificate; None where AWS trusts whoever signs certificates.

    Source: API reference of CreateOpenIDConnectProvider: thumbprints count only where the certificate of the
    host that has the keys is not signed by an authority that AWS trusts.
    """
    thumbprint = call.aws.thumbprint
    if thumbprint is None:
        return None

    def check(host: str) -> None:
        try:
            found = thumbprint(host)
        except OSError:
            raise TokenRejected(Reason.UNREACHABLE, "no answer") from None
        if found not in thumbprints:
            raise TokenRejected(Reason.CERTIFICATE, host)

    return check


def _audience(provider: _Provider, claims: Mapping[str, Any]) -> str:
    """Return the audience by which a token is accepted.

    Raises:
        AwsError: ``InvalidIdentityToken``.
    """
    found = audiences(claims)
    if not found:  # text: aws-sdk-ruby#2698
        raise _invalid("Missing a required claim: aud")
    accepted = [each for each in found if provider.client_ids is None or each in provider.client_ids]
    if not accepted:  # text: amazon-eks-irsa-cfn#18
        raise _invalid("Incorrect token audience")
    return accepted[0]


def _keys(claims: Mapping[str, Any], url: str) -> Mapping[str, str | Sequence[str]]:
    """Return the condition keys of a token; no other claim is one.

    With ``azp``, ``:aud`` is the ``azp`` and the token's own ``aud`` becomes ``:oaud``.
    """
    keys: dict[str, str | Sequence[str]] = {f"{url}:aud": audiences(claims), f"{url}:sub": claims["sub"]}
    if claims.get("azp"):
        keys[f"{url}:oaud"] = audiences({"aud": claims.get("aud")})
    amr = claims.get("amr")
    if isinstance(amr, list):
        keys[f"{url}:amr"] = [item for item in amr if isinstance(item, str)]
    return keys


def _no_provider(issuer: Any) -> AwsError:
    """Word it as in mozilla-aws-cli#127, with the whole issuer."""
    if not isinstance(issuer, str) or not issuer:
        return _invalid("Missing a required claim: iss")
    return _invalid(f"No OpenIDConnect provider found in your account for {issuer[:255]}")


def _refusal(rejected: TokenRejected, now: float) -> AwsError:
    """Word a refusal as STS does; its codes are those of the API reference."""
    match rejected.reason:
        case Reason.EXPIRED:  # text: aws-sdk-java-v2#5709
            message = (
                f"Token expired: current date/time {int(now)} must be before the expiration date/time"
                f" {rejected.expires}"
            )
        case Reason.TOO_OLD:  # text: mozilla-aws-cli#146
            message = f"Token too old: {rejected.age}"
        case Reason.UNREACHABLE:  # text, its two spaces included: aws-sdk-rust#827
            message = (
                "Couldn't retrieve verification key from your identity provider,  please reference"
                " AssumeRoleWithWebIdentity documentation for requirements"
            )
        case Reason.CERTIFICATE:  # text: configure-aws-credentials#357
            message = "OpenIDConnect provider's HTTPS certificate doesn't match configured thumbprint"
        case Reason.MISSING_CLAIM:  # text: aws-sdk-ruby#2698
            message = f"Missing a required claim: {rejected.detail}"
        case Reason.MALFORMED:
            hint = "(You may see this error if you sent an Access Token)"
            message = f"The ID Token provided is not a valid JWT. {hint}"
        case reason:  # no public text was found: clients have the code alone
            message = f"The ID Token provided is refused: {reason.value}"
    is_old = rejected.reason in {Reason.EXPIRED, Reason.TOO_OLD}
    return AwsError("ExpiredTokenException", message) if is_old else _invalid(message)


def _invalid(message: str) -> AwsError:
    return AwsError("InvalidIdentityToken", message)
