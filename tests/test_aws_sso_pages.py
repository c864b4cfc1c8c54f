"""The pages on which people sign in, asked as a browser asks."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.aws.identity_center.sign_in import Devices, SignIn
from tests.aws_identity_center import (
    CALLBACK,
    DEVICE_CODE,
    OIDC_HOST,
    Center,
    browse,
    new_center,
    refused,
    request_of,
)

SCOPES = ["sso:account:access"]
DEVICE_HOST = "device.sso.us-east-1.amazonaws.com"


@pytest.fixture
def center() -> Iterator[Center]:
    with new_center() as center:
        yield center


@pytest.fixture
def alice(center: Center) -> str:
    return center.user("alice")


@pytest.fixture
def client(center: Center) -> dict[str, str]:
    return center.client(
        scopes=SCOPES,
        grantTypes=["authorization_code", "refresh_token", DEVICE_CODE],
        redirectUris=[CALLBACK],
        issuerUrl=center.start_url,
    )


@pytest.fixture
def device(center: Center, client: dict[str, str]) -> dict[str, Any]:
    return center.oidc.start_device_authorization(**client, startUrl=center.start_url)


def _poll(center: Center, client: dict[str, str], device: dict[str, Any]) -> dict[str, Any]:
    return center.oidc.create_token(**client, grantType=DEVICE_CODE, deviceCode=device["deviceCode"])


def test_a_person_approves_a_device(
    center: Center, alice: str, client: dict[str, str], device: dict[str, Any]
) -> None:
    status, headers, page = browse(center, device["verificationUriComplete"])
    assert status == 200
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "<script" not in page
    assert f"<code>{device['userCode']}</code>" in page
    assert f'<option value="{alice}">Alice (alice)</option>' in page
    form = {"user_code": device["userCode"].lower().replace("-", " "), "user": alice, "decision": "allow"}
    status, _, page = browse(center, device["verificationUri"], form)
    assert (status, "Request approved" in page) == (200, True)
    assert _poll(center, client, device)["accessToken"]
    status, _, _ = browse(center, device["verificationUriComplete"])
    assert status == 400  # it waits no more


def test_a_person_denies_a_device(center: Center, client: dict[str, str], device: dict[str, Any]) -> None:
    _, _, page = browse(center, device["verificationUriComplete"])
    assert "no users yet" in page
    form = {"user_code": device["userCode"], "decision": "deny"}
    _, _, page = browse(center, device["verificationUri"], form)
    assert "Request denied" in page
    with refused("AccessDeniedException"):
        _poll(center, client, device)


def test_only_a_user_of_the_store_approves_and_only_from_the_page_itself(
    center: Center, alice: str, client: dict[str, str], device: dict[str, Any]
) -> None:
    form = {"user_code": device["userCode"], "user": "nobody", "decision": "allow"}
    assert browse(center, device["verificationUri"], form)[0] == 400
    form["user"] = alice
    for origin in ("https://evil.example", "null"):
        assert browse(center, device["verificationUri"], form, origin=origin)[0] == 403
    with refused("AuthorizationPendingException"):
        _poll(center, client, device)
    assert browse(center, device["verificationUri"], form, origin=f"https://{DEVICE_HOST}")[0] == 200


def test_a_code_that_no_device_shows_is_asked_for_again(center: Center, device: dict[str, Any]) -> None:
    status, _, page = browse(center, f"https://{DEVICE_HOST}/?user_code=%3Cb%3E%F0")
    assert status == 400
    assert "&lt;b&gt;" in page
    assert "<b>" not in page
    center.now += 600
    assert browse(center, device["verificationUriComplete"])[0] == 400


def test_names_are_escaped(center: Center) -> None:
    center.store.create_user(
        IdentityStoreId=center.store_id,
        UserName="<i>mallory",
        DisplayName='"><script>alert(1)</script>',
        Name={"GivenName": "M", "FamilyName": "M"},
    )
    made = center.oidc.register_client(clientName="<img src=x>", clientType="public", scopes=SCOPES)
    client = {"clientId": made["clientId"], "clientSecret": made["clientSecret"]}
    device = center.oidc.start_device_authorization(**client, startUrl=center.start_url)
    _, _, page = browse(center, device["verificationUriComplete"])
    assert "<img" not in page
    assert "<script" not in page
    assert "&lt;i&gt;mallory" in page


@pytest.mark.parametrize("method", ["PUT", "OPTIONS"])
def test_other_methods_are_not_allowed(center: Center, method: str) -> None:
    status, headers, _ = browse(center, f"https://{DEVICE_HOST}/", method=method)
    assert (status, headers["allow"]) == (405, "GET, POST")


def test_a_form_that_is_too_large_is_refused(center: Center) -> None:
    assert browse(center, f"https://{DEVICE_HOST}/", {"user_code": "x" * 70_000})[0] == 413


def test_a_person_signs_in_for_a_client_with_pkce(center: Center, alice: str, client: dict[str, str]) -> None:
    verifier = "v" * 43
    asked = request_of(client["clientId"], verifier, scopes="sso:account:access")
    status, _, page = browse(center, f"https://{OIDC_HOST}/authorize?{urlencode(asked)}")
    assert status == 200
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page))
    assert hidden == asked
    form = {**hidden, "user": alice, "decision": "allow"}
    status, headers, _ = browse(center, f"https://{OIDC_HOST}/authorize", form)
    assert status == 302
    answer = dict(parse_qsl(urlsplit(headers["location"]).query))
    assert headers["location"].startswith(f"{CALLBACK}?")
    assert answer["state"] == "abc"
    tokens = center.oidc.create_token(
        **client,
        grantType="authorization_code",
        code=answer["code"],
        redirectUri=CALLBACK,
        codeVerifier=verifier,
    )
    assert tokens["refreshToken"]

    _, headers, _ = browse(center, f"https://{OIDC_HOST}/authorize", {**form, "decision": "deny"})
    assert dict(parse_qsl(urlsplit(headers["location"]).query)) == {"error": "access_denied", "state": "abc"}
    status, _, _ = browse(center, f"https://{OIDC_HOST}/authorize", form, origin="https://evil.example")
    assert status == 403


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"client_id": "nobody"}, "InvalidClientException"),
        ({"redirect_uri": "https://evil.example/"}, "InvalidRedirectUriException"),
        ({"redirect_uri": "http://127.0.0.1/other"}, "InvalidRedirectUriException"),
        ({"redirect_uri": "http://127.0.0.1:1@evil.example/oauth/callback"}, "InvalidRedirectUriException"),
        ({"response_type": "token"}, "InvalidRequestException"),
        ({"code_challenge_method": "plain"}, "InvalidRequestException"),
        ({"code_challenge": "short"}, "InvalidRequestException"),
        ({"scopes": "admin"}, "InvalidScopeException"),
    ],
)
def test_a_request_that_is_not_in_order_goes_nowhere(
    center: Center, client: dict[str, str], changes: dict[str, str], code: str
) -> None:
    center.aws.state(SignIn).automatic = "alice"
    query = urlencode({**request_of(client["clientId"], "v" * 43), **changes})
    status, headers, body = browse(center, f"https://{OIDC_HOST}/authorize?{query}")
    assert status in {400, 401}
    assert headers["x-amzn-errortype"] == code
    assert "location" not in headers
    assert json.loads(body)["error"]


def test_a_client_of_device_codes_gets_no_authorization_codes(center: Center) -> None:
    client = center.client(scopes=SCOPES, redirectUris=[CALLBACK], issuerUrl=center.start_url)
    query = urlencode(request_of(client["clientId"], "v" * 43))
    status, headers, _ = browse(center, f"https://{OIDC_HOST}/authorize?{query}")
    assert (status, headers["x-amzn-errortype"]) == (400, "UnauthorizedClientException")


def test_a_redirect_uri_cannot_end_its_header(center: Center, alice: str) -> None:
    arn, uri = center.application(), "https://[app\r\nset-cookie: a=b"
    center.admin.put_application_grant(
        ApplicationArn=arn,
        GrantType="authorization_code",
        Grant={"AuthorizationCode": {"RedirectUris": [uri]}},
    )
    center.aws.state(SignIn).automatic = "alice"
    query = urlencode(request_of(arn, "v" * 43, redirect_uri=uri))
    status, headers, _ = browse(center, f"https://{OIDC_HOST}/authorize?{query}")
    assert status == 302
    assert headers["location"].startswith("https://[app%0D%0Aset-cookie:%20a=b?code=")


@functools.cache
def _fuzzed() -> Center:
    center = Center(account_id="310987654324")
    center.user("alice")
    return center


_TEXT = st.text(max_size=12)
_FIELDS = st.dictionaries(
    st.sampled_from(["user_code", "user", "decision", *request_of("", "")]) | _TEXT, _TEXT, max_size=9
)


@given(
    host=st.sampled_from([DEVICE_HOST, OIDC_HOST]),
    query=_FIELDS,
    form=st.none() | _FIELDS,
    origin=st.none() | st.sampled_from(["null", "http://[", f"https://{OIDC_HOST}"]),
)
@settings(max_examples=100, deadline=None)
def test_whatever_a_browser_sends_gets_an_answer(
    host: str, query: dict[str, str], form: dict[str, str] | None, origin: str | None
) -> None:
    page = f"https://{host}/authorize?{urlencode(query, errors='replace')}"
    status, _, text = browse(_fuzzed(), page, form, origin=origin)
    assert status in {200, 400, 401, 403}
    assert text


def test_the_pages_go_with_the_instance(center: Center, device: dict[str, Any]) -> None:
    assert center.aws.state(Devices).waiting(device["userCode"], now=center.now) is not None
    center.admin.delete_instance(InstanceArn=center.instance)
    status, headers, _ = browse(center, device["verificationUriComplete"])
    assert (status, headers["content-type"].partition(";")[0]) == (404, "text/xml")
