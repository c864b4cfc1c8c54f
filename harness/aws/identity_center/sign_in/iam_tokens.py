"""Tokens for applications: ``CreateTokenWithIAM``, trusted identity propagation.

An application exchanges what it has of a user, a token of its own issuer above all, for tokens of Identity
Center: an ID token whose ``sts:identity_context`` makes a role session that user's.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from harness.aws.access.permissions import global_keys, identity_decision
from harness.aws.context import Context
from harness.aws.identity_center.center import center
from harness.aws.identity_center.contexts import IdentityContexts
from harness.aws.identity_center.directory.store import User
from harness.aws.identity_center.records import Application, Instance, TokenIssuer
from harness.aws.identity_center.sign_in.public_tokens import take_code
from harness.aws.identity_center.sign_in.refusals import refusal
from harness.aws.identity_center.sign_in.tokens import HOUR, SESSION, SignedIn, Tokens
from harness.aws.identity_token import TokenRejected, audiences, unverified_claims, verify
from harness.aws.policy import Principal, Request, evaluate_trust, parse
from harness.aws.times import moment

__all__ = ["create_token_with_iam"]

_JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"  # noqa: S105 - the name of a grant
_ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105 - the name of a type
_REFRESH_TOKEN = "urn:ietf:params:oauth:token-type:refresh_token"  # noqa: S105
_DEFAULT_SCOPES = ("openid", "aws", "sts:identity_context")
_ACTION = "sso-oauth:CreateTokenWithIAM"


@dataclass(frozen=True, kw_only=True)
class _Subject:
    """Whom a grant is about.

    Attributes:
        user: the user.
        actor: ARN of the trusted token issuer that says so; None where none does.
        ends: until when, in seconds since the epoch.
        scopes: that were granted before; None where all of the application's may be.
        is_refreshed: whether the application has a refresh token already.
    """

    user: User
    actor: str | None = None
    ends: float
    scopes: tuple[str, ...] | None = None
    is_refreshed: bool = False


def create_token_with_iam(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return tokens of a user to an application; the application's ARN is the client id.

    Raises:
        AwsError: ``InvalidClientException``, for what is no application; ``InvalidRequestRegionException``;
            ``AccessDeniedException``, when the caller may not, or the user may not use the application;
            ``UnsupportedGrantTypeException``; ``UnauthorizedClientException``, for an application that is
            disabled or has not this grant; ``InvalidRequestException``; ``InvalidGrantException``;
            ``InvalidScopeException``.
    """
    found = center(call).application(fields["clientId"])
    if found is None:
        raise refusal("InvalidClientException", "The clientId is the ARN of no application.")
    instance, application = found
    if instance.region != call.region:
        error = refusal("InvalidRequestRegionException", f"The application is in {instance.region}.")
        error.members |= {
            "endpoint": f"https://oidc.{instance.region}.amazonaws.com",
            "region": instance.region,
        }
        raise error
    _check_caller(call, application)
    grant = fields["grantType"]
    if grant not in _GRANTS:
        raise refusal("UnsupportedGrantTypeException", "The grant type is not supported.")
    if not application.is_enabled or grant not in application.grants:
        raise refusal("UnauthorizedClientException", "The application may not use this grant.")
    needed, exchange = _GRANTS[grant]
    missing = [name for name in needed if not fields.get(name)]
    if missing:
        raise refusal("InvalidRequestException", f"{', '.join(missing)} must be given.")
    subject = exchange(call, instance, application, fields)
    if not instance.may_use(subject.user, application):
        raise refusal("AccessDeniedException", "The application is not assigned to the user.")
    scopes = _scopes(application, fields.get("scope"), subject.scopes)
    return {
        "tokenType": "Bearer",
        "issuedTokenType": fields.get("requestedTokenType", _ACCESS_TOKEN),
        "refreshToken": fields.get("refreshToken"),
        **_tokens(call, instance, application, replace(subject, scopes=scopes)),
    }


