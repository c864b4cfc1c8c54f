"""The token endpoint: who may ask, and what a code, a client or a password gets."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator
from typing import Any

import httpx2
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc import jwk
from joserfc import jwt as jose

from fake_idp import PRESETS, Issuer
from fake_idp.clients import DEFAULT_SECRET
from fake_idp.presets.plain import Plain
from tests.oauth_party import CALLBACK, PKCE, Party, basic, error_of, new_browser, served

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
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


class Everywhere(Plain):
    name = "everywhere"
    pkce = "all"


@pytest.fixture(scope="module")
def issuers() -> Iterator[dict[str, Issuer]]:
    presets = (Plain(), Audience(), Ignoring(), Refusing(), Passwords(), Everywhere())
    with served({preset.name: preset for preset in presets}) as issuers:
        yield issuers


@pytest.fixture
def issuer(issuers: dict[str, Issuer]) -> Issuer:
    issuers["plain"].state.clear()
    issuers["plain"].clock.reset()
    return issuers["plain"]


@pytest.fixture
def browser() -> Iterator[httpx2.Client]:
    with new_browser() as browser:
        yield browser


@pytest.fixture
def party(issuer: Issuer, browser: httpx2.Client) -> Party:
    return Party(issuer, browser=browser)


@pytest.fixture
def confidential(issuer: Issuer, browser: httpx2.Client) -> Party:
    return Party.confidential(issuer, browser)


def claims_of(token: str) -> dict[str, Any]:
    return jwt.decode(token, options={"verify_signature": False})


# Who asks


def test_a_secret_is_good_in_basic_and_in_the_body(party: Party) -> None:
    for secret in ("plain", "a+b c%2B&=:/ä€"):
        party.issuer.clients.add("a:b+c", client_secret=secret)
        inside = party.token("client_credentials", client_id="", headers=basic("a:b+c", secret))
        body = party.token("client_credentials", client_id="a:b+c", client_secret=secret)
        assert (inside.status_code, body.status_code) == (200, 200)


@pytest.mark.parametrize(
    "header",
    [
        "Basic",
        "Basic !!!",
        "Basic bm9jb2xvbg==",
        "Basic //79",
        "Bearer abc",
        f"Basic {base64.b64encode(b'example-client:wrong').decode()}",
        f"Basic {base64.b64encode(b'nobody:x').decode()}",
        f"Basic {base64.b64encode(b'example-client:').decode()}",
    ],
)
def test_bad_credentials_in_the_header_are_refused_with_a_challenge(party: Party, header: str) -> None:
    answer = party.token("client_credentials", client_id="", headers={"authorization": header})
    assert error_of(answer, 401) == "invalid_client"
    assert answer.headers["www-authenticate"].startswith("Basic ")
    assert DEFAULT_SECRET not in answer.text


@pytest.mark.parametrize(
    "form",
    [
        {"client_id": "nobody"},
        {"client_id": ""},
        {"client_secret": "wrong"},
        {"client_secret": DEFAULT_SECRET[:-1]},
        {"client_assertion_type": ASSERTION, "client_assertion": "x.y.z"},
    ],
)
def test_bad_credentials_in_the_body_are_refused(party: Party, form: dict[str, str]) -> None:
    assert error_of(party.token("client_credentials", **form), 401) == "invalid_client"


def test_two_ways_to_authenticate_at_once_are_refused(confidential: Party) -> None:
    answer = confidential.token("client_credentials", client_secret=DEFAULT_SECRET)
    assert error_of(answer) == "invalid_request"
    answer = confidential.token("client_credentials", client_id="another")
    assert error_of(answer) == "invalid_request"


def test_a_secret_in_the_query_is_refused(party: Party) -> None:
    url = f"{party.issuer.endpoints['token']}?client_secret={DEFAULT_SECRET}"
    data = {"grant_type": "client_credentials", "client_id": party.client_id}
    assert error_of(party.browser.post(url, data=data)) == "invalid_request"


def test_a_client_authenticates_as_it_was_registered(party: Party) -> None:
    party.issuer.clients.add("s", client_secret="s", token_endpoint_auth_methods=("client_secret_post",))
    refused = party.token("client_credentials", client_id="", headers=basic("s", "s"))
    assert error_of(refused, 401) == "invalid_client"
    assert "client_secret_post" in refused.json()["error_description"]
    assert error_of(party.token("client_credentials", client_id="s"), 401) == "invalid_client"
    assert party.token("client_credentials", client_id="s", client_secret="s").status_code == 200


def test_a_client_without_a_secret_has_none_to_give(party: Party) -> None:
    party.issuer.clients.add("s", token_endpoint_auth_methods=("client_secret_basic",))
    answer = party.token("client_credentials", client_id="", headers=basic("s", ""))
    assert error_of(answer, 401) == "invalid_client"


def test_a_lax_issuer_takes_any_client(party: Party, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(party.issuer, "lax", frozenset({"clients"}))
    stranger = Party(party.issuer, client_id="stranger", secret="whatever", browser=party.browser)
    token = stranger.token("client_credentials").json()["access_token"]
    assert claims_of(token)["client_id"] == "stranger"
    assert stranger.sign_in()["token_type"] == "Bearer"


class Signer:
    """A client with a key."""

    def __init__(self, issuer: Issuer) -> None:
        self.key = jwk.ECKey.generate_key("P-256", {"kid": "k1"})
        self.issuer = issuer
        issuer.clients.add(
            "signer",
            token_endpoint_auth_methods=("private_key_jwt",),
            jwks={"keys": [self.key.as_dict(private=False)]},
        )

    def assertion(self, **changed: Any) -> str:
        now = int(self.issuer.clock.now())
        claims = {
            "iss": "signer",
            "sub": "signer",
            "aud": self.issuer.url,
            "iat": now,
            "exp": now + 60,
            "jti": f"{time.monotonic_ns()}",
        } | changed
        claims = {name: value for name, value in claims.items() if value is not None}
        return jose.encode({"alg": "ES256", "kid": "k1"}, claims, self.key)


def test_a_client_may_sign_an_assertion(party: Party) -> None:
    signer = Signer(party.issuer)
    for audience in (party.issuer.url, party.issuer.endpoints["token"]):
        for client_id in ("signer", ""):
            answer = party.token(
                "client_credentials",
                client_id=client_id,
                client_assertion_type=ASSERTION,
                client_assertion=signer.assertion(aud=audience),
            )
            assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "example-client"},
        {"sub": "example-client"},
        {"sub": None},
        {"aud": "https://other.example"},
        {"exp": 1},
        {"exp": None},
    ],
)
def test_an_assertion_that_says_something_else_is_refused(party: Party, changed: dict[str, Any]) -> None:
    assertion = Signer(party.issuer).assertion(**changed)
    answer = party.token(
        "client_credentials",
        client_id="signer",
        client_assertion_type=ASSERTION,
        client_assertion=assertion,
    )
    assert error_of(answer, 401) == "invalid_client"


def test_an_assertion_is_good_once_and_of_its_type_only(party: Party) -> None:
    signer = Signer(party.issuer)
    form = {"client_id": "signer", "client_assertion": signer.assertion()}
    wrong = party.token("client_credentials", client_assertion_type="urn:other", **form)
    assert error_of(wrong) == "invalid_request"
    assert party.token("client_credentials", client_assertion_type=ASSERTION, **form).status_code == 200
    again = party.token("client_credentials", client_assertion_type=ASSERTION, **form)
    assert error_of(again, 401) == "invalid_client"


def test_an_assertion_by_another_key_is_refused(party: Party) -> None:
    signer = Signer(party.issuer)
    claims = jwt.decode(signer.assertion(), options={"verify_signature": False})
    forged = jwt.encode(claims, ec.generate_private_key(ec.SECP256R1()), "ES256", headers={"kid": "k1"})
    answer = party.token(
        "client_credentials", client_id="signer", client_assertion_type=ASSERTION, client_assertion=forged
    )
    assert error_of(answer, 401) == "invalid_client"


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


# Every vendor that has the flow

VENDORS = {
    name: preset
    for name, preset in PRESETS.items()
    if {"authorization", "token"} <= preset.endpoints(preset.url).keys()
    and "authorization_code" in preset.grants
}


@pytest.fixture(scope="module")
def vendors() -> Iterator[dict[str, Issuer]]:
    with served(VENDORS) as issuers:
        yield issuers


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
    issuer = vendors[vendor]
    page = Party.confidential(issuer, browser).ask(resource="https://mcp.example.com/mcp")
    assert page.status_code == (302 if issuer.preset.resource == "refused" else 200)


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
