"""Cognito identity pools."""

from __future__ import annotations

from functools import partial
from typing import Any

from fake_idp import Issuer
from harness.aws.cognito_idp.pools import UserPools
from tests.aws_errors.account import Account
from tests.aws_errors.row import Row

__all__ = ["ROWS"]

_pools = partial(Row, "cognito-identity")
_DEVELOPER = "login.example.com"
_NOT_AUTHORIZED = "NotAuthorizedException"
_INVALID = "InvalidParameterException"
_CONFIGURATION = (
    "InvalidIdentityPoolConfigurationException",
    "Invalid identity pool configuration. Check assigned IAM roles for this pool.",
)
_ABSENT = "us-east-1:01234567-89ab-cdef-0123-456789abcdef"


def _get_id(login: Any) -> Any:
    """Log in by what ``login`` makes of the account."""
    return lambda a: a.get_id(logins=login(a))


def _expired(a: Account) -> None:
    logins = a.logins()
    with a.later(hours=2):
        a.get_id(logins=logins)


def _issuer_of(a: Account) -> Issuer:
    """The issuer behind the user pool."""
    issuer = a.aws.state(UserPools).issuer(a.user_pool)
    assert isinstance(issuer, Issuer)
    return issuer


def _forged(a: Account, forgery: str) -> dict[str, str]:
    return a.logins(_issuer_of(a).forge(forgery, sub="alice", client_id=a.app))


def _credentials(a: Account, pool: str | None = None, **more: Any) -> None:
    logins = a.logins()
    identity = a.get_id(pool, logins)
    a.pools.get_credentials_for_identity(**{"IdentityId": identity, "Logins": logins, **more})


def _mapped(a: Account, logins: dict[str, str] | None = None, **more: Any) -> None:
    """Ask for credentials of a pool that takes the role from the token, which has none."""
    role = a.role(a.federated(provider="cognito-identity.amazonaws.com", StringLike={_SUB: "*"}))
    pool = a.new_identity_pool()
    mapping = {"Type": "Token", "AmbiguousRoleResolution": "Deny"}
    a.pools.set_identity_pool_roles(
        IdentityPoolId=pool, Roles={"authenticated": role}, RoleMappings={f"{a.provider}:{a.app}": mapping}
    )
    _credentials(a, pool, **more)


def _open_id_token(a: Account, **pool: Any) -> None:
    logins = a.logins()
    a.pools.get_open_id_token(IdentityId=a.get_id(a.new_identity_pool(**pool), logins), Logins=logins)


def _token_with_mappings(a: Account) -> None:
    pool, logins = a.new_identity_pool(), a.logins()
    mapping = {"Type": "Token", "AmbiguousRoleResolution": "AuthenticatedRole"}
    a.pools.set_identity_pool_roles(
        IdentityPoolId=pool, Roles={}, RoleMappings={f"{a.provider}:{a.app}": mapping}
    )
    a.pools.get_open_id_token(IdentityId=a.get_id(pool, logins), Logins=logins)


def _developer_pool(a: Account) -> str:
    return a.new_identity_pool(DeveloperProviderName=_DEVELOPER)


def _for_developer(a: Account, pool: str, user: str, **more: Any) -> str:
    made = a.pools.get_open_id_token_for_developer_identity(
        IdentityPoolId=pool, Logins={_DEVELOPER: user}, **more
    )
    return str(made["IdentityId"])


def _registered(a: Account) -> None:
    pool = _developer_pool(a)
    alice, _ = _for_developer(a, pool, "alice"), _for_developer(a, pool, "bob")
    _for_developer(a, pool, "bob", IdentityId=alice)


def _of_another(a: Account) -> None:
    pool = _developer_pool(a)
    alice, _ = _for_developer(a, pool, "alice"), _for_developer(a, pool, "bob")
    a.pools.lookup_developer_identity(IdentityPoolId=pool, IdentityId=alice, DeveloperUserIdentifier="bob")


def _no_user(a: Account) -> None:
    a.pools.lookup_developer_identity(IdentityPoolId=_developer_pool(a), DeveloperUserIdentifier="absent")


def _stranger(a: Account) -> None:
    a.pools.get_credentials_for_identity(IdentityId=a.get_id(), Logins=a.logins())


def _open_to_guests(a: Account) -> None:
    pool, logins = a.new_identity_pool(AllowUnauthenticatedIdentities=True), a.logins()
    a.pools.get_credentials_for_identity(IdentityId=a.get_id(pool, logins))


def _opaque(a: Account) -> None:
    pool = a.new_identity_pool(SupportedLoginProviders={"graph.facebook.com": "app"})
    a.get_id(pool, {"graph.facebook.com": "token"})


