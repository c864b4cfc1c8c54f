"""The token endpoint: what a code, a client or a password gets."""

from __future__ import annotations

from collections.abc import Iterator

import httpx2
import jwt
import pytest

from fake_idp import Issuer
from fake_idp.presets.plain import Plain
from tests.oauth_client import by_name, fresh, served
from tests.oauth_party import CALLBACK, PKCE, Party, claims_of, error_of

NO_PKCE = dict.fromkeys(PKCE, "")


class Audience(Plain):
    name = "audience"
    audience_parameter = True


class Ignoring(Plain):
    name = "ignoring"
    resource = "ignored"


class Refusing(Plain):
    name = "refusing"
    resource = "refused"


class Passwords(Plain):
    name = "passwords"
    grants = (*Plain.grants, "password")


@pytest.fixture(scope="module")
def issuers() -> Iterator[dict[str, Issuer]]:
    presets = (Plain(), Audience(), Ignoring(), Refusing(), Passwords())
    with served(*presets) as issuers:
        yield by_name(issuers)


@pytest.fixture
def issuer(issuers: dict[str, Issuer]) -> Issuer:
    return fresh(issuers["plain"])


# Which grant


def test_the_grant_type_is_needed_known_and_allowed(confidential: Party) -> None:
    assert error_of(confidential.token("")) == "invalid_request"
    assert error_of(confidential.token("password", username="a", password="b")) == "unsupported_grant_type"
    assert error_of(confidential.token("made_up")) == "unsupported_grant_type"
    confidential.issuer.clients.add("codes", client_secret="s", grant_types=("authorization_code",))
    codes = Party(confidential.issuer, client_id="codes", secret="s", browser=confidential.browser)
    assert error_of(codes.token("client_credentials")) == "unauthorized_client"


def test_a_body_that_is_no_form_is_refused(party: Party) -> None:
    url = party.issuer.endpoints["token"]
    assert error_of(party.browser.post(url, json={"grant_type": "client_credentials"})) == "invalid_request"
    assert error_of(party.browser.post(url)) == "invalid_request"
    twice = "grant_type=client_credentials&grant_type=client_credentials"
    headers = {"content-type": "application/x-www-form-urlencoded"}
    assert error_of(party.browser.post(url, content=twice, headers=headers)) == "invalid_request"


# Codes


def test_a_code_gives_tokens_that_verify(party: Party) -> None:
    answer = party.redeem(party.code(scope="openid email cw:read", nonce="n"))
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["pragma"] == "no-cache"
    tokens = answer.json()
    assert tokens["token_type"] == "Bearer"
    assert tokens["expires_in"] == party.issuer.preset.lifetime
    assert tokens["scope"] == "openid email cw:read"
    assert "refresh_token" not in tokens
    document = party.browser.get(party.issuer.discovery_url).json()
    keys = jwt.PyJWKSet.from_dict(party.browser.get(document["jwks_uri"]).json())
    for name, audience in (("access_token", party.issuer.audience), ("id_token", party.client_id)):
        key = keys[jwt.get_unverified_header(tokens[name])["kid"]]
        claims = jwt.decode(
            tokens[name], key, algorithms=["ES256"], audience=audience, issuer=party.issuer.url
        )
        assert claims["sub"] == "alice"


def test_without_openid_there_is_no_id_token(party: Party) -> None:
    assert "id_token" not in party.sign_in(scope="cw:read")


def test_a_code_is_good_once_and_a_second_use_ends_what_it_gave(party: Party) -> None:
    code = party.code(scope="openid offline_access")
    tokens = party.redeem(code).json()
    again = party.redeem(code)
    assert error_of(again) == "invalid_grant"
    assert error_of(party.refresh(tokens["refresh_token"])) == "invalid_grant"
    headers = {"authorization": f"Bearer {tokens['access_token']}"}
    assert party.browser.get(party.issuer.endpoints["userinfo"], headers=headers).status_code == 401


