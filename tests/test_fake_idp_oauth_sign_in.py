"""The sign-in with every vendor that has it, and what each does with a resource and a refresh token."""

from __future__ import annotations

from collections.abc import Iterator

import httpx2
import pytest

from fake_idp import PRESETS, Issuer
from fake_idp.app import Site
from fake_idp.oauth.messages import OAuthError
from fake_idp.server import LoopbackServer
from tests.oauth_client import by_name, served
from tests.oauth_party import CALLBACK, Party, claims_of

VENDORS = {
    name: preset
    for name, preset in PRESETS.items()
    if {"authorization", "token"} <= preset.endpoints(preset.url).keys()
    and "authorization_code" in preset.grants
}


@pytest.fixture(scope="module")
def vendors() -> Iterator[dict[str, Issuer]]:
    with served(*VENDORS.values()) as issuers:
        yield by_name(issuers)


@pytest.mark.parametrize("vendor", VENDORS)
def test_somebody_signs_in_with_every_vendor_that_has_the_flow(
    vendors: dict[str, Issuer], browser: httpx2.Client, vendor: str
) -> None:
    issuer = vendors[vendor]
    party = Party.confidential(issuer, browser)
    tokens = party.sign_in()
    id_claims = claims_of(tokens["id_token"])
    assert id_claims["aud"] == issuer.client_id
    user = issuer.users.find("alice")
    who = {"issuer": issuer.url, "client_id": issuer.client_id}
    assert id_claims["sub"] == issuer.preset.subject(user, use="id", **who)
    if issuer.preset.access_tokens == "jwt" and not issuer.preset.opaque_without_audience:
        access = claims_of(tokens["access_token"])
        assert access["sub"] == issuer.preset.subject(user, use="access", **who)
    else:
        assert "." not in tokens["access_token"]
    refused = party.redeem("never-issued")
    body = issuer.preset.error_body("invalid_grant", "x", now=0)
    assert (refused.status_code, refused.json().keys()) == (400, body.keys())


@pytest.mark.parametrize("vendor", [name for name in VENDORS if PRESETS[name].opaque_without_audience])
def test_without_an_audience_such_a_vendors_access_token_is_opaque(
    vendors: dict[str, Issuer], browser: httpx2.Client, vendor: str
) -> None:
    party = Party.confidential(vendors[vendor], browser)
    assert "." not in party.sign_in()["access_token"]
    asked = party.sign_in(audience="https://api.example/x")["access_token"]
    assert "https://api.example/x" in claims_of(asked)["aud"]


@pytest.mark.parametrize("vendor", VENDORS)
def test_every_vendor_does_with_a_resource_what_it_does(
    vendors: dict[str, Issuer], browser: httpx2.Client, vendor: str
) -> None:
    issuer, resource = vendors[vendor], {"resource": "https://mcp.example.com/mcp", "scope": "openid email"}
    page = Party.confidential(issuer, browser).ask(**resource)
    try:
        issuer.preset.check_request("authorization", resource)
        refused = issuer.preset.resource == "refused"
    except OAuthError:
        refused = True
    assert page.status_code == (302 if refused else 200)
    assert refused is (vendor in ("entra", "entra_common"))


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_refresh_token_comes_as_the_vendor_gives_it(
    vendors: dict[str, Issuer], browser: httpx2.Client, vendor: str
) -> None:
    issuer = vendors[vendor]
    if "refresh_token" not in issuer.preset.grants:
        pytest.skip("this vendor has no refresh tokens")
    has_scope = "offline_access" in issuer.discovery().get("scopes_supported", ())
    party = Party.confidential(issuer, browser)
    assert ("refresh_token" in party.sign_in()) is not has_scope
    if has_scope:
        assert "refresh_token" in party.sign_in(scope="openid offline_access")
    issuer.clients.add(
        "by-name", redirect_uris=(CALLBACK,), grant_types=("authorization_code", "refresh_token")
    )
    assert "refresh_token" in Party(issuer, client_id="by-name", browser=browser).sign_in()


@pytest.mark.parametrize("vendor", [name for name in VENDORS if PRESETS[name].renews_refresh_tokens])
def test_such_a_vendor_gives_a_new_refresh_token_and_leaves_the_old_one_good(
    vendors: dict[str, Issuer], browser: httpx2.Client, vendor: str
) -> None:
    party = Party.confidential(vendors[vendor], browser)
    first = party.sign_in(scope="openid offline_access")["refresh_token"]
    second = party.refresh(first).json()["refresh_token"]
    assert second != first
    assert party.refresh(first).status_code == party.refresh(second).status_code == 200


def test_who_signs_in_through_common_is_who_they_are_in_their_tenant(browser: httpx2.Client) -> None:
    with LoopbackServer() as server:
        common = Issuer("entra_common", url=f"{server.url}/common/v2.0", algorithm="ES256")
        tenant = Issuer("entra", url=common.token_issuer, algorithm="ES256")
        plain = Issuer("plain", url=f"{server.url}/plain", algorithm="ES256")
        server.start(Site([common, tenant, plain]))
        assert common.token_issuer != common.url
        through = Party.confidential(common, browser).sign_in()
        directly = Party.confidential(tenant, browser).sign_in()
        seen = claims_of(through["id_token"]), claims_of(directly["id_token"])
        assert seen[0]["iss"] == seen[1]["iss"] == common.token_issuer
        assert seen[0]["sub"] == seen[1]["sub"]
        # On behalf of: the token comes back to the issuer under the name that its tokens have.
        behalf = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "scope": "openid"}
        at_common = common.mint("alice", aud=common.client_id)
        answer = Party.confidential(common, browser).token(**behalf, assertion=at_common)
        assert answer.status_code == 200, answer.text
        assert claims_of(answer.json()["access_token"])["iss"] == common.token_issuer
        # A neighbour trusts it under that name too.
        elsewhere = common.mint("alice", aud=plain.url, token_use="id")
        answer = Party.confidential(plain, browser).token(**behalf, assertion=elsewhere)
        assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("vendor", VENDORS)
def test_with_max_age_the_id_token_says_when_the_person_signed_in(
    vendors: dict[str, Issuer], browser: httpx2.Client, vendor: str
) -> None:
    issuer = vendors[vendor]
    if "auth_time" not in issuer.discovery().get("claims_supported", ()):
        pytest.skip("this vendor does not say that it has auth_time")
    party = Party.confidential(issuer, browser)
    tokens = party.sign_in(max_age="600", scope="openid offline_access")
    first = claims_of(tokens["id_token"])
    assert abs(first["auth_time"] - issuer.clock.now()) < 60
    issuer.clock.advance(300)
    refreshed = claims_of(party.refresh(tokens["refresh_token"]).json()["id_token"])
    assert (refreshed["auth_time"], refreshed["sub"]) == (first["auth_time"], first["sub"])
    issuer.clock.reset()