def _passing(a: Account) -> None:
    who = a.user(Action="cognito-identity:*", Resource="*")
    a.client("cognito-identity", who).set_identity_pool_roles(
        IdentityPoolId=a.identity_pool, Roles={"authenticated": a.reader}
    )


def _roles(**mapping: Any) -> Any:
    def provoke(a: Account) -> None:
        name = mapping.pop("name", None) or f"{a.provider}:{a.app}"
        a.pools.set_identity_pool_roles(
            IdentityPoolId=a.identity_pool, Roles={}, RoleMappings={name: mapping}
        )

    return provoke


def _provider(**provider: Any) -> Any:
    return lambda a: a.new_identity_pool(CognitoIdentityProviders=[provider])


_SUB = "cognito-identity.amazonaws.com:sub"
_TOKENS = (
    _pools(
        "GetId",
        _NOT_AUTHORIZED,
        "Invalid login token. Token expired: … >= …",
        "An expired token of a user pool.",
        _expired,
        source="aws-sdk-ios#2570",
    ),
    _pools(
        "GetId",
        _NOT_AUTHORIZED,
        "Invalid login token. Couldn't verify signed token.",
        "A forged token, or one whose key is gone.",
        _get_id(lambda a: _forged(a, "sig.wrong-key")),
        source="amazon-cognito-identity-js#91",
    ),
    _pools(
        "GetId",
        _NOT_AUTHORIZED,
        "Invalid login token. Not a valid OpenId Connect identity token.",
        "What is no JWT.",
        _get_id(lambda a: a.logins("garbage")),
        source="stackoverflow.com/questions/64947302",
    ),
    _pools(
        "GetId",
        _NOT_AUTHORIZED,
        "Invalid login token. Issuer doesn't match providerName",
        "A token of another issuer than the login names.",
        _get_id(lambda a: a.logins(a.okta.mint())),
        source="aws-sdk-android#444",
    ),
    _pools(
        "GetId",
        _NOT_AUTHORIZED,
        "Invalid login token. Missing a required claim: aud",
        "A user pool's access token in place of its ID token.",
        _get_id(lambda a: a.logins(a.tokens()["AccessToken"])),
        source="amazon-cognito-identity-js#12",
    ),
    _pools(
        "GetId",
        _NOT_AUTHORIZED,
        "Token is not from a supported provider of this identity pool.",
        "A provider, or a client id, that is not the pool's.",
        _get_id(lambda a: {"id.example.com": "x"}),
        source="amplify-android#1829",
    ),
    _pools(
        "GetId",
        _NOT_AUTHORIZED,
        "Unauthenticated access is not supported for this identity pool.",
        "No login, at a pool without guests.",
        lambda a: a.get_id(logins={}),
        source="aws-sdk-js-v3#3113",
    ),
    _pools(
        "GetId",
        "ResourceNotFoundException",
        f"IdentityPool '{_ABSENT}' not found.",
        "A pool that does not exist.",
        lambda a: a.get_id(_ABSENT, {}),
        source="android-samples#163",
    ),
    _pools(
        "GetId",
        "ExternalServiceException",
        "This AWS cannot ask graph.facebook.com about its tokens.",
        "A login by Facebook, Amazon or Twitter, whose tokens only they can read.",
        _opaque,
        ours=True,
    ),
)
_CREDENTIALS = (
    _pools(
        "GetCredentialsForIdentity",
        _NOT_AUTHORIZED,
        "Logins don't match. Please include at least one valid login for this identity or identity pool.",
        "A good token of somebody else.",
        _stranger,
        source="amplify-js#2443",
    ),
    _pools(
        "GetCredentialsForIdentity",
        _NOT_AUTHORIZED,
        "Access to Identity '…' is forbidden.",
        "No login, for an identity that has one.",
        _open_to_guests,
        source="aws-sdk-android#175",
    ),
    _pools(
        "GetCredentialsForIdentity",
        "ResourceNotFoundException",
        f"Identity '{_ABSENT}' not found.",
        "An identity that does not exist.",
        lambda a: a.pools.get_credentials_for_identity(IdentityId=_ABSENT, Logins=a.logins()),
    ),
    _pools(
        "GetCredentialsForIdentity",
        *_CONFIGURATION,
        "A pool without a role, or whose role was deleted.",
        lambda a: _credentials(a, a.new_identity_pool()),
        source="amplify-swift#3124",
    ),
    _pools(
        "GetCredentialsForIdentity",
        *_CONFIGURATION,
        "A role that does not trust `cognito-identity.amazonaws.com`, this pool or this kind of identity.",
        lambda a: _credentials(a, a.new_identity_pool(roles={"authenticated": a.reader})),
        source="amplify-swift#3124",
    ),
    _pools(
        "GetCredentialsForIdentity",
        _NOT_AUTHORIZED,
        "The ambiguous role mapping rules for: … denied this request.",
        "No clear role, where the mapping says `Deny`.",
        _mapped,
        source="amplify-js#8644",
    ),
    _pools(
        "GetCredentialsForIdentity",
        _NOT_AUTHORIZED,
        "The requested role is not one that this login may assume.",
        "`CustomRoleArn` with a role that the token does not offer.",
        lambda a: _mapped(a, CustomRoleArn=a.reader),
        ours=True,
    ),
    _pools(
        "GetOpenIdToken",
        _INVALID,
        "Basic (classic) flow is not enabled, please use enhanced flow.",
        "The basic flow, at a pool whose `AllowClassicFlow` is false.",
        lambda a: _open_id_token(a, AllowClassicFlow=False),
        source="aws-cli#7652",
    ),
    _pools(
        "GetOpenIdToken",
        _INVALID,
        "Basic (classic) flow is not supported with RoleMappings, please use enhanced flow.",
        "The basic flow, at a pool with role mappings.",
        _token_with_mappings,
        source="aws-rum-web#172",
    ),
)
_DEVELOPERS = (
    _pools(
        "GetOpenIdTokenForDeveloperIdentity",
        _INVALID,
        "This identity pool does not support the specified developer provider.",
        "Another developer provider.",
        lambda a: _for_developer(a, a.identity_pool, "alice"),
        source="LambdAuth#32",
    ),
    _pools(
        "GetOpenIdTokenForDeveloperIdentity",
        "DeveloperUserAlreadyRegisteredException",
        "The provided developer user identifier is already registered with Cognito under a different "
        "identity ID.",
        "Somebody of the developer's who has another identity.",
        _registered,
    ),
    _pools(
        "LookupDeveloperIdentity",
        "ResourceNotFoundException",
        "Developer user identifier not found.",
        "Somebody whom the pool does not know.",
        _no_user,
        ours=True,
    ),
    _pools(
        "LookupDeveloperIdentity",
        "ResourceConflictException",
        "The user belongs to another identity.",
        "Somebody of the developer's, and another identity.",
        _of_another,
        ours=True,
    ),
)
_ADMINISTRATION = (
    _pools(
        "SetIdentityPoolRoles",
        "AccessDeniedException",
        "User: … is not authorized to perform: iam:PassRole on "
        "resource: … because no identity-based policy allows the iam:PassRole action",
        "A role that the caller may not pass.",
        _passing,
        source="aws-api-gateway-developer-portal#11",
    ),
    _pools(
        "SetIdentityPoolRoles",
        _NOT_AUTHORIZED,
        "Access to Role '…' is forbidden.",
        "What is no role of the account.",
        lambda a: a.pools.set_identity_pool_roles(
            IdentityPoolId=a.identity_pool, Roles={"authenticated": "arn:aws:iam::210987654321:role/x"}
        ),
        source="boto3#73",
    ),
    _pools(
        "SetIdentityPoolRoles",
        _INVALID,
        "(id.example.com) is not a valid RoleMapping ProviderName or is not a configured provider.",
        "A mapping for what is no provider of the pool.",
        _roles(name="id.example.com", Type="Token", AmbiguousRoleResolution="Deny"),
        source="aws-cdk#22951",
    ),
    _pools(
        "SetIdentityPoolRoles",
        _INVALID,
        "AmbiguousRoleResolution is required for the role mapping of …",
        "A mapping that does not say what happens without a clear role.",
        _roles(Type="Token"),
        ours=True,
    ),
    _pools(
        "CreateIdentityPool",
        _INVALID,
        "Invalid Cognito Identity Provider",
        "What is no name of a user pool.",
        _provider(ProviderName="id.example.com", ClientId="x"),
        source="aws-cdk#11054",
    ),
    _pools(
        "CreateIdentityPool",
        "LimitExceededException",
        "Exceeded the quota of user pools of an identity pool.",
        "More than 50 user pools.",
        lambda a: a.new_identity_pool(
            CognitoIdentityProviders=[
                {"ProviderName": f"cognito-idp.us-east-1.amazonaws.com/us-east-1_P{n}", "ClientId": "x"}
                for n in range(51)
            ]
        ),
        ours=True,
    ),
    _pools(
        "GetPrincipalTagAttributeMap",
        "ResourceNotFoundException",
        "No principal tag attribute map for …",
        "A provider without attributes for access control.",
        lambda a: a.pools.get_principal_tag_attribute_map(
            IdentityPoolId=a.identity_pool, IdentityProviderName=a.provider
        ),
        ours=True,
    ),
)

ROWS = (*_TOKENS, *_CREDENTIALS, *_DEVELOPERS, *_ADMINISTRATION)
