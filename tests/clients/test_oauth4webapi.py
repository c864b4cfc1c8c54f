"""oauth4webapi (npm) holds each answer against its RFC."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jwt

from fake_idp import Issuer


def test_it_registers_pushes_logs_in_exchanges_and_revokes(
    run_node: Callable[..., dict[str, Any]], plain: Issuer
) -> None:
    said = run_node(
        "oauth4webapi.mjs",
        issuer=plain.url,
        redirect_uri="http://127.0.0.1:1/callback",
        resource="https://api.example.com/things",
        subject_token=plain.mint("bob"),
    )
    assert said["token_type"] == "dpop"
    assert said["claims"]["sub"] == said["userinfo"]["sub"] == said["access"]["sub"]
    assert said["access"]["aud"] == "https://api.example.com/things"
    assert said["pending"] == "authorization_pending"
    exchanged = jwt.decode(said["exchanged"], options={"verify_signature": False})
    assert exchanged["sub"] == "bob"
    assert exchanged["aud"] == "https://other.example"
    assert said["introspected"]["active"] is True
    assert said["after_revocation"] == {"active": False}


def test_it_finds_the_metadata_by_rfc_8414(run_node: Callable[..., dict[str, Any]], plain: Issuer) -> None:
    said = run_node(
        "oauth4webapi.mjs",
        issuer=plain.url,
        algorithm="oauth2",
        redirect_uri="http://127.0.0.1:1/callback",
        resource="https://api.example.com/things",
        subject_token=plain.mint("bob"),
    )
    assert said["registered"]
