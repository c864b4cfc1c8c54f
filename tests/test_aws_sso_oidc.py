"""Public clients at ``sso-oidc``: registration, device codes, PKCE, refresh tokens."""

from __future__ import annotations

import base64
import functools
import hashlib
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.aws.identity_center.sign_in import Devices, SignIn
from harness.aws.identity_center.sign_in.clients import Clients
from harness.aws.wire import Request
from tests.aws_identity_center import (
    CALLBACK,
    DEVICE_CODE,
    OIDC_HOST,
    Center,
    authorize,
    new_center,
    refused,
)

SCOPES = ["sso:account:access"]


@pytest.fixture
def center() -> Iterator[Center]:
    with new_center() as center:
        center.user("alice")
        yield center


@pytest.fixture
def client(center: Center) -> dict[str, str]:
    return center.client(scopes=SCOPES)


@pytest.fixture
def device(center: Center, client: dict[str, str]) -> dict[str, Any]:
    return center.oidc.start_device_authorization(**client, startUrl=center.start_url)


def _poll(center: Center, client: dict[str, str], device: dict[str, Any]) -> dict[str, Any]:
    return center.oidc.create_token(**client, grantType=DEVICE_CODE, deviceCode=device["deviceCode"])


def test_a_client_is_registered_for_ninety_days(center: Center) -> None:
    made = center.oidc.register_client(clientName="cli", clientType="public", scopes=SCOPES)
    assert made["clientSecretExpiresAt"] - made["clientIdIssuedAt"] == 90 * 24 * 3600
    assert made["clientIdIssuedAt"] == center.now
    client = {"clientId": made["clientId"], "clientSecret": made["clientSecret"]}
    center.now += 90 * 24 * 3600
    with refused("InvalidClientException", status=401):
        center.oidc.start_device_authorization(**client, startUrl=center.start_url)


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"clientType": "confidential"}, "InvalidClientMetadataException"),
        ({"scopes": ["no scope"]}, "InvalidScopeException"),
        ({"grantTypes": ["password"]}, "UnsupportedGrantTypeException"),
        ({"redirectUris": ["https://evil.example/cb"]}, "InvalidRedirectUriException"),
        ({"redirectUris": ["http://127.0.0.1.evil.example/cb"]}, "InvalidRedirectUriException"),
        ({"grantTypes": ["authorization_code"]}, "InvalidRequestException"),
        ({"issuerUrl": "https://d-0000000000.awsapps.com/start"}, "InvalidRequestException"),
    ],
)
def test_a_registration_that_is_not_in_order_is_refused(
    center: Center, options: dict[str, Any], code: str
) -> None:
    with refused(code):
        center.oidc.register_client(**{"clientName": "cli", "clientType": "public", **options})


def test_a_device_waits_until_somebody_approves(
    center: Center, client: dict[str, str], device: dict[str, Any]
) -> None:
    assert (device["expiresIn"], device["interval"]) == (600, 1)
    assert device["verificationUriComplete"].endswith(f"?user_code={device['userCode']}")
    with refused("AuthorizationPendingException") as pending:
        _poll(center, client, device)
    assert pending.value.response["error"] == "authorization_pending"
    assert pending.value.response["error_description"]
    center.aws.state(Devices).approve(device["userCode"], user="alice")
    tokens = _poll(center, client, device)
    assert (tokens["tokenType"], tokens["expiresIn"]) == ("Bearer", 3600)
    with refused("InvalidGrantException"):
        _poll(center, client, device)


def test_who_asks_too_often_is_told_to_slow_down(
    center: Center, client: dict[str, str], device: dict[str, Any]
) -> None:
    # the AWS CLI asks once before it shows the code, and again right after
    for _ in range(2):
        with refused("AuthorizationPendingException"):
            _poll(center, client, device)
    with refused("SlowDownException"):
        _poll(center, client, device)
    center.now += 1
    with refused("AuthorizationPendingException"):
        _poll(center, client, device)


def test_a_device_code_expires(center: Center, client: dict[str, str], device: dict[str, Any]) -> None:
    center.now += 600
    with refused("ExpiredTokenException"):
        _poll(center, client, device)


def test_a_denied_device_gets_nothing(center: Center, client: dict[str, str], device: dict[str, Any]) -> None:
    center.aws.state(Devices).deny(device["userCode"])
    center.aws.state(Devices).approve(device["userCode"], user="alice")  # too late
    with refused("AccessDeniedException"):
        _poll(center, client, device)


