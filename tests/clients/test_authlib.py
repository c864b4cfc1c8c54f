"""Authlib, the other Python OAuth library, logs in, refreshes, introspects and revokes."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from authlib.integrations.requests_client import OAuth2Session
from joserfc import jwt
from joserfc.jwk import KeySet

from fake_idp import PRESETS, Issuer
from fake_idp.clients import DEFAULT_SECRET

from .conftest import CALLBACK

LOGIN = [name for name, preset in PRESETS.items() if "authorization_code" in preset.grants]
MACHINE = [name for name, preset in PRESETS.items() if "client_credentials" in preset.grants]


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


@pytest.mark.parametrize("preset", MACHINE)
def test_a_machine_gets_a_token(issuers: dict[str, Issuer], preset: str) -> None:
    issuer = issuers[preset]
    scope = {"cognito": "api/read", "entra": "api://x/.default", "entra_v1": None}.get(
        preset, issuer.scope[0]
    )
    session, metadata = session_at(issuer, scope=scope)
    tokens = session.fetch_token(metadata["token_endpoint"], grant_type="client_credentials")
    assert tokens["token_type"].lower() == "bearer"
    assert "refresh_token" not in tokens
    assert "id_token" not in tokens


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
