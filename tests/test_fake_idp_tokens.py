"""Honest tokens: what each vendor's look like, and that other libraries agree that they are good."""

from __future__ import annotations

import base64
import re
import subprocess
import sys
from typing import Any

import jwt
import pytest
from joserfc import jwt as jose_jwt
from joserfc.jwk import KeySet

from fake_idp import PRESETS, Clock, InvalidValue, Issuer, UnknownName
from tests.oauth_party import claims_of

NOW = 1_800_000_000


@pytest.fixture
def clock() -> Clock:
    clock = Clock()
    clock.freeze(NOW)
    return clock


@pytest.mark.parametrize("use", ["access", "id"])
@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
@pytest.mark.parametrize("preset", PRESETS)
def test_two_other_libraries_accept_an_honest_token(preset: str, algorithm: Any, use: Any) -> None:
    issuer = Issuer(preset, algorithm=algorithm)
    token = issuer.mint(sub="alice", token_use=use, claims={"custom": ["é", {"a": 1}]})

    key = jwt.PyJWKSet.from_dict(issuer.keys.jwks())[jwt.get_unverified_header(token)["kid"]]
    aud = claims_of(token).get("aud")
    by_pyjwt = jwt.decode(token, key, algorithms=[algorithm], issuer=issuer.token_issuer, audience=aud)
    key_set: Any = KeySet.import_key_set(issuer.keys.jwks())  # type: ignore[arg-type]
    by_joserfc = jose_jwt.decode(token, key_set, algorithms=[algorithm])

    assert by_pyjwt == by_joserfc.claims
    assert by_pyjwt["sub"] == "alice"
    assert by_pyjwt["custom"] == ["é", {"a": 1}]


def test_an_okta_access_token_has_okta_s_claims_and_types(clock: Clock) -> None:
    issuer = Issuer("okta", clock=clock, audience="https://mcp.example.com/mcp", client_id="0oaX")
    token = issuer.mint(sub="alice@acme.example")

    assert jwt.get_unverified_header(token) == {"kid": issuer.keys.current.kid, "alg": "RS256"}
    claims = claims_of(token)
    assert re.fullmatch(r"AT\.[\w-]{43}", claims.pop("jti"))
    assert re.fullmatch(r"00u\w{17}", claims.pop("uid"))
    assert claims == {
        "ver": 1,
        "iss": "https://acme.okta.com/oauth2/default",
        "aud": "https://mcp.example.com/mcp",
        "iat": NOW,
        "exp": NOW + 3600,
        "cid": "0oaX",
        "scp": ["cw:read"],
        "auth_time": NOW,
        "sub": "alice@acme.example",
    }


def test_an_okta_id_token_is_for_the_client() -> None:
    claims = claims_of(Issuer("okta", client_id="0oaX").mint(token_use="id"))
    assert claims["aud"] == "0oaX"
    assert claims["jti"].startswith("ID.")
    assert claims["amr"] == ["pwd"]
    assert "scp" not in claims


def test_a_cognito_id_token_is_what_mint_makes_and_names_the_client_as_audience() -> None:
    issuer = Issuer("cognito", client_id="client1")
    token = issuer.mint(sub="alice")

    assert set(jwt.get_unverified_header(token)) == {"kid", "alg"}
    claims = claims_of(token)
    assert claims["token_use"] == "id"
    assert claims["aud"] == "client1"
    assert claims["cognito:username"] == "alice"
    assert "client_id" not in claims


def test_a_cognito_access_token_has_a_client_id_and_no_audience() -> None:
    claims = claims_of(Issuer("cognito", client_id="client1").mint(token_use="access"))
    assert claims["token_use"] == "access"
    assert claims["client_id"] == "client1"
    assert claims["username"] == "alice"
    assert isinstance(claims["scope"], str)
    assert "aud" not in claims


def test_cognito_signs_id_and_access_tokens_with_different_keys() -> None:
    issuer = Issuer("cognito")
    kids = [jwt.get_unverified_header(issuer.mint(token_use=use))["kid"] for use in ("id", "access")]
    assert len(set(kids)) == 2
    assert [key["kid"] for key in issuer.keys.jwks()["keys"]] == kids
    for kid in kids:
        assert len(kid) == 44
        assert len(base64.b64decode(kid, validate=True)) == 32


def test_an_identity_center_token_has_an_iso_auth_time_and_the_aws_claims(clock: Clock) -> None:
    issuer = Issuer("identity_center", clock=clock, client_id="app")
    role = "arn:aws:iam::111122223333:role/Reader"
    claims = claims_of(issuer.mint(sub="alice", claims={"custom:role_arn": role}))
    assert claims["iss"] == "https://identitycenter.amazonaws.com/ssoins-7223fa4e1d905b86"
    assert claims["auth_time"] == "2027-01-15T08:00:00Z"
    assert claims["aud"] == "app"
    assert claims["email"] == "alice@example.com"
    assert claims["custom:role_arn"] == role
    assert claims["aws:instance_arn"] == "arn:aws:sso:::instance/ssoins-7223fa4e1d905b86"