def _check_caller(call: Context, application: Application) -> None:
    """Refuse whom the application's actor policy does not name, and whom a policy denies.

    Where the policy names the account, it leaves it to the caller's own policies (IAM User Guide, "How AWS
    evaluates requests in a single account").
    """
    if application.actor_policy is None:
        raise refusal("InvalidClientException", "The application has no authentication method.")
    identity = identity_decision(call, _ACTION, application.arn)
    if call.caller is not None and not identity.explicit_deny:
        request = Request(action=_ACTION, resource=application.arn, context=global_keys(call))
        principal = Principal(aws=call.caller.arns, account=call.caller.account)
        decision = evaluate_trust(parse(application.actor_policy), request, principal)
        matched = decision.matched_principal or ""
        by_account = matched == call.caller.account or matched.endswith(":root")
        if decision.allowed and (identity.allowed or not by_account):
            return
    who = call.caller.arn if call.caller is not None else "anonymous"
    raise refusal("AccessDeniedException", f"User: {who} is not authorized to perform: {_ACTION}")


def _by_assertion(
    call: Context, instance: Instance, application: Application, fields: Mapping[str, Any]
) -> _Subject:
    """Find the one user whom a trusted token issuer's token names (RFC 7523 section 3)."""
    authorized = application.grants[_JWT_BEARER]["JwtBearer"].get("AuthorizedTokenIssuers", [])
    try:
        issuer = unverified_claims(fields["assertion"]).get("iss")
        for each in authorized:
            trusted = instance.token_issuers.get(each.get("TrustedTokenIssuerArn", ""))
            if trusted is not None and trusted.configuration["IssuerUrl"] == issuer:
                claims = verify(
                    fields["assertion"],
                    issuer=issuer,
                    jwks_url=None,
                    fetch=call.aws.fetch,
                    now=call.now,
                    tolerance=call.aws.token_tolerance,  # AWS documents none here: that of STS
                )
                if not set(audiences(claims)) & set(each.get("AuthorizedAudiences", [])):
                    raise refusal("InvalidGrantException", "The assertion is for another audience.")
                user = _user(instance, trusted, claims)
                return _Subject(user=user, actor=trusted.arn, ends=call.now + SESSION)
    except TokenRejected as rejected:
        raise refusal("InvalidGrantException", f"The assertion is refused: {rejected}") from None
    raise refusal("InvalidGrantException", "The assertion is of no issuer that the application trusts.")


def _user(instance: Instance, trusted: TokenIssuer, claims: Mapping[str, Any]) -> User:
    value: Any = claims
    for name in trusted.configuration["ClaimAttributePath"].split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    path = trusted.configuration["IdentityStoreAttributePath"]
    users = list(instance.store.with_value(path, value)) if isinstance(value, str) and value else []
    if len(users) != 1:
        raise refusal("InvalidGrantException", "The assertion does not name one user of the identity store.")
    return users[0]


def _by_code(
    call: Context, instance: Instance, application: Application, fields: Mapping[str, Any]
) -> _Subject:
    code = take_code(call, fields, application.arn)
    user = instance.store.users.get(code.user_id)
    if user is None:
        raise refusal("InvalidGrantException", "The authorization code is invalid.")
    return _Subject(user=user, ends=call.now + SESSION)


def _by_refresh_token(
    call: Context, instance: Instance, application: Application, fields: Mapping[str, Any]
) -> _Subject:
    signed_in = call.aws.state(Tokens).find(fields["refreshToken"], now=call.now, refreshes=True)
    user = signed_in.user if signed_in is not None else None
    if signed_in is None or user is None or signed_in.client_id != application.arn:
        raise refusal("InvalidGrantException", "The refresh token is invalid.")
    return _Subject(user=user, ends=signed_in.ends, scopes=signed_in.scopes, is_refreshed=True)


