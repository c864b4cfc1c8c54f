"""What vendors refuse that the standards would let pass, in the vendor's code, words and shape."""

from __future__ import annotations

import contextlib
import re
from typing import Any

import pytest

from fake_idp import PRESETS
from fake_idp.oauth.messages import OAuthError

API = "api://fa4e1d90-a417-4f00-8d2c-5b6a7c8d9e0f"
MCP = "https://mcp.example.com/mcp"


def refusal(preset: str, endpoint: Any, **parameters: str) -> OAuthError:
    with pytest.raises(OAuthError) as caught:
        PRESETS[preset].check_request(endpoint, parameters)
    return caught.value


def let_pass(preset: str, endpoint: Any, **parameters: str) -> None:
    PRESETS[preset].check_request(endpoint, parameters)


@pytest.mark.parametrize("preset", ["entra", "entra_common"])
@pytest.mark.parametrize("endpoint", ["authorization", "token"])
def test_entra_refuses_a_resource_that_is_not_the_scopes(preset: str, endpoint: Any) -> None:
    error = refusal(preset, endpoint, resource=MCP, scope=f"openid {API}/access_as_user")
    assert PRESETS[preset].resource == "refused"
    assert error.error == "invalid_target"
    assert error.description.startswith("AADSTS9010010: The resource parameter provided in the request")
    error = refusal(preset, endpoint, resource=MCP, scope="openid profile")
    assert (error.error, error.description) == (
        "invalid_request",
        "AADSTS901002: The 'resource' request parameter isn't supported.",
    )


def test_entra_refuses_a_foreign_resource_at_a_refresh_too() -> None:
    assert refusal("entra", "token", grant_type="refresh_token", resource=MCP).error == "invalid_target"


def test_entra_lets_a_resource_pass_that_says_what_the_scopes_say() -> None:
    let_pass("entra", "authorization", resource=API, scope=f"openid {API}/access_as_user")
    let_pass("entra", "token", grant_type="authorization_code", resource=API)
    let_pass("entra", "authorization", scope="openid")


def test_a_client_of_entra_by_itself_asks_for_the_default_scope() -> None:
    error = refusal("entra", "token", grant_type="client_credentials", scope=f"{API}/Metrics.Read")
    assert error.error == "invalid_scope"
    assert error.description.startswith("AADSTS1002012: ")
    error = refusal("entra", "token", grant_type="client_credentials")
    assert error.description.startswith("AADSTS900144: ")
    let_pass("entra", "token", grant_type="client_credentials", scope=f"{API}/.default")
    let_pass("entra", "token", grant_type="authorization_code", scope=f"{API}/Metrics.Read")


def test_a_client_of_entra_v1_by_itself_says_for_which_api() -> None:
    assert "'resource'" in refusal("entra_v1", "token", grant_type="client_credentials").description
    let_pass("entra_v1", "token", grant_type="client_credentials", resource=API)
    assert PRESETS["entra_v1"].resource == "audience"


@pytest.mark.parametrize(
    ("error", "words", "number"),
    [
        ("invalid_grant", "the code is over", 70008),
        ("invalid_client", "AADSTS7000215: Invalid client secret provided.", 7000215),
        ("temporarily_unavailable", "later", 50000),
    ],
)
def test_an_error_of_entra_has_numbers_and_ids(error: str, words: str, number: int) -> None:
    body = PRESETS["entra"].error_body(error, words, now=1_800_000_000)
    assert body["error"] == error
    assert body["error_codes"] == [number]
    assert body["timestamp"] == "2027-01-15 08:00:00Z"
    assert body["error_uri"] == f"https://login.microsoftonline.com/error?code={number}"
    guid = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    assert re.fullmatch(guid, body["trace_id"])
    assert body["error_description"] == (
        f"AADSTS{number}: {words.removeprefix(f'AADSTS{number}: ')} Trace ID: {body['trace_id']} "
        f"Correlation ID: {body['correlation_id']} Timestamp: 2027-01-15 08:00:00Z"
    )