def test_a_lax_issuer_takes_a_code_again(party: Party, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(party.issuer, "lax", frozenset({"codes"}))
    code = party.code()
    assert [party.redeem(code).status_code for _ in range(3)] == [200, 200, 200]


def test_a_code_is_good_for_a_minute(party: Party) -> None:
    code, late = party.code(), party.code()
    party.issuer.clock.advance(58)
    assert party.redeem(code).status_code == 200
    party.issuer.clock.advance(2)
    assert error_of(party.redeem(late)) == "invalid_grant"


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"code": ""}, "invalid_request"),
        ({"code": "never-issued"}, "invalid_grant"),
        ({"redirect_uri": ""}, "invalid_grant"),
        ({"redirect_uri": "http://127.0.0.1:10/callback"}, "invalid_grant"),
        ({"code_verifier": ""}, "invalid_grant"),
        ({"code_verifier": "w" * 43}, "invalid_grant"),
        ({"code_verifier": "v" * 42}, "invalid_grant"),
        ({"code_verifier": "v" * 129}, "invalid_grant"),
        ({"code_verifier": "v" * 42 + "ä"}, "invalid_grant"),
        ({"resource": "https://other.example"}, "invalid_target"),
    ],
)
def test_a_code_is_bound_and_a_failure_does_not_use_it_up(
    party: Party, changed: dict[str, str], error: str
) -> None:
    code = party.code()
    assert error_of(party.redeem(**{"code": code, **changed})) == error
    assert party.redeem(code).status_code == 200


def test_a_code_is_of_one_client(party: Party) -> None:
    party.issuer.clients.add("other", redirect_uris=(CALLBACK,))
    other = Party(party.issuer, client_id="other", browser=party.browser)
    code = party.code()
    assert error_of(other.redeem(code)) == "invalid_grant"
    assert party.redeem(code).status_code == 200


def test_a_verifier_without_a_challenge_is_refused(confidential: Party) -> None:
    code = confidential.code(**NO_PKCE)
    assert error_of(confidential.redeem(code)) == "invalid_grant"  # RFC 9700 section 4.8.2
    assert confidential.redeem(code, code_verifier="").status_code == 200


def test_who_does_not_authenticate_needs_pkce(party: Party) -> None:
    code = party.code(**NO_PKCE)
    assert error_of(party.redeem(code, code_verifier="")) == "invalid_grant"


