"""The tokens of identity pools: the basic flow and developer authenticated identities, read by PyJWT."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx2
import jwt
import pytest
from botocore.exceptions import ClientError

from harness.aws import Aws
from harness.aws.cognito_identity.issuer import IdentityPoolIssuer
from tests.aws_identity_pool import ACCOUNT, HOST, MISCONFIGURED, START, UNSUPPORTED, Cloud, refusal, role_arn

DEVELOPER = "login.mycompany.myapp"


def document(cloud: Cloud, path: str) -> dict[str, Any]:
    """Get a document of the issuer from this AWS, as anybody may."""

    async def get() -> httpx2.Response:
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=cloud.aws.app)) as client:
            return await client.get(f"https://{HOST}{path}")

    response = asyncio.run(get())
    assert response.status_code == 200
    found: dict[str, Any] = response.json()
    return found


def read(cloud: Cloud, token: str, *, pool: str) -> dict[str, Any]:
    """Verify a token by what its issuer publishes."""
    metadata = document(cloud, "/.well-known/openid-configuration")
    assert metadata["issuer"] == f"https://{HOST}"
    keys = jwt.PyJWKSet.from_dict(document(cloud, metadata["jwks_uri"].removeprefix(f"https://{HOST}")))
    claims: dict[str, Any] = jwt.decode(
        token,
        keys[jwt.get_unverified_header(token)["kid"]],
        algorithms=["RS512"],
        audience=pool,
        issuer=metadata["issuer"],
    )
    return claims


# --- GetOpenIdToken --------------------------------------------------------------------------------------


def open_id_token(cloud: Cloud, token: str | None, identity: str | None = None) -> str:
    logins = {} if token is None else {"Logins": {cloud.provider: token}}
    answer = cloud.pools.get_open_id_token(IdentityId=identity or cloud.get_id(token), **logins)
    return str(answer["Token"])


def test_a_login_gets_a_token_of_the_identity_for_sts(cloud: Cloud) -> None:
    alice = cloud.get_id(cloud.users.mint(sub="alice"))
    token = open_id_token(cloud, cloud.users.mint(sub="alice"))
    header = jwt.get_unverified_header(token)
    assert (header["typ"], header["alg"]) == ("JWS", "RS512")
    assert read(cloud, token, pool=cloud.pool) == {
        "sub": alice,
        "aud": cloud.pool,
        "amr": ["authenticated", cloud.provider, f"{cloud.provider}:CognitoSignIn:alice"],
        "iss": f"https://{HOST}",
        f"https://{HOST}/identity-pool-arn": (
            f"arn:aws:cognito-identity:us-east-1:{ACCOUNT}:identitypool/{cloud.pool}"
        ),
        "iat": int(START),
        "exp": int(START) + 600,
    }


def test_a_guest_gets_a_token_that_says_so(open_cloud: Cloud) -> None:
    guest = open_cloud.get_id(None)
    claims = read(open_cloud, open_id_token(open_cloud, None, guest), pool=open_cloud.pool)
    assert (claims["sub"], claims["amr"]) == (guest, ["unauthenticated"])


def test_a_forged_login_gets_no_token(cloud: Cloud) -> None:
    identity = cloud.get_id(cloud.users.mint(sub="alice"))
    for login in (cloud.users.forge("sig.wrong-key", sub="alice"), cloud.users.mint(sub="bob"), None):
        with pytest.raises(ClientError) as raised:
            open_id_token(cloud, login, identity)
        assert refusal(raised)[0] == "NotAuthorizedException"


def test_one_issuer_signs_for_all_pools_of_the_account_and_for_no_other(cloud: Cloud) -> None:
    open_id_token(cloud, cloud.users.mint())
    keys = cloud.aws.state(IdentityPoolIssuer).jwks()
    assert keys == document(cloud, "/.well-known/jwks_uri")
    elsewhere = Aws(account_id="210987654321", new_issuer=cloud.aws.new_issuer)
    assert elsewhere.state(IdentityPoolIssuer).jwks() == {"keys": []}


def test_an_aws_without_issuers_has_no_tokens_and_says_so(cloud: Cloud) -> None:
    aws = Aws(account_id="210987654321", fetch=cloud.fetch, now=cloud.clock.now)
    pools = aws.client("cognito-identity")
    pool = pools.create_identity_pool(IdentityPoolName="p", AllowUnauthenticatedIdentities=True)
    identity = pools.get_id(IdentityPoolId=pool["IdentityPoolId"])["IdentityId"]
    with pytest.raises(ClientError) as raised:
        pools.get_open_id_token(IdentityId=identity)
    assert refusal(raised)[0] == "NotImplemented"


@pytest.mark.parametrize("allowed", [True, False, None])
def test_the_basic_flow_is_open_unless_the_pool_forbids_it(cloud: Cloud, allowed: bool | None) -> None:
    more = {} if allowed is None else {"AllowClassicFlow": allowed}
    cloud.pool = cloud.create_pool(**more)
    if allowed is not False:
        assert open_id_token(cloud, cloud.users.mint())
        return
    with pytest.raises(ClientError) as raised:
        open_id_token(cloud, cloud.users.mint())
    message = "Basic (classic) flow is not enabled, please use enhanced flow."
    assert refusal(raised) == ("InvalidParameterException", message)


def test_the_basic_flow_is_not_for_pools_with_role_mappings(cloud: Cloud) -> None:
    client = f"{cloud.provider}:{cloud.users.client_id}"
    mapping = {"Type": "Token", "AmbiguousRoleResolution": "AuthenticatedRole"}
    cloud.set_roles(authenticated="Reader", mappings={client: mapping})
    with pytest.raises(ClientError) as raised:
        open_id_token(cloud, cloud.users.mint())
    message = "Basic (classic) flow is not supported with RoleMappings, please use enhanced flow."
    assert refusal(raised) == ("InvalidParameterException", message)


# --- developer authenticated identities ------------------------------------------------------------------


class Backend:
    """The backend of a developer, and the pool that takes its word."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        cloud.pool = self.pool = cloud.create_pool(DeveloperProviderName=DEVELOPER)
        cloud.role("Member", "authenticated")
        cloud.set_roles(authenticated="Member")

    def vouch(self, user: str, **more: Any) -> tuple[str, str]:
        """Return the identity of a user and a token for it."""
        logins = {DEVELOPER: user, **more.pop("logins", {})}
        answer = self.cloud.pools.get_open_id_token_for_developer_identity(
            IdentityPoolId=self.pool, Logins=logins, **more
        )
        return answer["IdentityId"], answer["Token"]

    def credentials(self, identity: str, token: str, **more: Any) -> dict[str, Any]:
        return self.cloud.credentials(identity, None, Logins={HOST: token}, **more)

    def lookup(self, **fields: str) -> dict[str, Any]:
        answer = self.cloud.pools.lookup_developer_identity(IdentityPoolId=self.pool, **fields)
        return dict(answer)


