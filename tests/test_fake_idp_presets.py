"""What holds for every preset: it cites its sources, its metadata do not lie, and its tokens verify."""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import jwt
import pytest
from joserfc import jwt as jose_jwt
from joserfc.jwk import KeySet

from fake_idp import PRESETS, Issuer
from fake_idp.app import Site
from fake_idp.presets import loopback_url
from fake_idp.presets.base import GRANTS, MEMBERS
from fake_idp.server import LoopbackServer
from fake_idp.users import User

MANY = tuple(f"group-{number}" for number in range(201))
EVERYBODY = [
    User("alice"),
    User("bob@acme.example", groups=("ops", "dev"), roles=("arn:aws:iam::111122223333:role/Reader", "b")),
    User("carol", provider="Google", groups=("ops",)),
    User("dave", provider="Facebook"),
    User("erin", provider="Acme", groups=MANY),
]
#: Values of discovery documents that are no endpoint of the issuer: where Microsoft's other services are.
ELSEWHERE = {"rbac_url"}
#: A vendor has more of some things than this issuer does: its response types and modes, and the rest of its
#: grants, are listed as the vendor lists them, and refused where they are asked for.
FOREIGN_GRANTS = {
    "implicit",
    "urn:openid:params:grant-type:ciba",
    "urn:okta:params:oauth:grant-type:otp",
    "http://auth0.com/oauth/grant-type/mfa-otp",
    "urn:okta:params:oauth:grant-type:oob",
    "http://auth0.com/oauth/grant-type/mfa-oob",
}


def said_by(preset: str) -> set[str]:
    """Every claim, and every header member, that some token of the preset has."""
    issuer = Issuer(preset, algorithm="ES256")
    tokens = [
        issuer.draft(user=user, token_use=use, grant=grant, nonce="n", access_token="t", scope=scope, **more)
        for user in EVERYBODY
        for use in ("access", "id")
        for grant in ("authorization_code", "password")
        for scope in (None, "openid profile email")
        for more in ({}, {"confirmation": {"jkt": "k"}, "actor": {"sub": "a"}, "audience": "https://api"})
    ]
    tokens += [issuer.draft(grant="client_credentials")]
    return {f"header.{name}" for token in tokens for name in token.header} | {
        name for token in tokens for name in token.claims
    }


@pytest.mark.parametrize("preset", PRESETS)
def test_every_claim_has_a_source_and_no_source_is_of_a_claim_that_no_token_has(preset: str) -> None:
    assert said_by(preset) == set(PRESETS[preset].sources)
    for source in (*PRESETS[preset].sources.values(), *PRESETS[preset].hidden.values()):
        assert source.startswith(("https://", "RFC ", "OpenID Connect ", "the name that servers give"))


@pytest.fixture(scope="module")
def everyone() -> Iterator[dict[str, Issuer]]:
    with LoopbackServer() as server:
        issuers = {name: Issuer(name, url=loopback_url(name, server.url)) for name in PRESETS}
        server.start(Site(issuers.values()))
        yield issuers


def read(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=5) as response:
        return json.load(response)


@pytest.mark.parametrize("use", ["access", "id"])
@pytest.mark.parametrize("preset", PRESETS)
def test_two_other_libraries_verify_what_they_find_by_discovery(
    everyone: dict[str, Issuer], preset: str, use: Any
) -> None:
    issuer = everyone[preset]
    document = read(issuer.url.rstrip("/") + "/.well-known/openid-configuration")
    token = issuer.mint("alice", token_use=use)
    kid = jwt.get_unverified_header(token)["kid"]
    jwks = read(document["jwks_uri"])
    if (preset, use) == ("okta_org", "access"):  # Okta keeps these keys to itself
        assert kid not in {key["kid"] for key in jwks["keys"]}
        return
    algorithm = issuer.preset.algorithm
    claims = jwt.decode(
        token,
        jwt.PyJWKClient(document["jwks_uri"]).get_signing_key(kid).key,
        algorithms=[algorithm],
        issuer=document["issuer"].replace("{tenantid}", issuer.draft().claims.get("tid", "")),
        audience=issuer.draft("alice", token_use=use).claims.get("aud"),
    )
    assert claims["sub"] == "alice"
    key_set = KeySet.import_key_set(jwks)
    assert jose_jwt.decode(token, key_set, algorithms=[algorithm]).claims == claims


@pytest.mark.parametrize("preset", PRESETS)
def test_the_metadata_name_no_endpoint_that_is_not_there(everyone: dict[str, Issuer], preset: str) -> None:
    issuer = everyone[preset]
    document = issuer.discovery()
    urls = {
        name: value
        for name, value in document.items()
        if isinstance(value, str) and "://" in value and name not in ("issuer", *ELSEWHERE)
    }
    assert set(urls) <= set(MEMBERS)
    for name, url in urls.items():
        assert url.startswith(issuer.url.rpartition("/v2.0")[0] or issuer.url)
        assert issuer.routes[urlsplit(url).path] == MEMBERS[name]
    for url in issuer.preset.metadata_urls(issuer.url):
        assert read(url) == document


