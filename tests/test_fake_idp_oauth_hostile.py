"""Whatever comes in, what goes out has the shape that the RFCs give it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fake_idp import FORGERIES, PRESETS, Issuer
from fake_idp.clients import DEFAULT_SECRET
from fake_idp.presets.base import GRANTS
from tests.oauth_client import by_name, served
from tests.oauth_party import CALLBACK, CHALLENGE, VERIFIER, Party, basic, error_of, new_browser, sent_back

SETTINGS = settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
VENDORS = {
    name: preset
    for name, preset in PRESETS.items()
    if {"authorization", "token"} <= preset.endpoints(preset.url).keys()
}


@pytest.fixture(scope="module")
def issuers() -> Iterator[dict[str, Issuer]]:
    with served(*VENDORS.values()) as issuers:
        yield by_name(issuers)


@pytest.fixture(scope="module")
def browser() -> Iterator[httpx2.Client]:
    with new_browser() as browser:
        yield browser


# Words that mean something, so that the random requests come past the first checks.
NAMES = [
    "grant_type",
    "client_id",
    "client_secret",
    "code",
    "redirect_uri",
    "code_verifier",
    "refresh_token",
    "scope",
    "resource",
    "audience",
    "username",
    "password",
    "client_assertion",
    "client_assertion_type",
    "response_type",
    "response_mode",
    "state",
    "nonce",
    "prompt",
    "max_age",
    "login_hint",
    "request",
    "request_uri",
    "registration",
    "code_challenge",
    "code_challenge_method",
    "dpop_jkt",
    "transaction",
    "user",
    "other",
    "claims",
    "failure",
    "decision",
    "assertion",
    "subject_token",
    "subject_token_type",
    "device_code",
    "actor_token",
    "requested_token_type",
]
VALUES = [
    *GRANTS,
    "example-client",
    DEFAULT_SECRET,
    CALLBACK,
    VERIFIER,
    CHALLENGE,
    "S256",
    "plain",
    "code",
    "token",
    "query",
    "form_post",
    "openid",
    "openid offline_access",
    "none",
    "login",
    "https://api.example.com",
    "https://[",
    "http://127.0.0.1:x/",
    "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    "urn:ietf:params:oauth:request_uri:x",
    "eyJhbGciOiJub25lIn0.e30.",
    "e30.e30.e30",
    "alice",
    "0",
    "-1",
    "9" * 5000,
    '{"sub": 5}',
    "\x00",
    "\r\nx: y",
    '"><script>',
]
texts = st.one_of(st.sampled_from(VALUES), st.text(max_size=20))
forms = st.lists(st.tuples(st.one_of(st.sampled_from(NAMES), st.text(max_size=8)), texts), max_size=12)
header_values = st.one_of(
    st.sampled_from(["Basic", "Basic !", "Bearer x", "DPoP x", *basic("example-client", "x").values()]),
    st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="\x7f"), max_size=30),
)
headers = st.dictionaries(
    st.sampled_from(["authorization", "dpop", "cookie", "origin", "sec-fetch-site", "accept"]),
    header_values,
    max_size=3,
)


def sent(pairs: list[tuple[str, str]]) -> str:
    return urlencode(pairs, errors="replace")


def encoded(values: dict[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value.strip().encode("latin-1")) for name, value in values.items()]


def check_token_answer(response: httpx2.Response) -> None:
    assert response.headers["cache-control"] == "no-store"
    if response.status_code == 200:
        assert response.json()["token_type"] in ("Bearer", "DPoP", "N_A")
    else:
        assert response.status_code in (400, 401, 403, 413), response.text
        if response.json().keys() == {"error", "error_description"}:
            error_of(response, response.status_code)


@SETTINGS
@given(pairs=forms, values=headers, vendor=st.sampled_from(sorted(VENDORS)))
def test_the_token_endpoint_answers_any_form(
    issuers: dict[str, Issuer],
    browser: httpx2.Client,
    pairs: list[tuple[str, str]],
    values: dict[str, str],
    vendor: str,
) -> None:
    form = [(b"content-type", b"application/x-www-form-urlencoded")]
    url = issuers[vendor].endpoints["token"]
    check_token_answer(browser.post(url, content=sent(pairs), headers=[*form, *encoded(values)]))


@SETTINGS
@given(
    body=st.binary(max_size=60),
    media_type=st.sampled_from(["application/x-www-form-urlencoded", "application/json", "text/plain", ""]),
    query=st.one_of(
        st.sampled_from(["", "a=%ff", "%00=%00", "client_secret=x", "&&==", "a=b&a=c", "%"]),
        st.text(
            st.characters(codec="ascii", categories=("L", "N", "P"), exclude_characters="#"), max_size=20
        ),
    ),
)
def test_the_token_endpoint_answers_any_body(
    issuers: dict[str, Issuer], browser: httpx2.Client, body: bytes, media_type: str, query: str
) -> None:
    url = httpx2.URL(issuers["plain"].endpoints["token"]).copy_with(query=query.encode())
    check_token_answer(browser.post(url, content=body, headers={"content-type": media_type}))


@pytest.mark.parametrize("grant", GRANTS)
@settings(SETTINGS, max_examples=30)
@given(pairs=forms)
def test_every_grant_answers_any_form_of_a_client_that_authenticates(
    issuers: dict[str, Issuer], browser: httpx2.Client, grant: str, pairs: list[tuple[str, str]]
) -> None:
    known = {"grant_type", "client_id", "client_secret", "client_assertion", "client_assertion_type"}
    form = [("grant_type", grant), *(pair for pair in pairs if pair[0] not in known)]
    headers = {"content-type": "application/x-www-form-urlencoded"}
    headers |= basic(issuers["plain"].client_id, DEFAULT_SECRET)
    check_token_answer(browser.post(issuers["plain"].endpoints["token"], content=sent(form), headers=headers))


def check_browser_answer(response: httpx2.Response) -> None:
    assert response.status_code in (200, 302, 303, 400, 403, 413), response.text
    if response.status_code in (302, 303):
        location = response.headers["location"]
        assert urlsplit(location).scheme == "http"
        assert urlsplit(location).hostname in ("127.0.0.1", "localhost", "::1")
        back = dict(parse_qsl(urlsplit(location).query or urlsplit(location).fragment))
        assert ("code" in back) is not ("error" in back)
        if "error" in back:
            assert re.fullmatch(r"[\x20-\x21\x23-\x5b\x5d-\x7e]+", back["error"] + back["error_description"])
    else:
        assert response.headers["content-type"].startswith("text/html")
        assert "<script>" not in response.text.replace("<script>document.forms[0].submit()", "")
    assert response.headers["cache-control"] == "no-store"


@SETTINGS
@given(
    pairs=forms,
    values=headers,
    method=st.sampled_from(["GET", "POST"]),
    good=st.booleans(),
    vendor=st.sampled_from(sorted(VENDORS)),
)
def test_the_authorization_endpoint_answers_anything_and_sends_nobody_elsewhere(
    issuers: dict[str, Issuer],
    browser: httpx2.Client,
    pairs: list[tuple[str, str]],
    values: dict[str, str],
    method: str,
    good: bool,
    vendor: str,
) -> None:
    issuer = issuers[vendor]
    if good:
        base = {"client_id": issuer.client_id, "redirect_uri": CALLBACK, "response_type": "code"}
        pairs = [*base.items(), *(pair for pair in pairs if pair[0] not in base)]
    url, form = issuer.endpoints["authorization"], b"application/x-www-form-urlencoded"
    if method == "GET":
        check_browser_answer(browser.get(f"{url}?{sent(pairs)}", headers=encoded(values)))
    else:
        sent_headers = [(b"content-type", form), *encoded(values)]
        check_browser_answer(browser.post(url, content=sent(pairs), headers=sent_headers))


@settings(SETTINGS, max_examples=60)
@given(fields=st.dictionaries(st.sampled_from(["user", "other", "claims", "failure", "decision"]), texts))
def test_the_pages_form_is_answered_whatever_is_in_it(
    issuers: dict[str, Issuer], browser: httpx2.Client, fields: dict[str, str]
) -> None:
    party = Party(issuers["plain"], browser=browser)
    fields = {name: value.encode("utf-8", "replace").decode() for name, value in fields.items()}
    answer = party.answer(party.ask(), **fields)
    check_browser_answer(answer)
    if answer.status_code == 303 and "code=" in answer.headers["location"]:
        code = dict(parse_qsl(urlsplit(answer.headers["location"]).query))["code"]
        check_token_answer(party.redeem(code))


names_of_claims = st.sampled_from(["iss", "sub", "aud", "exp", "iat", "nbf", "jti", "scope", "roles", "cnf"])


@settings(SETTINGS, max_examples=60)
@given(
    forgery=st.sampled_from([name for forgery in FORGERIES.values() for name in forgery.names]),
    claims=st.dictionaries(
        names_of_claims, st.sampled_from([5, None, True, "x", ["a", 5], {"a": 1}]), max_size=3
    ),
    vendor=st.sampled_from(sorted(VENDORS)),
)
def test_any_forgery_is_made_or_refused_whatever_the_claims_are(
    issuers: dict[str, Issuer], browser: httpx2.Client, forgery: str, claims: dict[str, Any], vendor: str
) -> None:
    party = Party.confidential(issuers[vendor], browser)
    answer = party.answer(party.ask(), user="alice", failure=forgery, claims=json.dumps(claims))
    check_browser_answer(answer)
    if answer.status_code == 303:
        check_token_answer(party.redeem(sent_back(answer)["code"]))


MEMBERS = [
    "redirect_uris",
    "token_endpoint_auth_method",
    "grant_types",
    "response_types",
    "client_name",
    "client_uri",
    "logo_uri",
    "scope",
    "contacts",
    "tos_uri",
    "policy_uri",
    "jwks",
    "jwks_uri",
    "software_id",
    "software_statement",
    "application_type",
    "id_token_signed_response_alg",
    "post_logout_redirect_uris",
]
scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), texts)
values_of_members = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(["keys", "kty", "d"]), inner, max_size=2)
    ),
    max_leaves=6,
)


@SETTINGS
@given(metadata=st.dictionaries(st.one_of(st.sampled_from(MEMBERS), st.text(max_size=5)), values_of_members))
def test_registration_answers_any_metadata(
    issuers: dict[str, Issuer], browser: httpx2.Client, metadata: dict[str, Any]
) -> None:
    for said in (metadata, {**metadata, "redirect_uris": [CALLBACK]}):
        answer = browser.post(
            issuers["plain"].endpoints["registration"],
            content=json.dumps(said),
            headers={"content-type": "application/json"},
        )
        if answer.status_code != 201:
            assert error_of(answer) in (
                "invalid_client_metadata",
                "invalid_redirect_uri",
                "unapproved_software_statement",
            )


def test_a_body_of_megabytes_is_refused(issuers: dict[str, Issuer], browser: httpx2.Client) -> None:
    headers = {"content-type": "application/x-www-form-urlencoded"}
    url = issuers["plain"].endpoints["token"]
    answer = browser.post(url, content="a=" + "b" * 2_000_000, headers=headers)
    assert error_of(answer, 413) == "invalid_request"