def test_automatic_approval_leaves_the_first_poll_pending(
    center: Center, client: dict[str, str], device: dict[str, Any]
) -> None:
    center.aws.state(SignIn).automatic = "alice"
    with refused("AuthorizationPendingException"):
        _poll(center, client, device)
    assert _poll(center, client, device)["accessToken"]


def test_automatic_approval_for_nobody_is_a_denial(
    center: Center, client: dict[str, str], device: dict[str, Any]
) -> None:
    center.aws.state(SignIn).automatic = "nobody"
    with refused("AuthorizationPendingException"):
        _poll(center, client, device)
    with refused("AccessDeniedException"):
        _poll(center, client, device)


def test_approving_what_is_not_there_says_what_is_not_there(center: Center, device: dict[str, Any]) -> None:
    with pytest.raises(LookupError, match="no user 'bob'"):
        center.aws.state(Devices).approve(device["userCode"], user="bob")
    with pytest.raises(LookupError, match="no device 'AAAA-AAAA'"):
        center.aws.state(Devices).approve("AAAA-AAAA", user="alice")
    with pytest.raises(LookupError, match="no device"):
        center.aws.state(Devices).deny("AAAA-AAAA")


def test_no_secret_is_in_a_repr(center: Center, client: dict[str, str], device: dict[str, Any]) -> None:
    known = center.aws.state(Clients).find(client["clientId"], region="us-east-1", now=center.now)
    assert client["clientSecret"] not in repr(known)
    assert device["deviceCode"] not in repr(center.aws.state(Devices).find(device["deviceCode"]))


def test_a_code_is_good_for_its_own_client_only(center: Center, device: dict[str, Any]) -> None:
    center.aws.state(Devices).approve(device["userCode"], user="alice")
    with refused("InvalidGrantException"):
        _poll(center, center.client(scopes=SCOPES), device)


def test_the_start_url_is_that_of_the_instance(center: Center, client: dict[str, str]) -> None:
    number = center.instance.rpartition("/")[2]
    for url in (f"{center.start_url}/", f"{center.start_url}#/", f"{center.start_url}/#/"):
        assert center.oidc.start_device_authorization(**client, startUrl=url)["deviceCode"]
    issuer = f"https://identitycenter.amazonaws.com/{number}"
    assert center.oidc.start_device_authorization(**client, startUrl=issuer)["deviceCode"]
    with refused("InvalidRequestException"):
        center.oidc.start_device_authorization(**client, startUrl="https://d-0123456789.awsapps.com/start")


def test_a_client_is_known_in_its_region_only(center: Center, client: dict[str, str]) -> None:
    elsewhere = center.aws.client("sso-oidc", region="eu-west-1")
    with refused("InvalidClientException", status=401):
        elsewhere.start_device_authorization(**client, startUrl=center.start_url)


def test_a_wrong_secret_is_refused(center: Center, client: dict[str, str]) -> None:
    with refused("InvalidClientException", status=401):
        center.oidc.create_token(
            clientId=client["clientId"], clientSecret="wrong", grantType=DEVICE_CODE, deviceCode="x"
        )


@pytest.mark.parametrize(
    ("grant", "fields", "code"),
    [
        ("password", {}, "UnsupportedGrantTypeException"),
        ("authorization_code", {"code": "x"}, "UnauthorizedClientException"),
        (DEVICE_CODE, {}, "InvalidRequestException"),
        (DEVICE_CODE, {"deviceCode": "x"}, "InvalidGrantException"),
        ("refresh_token", {}, "InvalidRequestException"),
        ("refresh_token", {"refreshToken": "x"}, "InvalidGrantException"),
    ],
)
def test_a_grant_that_is_not_in_order_is_refused(
    center: Center, client: dict[str, str], grant: str, fields: dict[str, str], code: str
) -> None:
    with refused(code):
        center.oidc.create_token(**client, grantType=grant, **fields)


def test_a_client_without_scopes_gets_eight_hours_and_no_refresh_token(center: Center) -> None:
    client = center.client()
    device = center.oidc.start_device_authorization(**client, startUrl=center.start_url)
    center.aws.state(Devices).approve(device["userCode"], user="alice")
    tokens = _poll(center, client, device)
    assert tokens["expiresIn"] == 8 * 3600
    assert "refreshToken" not in tokens


