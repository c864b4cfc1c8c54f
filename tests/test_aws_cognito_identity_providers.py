"""Logins of identity pools with the tokens of other providers: Okta, Auth0, Google, and those refused."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from fake_idp import Issuer
from tests.aws_identity_pool import START, UNSUPPORTED, Cloud, new_issuer, refusal


def of_iam(cloud: Cloud, preset: str, *, clients: list[str] | None = None) -> tuple[Issuer, str, str]:
    """Return an issuer, its name among the logins, and a pool whose only provider it is."""
    issuer, arn = cloud.add_issuer(preset, clients=clients)
    pool = cloud.create_pool(CognitoIdentityProviders=[], OpenIdConnectProviderARNs=[arn])
    return issuer, issuer.url.removeprefix("https://"), pool


@pytest.mark.parametrize("preset", ["okta", "auth0", "google"])
def test_people_of_an_openid_connect_provider_of_iam_log_in(cloud: Cloud, preset: str) -> None:
    issuer, name, pool = of_iam(cloud, preset)
    token = issuer.mint(sub="alice", token_use="id")
    alice = cloud.get_id(token, provider=name, pool=pool)
    assert cloud.get_id(issuer.mint(sub="alice", token_use="id"), provider=name, pool=pool) == alice
    assert cloud.get_id(issuer.mint(sub="bob", token_use="id"), provider=name, pool=pool) != alice


@pytest.mark.parametrize("preset", ["okta", "auth0", "google"])
def test_they_get_the_credentials_of_a_role_that_trusts_their_provider(cloud: Cloud, preset: str) -> None:
    issuer, name, cloud.pool = of_iam(cloud, preset)
    cloud.role("TheirReader", name)
    cloud.set_roles(authenticated="TheirReader")
    token = issuer.mint(sub="alice", token_use="id")
    given = cloud.credentials(cloud.get_id(token, provider=name), None, Logins={name: token})
    assert cloud.role_of(given) == "TheirReader"
    cloud.client("cloudwatch", given).list_metrics()


@pytest.mark.parametrize("preset", ["okta", "auth0", "google"])
def test_a_token_of_theirs_for_another_client_is_refused(cloud: Cloud, preset: str) -> None:
    issuer, name, pool = of_iam(cloud, preset, clients=["another-client"])
    with pytest.raises(ClientError) as raised:
        cloud.get_id(issuer.mint(token_use="id"), provider=name, pool=pool)
    assert refusal(raised) == ("NotAuthorizedException", UNSUPPORTED)


def test_azp_stands_for_aud(cloud: Cloud) -> None:
    issuer, name, pool = of_iam(cloud, "okta")
    right = issuer.mint(token_use="id", aud="another", claims={"azp": issuer.client_id})
    assert cloud.get_id(right, provider=name, pool=pool)
    wrong = issuer.mint(token_use="id", aud=issuer.client_id, claims={"azp": "another"})
    with pytest.raises(ClientError) as raised:
        cloud.get_id(wrong, provider=name, pool=pool)
    assert refusal(raised) == ("NotAuthorizedException", UNSUPPORTED)


def test_a_token_of_theirs_is_good_for_five_minutes_more(cloud: Cloud) -> None:
    issuer, name, pool = of_iam(cloud, "okta")
    token = issuer.mint(token_use="id", expires_in=60)
    cloud.time.shift(359)
    cloud.get_id(token, provider=name, pool=pool)
    cloud.time.shift(1)
    with pytest.raises(ClientError) as raised:
        cloud.get_id(token, provider=name, pool=pool)
    now, expiry = int(START) + 360, int(START) + 60
    message = f"Invalid login token. Token expired: {now} >= {expiry}"
    assert refusal(raised) == ("NotAuthorizedException", message)


@pytest.mark.parametrize("name", ["https://acme.okta.com/oauth2/default", "acme.okta.com/oauth2/default/"])
def test_the_name_among_the_logins_is_the_issuer_without_its_scheme(cloud: Cloud, name: str) -> None:
    issuer, right, pool = of_iam(cloud, "okta")
    assert right == "acme.okta.com/oauth2/default"
    with pytest.raises(ClientError) as raised:
        cloud.get_id(issuer.mint(token_use="id"), provider=name, pool=pool)
    assert refusal(raised) == ("NotAuthorizedException", UNSUPPORTED)


def test_a_provider_of_iam_that_is_not_the_pools_is_refused(cloud: Cloud) -> None:
    issuer, _ = cloud.add_issuer("okta")
    with pytest.raises(ClientError) as raised:
        cloud.get_id(issuer.mint(token_use="id"), provider=issuer.url.removeprefix("https://"))
    assert refusal(raised) == ("NotAuthorizedException", UNSUPPORTED)


def test_a_provider_that_is_deleted_from_iam_is_refused(cloud: Cloud) -> None:
    issuer, name, pool = of_iam(cloud, "okta")
    [provider] = cloud.iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
    cloud.iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=provider["Arn"])
    with pytest.raises(ClientError) as raised:
        cloud.get_id(issuer.mint(token_use="id"), provider=name, pool=pool)
    assert refusal(raised) == ("NotAuthorizedException", UNSUPPORTED)


def test_an_issuer_that_cannot_be_reached_verifies_nothing(cloud: Cloud) -> None:
    issuer, name, pool = of_iam(cloud, "okta")
    cloud.is_down = True
    with pytest.raises(ClientError) as raised:
        cloud.get_id(issuer.mint(token_use="id"), provider=name, pool=pool)
    code, message = refusal(raised)
    assert (code, message) == ("NotAuthorizedException", "Invalid login token. Couldn't verify signed token.")


def test_google_needs_no_provider_of_iam(cloud: Cloud) -> None:
    google = new_issuer("google", cloud.clock)
    cloud.issuers.append(google)
    pool = cloud.create_pool(SupportedLoginProviders={"accounts.google.com": google.client_id})
    assert cloud.get_id(google.mint(sub="alice"), provider="accounts.google.com", pool=pool)
    for wrong, message in (
        (google.mint(aud="another", claims={"azp": "another"}), UNSUPPORTED),
        (google.forge("sig.wrong-key"), "Invalid login token. Couldn't verify signed token."),
        ("ya29.an-access-token", "Invalid login token. Not a valid OpenId Connect identity token."),
        (cloud.users.mint(), "Invalid login token. Issuer doesn't match providerName"),
    ):
        with pytest.raises(ClientError) as raised:
            cloud.get_id(wrong, provider="accounts.google.com", pool=pool)
        assert refusal(raised) == ("NotAuthorizedException", message)


@pytest.mark.parametrize("name", ["graph.facebook.com", "www.amazon.com", "api.twitter.com"])
def test_a_provider_of_opaque_tokens_cannot_be_asked_and_it_says_so(cloud: Cloud, name: str) -> None:
    pool = cloud.create_pool(SupportedLoginProviders={name: "application"})
    with pytest.raises(ClientError) as raised:
        cloud.get_id("EAACEdEose0cBA", provider=name, pool=pool)
    assert refusal(raised) == ("ExternalServiceException", f"This AWS cannot ask {name} about its tokens.")


def test_saml_is_not_implemented_and_says_so(cloud: Cloud) -> None:
    arn = "arn:aws:iam::123456789012:saml-provider/adfs"
    pool = cloud.create_pool(SamlProviderARNs=[arn])
    with pytest.raises(ClientError) as raised:
        cloud.get_id("PHNhbWw+", provider=arn, pool=pool)
    assert refusal(raised)[0] == "NotImplemented"


@pytest.mark.parametrize("name", ["cognito-identity.amazonaws.com", "login.mycompany.myapp"])
def test_a_developers_user_cannot_come_by_themselves(cloud: Cloud, name: str) -> None:
    pool = cloud.create_pool(DeveloperProviderName="login.mycompany.myapp")
    with pytest.raises(ClientError) as raised:
        cloud.get_id("user", provider=name, pool=pool)
    assert refusal(raised) == ("NotAuthorizedException", UNSUPPORTED)