@pytest.mark.parametrize("scope", ["openid", "read", "/read", "server/", "cloudwatch-mcp/read email"])
def test_a_client_of_cognito_by_itself_has_scopes_of_a_resource_server(scope: str) -> None:
    assert refusal("cognito", "token", grant_type="client_credentials", scope=scope).error == "invalid_scope"


def test_cognito_lets_scopes_of_a_resource_server_pass() -> None:
    scope = "https://mcp.example.com/read cloudwatch-mcp/write"
    let_pass("cognito", "token", grant_type="client_credentials", scope=scope)
    let_pass("cognito", "token", grant_type="client_credentials")
    let_pass("cognito", "token", grant_type="refresh_token", scope="openid")


def test_an_error_of_cognito_is_a_code_without_words() -> None:
    body = PRESETS["cognito"].error_body("invalid_grant", "the code was used", now=0)
    assert body == {"error": "invalid_grant"}


@pytest.mark.parametrize("preset", ["okta", "okta_org"])
def test_okta_lets_nobody_register_in_its_own_words(preset: str) -> None:
    error = refusal(preset, "registration")
    assert error.status == 403
    body = PRESETS[preset].error_body(error.error, error.description, now=0)
    assert body.pop("errorId").startswith("oae")
    assert body == {
        "errorCode": "E0000005",
        "errorSummary": "Invalid session",
        "errorLink": "E0000005",
        "errorCauses": [],
    }
    plain = PRESETS[preset].error_body("invalid_grant", "no", now=0)
    assert plain == {"error": "invalid_grant", "error_description": "no"}


def test_a_client_of_okta_by_itself_has_no_scopes_of_a_person() -> None:
    assert refusal("okta", "token", grant_type="client_credentials", scope="openid").error == "invalid_scope"
    let_pass("okta", "token", grant_type="client_credentials", scope="cw:read")
    let_pass("okta", "token", grant_type="authorization_code", scope="openid")


def test_okta_s_org_server_has_its_own_scopes_and_wants_a_signed_assertion() -> None:
    secret = refusal("okta_org", "token", grant_type="client_credentials", scope="okta.users.read")
    assert (secret.error, secret.status) == ("invalid_client", 401)
    assert "private_key_jwt" in secret.description
    given = {"grant_type": "client_credentials", "client_assertion": "x"}
    assert refusal("okta_org", "token", **given, scope="cw:read").error == "invalid_scope"
    assert refusal("okta_org", "token", **given).error == "invalid_scope"
    let_pass("okta_org", "token", **given, scope="okta.users.read")


@pytest.mark.parametrize("preset", ["auth0", "auth0_rfc9068"])
def test_a_client_of_auth0_by_itself_says_for_which_api(preset: str) -> None:
    error = refusal(preset, "token", grant_type="client_credentials")
    assert (error.error, error.status) == ("access_denied", 403)
    assert "audience" in error.description
    let_pass(preset, "token", grant_type="client_credentials", audience="https://api.example.com")
    assert PRESETS[preset].opaque_without_audience
    assert PRESETS[preset].audience_parameter
    assert PRESETS[preset].resource == "ignored"


def test_google_has_no_client_credentials_and_opaque_access_tokens() -> None:
    assert "client_credentials" not in PRESETS["google"].grants
    assert PRESETS["google"].access_tokens == "opaque"


@pytest.mark.parametrize("preset", ["plain", "identity_center", "cognito_identity", "google"])
def test_some_refuse_nothing_more_than_the_standards_do(preset: str) -> None:
    let_pass(preset, "token", grant_type="client_credentials", scope="openid x", resource=MCP)


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("text", ["", "\0", "é" * 1000, "AADSTS: ", "AADSTS99999999999999999999: x", "E0"])
def test_no_words_whatever_break_an_error(preset: str, text: str) -> None:
    body = PRESETS[preset].error_body("invalid_request", text, now=0)
    assert body["error"] == "invalid_request"
    with contextlib.suppress(OAuthError):
        let_pass(preset, "token", scope=text, resource=text, grant_type=text)