def test_a_plain_access_token_has_the_members_that_rfc_9068_requires() -> None:
    token = Issuer("plain").mint()
    assert jwt.get_unverified_header(token)["typ"] == "at+jwt"
    assert {"iss", "exp", "aud", "sub", "client_id", "iat", "jti"} <= set(claims_of(token))


def test_everything_about_a_token_can_be_set(clock: Clock) -> None:
    issuer = Issuer("okta", clock=clock)
    token = issuer.mint(
        sub="bob",
        claims={"groups": ["ops"], "ver": "2"},
        without=("auth_time", "never-there"),
        expires_in=-10,
        aud=["a", "b"],
        scope="cw:read cw:write",
        headers={"typ": "JWT", "kid": None},
    )
    assert jwt.get_unverified_header(token) == {"alg": "RS256", "typ": "JWT"}
    claims = claims_of(token)
    assert claims["sub"] == "bob"
    assert claims["groups"] == ["ops"]
    assert claims["ver"] == "2"
    assert claims["exp"] == NOW - 10
    assert claims["aud"] == ["a", "b"]
    assert claims["scp"] == ["cw:read", "cw:write"]
    assert "auth_time" not in claims


def test_the_clock_dates_the_tokens(clock: Clock) -> None:
    issuer = Issuer("plain", clock=clock)
    clock.advance(7200)
    assert claims_of(issuer.mint())["iat"] == NOW + 7200
    clock.reset()
    assert claims_of(issuer.mint())["iat"] != NOW + 7200


@pytest.mark.parametrize("seconds", [float("nan"), float("inf"), -1e12, 1e12])
def test_the_clock_does_not_leave_the_calendar(clock: Clock, seconds: float) -> None:
    with pytest.raises(InvalidValue, match="1970 to 9999"):
        clock.advance(seconds)
    with pytest.raises(InvalidValue, match="1970 to 9999"):
        clock.freeze(seconds)
    assert clock.now() == NOW


def test_the_name_of_an_issuer_is_kept_to_the_letter() -> None:
    issuer = Issuer("plain", url="https://Tenant.Example:8443/path/")
    assert claims_of(issuer.mint())["iss"] == "https://Tenant.Example:8443/path/"
    assert issuer.discovery()["issuer"] == "https://Tenant.Example:8443/path/"
    assert issuer.discovery_url == "https://Tenant.Example:8443/path/.well-known/openid-configuration"
    assert issuer.discovery()["jwks_uri"] == issuer.jwks_url
    assert issuer.host == "tenant.example"


@pytest.mark.parametrize("url", ["", "idp.example.com", "ftp://x", "https://", "https://x/?q", "https://x:x"])
def test_a_name_that_no_issuer_can_have_is_refused(url: str) -> None:
    with pytest.raises(InvalidValue, match="issuer"):
        Issuer("plain", url=url)


def test_an_unknown_preset_is_answered_with_the_nearest_one() -> None:
    with pytest.raises(UnknownName, match="did you mean 'okta'") as caught:
        Issuer("otka")
    assert caught.value.nearest == "okta"
    assert "cognito" in caught.value.known


@pytest.mark.parametrize(
    "options",
    [
        {"claims": {"good": 1, "bad": object()}},
        {"claims": {"bad": float("nan")}},
        {"headers": {"bad": b"bytes"}},
    ],
)
def test_a_value_without_a_json_form_is_named(options: dict[str, Any]) -> None:
    with pytest.raises(InvalidValue, match="'bad'"):
        Issuer("plain").mint(**options)


@pytest.mark.parametrize("expires_in", [float("inf"), float("nan")])
def test_a_lifetime_must_be_a_number(expires_in: float) -> None:
    with pytest.raises(InvalidValue, match="expires_in"):
        Issuer("plain").mint(expires_in=expires_in)


@pytest.mark.parametrize("preset", PRESETS)
def test_discovery_says_where_the_keys_are_and_leaves_out_what_the_vendor_does(preset: str) -> None:
    issuer = Issuer(preset)
    document = issuer.discovery()
    assert document["issuer"] == issuer.url.replace("/common/", "/{tenantid}/")
    assert document["jwks_uri"] == issuer.jwks_url
    pkce = ("okta", "okta_org", "plain", "auth0", "auth0_rfc9068", "google")
    assert ("code_challenge_methods_supported" in document) == (preset in pkce)
    assert ("introspection_endpoint" in document) == (preset in ("okta", "okta_org", "plain"))


def test_cognito_s_oauth_endpoints_are_on_the_pool_s_own_domain() -> None:
    document = Issuer("cognito").discovery()
    assert document["token_endpoint"] == "https://fakepool1.auth.us-east-1.amazoncognito.com/oauth2/token"


def test_importing_the_issuer_loads_no_web_framework_and_no_test_tool() -> None:
    code = "import fake_idp, fake_idp.cli, fake_idp.pytest_plugin, sys; print(*sys.modules)"
    loaded = set(
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout.split()
    )
    assert not loaded & {"uvicorn", "fastapi", "starlette", "pydantic", "boto3", "moto", "asyncio", "jwt"}
