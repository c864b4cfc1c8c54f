"""Developer authenticated identities: a backend of one's own says who somebody is, by a signed call.

Source: Amazon Cognito Federated Identities API Reference, and the developer guide's "Developer-authenticated
identities".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.aws.cognito_identity.identities import Identities, Identity, Login
from harness.aws.cognito_identity.issuer import IdentityPoolIssuer
from harness.aws.cognito_identity.logins import verify_logins
from harness.aws.cognito_identity.pools import IdentityPool, IdentityPools, invalid_parameter, page
from harness.aws.cognito_identity.principal_tags import tags_of
from harness.aws.context import Context, Operation
from harness.aws.errors import AwsError

__all__ = ["DEVELOPERS"]

_TOKEN_LIFETIME = 900  # seconds; API reference, TokenDuration


def get_open_id_token_for_developer_identity(call: Context, fields: Mapping[str, Any]) -> dict[str, Any]:
    """GetOpenIdTokenForDeveloperIdentity: an identity of the developer's user, and a token for it.

    Raises:
        AwsError: ``InvalidParameterException``, ``ResourceNotFoundException``, ``NotAuthorizedException``,
            ``ResourceConflictException`` or ``DeveloperUserAlreadyRegisteredException``.
    """
    identities = call.aws.state(Identities)
    pool = call.aws.state(IdentityPools).find(call, fields["IdentityPoolId"])
    tokens = dict(fields["Logins"])
    name = pool.developer_provider
    if name is None or name not in tokens:
        raise _unsupported_developer()
    login = Login(provider=name, subject=tokens.pop(name))
    proofs = verify_logins(call, pool, tokens)
    identity = None
    if "IdentityId" in fields:
        identity = _in_pool(call, pool, fields["IdentityId"])
        owner = identities.owner(pool.id, login)
        if owner is not None and owner.id != identity.id:
            # The text is the API reference's description of the error.
            raise AwsError(
                "DeveloperUserAlreadyRegisteredException",
                "The provided developer user identifier is already registered with Cognito under a "
                "different identity ID.",
            )
    identity = identities.enter(
        pool.id,
        [login, *(proof.login for proof in proofs)],
        now=call.now,
        identity=identity,
        developer=name,
    )
    # AWS documents that the name is in amr ("IAM roles"); the form of the last one is ours.
    methods = ["authenticated", name, f"{name}:{pool.id}:{login.subject}"]
    for proof in proofs:
        methods += [proof.login.provider, proof.method]
    token = call.aws.state(IdentityPoolIssuer).mint(
        call.aws,
        pool,
        identity.id,
        methods=methods,
        expires_in=fields.get("TokenDuration", _TOKEN_LIFETIME),
        tags={**tags_of(pool, proofs), **fields.get("PrincipalTags", {})},
    )
    return {"IdentityId": identity.id, "Token": token}


def lookup_developer_identity(call: Context, fields: Mapping[str, Any]) -> dict[str, Any]:
    """LookupDeveloperIdentity: the identity of a user, the users of an identity, or that both agree.

    Raises:
        AwsError: ``InvalidParameterException``, ``ResourceNotFoundException``, and
            ``ResourceConflictException`` when they do not.
    """
    pool = call.aws.state(IdentityPools).find(call, fields["IdentityPoolId"])
    user, identity_id = fields.get("DeveloperUserIdentifier"), fields.get("IdentityId")
    if user is None and identity_id is None:  # the text is ours
        raise invalid_parameter("Either IdentityId or DeveloperUserIdentifier must be given.")
    name = _developer(pool)
    identity = _user(call, pool, user) if user is not None else _in_pool(call, pool, str(identity_id))
    if identity_id is not None and identity.id != identity_id:  # the text is ours
        raise AwsError("ResourceConflictException", "The user belongs to another identity.")
    users: list[Mapping[str, Any]] = [
        {"user": login.subject}
        for login in identity.logins
        if login.provider == name and user in (None, login.subject)
    ]
    some, more = page(users, fields, key="user")
    return {
        "IdentityId": identity.id,
        "DeveloperUserIdentifierList": [each["user"] for each in some],
        **more,
    }


def merge_developer_identities(call: Context, fields: Mapping[str, Any]) -> dict[str, Any]:
    """MergeDeveloperIdentities: the source's logins go to the destination, and its identity is disabled.

    Raises:
        AwsError: ``InvalidParameterException``, ``ResourceNotFoundException``, ``ResourceConflictException``.
    """
    pool = call.aws.state(IdentityPools).find(call, fields["IdentityPoolId"])
    name = _developer(pool, fields["DeveloperProviderName"])
    source = _user(call, pool, fields["SourceUserIdentifier"])
    destination = _user(call, pool, fields["DestinationUserIdentifier"])
    if source.id != destination.id:
        call.aws.state(Identities).merge(destination, source, now=call.now, developer=name)
    return {"IdentityId": destination.id}


def unlink_developer_identity(call: Context, fields: Mapping[str, Any]) -> dict[str, Any]:
    """UnlinkDeveloperIdentity: a user who comes again is somebody new.

    Raises:
        AwsError: ``InvalidParameterException``, ``ResourceNotFoundException``, and
            ``ResourceConflictException`` when the user is not of that identity.
    """
    pool = call.aws.state(IdentityPools).find(call, fields["IdentityPoolId"])
    name = _developer(pool, fields["DeveloperProviderName"])
    identity = _in_pool(call, pool, fields["IdentityId"])
    login = Login(provider=name, subject=fields["DeveloperUserIdentifier"])
    if login not in identity.logins:  # the text is ours
        raise AwsError("ResourceConflictException", "The user belongs to another identity.")
    call.aws.state(Identities).unlink(identity, [login], now=call.now)
    return {}


DEVELOPERS: Mapping[str, Operation] = {
    "GetOpenIdTokenForDeveloperIdentity": get_open_id_token_for_developer_identity,
    "LookupDeveloperIdentity": lookup_developer_identity,
    "MergeDeveloperIdentities": merge_developer_identities,
    "UnlinkDeveloperIdentity": unlink_developer_identity,
}
"""The operations of developer authenticated identities, by name."""


def _developer(pool: IdentityPool, name: str | None = None) -> str:
    """Return the developer provider of a pool, which must be ``name`` where one is given."""
    found = pool.developer_provider
    if found is None or name not in (None, found):
        raise _unsupported_developer()
    return found


def _user(call: Context, pool: IdentityPool, user: str) -> Identity:
    login = Login(provider=_developer(pool), subject=user)
    identity = call.aws.state(Identities).owner(pool.id, login)
    if identity is None:  # the text is ours
        raise AwsError("ResourceNotFoundException", "Developer user identifier not found.")
    return identity


def _in_pool(call: Context, pool: IdentityPool, identity_id: str) -> Identity:
    identity = call.aws.state(Identities).find(identity_id)
    if identity.pool_id != pool.id:
        raise AwsError("ResourceNotFoundException", f"Identity '{identity_id}' not found.")
    return identity


def _unsupported_developer() -> AwsError:
    # The text: LambdAuth#32; it has no code.
    return invalid_parameter("This identity pool does not support the specified developer provider.")
