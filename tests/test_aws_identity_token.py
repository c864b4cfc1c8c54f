"""The verifier of web identity tokens, asked directly."""

from __future__ import annotations

from typing import Any

import pytest

from fake_idp import Issuer
from harness.aws.identity_token import Reason, TokenRejected, verify
from tests.aws_sts.party import AUDIENCE, Web


@pytest.fixture
def web() -> Web:
    return Web()


@pytest.fixture
def issuer(web: Web) -> Issuer:
    issuer = Issuer("okta", audience=AUDIENCE)
    web.publish(issuer)
    return issuer


def test_a_token_for_a_known_place_of_keys_needs_no_discovery(issuer: Issuer, web: Web) -> None:
    def check(token: str) -> dict[str, Any]:
        now = issuer.clock.now()
        return verify(token, issuer=issuer.url, jwks_url=issuer.jwks_url, fetch=web, now=now, tolerance=0)

    assert check(issuer.mint(sub="bob"))["sub"] == "bob"
    assert web.seen == [issuer.jwks_url]
    with pytest.raises(TokenRejected) as caught:
        check(issuer.mint(claims={"iss": "https://evil.example"}))
    assert caught.value.reason is Reason.ISSUER
    with pytest.raises(TokenRejected) as caught:
        check(issuer.mint(claims={"nbf": int(issuer.clock.now()) + 60}))
    assert caught.value.reason is Reason.NOT_YET_VALID
