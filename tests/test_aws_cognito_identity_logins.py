"""Logins of identity pools with the tokens of a user pool, by real boto3 clients."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from harness.aws import Aws
from harness.aws.cognito_identity.user_pools import KnownUserPools
from tests.aws_identity_pool import HOST, START, UNSUPPORTED, Cloud, refusal

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


def test_a_pool_is_of_one_region_and_of_one_account(cloud: Cloud) -> None:
    elsewhere = cloud.aws.client("cognito-identity", region="eu-west-1")
    with pytest.raises(ClientError, match=r"IdentityPool '.*' not found"):
        elsewhere.get_id(IdentityPoolId=cloud.pool)
    assert elsewhere.list_identity_pools(MaxResults=60)["IdentityPools"] == []
    with pytest.raises(ClientError, match=r"IdentityPool '.*' not found"):
        cloud.pools.get_id(IdentityPoolId=cloud.pool, AccountId="999999999999")


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


def test_credentials_end_with_their_hour(cloud: Cloud) -> None:
    cloudwatch = cloud.client("cloudwatch", cloud.log_in(cloud.users.mint(sub="alice")))
    cloud.time.shift(3601)
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
NO_TOKEN = "Invalid login token. Not a valid OpenId Connect identity token."


def check_refused(cloud: Cloud, token: str, message: str) -> None:
    """Both operations refuse the token, before and after an honest login."""
    identity = cloud.get_id(cloud.users.mint(sub="alice"))
    for attempt in (lambda: cloud.get_id(token), lambda: cloud.credentials(identity, token)):
        with pytest.raises(ClientError) as raised:
            attempt()
        assert refusal(raised) == ("NotAuthorizedException", message)


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


def test_one_bad_token_among_good_ones_is_enough(cloud: Cloud) -> None:
    pool = cloud.create_pool(SupportedLoginProviders={"accounts.google.com": "client"})
    logins = {cloud.provider: cloud.users.mint(), "accounts.google.com": "garbage"}
    with pytest.raises(ClientError) as raised:
        cloud.pools.get_id(IdentityPoolId=pool, Logins=logins)
    assert refusal(raised) == ("NotAuthorizedException", NO_TOKEN)


def test_a_token_is_refused_from_the_second_of_its_expiry(cloud: Cloud) -> None:
    token = cloud.users.mint(sub="alice", expires_in=60)
    cloud.time.shift(59)
    cloud.log_in(token)
    cloud.time.shift(1)
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


def test_a_refusal_holds_no_token(cloud: Cloud) -> None:
    for token in (cloud.users.forge("sig.wrong-key"), cloud.users.forge("enc.deep-nesting")):
        with pytest.raises(ClientError) as raised:
            cloud.get_id(token)
        assert not any(part in str(raised.value) for part in token.split(".") if part)


# --- the keys of user pools, and their users -------------------------------------------------------------


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


class UserPool:
    """The user pool of the cloud, kept by its AWS itself."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self.gone: set[str] = set()

    def jwks(self) -> dict[str, Any]:
        return self._cloud.users.jwks()

    def honours(self, claims: Mapping[str, Any]) -> bool:
        return claims["sub"] not in self.gone


def test_a_user_pool_of_this_aws_is_asked_for_its_keys_without_the_network(cloud: Cloud) -> None:
    known = cloud.aws.state(KnownUserPools)
    known.add(cloud.provider, UserPool(cloud))
    cloud.is_down = True
    cloud.log_in(cloud.users.mint(sub="alice"))
    with pytest.raises(ClientError, match="Couldn't verify signed token"):
        cloud.log_in(cloud.users.forge("sig.wrong-key"))
    known.remove(cloud.provider)
    with pytest.raises(ClientError, match="Couldn't verify signed token"):
        cloud.log_in(cloud.users.mint(sub="alice"))


@pytest.mark.parametrize("checked", [True, False])
def test_a_user_who_is_gone_is_refused_if_the_pool_checks_tokens_on_the_server(
    cloud: Cloud, checked: bool
) -> None:
    users = UserPool(cloud)
    cloud.aws.state(KnownUserPools).add(cloud.provider, users)
    client = {"ProviderName": cloud.provider, "ClientId": cloud.users.client_id}
    pool = cloud.create_pool(CognitoIdentityProviders=[{**client, "ServerSideTokenCheck": checked}])
    alice = cloud.get_id(cloud.users.mint(sub="alice"), pool=pool)
    users.gone.add("alice")
    assert cloud.get_id(cloud.users.mint(sub="bob"), pool=pool)
    if not checked:
        assert cloud.get_id(cloud.users.mint(sub="alice"), pool=pool) == alice
        return
    with pytest.raises(ClientError) as raised:
        cloud.get_id(cloud.users.mint(sub="alice"), pool=pool)
    assert refusal(raised)[0] == "NotAuthorizedException"


def test_users_of_a_pool_that_is_kept_elsewhere_cannot_be_checked_and_it_says_so(cloud: Cloud) -> None:
    client = {"ProviderName": cloud.provider, "ClientId": cloud.users.client_id}
    pool = cloud.create_pool(CognitoIdentityProviders=[{**client, "ServerSideTokenCheck": True}])
    with pytest.raises(ClientError) as raised:
        cloud.get_id(cloud.users.mint(), pool=pool)
    assert refusal(raised)[0] == "NotImplemented"