def test_a_refresh_token_renews_until_the_session_ends(
    center: Center, client: dict[str, str], device: dict[str, Any]
) -> None:
    center.aws.state(Devices).approve(device["userCode"], user="alice")
    first = _poll(center, client, device)
    refresh = {"grantType": "refresh_token", "refreshToken": first["refreshToken"]}
    with refused("InvalidGrantException"):
        center.oidc.create_token(**center.client(scopes=SCOPES), **refresh)
    with refused("InvalidGrantException"):
        center.oidc.create_token(**client, **{**refresh, "refreshToken": first["accessToken"]})
    center.now += 3600
    with refused("UnauthorizedException", status=401):
        center.portal.list_accounts(accessToken=first["accessToken"])
    second = center.oidc.create_token(**client, **refresh)
    assert center.portal.list_accounts(accessToken=second["accessToken"])["accountList"] == []
    center.now += 6.5 * 3600
    assert center.oidc.create_token(**client, **refresh)["expiresIn"] == 1800
    center.now += 1800
    with refused("InvalidGrantException"):
        center.oidc.create_token(**client, **refresh)


# The authorization endpoint is a page: see test_aws_sso_pages. Here it answers at once.


@pytest.fixture
def browsing(center: Center) -> dict[str, str]:
    return center.client(
        scopes=SCOPES,
        grantTypes=["authorization_code", "refresh_token"],
        redirectUris=[CALLBACK],
        issuerUrl=center.start_url,
    )


def _code(center: Center, client: dict[str, str], verifier: str, **changes: str) -> str:
    center.aws.state(SignIn).automatic = "alice"
    answer = authorize(center, client["clientId"], verifier, **changes)
    return answer["code"]


def test_pkce_gives_tokens_once_for_the_right_verifier(center: Center, browsing: dict[str, str]) -> None:
    verifier, uri = "v" * 43, "http://127.0.0.1:8123/oauth/callback"
    exchange = {"grantType": "authorization_code", "redirectUri": uri, "codeVerifier": verifier}
    code = _code(center, browsing, verifier, redirect_uri=uri)
    tokens = center.oidc.create_token(**browsing, **exchange, code=code)
    assert tokens["refreshToken"]
    assert center.portal.list_accounts(accessToken=tokens["accessToken"])["accountList"] == []
    with refused("InvalidGrantException"):
        center.oidc.create_token(**browsing, **exchange, code=code)
    for wrong in (
        {"codeVerifier": "w" * 43},
        {"codeVerifier": base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode()},
        {"redirectUri": CALLBACK},
    ):
        code = _code(center, browsing, verifier, redirect_uri=uri)
        with refused("InvalidGrantException"):
            center.oidc.create_token(**browsing, **{**exchange, **wrong}, code=code)
    code = _code(center, browsing, verifier, redirect_uri=uri)
    center.now += 600
    with refused("InvalidGrantException"):
        center.oidc.create_token(**browsing, **exchange, code=code)


def test_a_client_of_codes_may_not_use_device_codes(center: Center, browsing: dict[str, str]) -> None:
    with refused("UnauthorizedClientException"):
        center.oidc.start_device_authorization(**browsing, startUrl=center.start_url)


def test_it_is_found_by_its_paths_where_the_host_tells_nothing(center: Center) -> None:
    asked = {"clientName": "cli", "clientType": "public"}
    request = Request(
        host="127.0.0.1:4566",
        path="/client/register",
        headers={"content-type": "application/json"},
        body=json.dumps(asked).encode(),
    )
    assert json.loads(center.aws.handle(request).body)["clientId"]
    request = Request(
        method="GET",
        host="127.0.0.1:4566",
        path="/assignment/accounts",
        headers={"x-amz-sso_bearer_token": center.sign_in()},
    )
    assert json.loads(center.aws.handle(request).body) == {"accountList": []}


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
_NAMES = st.sampled_from(
    ["clientId", "clientSecret", "grantType", "deviceCode", "code", "codeVerifier", "redirectUri", "scope"]
)


@given(
    path=st.sampled_from(["/token", "/token?aws_iam=t", "/client/register", "/device_authorization", "/x"]),
    fields=st.dictionaries(_NAMES | st.just("clientName") | st.just("startUrl"), _JSON, max_size=6),
)
@settings(max_examples=150, deadline=None)
def test_whatever_comes_is_answered_in_aws_form(path: str, fields: dict[str, Any]) -> None:
    response = _fuzzed().aws.handle(
        Request(
            host=OIDC_HOST,
            path=path.partition("?")[0],
            query=path.partition("?")[2],
            headers={"content-type": "application/json"},
            body=json.dumps(fields).encode(),
        )
    )
    assert response.status < 500
    assert isinstance(json.loads(response.body), dict)
    assert (response.status == 200) != ("x-amzn-errortype" in response.headers)


@functools.cache
def _fuzzed() -> Center:
    return Center(account_id="310987654329")
