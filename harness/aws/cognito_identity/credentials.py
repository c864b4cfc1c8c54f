"""A login in, an identity out, and for it credentials (the enhanced flow) or a token for STS (the basic one).

None of these calls is signed. Source: Amazon Cognito Developer Guide, "Identity pools authentication flow".
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.aws.access.permissions import global_keys
from harness.aws.cognito_identity.guests import guest_policies
from harness.aws.cognito_identity.identities import (
    Identities,
    Identity,
    logins_do_not_match,
    not_authorized,
)
from harness.aws.cognito_identity.issuer import TAGS_CLAIM, URL, IdentityPoolIssuer
from harness.aws.cognito_identity.logins import Proof, unsupported_provider, verified, verify_logins
from harness.aws.cognito_identity.pools import SERVICE, IdentityPool, IdentityPools, invalid_parameter
from harness.aws.cognito_identity.principal_tags import tags_of
from harness.aws.cognito_identity.roles import role_arn
from harness.aws.context import Context, Operation
from harness.aws.errors import AwsError
from harness.aws.iam.account import Role
from harness.aws.policy import PolicyError, Principal, Request, evaluate_trust, parse

__all__ = ["CREDENTIALS"]

_SESSION_NAME = "CognitoIdentityCredentials"
_LIFETIME = 3600  # seconds; credentials of the enhanced flow last one hour
_TOKEN_LIFETIME = 600  # seconds; API reference, GetOpenIdToken
# Bounds of the tags together and of one; developer guide, "Using attributes for access control with Amazon
# Cognito identity pools".
_MAX_TAGS, _MAX_TAG = 460, 256


@dataclass(frozen=True, kw_only=True)
class _Entry:
    """Who comes: an identity, what it logged in with, and what that makes of it.

    Attributes:
        identity: the identity, which may be another one than was asked for.
        proofs: the logins; none of a guest, nor of who has a token of the basic flow.
        methods: ``amr``.
        tags: session tags.
    """

    identity: Identity
    proofs: Sequence[Proof]
    methods: Sequence[str]
    tags: Mapping[str, str]

    @property
    def is_guest(self) -> bool:
        """Whether nobody is logged in."""
        return "unauthenticated" in self.methods


def get_id(call: Context, fields: Mapping[str, Any]) -> dict[str, Any]:
    """GetId: the identity of a login, always the same one; without a login, a new guest.

    Raises:
        AwsError: ``ResourceNotFoundException``, ``NotAuthorizedException``, ``ResourceConflictException``, or
            ``ExternalServiceException``.
    """
    identities = call.aws.state(Identities)
    pool = call.aws.state(IdentityPools).find(call, fields["IdentityPoolId"])
    if fields.get("AccountId", call.aws.account_id) != call.aws.account_id:
        raise AwsError("ResourceNotFoundException", f"IdentityPool '{pool.id}' not found.")
    proofs = verify_logins(call, pool, fields.get("Logins", {}))
    if not proofs:
        _check_guests(pool)
        return {"IdentityId": identities.new_guest(pool.id, now=call.now).id}
    logins = [proof.login for proof in proofs]
    identity = identities.enter(pool.id, logins, now=call.now, developer=pool.developer_provider)
    return {"IdentityId": identity.id}


def get_credentials_for_identity(call: Context, fields: Mapping[str, Any]) -> dict[str, Any]:
    """GetCredentialsForIdentity: credentials of the role that is due.

    Raises:
        AwsError: ``ResourceNotFoundException``, ``NotAuthorizedException``, ``ResourceConflictException``, or
            ``InvalidIdentityPoolConfigurationException`` when the role is absent or does not trust the pool.
    """
    pool, identity = _asked(call, fields)
    tokens = fields.get("Logins", {})
    token = tokens.get(SERVICE)
    if token is not None and len(tokens) == 1:
        entry = _by_own_token(call, pool, identity, token)
    else:
        entry = _enter(call, pool, identity, tokens)
    keys: dict[str, str | Sequence[str]] = {
        f"{SERVICE}:aud": pool.id,
        f"{SERVICE}:sub": entry.identity.id,
        f"{SERVICE}:amr": entry.methods,
    }
    arn = role_arn(pool, entry.proofs, custom=fields.get("CustomRoleArn"), guest=entry.is_guest)
    role = None if arn is None else call.aws.iam.role(arn)
    if role is None or not _are_good(entry.tags) or not _trusts(call, role, keys, entry.tags):
        raise AwsError(  # amplify-swift#3124
            "InvalidIdentityPoolConfigurationException",
            "Invalid identity pool configuration. Check assigned IAM roles for this pool.",
        )
    session = call.aws.sessions.issue(
        role,
        name=_SESSION_NAME,
        now=call.now,
        duration=_LIFETIME,
        policies=guest_policies(call.aws.iam) if entry.is_guest else None,
        context={
            "aws:FederatedProvider": SERVICE,
            **keys,
            **{f"aws:PrincipalTag/{key}": value for key, value in entry.tags.items()},
        },
    )
    return {
        "IdentityId": entry.identity.id,
        "Credentials": {
            "AccessKeyId": session.credentials.access_key_id,
            "SecretKey": session.credentials.secret_access_key,
            "SessionToken": session.credentials.session_token,
            "Expiration": session.credentials.expiration,
        },
    }


def get_open_id_token(call: Context, fields: Mapping[str, Any]) -> dict[str, Any]:
    """GetOpenIdToken: the basic flow, where the pool lets it.

    A pool whose ``AllowClassicFlow`` was never set does (aws-cli#7652); one with role mappings does not.

    Raises:
        AwsError: as GetCredentialsForIdentity, and ``InvalidParameterException``.
    """
    pool, identity = _asked(call, fields)
    if pool.role_mappings:  # aws-rum-web#172
        raise invalid_parameter(
            "Basic (classic) flow is not supported with RoleMappings, please use enhanced flow."
        )
    if pool.members.get("AllowClassicFlow") is False:  # aws-cli#7652
        raise invalid_parameter("Basic (classic) flow is not enabled, please use enhanced flow.")
    entry = _enter(call, pool, identity, fields.get("Logins", {}))
    token = call.aws.state(IdentityPoolIssuer).mint(
        call.aws,
        pool,
        entry.identity.id,
        methods=entry.methods,
        expires_in=_TOKEN_LIFETIME,
        tags=entry.tags,
    )
    return {"IdentityId": entry.identity.id, "Token": token}


def unlink_identity(call: Context, fields: Mapping[str, Any]) -> dict[str, Any]:
    """UnlinkIdentity: public logins taken from an identity by who has one of its logins.

    Raises:
        AwsError: ``ResourceNotFoundException`` or ``NotAuthorizedException``.
    """
    pool, identity = _asked(call, fields)
    logins = [proof.login for proof in verify_logins(call, pool, fields["Logins"])]
    if set(identity.logins).isdisjoint(logins):
        raise logins_do_not_match()
    names = set(fields["LoginsToRemove"]) - {pool.developer_provider}
    gone = [login for login in identity.logins if login.provider in names]
    call.aws.state(Identities).unlink(identity, gone, now=call.now)
    return {}


CREDENTIALS: Mapping[str, Operation] = {
    "GetCredentialsForIdentity": get_credentials_for_identity,
    "GetId": get_id,
    "GetOpenIdToken": get_open_id_token,
    "UnlinkIdentity": unlink_identity,
}
"""The operations that are open to everybody, by name."""


def _asked(call: Context, fields: Mapping[str, Any]) -> tuple[IdentityPool, Identity]:
    """Return the identity that a call names, and its pool."""
    identity = call.aws.state(Identities).find(fields["IdentityId"])
    return call.aws.state(IdentityPools).find(call, identity.pool_id), identity


def _enter(call: Context, pool: IdentityPool, identity: Identity, tokens: Mapping[str, str]) -> _Entry:
    """Let somebody into an identity by ``Logins``, or as a guest."""
    proofs = verify_logins(call, pool, tokens)
    if not proofs:
        _check_nobody_is_there(identity)
        _check_guests(pool)
        return _Entry(identity=identity, proofs=(), methods=("unauthenticated",), tags={})
    identity = call.aws.state(Identities).enter(
        pool.id,
        [proof.login for proof in proofs],
        now=call.now,
        identity=identity,
        developer=pool.developer_provider,
    )
    methods = ["authenticated"]
    for proof in proofs:
        methods += [proof.login.provider, proof.method]
    return _Entry(identity=identity, proofs=proofs, methods=methods, tags=tags_of(pool, proofs))


def _by_own_token(call: Context, pool: IdentityPool, identity: Identity, token: str) -> _Entry:
    """Let somebody in by a token that identity pools themselves have signed, as developers' apps have it."""
    keys = json.dumps(call.aws.state(IdentityPoolIssuer).jwks()).encode()
    claims = verified(
        call,
        token,
        issuer=URL,
        fetch=lambda _: (200, keys),
        tolerance=0,
        jwks_url=f"{URL}/.well-known/jwks_uri",
    )
    if claims.get("aud") != pool.id:
        raise unsupported_provider()
    if claims["sub"] != identity.id or not identity.is_enabled:
        raise logins_do_not_match()
    methods = claims["amr"]
    if methods == ["unauthenticated"]:
        _check_nobody_is_there(identity)
        _check_guests(pool)
    tags = claims.get(TAGS_CLAIM, {}).get("principal_tags", {})
    return _Entry(
        identity=identity,
        proofs=(),
        methods=methods,
        tags={key: values[0] for key, values in tags.items()},
    )


def _check_guests(pool: IdentityPool) -> None:
    if not pool.allows_guests:  # aws-sdk-js-v3#3113
        raise not_authorized("Unauthenticated access is not supported for this identity pool.")


def _check_nobody_is_there(identity: Identity) -> None:
    if not identity.is_guest or not identity.is_enabled:  # aws-sdk-android#175
        raise not_authorized(f"Access to Identity '{identity.id}' is forbidden.")


def _are_good(tags: Mapping[str, str]) -> bool:
    """Tell whether STS takes such tags."""
    sizes = [len(value.encode(errors="replace")) for value in tags.values()]
    return sum(sizes) <= _MAX_TAGS and all(size <= _MAX_TAG for size in sizes)


def _trusts(
    call: Context, role: Role, keys: Mapping[str, str | Sequence[str]], tags: Mapping[str, str]
) -> bool:
    """Tell whether a role trusts who comes, and with their tags."""
    context = {**global_keys(call), "sts:RoleSessionName": _SESSION_NAME, **keys}
    context |= {f"aws:RequestTag/{key}": value for key, value in tags.items()}
    actions = ["sts:AssumeRoleWithWebIdentity"]
    if tags:
        context["aws:TagKeys"] = list(tags)
        actions.append("sts:TagSession")
    try:
        trust = parse(role.trust)
    except PolicyError:
        return False  # a trust policy that cannot be read trusts nobody
    return all(
        evaluate_trust(
            trust,
            Request(action=action, resource=role.arn, context=context),
            Principal(federated=SERVICE),
        ).allowed
        for action in actions
    )
