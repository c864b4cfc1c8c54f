"""openid-client (npm), certified as a relying party, logs in at every vendor's issuer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jwt
import pytest

from fake_idp import PRESETS, Issuer

LOGIN = [name for name, preset in PRESETS.items() if "authorization_code" in preset.grants]

# Entra's metadata for `common` names the issuer `.../{tenantid}/v2.0`, which is no token's issuer.
TEMPLATED = "entra_common"


@pytest.mark.parametrize("preset", [name for name in LOGIN if name != TEMPLATED])
def test_it_logs_in_and_refreshes(
    run_node: Callable[..., dict[str, Any]],
    issuers: dict[str, Issuer],
    client_of: Callable[[Issuer], dict[str, Any]],
    preset: str,
) -> None:
    issuer = issuers[preset]
    said = run_node(
        "openid_client.mjs", **client_of(issuer), scope="openid profile email offline_access", userinfo=True
    )
    claims = said["claims"]
    assert claims["iss"] == issuer.url
    assert claims["aud"] == issuer.client_id
    has, refreshes = issuer.endpoints, "refresh_token" in issuer.preset.grants
    assert ("userinfo" in said, "after_revocation" in said) == (
        "userinfo" in has,
        refreshes and "revocation" in has,
    )
    if "userinfo" in said:
        assert said["userinfo"]["sub"] == claims["sub"]
    if refreshes:
        assert said["refreshed"]
        vendor = issuer.preset
        assert said["rotated"] == (vendor.rotates_refresh_tokens or vendor.renews_refresh_tokens)
    if "after_revocation" in said:
        assert said["after_revocation"] == "invalid_grant"


def test_it_pushes_its_request_and_binds_its_tokens_to_a_key(
    run_node: Callable[..., dict[str, Any]],
    plain: Issuer,
    client_of: Callable[[Issuer], dict[str, Any]],
) -> None:
    said = run_node(
        "openid_client.mjs",
        **client_of(plain),
        scope="openid offline_access",
        par=True,
        dpop=True,
        userinfo=True,
        machine={"scope": "cw:read", "resource": "https://api.example.com/v2"},
    )
    assert said["token_type"] == "dpop"
    assert said["introspected"]["active"] is True
    machine = jwt.decode(said["machine"], options={"verify_signature": False})
    assert machine["aud"] == "https://api.example.com/v2"
    assert machine["sub"] == plain.client_id
    assert "jkt" in machine["cnf"]
    assert plain.journal.requests(endpoint="pushed_authorization_request")
