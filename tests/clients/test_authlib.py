"""Authlib, the other Python OAuth library, logs in, refreshes, introspects and revokes."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from fake_idp import PRESETS, Issuer
from fake_idp.clients import DEFAULT_SECRET

from .conftest import CALLBACK

LOGIN = [name for name, preset in PRESETS.items() if "authorization_code" in preset.grants]

#: What a client must send to get a machine's token, vendor by vendor: each refuses what is missing.
MACHINE: dict[str, dict[str, str]] = {
    "plain": {"scope": "cw:read"},
    "cognito": {"scope": "cloudwatch-mcp/read"},
    "okta": {"scope": "cw:read"},
    "auth0": {"audience": "https://api.example.com"},
    "auth0_rfc9068": {"audience": "https://api.example.com"},
    "entra": {"scope": "api://example/.default"},
    "entra_v1": {"resource": "api://example"},
    "entra_common": {"scope": "api://example/.default"},
}


def session_at(issuer: Issuer, **options: Any) -> tuple[OAuth2Session, dict[str, Any]]:
    metadata = requests.get(issuer.discovery_url, timeout=5).json()
    session = OAuth2Session(
        issuer.client_id,
        DEFAULT_SECRET,
        redirect_uri=CALLBACK,
        code_challenge_method="S256",
        token_endpoint_auth_method="client_secret_basic",
        **options,
    )
    return session, metadata


@pytest.mark.parametrize("preset", LOGIN)
def test_it_logs_in_and_its_id_token_verifies_with_joserfc(issuers: dict[str, Issuer], preset: str) -> None:
    issuer = issuers[preset]
    session, metadata = session_at(issuer, scope="openid email")
    verifier = "v" * 64
    url, state = session.create_authorization_url(
        metadata["authorization_endpoint"], code_verifier=verifier, nonce="n-1"
    )
    answer = requests.get(url, allow_redirects=False, timeout=5)
    tokens = session.fetch_token(
        metadata["token_endpoint"],
        authorization_response=answer.headers["location"],
        state=state,
        code_verifier=verifier,
    )
    keys = KeySet.import_key_set(requests.get(metadata["jwks_uri"], timeout=5).json())
    token = jwt.decode(tokens["id_token"], keys, algorithms=[issuer.keys.algorithm])
    assert token.claims["nonce"] == "n-1"
    assert token.claims["aud"] == issuer.client_id


def test_every_vendor_that_knows_machines_is_asked() -> None:
    assert {*MACHINE, "okta_org"} == {
        name for name, preset in PRESETS.items() if "client_credentials" in preset.grants
    }


@pytest.mark.parametrize("preset", MACHINE)
def test_a_machine_gets_a_token(issuers: dict[str, Issuer], preset: str) -> None:
    issuer = issuers[preset]
    session, metadata = session_at(issuer, scope=MACHINE[preset].get("scope"))
    tokens = session.fetch_token(
        metadata["token_endpoint"], grant_type="client_credentials", **MACHINE[preset]
    )
    assert tokens["token_type"].lower() == "bearer"
    assert "refresh_token" not in tokens
    assert "id_token" not in tokens


def test_a_machine_at_oktas_org_server_needs_a_key_of_its_own(issuers: dict[str, Issuer]) -> None:
    issuer = issuers["okta_org"]
    session, metadata = session_at(issuer, scope="okta.users.read")
    with pytest.raises(OAuthError, match="private_key_jwt"):
        session.fetch_token(metadata["token_endpoint"], grant_type="client_credentials")
    key = RSAKey.generate_key(2048, {"kid": "k1"})
    issuer.clients.add(
        "service",
        token_endpoint_auth_methods=["private_key_jwt"],
        jwks={"keys": [key.as_dict(private=False)]},
    )
    service = OAuth2Session(
        "service",
        key.as_pem(private=True).decode(),
        scope="okta.users.read",
        token_endpoint_auth_method=PrivateKeyJWT(
            metadata["token_endpoint"], alg="RS256", headers={"alg": "RS256", "kid": "k1"}
        ),
    )
    tokens = service.fetch_token(metadata["token_endpoint"], grant_type="client_credentials")
    assert tokens["scope"] == "okta.users.read"


def test_a_refresh_token_used_twice_ends_the_family(plain: Issuer) -> None:
    session, metadata = session_at(plain, scope="openid offline_access")
    verifier = "v" * 64
    url, _ = session.create_authorization_url(metadata["authorization_endpoint"], code_verifier=verifier)
    answer = requests.get(url, allow_redirects=False, timeout=5)
    first = session.fetch_token(
        metadata["token_endpoint"],
        authorization_response=answer.headers["location"],
        code_verifier=verifier,
    )
    second = session.refresh_token(metadata["token_endpoint"], refresh_token=first["refresh_token"])
    assert second["refresh_token"] != first["refresh_token"]
    for token in (first, second):  # the first again is theft, and it takes the second with it
        again = session.post(
            metadata["token_endpoint"],
            data={"grant_type": "refresh_token", "refresh_token": token["refresh_token"]},
            auth=(plain.client_id, DEFAULT_SECRET),
            withhold_token=True,
        )
        assert again.json()["error"] == "invalid_grant"
    told = session.introspect_token(metadata["introspection_endpoint"], token=second["access_token"])
    assert told.json() == {"active": False}