@pytest.fixture
def backend(cloud: Cloud) -> Backend:
    return Backend(cloud)


def test_a_developer_vouches_for_a_user_always_the_same_identity(backend: Backend) -> None:
    alice, token = backend.vouch("alice")
    assert backend.vouch("alice")[0] == alice != backend.vouch("bob")[0]
    claims = read(backend.cloud, token, pool=backend.pool)
    assert claims["sub"] == alice
    assert claims["amr"] == ["authenticated", DEVELOPER, f"{DEVELOPER}:{backend.pool}:alice"]
    assert claims["exp"] - claims["iat"] == 900
    claims = read(backend.cloud, backend.vouch("alice", TokenDuration=86_400)[1], pool=backend.pool)
    assert claims["exp"] - claims["iat"] == 86_400


def test_the_token_of_the_backend_is_worth_credentials(backend: Backend) -> None:
    alice, token = backend.vouch("alice")
    assert backend.cloud.role_of(backend.credentials(alice, token)) == "Member"


def test_it_is_worth_them_for_its_own_identity_and_pool_only_and_while_it_lasts(backend: Backend) -> None:
    alice, token = backend.vouch("alice")
    bob, _ = backend.vouch("bob")
    elsewhere = Backend.__new__(Backend)
    elsewhere.cloud, elsewhere.pool = (
        backend.cloud,
        backend.cloud.create_pool(DeveloperProviderName=DEVELOPER),
    )
    foreign = elsewhere.vouch("alice")[1]
    forged = token[:-8] + ("A" * 8)
    for identity, bad, message in (
        (
            bob,
            token,
            "Logins don't match. Please include at least one valid login for this identity or identity pool.",
        ),
        (alice, foreign, UNSUPPORTED),
        (alice, forged, "Invalid login token. Couldn't verify signed token."),
        (alice, backend.cloud.users.mint(), "Invalid login token. Issuer doesn't match providerName"),
    ):
        with pytest.raises(ClientError) as raised:
            backend.credentials(identity, bad)
        assert refusal(raised) == ("NotAuthorizedException", message)
    backend.cloud.time.shift(900)
    with pytest.raises(ClientError, match="Token expired"):
        backend.credentials(alice, token)