def test_a_lax_issuer_does_without_pkce(party: Party, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(party.issuer, "lax", frozenset({"pkce"}))
    assert party.redeem(party.code(**NO_PKCE), code_verifier="").status_code == 200
    assert party.redeem(party.code(), code_verifier="w" * 43).status_code == 200


def test_a_code_is_no_good_for_whoever_may_not_sign_in_any_more(party: Party) -> None:
    code = party.code("bob")
    party.issuer.users.add("bob", disabled=True)
    assert error_of(party.redeem(code)) == "invalid_grant"


def test_a_code_is_not_in_the_state_as_it_is(party: Party) -> None:
    code = party.code()
    tokens = party.redeem(code, scope="openid").json()
    kept = repr([party.issuer.state.items(kind) for kind in ("code", "access", "refresh", "family")])
    assert code not in kept
    assert tokens["access_token"] not in kept


# Resources


def test_a_resource_becomes_the_audience(party: Party) -> None:
    tokens = party.sign_in(resource="https://mcp.example.com/mcp")
    assert claims_of(tokens["access_token"])["aud"] == "https://mcp.example.com/mcp"
    assert claims_of(tokens["id_token"])["aud"] == party.client_id


def test_several_resources_become_a_list_and_can_be_narrowed(party: Party) -> None:
    url = party.issuer.endpoints["authorization"]
    asked = [("resource", "https://a.example"), ("resource", "https://b.example")]
    common = {"client_id": party.client_id, "redirect_uri": CALLBACK, "response_type": "code", **PKCE}
    for narrowed, audience in (
        ("", ["https://a.example", "https://b.example"]),
        ("https://b.example", "https://b.example"),
    ):
        page = party.browser.get(url, params=[*common.items(), *asked])
        code = party.answer(page, user="alice").headers["location"].partition("code=")[2].partition("&")[0]
        tokens = party.redeem(code, resource=narrowed).json()
        assert claims_of(tokens["access_token"])["aud"] == audience


def test_what_was_authorized_without_a_resource_is_for_the_usual_audience(party: Party) -> None:
    code = party.code()
    assert error_of(party.redeem(code, resource="https://other.example")) == "invalid_target"
    tokens = party.redeem(code, resource=party.issuer.audience).json()
    assert claims_of(tokens["access_token"])["aud"] == party.issuer.audience


def test_auth0s_audience_chooses_the_audience_and_wins(
    issuers: dict[str, Issuer], browser: httpx2.Client
) -> None:
    party = Party(issuers["audience"], browser=browser)
    tokens = party.sign_in(audience="urn:api", resource="https://other.example")
    assert claims_of(tokens["access_token"])["aud"] == "urn:api"


def test_a_vendor_ignores_the_resource_or_refuses_it(
    issuers: dict[str, Issuer], browser: httpx2.Client
) -> None:
    ignoring = Party.confidential(issuers["ignoring"], browser)
    token = ignoring.token("client_credentials", resource="https://other.example").json()["access_token"]
    assert claims_of(token)["aud"] == ignoring.issuer.audience
    refusing = Party.confidential(issuers["refusing"], browser)
    assert error_of(refusing.token("client_credentials", resource="https://a.example")) == "invalid_target"


# A client for itself, and a password


def test_a_client_gets_a_token_for_itself_without_refresh_and_id_token(confidential: Party) -> None:
    tokens = confidential.token(
        "client_credentials", scope="openid cw:read offline_access", resource="https://api.example/x"
    ).json()
    assert tokens.keys() == {"access_token", "token_type", "expires_in", "scope"}
    assert tokens["scope"] == "cw:read"
    claims = claims_of(tokens["access_token"])
    assert claims["aud"] == "https://api.example/x"
    assert claims["sub"] == claims["client_id"] == confidential.client_id


def test_a_machines_jwt_leaves_no_trace_in_the_state(confidential: Party) -> None:
    confidential.token("client_credentials")
    assert not confidential.issuer.state.items("access")


def test_a_public_client_gets_none_for_itself(party: Party) -> None:
    assert error_of(party.token("client_credentials")) == "unauthorized_client"


def test_a_clients_own_claims_are_in_its_token(confidential: Party) -> None:
    confidential.issuer.clients.add("m", client_secret="s", claims={"roles": ["reader"]})
    machine = Party(confidential.issuer, client_id="m", secret="s", browser=confidential.browser)
    assert claims_of(machine.token("client_credentials").json()["access_token"])["roles"] == ["reader"]


def test_a_client_cannot_have_more_scopes_than_it_was_registered_for(confidential: Party) -> None:
    confidential.issuer.clients.add("m", client_secret="s", scope=("cw:read",))
    machine = Party(confidential.issuer, client_id="m", secret="s", browser=confidential.browser)
    assert machine.token("client_credentials").json()["scope"] == "cw:read"
    assert error_of(machine.token("client_credentials", scope="cw:write")) == "invalid_scope"


def test_a_password_is_checked_where_the_vendor_has_that_grant(
    issuers: dict[str, Issuer], browser: httpx2.Client
) -> None:
    party = Party.confidential(issuers["passwords"], browser)
    party.issuer.users.add("dora", password="gëheim", groups=("ops",))
    good = party.token("password", username="dora", password="gëheim", scope="openid offline_access").json()
    assert claims_of(good["id_token"])["sub"] == "dora"
    assert party.refresh(good["refresh_token"]).status_code == 200
    for form in (
        {"username": "dora", "password": "wrong"},
        {"username": "nobody", "password": "password"},
    ):
        assert error_of(party.token("password", **form)) == "invalid_grant"
    assert error_of(party.token("password", username="dora")) == "invalid_request"
    party.issuer.users.add("dora", password="gëheim", disabled=True)
    assert error_of(party.token("password", username="dora", password="gëheim")) == "invalid_grant"
