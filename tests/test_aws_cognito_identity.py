"""Identity pools of the emulated AWS, by real boto3 clients and with the tokens of a user pool."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from botocore.exceptions import ClientError

from fake_idp import FORGERIES, Clock, Issuer
from harness.aws import Aws, Credentials
from harness.aws.wire import Request

START = 1_790_000_000.0
READ_ONLY = "arn:aws:iam::aws:policy/CloudWatchReadOnlyAccess"
HOST = "cognito-identity.amazonaws.com"


class Cloud:
    """An account with a user pool, an identity pool and its roles, as the operator of a server has them."""

    def __init__(self) -> None:
        clock = self.clock = Clock()
        self.users = Issuer("cognito", clock=clock)
        self.others = Issuer(
            "cognito", clock=clock, url="https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Other2"
        )
        self.is_down = False
        self.body: bytes | None = None
        self.aws = Aws(account_id="123456789012", region="us-east-1", fetch=self.fetch, now=clock.now)
        self.iam = self.aws.client("iam")
        self.pools = self.aws.client("cognito-identity")
        self.provider = self.users.url.removeprefix("https://")
        self.pool = self.create_pool()
        self.role("Reader", "authenticated")
        self.set_roles(authenticated="Reader")

    def fetch(self, url: str) -> tuple[int, bytes]:
        if self.is_down:
            raise OSError("unreachable")
        for issuer in (self.users, self.others):
            if url == issuer.jwks_url:
                return 200, self.body or json.dumps(issuer.keys.jwks()).encode()
        return 404, b""

    def create_pool(self, *, guests: bool = False, **more: Any) -> str:
        providers = [{"ProviderName": self.provider, "ClientId": self.users.client_id}]
        created = self.pools.create_identity_pool(
            IdentityPoolName="people",
            AllowUnauthenticatedIdentities=guests,
            **{"CognitoIdentityProviders": providers, **more},
        )
        return str(created["IdentityPoolId"])

    def role(self, name: str, amr: str, *, pool: str | None = None, policy: str = READ_ONLY) -> None:
        trust = {
            "Version": "2012-10-17",
            "Statement": {
                "Effect": "Allow",
                "Principal": {"Federated": HOST},
                "Action": "sts:AssumeRoleWithWebIdentity",
                "Condition": {
                    "StringEquals": {f"{HOST}:aud": pool or self.pool},
                    "ForAnyValue:StringLike": {f"{HOST}:amr": amr},
                },
            },
        }
        self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
        self.iam.attach_role_policy(RoleName=name, PolicyArn=policy)

    def set_roles(self, **names: str) -> None:
        roles = {kind: f"arn:aws:iam::123456789012:role/{name}" for kind, name in names.items()}
        self.pools.set_identity_pool_roles(IdentityPoolId=self.pool, Roles=roles)

    def get_id(self, token: str | None, *, pool: str | None = None, provider: str | None = None) -> str:
        logins = {} if token is None else {"Logins": {provider or self.provider: token}}
        return str(self.pools.get_id(IdentityPoolId=pool or self.pool, **logins)["IdentityId"])

    def credentials(self, identity: str, token: str | None) -> dict[str, Any]:
        logins = {} if token is None else {"Logins": {self.provider: token}}
        answer = self.pools.get_credentials_for_identity(IdentityId=identity, **logins)
        assert answer["IdentityId"] == identity
        return dict(answer["Credentials"])

    def log_in(self, token: str | None) -> dict[str, Any]:
        return self.credentials(self.get_id(token), token)

    def client(self, service: str, given: dict[str, Any]) -> Any:
        credentials = Credentials(
            access_key_id=given["AccessKeyId"],
            secret_access_key=given["SecretKey"],
            session_token=given["SessionToken"],
        )
        return self.aws.client(service, credentials=credentials)


@pytest.fixture
def time() -> Iterator[time_machine.Coordinates]:
    """Stop the time of the process: boto3 signs by it, and AWS and the issuer go by it too."""
    with time_machine.travel(START, tick=False) as coordinates:
        yield coordinates


@pytest.fixture
def cloud(time: time_machine.Coordinates) -> Cloud:
    """Return an account whose identity pool takes the people of a user pool and no guests."""
    return Cloud()


def refusal(raised: pytest.ExceptionInfo[ClientError]) -> tuple[str, str]:
    error = raised.value.response["Error"]
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    return error["Code"], error["Message"]


# --- who logs in -----------------------------------------------------------------------------------------


def test_the_same_login_is_always_the_same_identity(cloud: Cloud) -> None:
    alice = cloud.get_id(cloud.users.mint(sub="alice"))
    assert alice == cloud.get_id(cloud.users.mint(sub="alice", expires_in=60))
    assert alice != cloud.get_id(cloud.users.mint(sub="bob"))
    region, _, unique = alice.partition(":")
    assert (region, len(unique)) == ("us-east-1", 36)


def test_the_same_login_is_another_identity_in_another_pool(cloud: Cloud) -> None:
    token = cloud.users.mint(sub="alice")
    assert cloud.get_id(token) != cloud.get_id(token, pool=cloud.create_pool())


def test_identities_of_two_accounts_have_nothing_in_common(cloud: Cloud) -> None:
    elsewhere = Aws(account_id="210987654321", region="us-east-1", fetch=cloud.fetch, now=cloud.clock.now)
    with pytest.raises(ClientError) as raised:
        elsewhere.client("cognito-identity").get_id(IdentityPoolId=cloud.pool)
    assert refusal(raised) == ("ResourceNotFoundException", f"IdentityPool '{cloud.pool}' not found.")


def test_credentials_last_an_hour_and_belong_to_the_role_of_the_pool(cloud: Cloud) -> None:
    given = cloud.log_in(cloud.users.mint(sub="alice"))
    assert given["AccessKeyId"].startswith("ASIA")
    assert given["Expiration"].timestamp() == START + 3600
    who = cloud.client("sts", given).get_caller_identity()
    assert who["Arn"] == "arn:aws:sts::123456789012:assumed-role/Reader/CognitoIdentityCredentials"


def test_credentials_read_cloudwatch_as_the_role_allows(cloud: Cloud) -> None:
    cloudwatch = cloud.client("cloudwatch", cloud.log_in(cloud.users.mint(sub="alice")))
    assert cloudwatch.list_metrics()["Metrics"] == []
    with pytest.raises(ClientError) as raised:
        cloudwatch.put_metric_data(Namespace="app", MetricData=[{"MetricName": "m", "Value": 1}])
    assert raised.value.response["Error"]["Code"] in {"AccessDenied", "AccessDeniedException"}
    assert "because no identity-based policy allows the cloudwatch:PutMetricData action" in str(raised.value)


def test_credentials_end_with_their_hour(cloud: Cloud, time: time_machine.Coordinates) -> None:
    cloudwatch = cloud.client("cloudwatch", cloud.log_in(cloud.users.mint(sub="alice")))
    time.shift(3601)
    with pytest.raises(ClientError) as raised:
        cloudwatch.list_metrics()
    assert "expired" in str(raised.value)


def test_a_policy_may_tell_people_apart_by_their_identity(cloud: Cloud) -> None:
    alice = cloud.get_id(cloud.users.mint(sub="alice"))
    statement = {
        "Effect": "Deny",
        "Action": "cloudwatch:*",
        "Resource": "*",
        "Condition": {"StringNotEquals": {f"{HOST}:sub": alice}},
    }
    document = {"Version": "2012-10-17", "Statement": statement}
    cloud.iam.put_role_policy(RoleName="Reader", PolicyName="alice", PolicyDocument=json.dumps(document))
    cloud.client("cloudwatch", cloud.log_in(cloud.users.mint(sub="alice"))).list_metrics()
    with pytest.raises(ClientError, match="with an explicit deny in an identity-based policy"):
        cloud.client("cloudwatch", cloud.log_in(cloud.users.mint(sub="bob"))).list_metrics()


# --- tokens that are refused -----------------------------------------------------------------------------

UNSIGNED = "Invalid login token. Couldn't verify signed token."
UNSUPPORTED = "Token is not from a supported provider of this identity pool."
NO_TOKEN = "Invalid login token. Not a valid OpenId Connect identity token."


def check_refused(cloud: Cloud, token: str, message: str) -> None:
    """Both operations refuse the token, before and after an honest login."""
    identity = cloud.get_id(cloud.users.mint(sub="alice"))
    for attempt in (lambda: cloud.get_id(token), lambda: cloud.credentials(identity, token)):
        with pytest.raises(ClientError) as raised:
            attempt()
        assert refusal(raised) == ("NotAuthorizedException", message)


# The usual form of each that a server refuses. Not among them: a user pool has no ECDSA key; an ID token is
# what an identity pool wants; and neither the spare bits of base64 nor an iat in the future are looked at.
EVERY_FORGERY = [
    forgery.id
    for forgery in FORGERIES.values()
    if next(iter(forgery.variants.values())).expect == "refuse"
    and not forgery.id.startswith("sig.ecdsa")
    and forgery.id not in ("hdr.typ-id-token", "enc.noncanonical-bits", "time.iat")
]


@pytest.mark.parametrize("forgery", EVERY_FORGERY)
def test_a_forged_token_is_refused(cloud: Cloud, forgery: str) -> None:
    with pytest.raises(ClientError) as raised:
        cloud.get_id(cloud.users.forge(forgery, sub="alice"))
    code, message = refusal(raised)
    if forgery == "enc.deep-nesting":  # too long for the API, whatever is in it
        assert code == "ValidationException"
    else:
        assert code == "NotAuthorizedException"
        assert message == UNSUPPORTED or message.startswith("Invalid login token. ")


@pytest.mark.parametrize("forgery", ["sig.none", "sig.hs-confusion", "sig.wrong-key", "hdr.kid-unknown"])
def test_a_token_with_a_wrong_signature_is_refused_in_the_words_of_cognito(
    cloud: Cloud, forgery: str
) -> None:
    check_refused(cloud, cloud.users.forge(forgery, sub="alice"), UNSIGNED)


@pytest.mark.parametrize("token", ["garbage", "a.b.c", "..", "é.é.é", "x" * 19_000, "e30.e30.e30"])
def test_what_is_no_token_is_refused(cloud: Cloud, token: str) -> None:
    message = UNSIGNED if token == "e30.e30.e30" else NO_TOKEN
    check_refused(cloud, token, message)


def test_an_access_token_is_refused(cloud: Cloud) -> None:
    token = cloud.users.mint(sub="alice", token_use="access")
    check_refused(cloud, token, "Invalid login token. Missing a required claim: aud")


def test_an_access_token_that_was_given_an_audience_is_refused(cloud: Cloud) -> None:
    token = cloud.users.mint(sub="alice", token_use="access", aud=cloud.users.client_id)
    check_refused(cloud, token, "Invalid login token. Not a Cognito token.")


@pytest.mark.parametrize("aud", ["another-client", [], ["another-client"], ""])
def test_a_token_for_another_client_is_refused(cloud: Cloud, aud: Any) -> None:
    check_refused(cloud, cloud.users.mint(sub="alice", aud=aud), UNSUPPORTED)


def test_a_token_of_another_user_pool_is_refused(cloud: Cloud) -> None:
    token = cloud.others.mint(sub="alice", aud=cloud.users.client_id)
    check_refused(cloud, token, "Invalid login token. Issuer doesn't match providerName")


def test_a_provider_that_the_pool_does_not_have_is_refused(cloud: Cloud) -> None:
    with pytest.raises(ClientError) as raised:
        cloud.get_id(cloud.others.mint(), provider=cloud.others.url.removeprefix("https://"))
    assert refusal(raised) == ("NotAuthorizedException", UNSUPPORTED)


def test_a_pool_without_providers_takes_no_login(cloud: Cloud) -> None:
    with pytest.raises(ClientError) as raised:
        cloud.get_id(cloud.users.mint(), pool=cloud.create_pool(CognitoIdentityProviders=[]))
    assert refusal(raised)[1].startswith("Logins don't match.")


def test_a_token_is_refused_from_the_second_of_its_expiry(
    cloud: Cloud, time: time_machine.Coordinates
) -> None:
    token = cloud.users.mint(sub="alice", expires_in=60)
    time.shift(59)
    cloud.log_in(token)
    time.shift(1)
    expiry = int(START) + 60
    check_refused(cloud, token, f"Invalid login token. Token expired: {expiry} >= {expiry}")


@pytest.mark.parametrize("claim", ["exp", "iat", "sub"])
def test_a_token_without_a_claim_that_cognito_needs_is_refused(cloud: Cloud, claim: str) -> None:
    token = cloud.users.mint(sub="alice", without=(claim,))
    check_refused(cloud, token, f"Invalid login token. Missing a required claim: {claim}")


def test_a_token_under_a_withdrawn_key_is_refused(cloud: Cloud) -> None:
    token = cloud.users.mint(sub="alice")
    cloud.log_in(token)
    cloud.users.keys.rotate(overlap=False)
    check_refused(cloud, token, UNSIGNED)


def test_cognito_knows_its_own_keys_while_their_public_endpoint_is_down(cloud: Cloud) -> None:
    cloud.log_in(cloud.users.mint(sub="alice"))
    cloud.is_down = True
    cloud.log_in(cloud.users.mint(sub="bob"))
    cloud.is_down, cloud.body = False, b"garbage"
    cloud.log_in(cloud.users.mint(sub="carol"))
    with pytest.raises(ClientError, match="Couldn't verify signed token"):
        cloud.log_in(cloud.users.forge("sig.wrong-key"))


def test_keys_that_were_never_seen_verify_nothing(cloud: Cloud) -> None:
    cloud.is_down = True
    with pytest.raises(ClientError) as raised:
        cloud.get_id(cloud.users.mint())
    assert refusal(raised) == ("NotAuthorizedException", UNSIGNED)


def test_a_refusal_holds_no_token(cloud: Cloud) -> None:
    token = cloud.users.forge("sig.wrong-key")
    with pytest.raises(ClientError) as raised:
        cloud.get_id(token)
    assert not any(part in str(raised.value) for part in token.split("."))


# --- one person's credentials are not another's ----------------------------------------------------------


def test_bob_cannot_have_the_credentials_of_alice(cloud: Cloud) -> None:
    alice = cloud.get_id(cloud.users.mint(sub="alice"))
    for token in (cloud.users.mint(sub="bob"), cloud.users.mint(sub="bob")):
        with pytest.raises(ClientError) as raised:
            cloud.credentials(alice, token)
        assert refusal(raised) == (
            "NotAuthorizedException",
            "Logins don't match. Please include at least one valid login for this identity or identity pool.",
        )
        cloud.get_id(token)


def test_an_identity_with_a_login_gives_nothing_without_it(cloud: Cloud) -> None:
    alice = cloud.get_id(cloud.users.mint(sub="alice"))
    with pytest.raises(ClientError) as raised:
        cloud.credentials(alice, None)
    assert refusal(raised) == ("NotAuthorizedException", f"Access to Identity '{alice}' is forbidden.")


@pytest.mark.parametrize(
    ("identity", "code"),
    [
        ("us-east-1:00000000-0000-0000-0000-000000000000", "ResourceNotFoundException"),
        ("alice", "ValidationException"),
        ("us-east-1:ALICE", "ValidationException"),
    ],
)
def test_an_identity_that_does_not_exist_has_no_credentials(cloud: Cloud, identity: str, code: str) -> None:
    with pytest.raises(ClientError) as raised:
        cloud.credentials(identity, cloud.users.mint())
    assert refusal(raised)[0] == code


def test_a_pool_that_does_not_exist_has_no_identities(cloud: Cloud) -> None:
    identity = cloud.get_id(cloud.users.mint())
    cloud.pools.delete_identity_pool(IdentityPoolId=cloud.pool)
    for attempt in (cloud.get_id, lambda token: cloud.credentials(identity, token)):
        with pytest.raises(ClientError) as raised:
            attempt(cloud.users.mint())
        assert refusal(raised)[0] == "ResourceNotFoundException"


# --- roles -----------------------------------------------------------------------------------------------

MISCONFIGURED = (
    "InvalidIdentityPoolConfigurationException",
    "Invalid identity pool configuration. Check assigned IAM roles for this pool.",
)


def test_a_pool_without_roles_gives_no_credentials(cloud: Cloud) -> None:
    cloud.set_roles()
    with pytest.raises(ClientError) as raised:
        cloud.log_in(cloud.users.mint())
    assert refusal(raised) == MISCONFIGURED


def test_a_deleted_role_gives_no_credentials(cloud: Cloud) -> None:
    cloud.log_in(cloud.users.mint())
    cloud.iam.detach_role_policy(RoleName="Reader", PolicyArn=READ_ONLY)
    cloud.iam.delete_role(RoleName="Reader")
    with pytest.raises(ClientError) as raised:
        cloud.log_in(cloud.users.mint())
    assert refusal(raised) == MISCONFIGURED


@pytest.mark.parametrize(
    ("amr", "pool"),
    [("unauthenticated", None), ("authenticated", "us-east-1:00000000-0000-0000-0000-000000000000")],
)
def test_a_role_that_does_not_trust_the_pool_gives_no_credentials(
    cloud: Cloud, amr: str, pool: str | None
) -> None:
    cloud.role("Distrustful", amr, pool=pool)
    cloud.set_roles(authenticated="Distrustful")
    with pytest.raises(ClientError) as raised:
        cloud.log_in(cloud.users.mint())
    assert refusal(raised) == MISCONFIGURED


def test_a_role_may_trust_one_user_pool(cloud: Cloud) -> None:
    cloud.role("OfUserPool", cloud.provider)
    cloud.set_roles(authenticated="OfUserPool")
    assert cloud.log_in(cloud.users.mint())["AccessKeyId"]


# --- guests ----------------------------------------------------------------------------------------------


def test_a_pool_without_guests_refuses_them(cloud: Cloud) -> None:
    with pytest.raises(ClientError) as raised:
        cloud.get_id(None)
    message = "Unauthenticated access is not supported for this identity pool."
    assert refusal(raised) == ("NotAuthorizedException", message)


@pytest.fixture
def open_cloud(cloud: Cloud) -> Cloud:
    """Return an account whose identity pool takes guests."""
    cloud.pool = cloud.create_pool(guests=True)
    cloud.role("Member", "authenticated")
    cloud.role("Guest", "unauthenticated", policy="arn:aws:iam::aws:policy/AdministratorAccess")
    cloud.set_roles(authenticated="Member", unauthenticated="Guest")
    return cloud


def test_guests_are_strangers_to_each_other_and_get_the_role_of_guests(open_cloud: Cloud) -> None:
    first, second = open_cloud.get_id(None), open_cloud.get_id(None)
    assert first != second
    who = open_cloud.client("sts", open_cloud.credentials(first, None)).get_caller_identity()
    assert who["Arn"] == "arn:aws:sts::123456789012:assumed-role/Guest/CognitoIdentityCredentials"


def test_a_guest_is_kept_to_the_services_for_guests_whatever_the_role_allows(open_cloud: Cloud) -> None:
    given = open_cloud.log_in(None)
    open_cloud.client("cloudwatch", given).list_metrics()
    with pytest.raises(ClientError, match="because no session policy allows the iam:ListRoles action"):
        open_cloud.client("iam", given).list_roles()


def test_a_guest_who_logs_in_keeps_the_identity_and_is_no_guest_any_more(open_cloud: Cloud) -> None:
    guest, token = open_cloud.get_id(None), open_cloud.users.mint(sub="alice")
    who = open_cloud.client("sts", open_cloud.credentials(guest, token)).get_caller_identity()
    assert who["Arn"].endswith(":assumed-role/Member/CognitoIdentityCredentials")
    assert open_cloud.get_id(token) == guest
    with pytest.raises(ClientError, match="is forbidden"):
        open_cloud.credentials(guest, None)


def test_a_login_that_is_somebody_cannot_be_linked_to_a_guest(open_cloud: Cloud) -> None:
    token = open_cloud.users.mint(sub="alice")
    open_cloud.get_id(token)
    with pytest.raises(ClientError) as raised:
        open_cloud.credentials(open_cloud.get_id(None), token)
    assert refusal(raised)[0] == "ResourceConflictException"


def test_guests_lose_their_credentials_when_the_pool_is_closed_to_them(open_cloud: Cloud) -> None:
    guest = open_cloud.get_id(None)
    open_cloud.pools.update_identity_pool(
        IdentityPoolId=open_cloud.pool, IdentityPoolName="people", AllowUnauthenticatedIdentities=False
    )
    with pytest.raises(ClientError, match="Unauthenticated access is not supported"):
        open_cloud.credentials(guest, None)


# --- administration --------------------------------------------------------------------------------------


def test_a_pool_is_described_as_it_was_created_and_updated(cloud: Cloud) -> None:
    described = cloud.pools.describe_identity_pool(IdentityPoolId=cloud.pool)
    assert described["CognitoIdentityProviders"] == [
        {"ProviderName": cloud.provider, "ClientId": cloud.users.client_id}
    ]
    cloud.pools.update_identity_pool(
        IdentityPoolId=cloud.pool, IdentityPoolName="renamed", AllowUnauthenticatedIdentities=True
    )
    described = cloud.pools.describe_identity_pool(IdentityPoolId=cloud.pool)
    assert (described["IdentityPoolName"], described["AllowUnauthenticatedIdentities"]) == ("renamed", True)
    assert "CognitoIdentityProviders" not in described
    roles = cloud.pools.get_identity_pool_roles(IdentityPoolId=cloud.pool)
    assert roles["Roles"] == {"authenticated": "arn:aws:iam::123456789012:role/Reader"}


def test_pools_are_listed_in_pages(cloud: Cloud) -> None:
    ids = [cloud.pool, *(cloud.create_pool() for _ in range(4))]
    listed: list[str] = []
    more: dict[str, str] = {}
    while True:
        page = cloud.pools.list_identity_pools(MaxResults=2, **more)
        listed += [pool["IdentityPoolId"] for pool in page["IdentityPools"]]
        if "NextToken" not in page:
            break
        more = {"NextToken": page["NextToken"]}
    assert listed == ids


@pytest.mark.parametrize(
    ("operation", "fields"),
    [
        ("set_identity_pool_roles", {"Roles": {"authenticated": "Reader-is-not-an-arn"}}),
        (
            "update_identity_pool",
            {
                "IdentityPoolName": "x",
                "AllowUnauthenticatedIdentities": False,
                "CognitoIdentityProviders": [{"ProviderName": "cognito-idp.us-east-1.amazonaws.com/p"}],
            },
        ),
    ],
)
def test_a_setting_that_means_nothing_here_is_refused(
    cloud: Cloud, operation: str, fields: dict[str, Any]
) -> None:
    with pytest.raises(ClientError) as raised:
        getattr(cloud.pools, operation)(IdentityPoolId=cloud.pool, **fields)
    assert refusal(raised)[0] == "InvalidParameterException"


def test_a_role_is_for_those_who_are_logged_in_or_for_guests(cloud: Cloud) -> None:
    with pytest.raises(ClientError) as raised:
        cloud.pools.set_identity_pool_roles(
            IdentityPoolId=cloud.pool, Roles={"guest": "arn:aws:iam::123456789012:role/Reader"}
        )
    code, message = refusal(raised)
    assert code == "ValidationException"
    assert "Map keys must satisfy constraint" in message


def test_what_is_not_implemented_says_so(cloud: Cloud) -> None:
    identity, mappings = cloud.get_id(cloud.users.mint()), {"p": {"Type": "Token"}}
    role = "arn:aws:iam::123456789012:role/Reader"
    attempts: dict[str, dict[str, Any]] = {
        "set_identity_pool_roles": {"IdentityPoolId": cloud.pool, "Roles": {}, "RoleMappings": mappings},
        "get_credentials_for_identity": {"IdentityId": identity, "CustomRoleArn": role},
        "get_open_id_token": {"IdentityId": identity},
    }
    for operation, fields in attempts.items():
        with pytest.raises(ClientError) as raised:
            getattr(cloud.pools, operation)(**fields)
        assert refusal(raised)[0] == "NotImplemented"


HOSTILE: list[Any] = [None, 1, True, "", "\x00", "\ud800", "é" * 60, [], {}, [None], {"": None}, {"p": [1]}]


@pytest.mark.parametrize(
    ("operation", "fields"),
    [
        ("GetId", ("IdentityPoolId", "Logins", "AccountId")),
        ("GetCredentialsForIdentity", ("IdentityId", "Logins", "CustomRoleArn")),
    ],
)
def test_no_input_makes_it_fail(cloud: Cloud, operation: str, fields: tuple[str, ...]) -> None:
    honest = {
        "IdentityPoolId": cloud.pool,
        "IdentityId": cloud.get_id(cloud.users.mint()),
        "Logins": {cloud.provider: cloud.users.mint()},
    }
    bodies = [{**honest, field: value} for field in fields for value in HOSTILE]
    bodies += [{**honest, "Logins": {cloud.provider: value}} for value in HOSTILE]
    for body in bodies:
        answer = cloud.aws.handle(
            Request(
                host="cognito-identity.us-east-1.amazonaws.com",
                headers={
                    "content-type": "application/x-amz-json-1.1",
                    "x-amz-target": f"AWSCognitoIdentityService.{operation}",
                },
                body=json.dumps(body).encode("utf-8"),
            )
        )
        assert answer.status in {200, 400}, body
        assert isinstance(json.loads(answer.body), dict)


def test_a_page_that_does_not_exist_is_refused(cloud: Cloud) -> None:
    with pytest.raises(ClientError) as raised:
        cloud.pools.list_identity_pools(MaxResults=1, NextToken="nothing")
    assert refusal(raised)[0] == "InvalidParameterException"


def test_only_who_may_administer_pools_does(cloud: Cloud) -> None:
    reader = cloud.client("cognito-identity", cloud.log_in(cloud.users.mint(sub="alice")))
    with pytest.raises(ClientError, match="AccessDenied"):
        reader.delete_identity_pool(IdentityPoolId=cloud.pool)
    assert cloud.pools.describe_identity_pool(IdentityPoolId=cloud.pool)["IdentityPoolName"] == "people"