def test_no_role_may_be_asked_for_with_it(backend: Backend) -> None:
    with pytest.raises(ClientError) as raised:
        backend.credentials(*backend.vouch("alice"), CustomRoleArn=role_arn("Member"))
    assert refusal(raised)[0] == "NotAuthorizedException"


def test_a_guests_own_token_is_worth_what_a_guest_is(open_cloud: Cloud) -> None:
    guest = open_cloud.get_id(None)
    token = open_id_token(open_cloud, None, guest)
    given = open_cloud.credentials(guest, None, Logins={HOST: token})
    assert open_cloud.role_of(given) == "Guest"
    with pytest.raises(ClientError, match="no session policy allows"):
        open_cloud.client("iam", given).list_roles()


def test_tags_of_the_backend_are_tags_of_the_session(backend: Backend) -> None:
    alice, token = backend.vouch("alice", PrincipalTags={"tenant": "acme"})
    claims = read(backend.cloud, token, pool=backend.pool)
    assert claims["https://aws.amazon.com/tags"] == {"principal_tags": {"tenant": ["acme"]}}
    with pytest.raises(ClientError) as raised:
        backend.credentials(alice, token)
    assert refusal(raised) == MISCONFIGURED  # the role does not let its sessions be tagged
    actions = ("sts:AssumeRoleWithWebIdentity", "sts:TagSession")
    backend.cloud.role("Tagged", "authenticated", actions=actions)
    backend.cloud.set_roles(authenticated="Tagged")
    assert backend.credentials(alice, token)["AccessKeyId"]


def test_a_user_is_linked_to_a_login_and_comes_by_either(backend: Backend) -> None:
    login = {backend.cloud.provider: backend.cloud.users.mint(sub="alice")}
    alice, token = backend.vouch("alice", logins=login)
    assert backend.cloud.get_id(backend.cloud.users.mint(sub="alice")) == alice
    assert read(backend.cloud, token, pool=backend.pool)["amr"][3:] == [
        backend.cloud.provider,
        f"{backend.cloud.provider}:CognitoSignIn:alice",
    ]


def test_a_user_is_linked_to_an_identity_by_who_has_a_login_of_it(backend: Backend) -> None:
    token = backend.cloud.users.mint(sub="alice")
    alice = backend.cloud.get_id(token)
    with pytest.raises(ClientError, match="Logins don't match"):  # aws-sdk-net#1112
        backend.vouch("alice", IdentityId=alice)
    assert backend.vouch("alice", IdentityId=alice, logins={backend.cloud.provider: token})[0] == alice
    other, _ = backend.vouch("bob")
    with pytest.raises(ClientError) as raised:
        backend.vouch("alice", IdentityId=other)
    assert refusal(raised)[0] == "DeveloperUserAlreadyRegisteredException"