def _by_exchange(
    call: Context, instance: Instance, application: Application, fields: Mapping[str, Any]
) -> _Subject:
    """Take the access token of another application, one of whose scopes is authorized for this one."""
    if fields["subjectTokenType"] != _ACCESS_TOKEN:
        raise refusal("InvalidRequestException", "The subject token must be an access token.")
    if fields.get("requestedTokenType", _ACCESS_TOKEN) not in {_ACCESS_TOKEN, _REFRESH_TOKEN}:
        raise refusal("InvalidRequestException", "The requested token type is not supported.")
    signed_in = call.aws.state(Tokens).find(fields["subjectToken"], now=call.now)
    source = instance.applications.get(signed_in.client_id) if signed_in is not None else None
    user = signed_in.user if signed_in is not None else None
    if signed_in is None or user is None or source is None or source is application:
        raise refusal("InvalidGrantException", "The subject token is invalid.")
    targets = {target for scope in signed_in.scopes for target in source.scopes.get(scope, [])}
    if not targets & {application.arn, instance.arn}:
        raise refusal("InvalidGrantException", "The subject token is not meant for this application.")
    return _Subject(user=user, ends=signed_in.ends)


def _scopes(
    application: Application, wanted: list[str] | None, granted: tuple[str, ...] | None
) -> tuple[str, ...]:
    """Return the scopes of the tokens: all that there are, unless some are asked for."""
    allowed = granted if granted is not None else (*_DEFAULT_SCOPES, *application.scopes)
    if wanted is None:
        return allowed
    if not set(wanted) <= set(allowed):
        raise refusal("InvalidScopeException", "A scope is not configured for the application.")
    return tuple(wanted)


def _tokens(call: Context, instance: Instance, application: Application, subject: _Subject) -> dict[str, Any]:
    """Issue the tokens; the first time a refresh token too, if the application has that grant."""
    tokens, scopes = call.aws.state(Tokens), subject.scopes or ()
    expires = min(call.now + HOUR, subject.ends)
    signed_in = SignedIn(
        instance=instance,
        user_id=subject.user.id,
        client_id=application.arn,
        scopes=scopes,
        ends=subject.ends,
    )
    answer: dict[str, Any] = {
        "accessToken": tokens.issue(signed_in, lifetime=HOUR, now=call.now),
        "expiresIn": int(expires - call.now),
        "scope": list(scopes),
    }
    if "refresh_token" in application.grants and not subject.is_refreshed:
        answer["refreshToken"] = tokens.issue(signed_in, lifetime=SESSION, now=call.now, refreshes=True)
    context = None
    if "sts:identity_context" in scopes:
        context = call.aws.state(IdentityContexts).issue(
            subject.user.id,
            expires=expires,
            instance_arn=instance.arn,
            application_arn=application.arn,
        )
        answer["awsAdditionalDetails"] = {"identityContext": context}
    if "openid" in scopes:
        answer["idToken"] = _id_token(call, instance, application, subject, context)
    return answer


def _id_token(
    call: Context,
    instance: Instance,
    application: Application,
    subject: _Subject,
    context: str | None,
) -> str:
    """Sign an ID token, with the claims of the sample in "S3 Access Grants and corporate directories"."""
    claims: dict[str, Any] = {
        "aws:identity_store_id": instance.store.id,
        "aws:identity_store_arn": instance.store.arn,
        "aws:instance_arn": instance.arn,
        "aws:instance_account": instance.account,
        "aws:credential_id": secrets.token_urlsafe(24),
        "sts:audit_context": secrets.token_urlsafe(48),
        "auth_time": moment(call.now).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    if context is not None:
        claims["sts:identity_context"] = context
    if subject.actor is not None:
        claims["act"] = {"sub": subject.actor}
    without = [] if context is not None else ["sts:identity_context"]
    return instance.issuer(call.aws).mint(
        subject.user.id,
        client_id=application.client_id,
        token_use="id",  # noqa: S106 - a kind of token
        expires_in=HOUR,
        claims=claims,
        without=[*without, "email"],
    )


_Exchange = Callable[[Context, Instance, Application, Mapping[str, Any]], _Subject]
_GRANTS: Mapping[str, tuple[tuple[str, ...], _Exchange]] = {
    "authorization_code": (("code", "redirectUri", "codeVerifier"), _by_code),
    "refresh_token": (("refreshToken",), _by_refresh_token),
    _JWT_BEARER: (("assertion",), _by_assertion),
    _TOKEN_EXCHANGE: (("subjectToken", "subjectTokenType"), _by_exchange),
}