@pytest.mark.parametrize("preset", PRESETS)
def test_nothing_is_there_that_the_metadata_hide_unless_it_is_documented_elsewhere(preset: str) -> None:
    issuer = Issuer(preset)
    document = issuer.discovery()
    shown = {MEMBERS[name] for name in document if name in MEMBERS}
    pages = {"device_verification"}  # where a person goes, which no metadata ever say
    assert set(issuer.endpoints) - shown - pages <= set(issuer.preset.hidden)
    listed = set(document.get("grant_types_supported", ()))
    hidden = {name for name in issuer.preset.hidden if name in GRANTS}
    if listed:
        assert set(issuer.preset.grants) == (listed - FOREIGN_GRANTS) | hidden
    assert not hidden & listed


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_with_a_grant_has_the_endpoints_for_it(preset: str) -> None:
    issuer = Issuer(preset)
    assert ("token" in issuer.endpoints) == bool(issuer.preset.grants)
    assert ("authorization" in issuer.endpoints) == ("authorization_code" in issuer.preset.grants)
    device = "urn:ietf:params:oauth:grant-type:device_code" in issuer.preset.grants
    assert ("device_authorization" in issuer.endpoints) == device
    assert ("device_verification" in issuer.endpoints) == device
    assert set(issuer.preset.grants) <= set(GRANTS)


def test_all_presets_live_at_one_address_without_a_path_in_common(everyone: dict[str, Issuer]) -> None:
    paths = [path for issuer in everyone.values() for path in issuer.routes]
    assert len(paths) == len(set(paths))
    names = {issuer.url.removeprefix(f"http://{urlsplit(issuer.url).netloc}") for issuer in everyone.values()}
    assert names >= {"", "/oauth2/default", "/auth0/", "/google", "/okta_org", "/common/v2.0"}


@pytest.mark.parametrize("preset", PRESETS)
def test_a_vendor_s_own_name_has_the_vendor_s_hosts(preset: str) -> None:
    hosts = {
        "cognito": {"cognito-idp.us-east-1.amazonaws.com", "fakepool1.auth.us-east-1.amazoncognito.com"},
        "entra": {"login.microsoftonline.com", "graph.microsoft.com", "microsoft.com"},
        "entra_common": {"login.microsoftonline.com", "graph.microsoft.com", "microsoft.com"},
        "entra_v1": {"sts.windows.net", "login.microsoftonline.com", "microsoft.com"},
        "google": {
            "accounts.google.com",
            "oauth2.googleapis.com",
            "openidconnect.googleapis.com",
            "www.googleapis.com",
            "www.google.com",
        },
    }
    issuer = Issuer(preset)
    assert issuer.hosts == hosts.get(preset, {issuer.host})


def test_cognito_s_updated_issuer_is_just_another_name() -> None:
    url = "https://issuer-cognito-idp.us-east-1.amazonaws.com/us-east-1_FakePool1"
    issuer = Issuer("cognito", url=url)
    assert issuer.draft().claims["iss"] == url
    assert issuer.jwks_url == f"{url}/.well-known/jwks.json"
    domain = "https://fakepool1.auth.us-east-1.amazoncognito.com"
    assert issuer.endpoints["token"] == f"{domain}/oauth2/token"


@pytest.mark.parametrize("preset", PRESETS)
def test_a_person_s_subject_is_the_same_every_time_and_nobody_else_s(preset: str) -> None:
    shape, issuer = PRESETS[preset], Issuer(preset)

    def subject(user: User) -> str:
        return shape.subject(user, issuer=issuer.url, client_id=issuer.client_id, use="id")

    subjects = [subject(user) for user in EVERYBODY]
    assert subjects == [subject(user) for user in EVERYBODY]
    assert len(set(subjects)) == len(EVERYBODY)
    assert subject(User("alice", sub="chosen")) == "chosen"


@pytest.mark.parametrize(
    ("preset", "use", "form"),
    [
        ("cognito", "id", r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"),
        ("cognito_identity", "id", r"us-east-1:[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f-]{16}"),
        ("okta", "id", r"00u\w{17}"),
        ("okta", "access", r"alice@example\.com"),
        ("okta_org", "id", r"00u\w{17}"),
        ("auth0", "id", r"auth0\|[0-9a-f]{24}"),
        ("entra", "access", r"[\w-]{43}"),
        ("entra_v1", "id", r"[\w-]{43}"),
        ("google", "id", r"1\d{20}"),
    ],
)
def test_a_person_s_subject_has_the_vendor_s_form(preset: str, use: Any, form: str) -> None:
    issuer = Issuer(preset)
    subject = issuer.preset.subject(User("alice"), issuer=issuer.url, client_id=issuer.client_id, use=use)
    assert re.fullmatch(form, subject)


def test_entra_s_subject_is_another_for_every_client_and_the_object_id_is_not() -> None:
    issuer = Issuer("entra")
    one, two = (
        issuer.preset.subject(User("alice"), issuer=issuer.url, client_id=client, use="id")
        for client in ("client-1", "client-2")
    )
    assert one != two
    oids = {issuer.draft("alice", client_id=client).claims["oid"] for client in ("client-1", "client-2")}
    assert len(oids) == 1


@pytest.mark.parametrize("provider", ["Google", "Facebook", "Acme"])
def test_a_federated_person_comes_from_the_provider(provider: str) -> None:
    user = User("carol", provider=provider)
    cognito = Issuer("cognito").draft(user=user, token_use="id").claims
    identity = cognito["identities"][0]
    assert cognito["cognito:username"] == f"{provider}_{identity['userId']}"
    assert cognito["cognito:groups"] == [f"us-east-1_FakePool1_{provider}"]
    assert cognito["email_verified"] is False
    assert identity["providerName"] == provider
    assert identity["providerType"] == ("OIDC" if provider == "Acme" else provider)
    auth0 = PRESETS["auth0"].subject(user, issuer="https://x/", client_id="c", use="id")
    assert auth0.startswith(
        {"Google": "google-oauth2|1", "Facebook": "facebook|1", "Acme": "acme|1"}[provider]
    )
    if provider == "Google":  # the same account, wherever they sign in with it
        google = PRESETS["google"].subject(User("carol"), issuer="x", client_id="c", use="id")
        assert identity["userId"] == auth0.partition("|")[2] == google