@pytest.mark.parametrize("logins", [{"login.other.app": "alice"}, {}])
def test_a_pool_takes_the_word_of_its_own_developer_only(cloud: Cloud, logins: dict[str, str]) -> None:
    for pool in (cloud.pool, cloud.create_pool(DeveloperProviderName=DEVELOPER)):
        with pytest.raises(ClientError) as raised:
            cloud.pools.get_open_id_token_for_developer_identity(IdentityPoolId=pool, Logins=logins)
        message = "This identity pool does not support the specified developer provider."
        assert refusal(raised) == ("InvalidParameterException", message)


def test_users_and_identities_are_looked_up(backend: Backend) -> None:
    alice, bob = backend.vouch("alice")[0], backend.vouch("bob")[0]
    assert backend.lookup(DeveloperUserIdentifier="alice")["IdentityId"] == alice
    assert backend.lookup(IdentityId=bob)["DeveloperUserIdentifierList"] == ["bob"]
    both = backend.lookup(IdentityId=alice, DeveloperUserIdentifier="alice")
    assert (both["IdentityId"], both["DeveloperUserIdentifierList"]) == (alice, ["alice"])
    for fields, code in (
        ({}, "InvalidParameterException"),
        ({"DeveloperUserIdentifier": "mallory"}, "ResourceNotFoundException"),
        ({"IdentityId": bob, "DeveloperUserIdentifier": "alice"}, "ResourceConflictException"),
    ):
        with pytest.raises(ClientError) as raised:
            backend.lookup(**fields)
        assert refusal(raised)[0] == code


def merge(backend: Backend, source: str, destination: str) -> str:
    answer = backend.cloud.pools.merge_developer_identities(
        SourceUserIdentifier=source,
        DestinationUserIdentifier=destination,
        DeveloperProviderName=DEVELOPER,
        IdentityPoolId=backend.pool,
    )
    return str(answer["IdentityId"])


def test_two_users_are_merged_into_one(backend: Backend) -> None:
    alice, bob = backend.vouch("alice")[0], backend.vouch("bob")[0]
    assert merge(backend, "bob", "alice") == alice
    assert backend.vouch("bob")[0] == alice
    assert backend.lookup(IdentityId=alice)["DeveloperUserIdentifierList"] == ["alice", "bob"]
    assert "Logins" not in backend.cloud.pools.describe_identity(IdentityId=bob)
    assert merge(backend, "bob", "alice") == alice


def test_two_users_with_two_logins_of_one_provider_are_not(backend: Backend) -> None:
    for name in ("alice", "bob"):
        backend.vouch(name, logins={backend.cloud.provider: backend.cloud.users.mint(sub=name)})
    with pytest.raises(ClientError) as raised:
        merge(backend, "bob", "alice")
    assert refusal(raised)[0] == "ResourceConflictException"


def test_an_identity_has_twenty_logins_at_most(backend: Backend) -> None:
    for number in range(20):
        backend.vouch(f"user-{number}")
        if number:
            merge(backend, f"user-{number}", "user-0")
    backend.vouch("user-20")
    with pytest.raises(ClientError) as raised:
        merge(backend, "user-20", "user-0")
    assert refusal(raised)[0] == "ResourceConflictException"


def test_an_unlinked_user_is_somebody_new(backend: Backend) -> None:
    alice, token = backend.vouch("alice")
    unlink = {"IdentityPoolId": backend.pool, "DeveloperProviderName": DEVELOPER}
    with pytest.raises(ClientError) as raised:
        backend.cloud.pools.unlink_developer_identity(
            IdentityId=alice, DeveloperUserIdentifier="bob", **unlink
        )
    assert refusal(raised)[0] == "ResourceConflictException"
    backend.cloud.pools.unlink_developer_identity(IdentityId=alice, DeveloperUserIdentifier="alice", **unlink)
    assert backend.vouch("alice")[0] != alice
    assert json.loads(json.dumps(read(backend.cloud, token, pool=backend.pool)))["sub"] == alice
