"""Every hostile token that the issuer can make, as a login of an identity pool: which are let in, and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import time_machine

from fake_idp import FORGERIES, Issuer
from fake_idp.errors import InvalidValue
from tests.aws_identity_pool import START, Cloud

# What is no defect at all.
HONEST = {
    "time.exp-edge[one-second-left]": "not expired",
    "time.iat[week-old]": "no age is too great while exp is to come",
    "time.mid-session": "not expired",
    "time.skew[slow]": "issued in the past",
    "clm.sub-session-name[one-character]": "the session is named by Cognito, not for the subject",
    "clm.sub-session-name[long]": "likewise",
    "clm.sub-session-name[spaces]": "likewise",
    "clm.sub-session-name[slash]": "likewise",
    "clm.sub-session-name[non-ascii]": "likewise",
    "hdr.typ-id-token": "an ID token is what an identity pool wants",
}
# What AWS documents nothing about; the verifier that STS and Cognito share lets it pass.
LENIENT = {
    "enc.surrogate[surrogate]": "a claim that nobody reads",
    "enc.surrogate[bidi]": "likewise",
    "enc.surrogate[nul]": "likewise",
}
# Cognito Developer Guide, "Validating an OpenID Connect token": five minutes for the clocks to differ.
GRACE = dict.fromkeys(
    (
        "time.skew[fast]",
        "time.exp-past[1s]",
        "time.exp-past[60s]",
        "time.exp-edge[now]",
        "time.exp-edge[inside-leeway]",
        "time.exp-edge[at-leeway]",
        "time.exp-edge[beyond-leeway]",
        "time.nbf[future]",
    ),
    "less than five minutes",
)
# The same page: azp, if it is there, is all that is compared with the clients of the IAM provider, else aud.
# So an access token with azp is let in as well, whatever its aud and scope.
CLIENTS = {
    "jwks.kid-absent[token]": "the issuer has one key, so a token without a kid can mean no other",
    "clm.aud-list[mixed]": "one of the audiences is a client",
    "clm.aud-list[one]": "likewise",
    "clm.aud-list[several]": "likewise",
    "clm.client-id[no-aud]": "azp is a client",
    "clm.scope[missing]": "likewise",
    "clm.scope[empty]": "likewise",
    "clm.scope[prefix]": "likewise",
    "clm.scope[case]": "likewise",
    "clm.scope-type[other-type]": "likewise",
    "clm.scope-type[other-name]": "likewise",
    "clm.scope-type[nested]": "likewise",
    "clm.scope-type[int]": "likewise",
    "hdr.typ-forms[upper-case]": "likewise",
    "hdr.typ-forms[media-type]": "likewise",
    "hdr.typ-forms[absent]": "likewise",
}

ACCEPTED: Mapping[str, Mapping[str, str]] = {
    "user pool": HONEST | LENIENT,
    "OIDC provider": HONEST | LENIENT | GRACE | CLIENTS,
    "OIDC provider without RSA": {},
}
# The API's own bound of a token, or that it is empty.
TOO_LONG = {
    "enc.segments[empty]",
    "enc.deep-nesting",
    "enc.jwe[zip-bomb]",
    "enc.oversize[payload]",
    "enc.oversize[header]",
}
VARIANTS = [
    f"{forgery.id}[{variant}]" if variant else forgery.id
    for forgery in FORGERIES.values()
    for variant in forgery.variants
]


class Gate:
    """The ways into identity pools: an issuer each, and the pool that takes its tokens."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        oidc, arn = cloud.add_issuer("auth0")
        ecdsa, ecdsa_arn = cloud.add_issuer("plain", url="https://ec.example.com", algorithm="ES256")
        pools = [cloud.create_pool(OpenIdConnectProviderARNs=[each]) for each in (arn, ecdsa_arn)]
        self.ways: dict[str, tuple[Issuer, str, dict[str, Any]]] = {
            "user pool": (cloud.users, cloud.pool, {}),
            "OIDC provider": (oidc, pools[0], {"token_use": "id"}),
            "OIDC provider without RSA": (ecdsa, pools[1], {"token_use": "id"}),
        }

    def try_in(self, way: str, forgery: str | None) -> tuple[int, dict[str, Any]]:
        """Call GetId with a token that has a defect, or none.

        Raises:
            InvalidValue: this issuer's tokens cannot have it.
        """
        issuer, pool, options = self.ways[way]
        token = (
            issuer.mint(sub="alice", **options)
            if forgery is None
            else issuer.forge(forgery, sub="alice", **options)
        )
        logins = {issuer.url.removeprefix("https://"): token}
        return self.cloud.send("GetId", {"IdentityPoolId": pool, "Logins": logins})


@pytest.fixture(scope="module")
def gate() -> Iterator[Gate]:
    with time_machine.travel(START, tick=False) as time:
        yield Gate(Cloud(time))


@pytest.mark.parametrize("way", list(ACCEPTED))
@pytest.mark.parametrize("forgery", VARIANTS)
def test_a_forged_token_is_let_in_only_where_it_is_written_why(gate: Gate, way: str, forgery: str) -> None:
    try:
        status, answer = gate.try_in(way, forgery)
    except InvalidValue:
        assert forgery not in ACCEPTED[way]
        return
    assert (status == 200) == (forgery in ACCEPTED[way]), answer
    if status != 200:
        code = "ValidationException" if forgery in TOO_LONG else "NotAuthorizedException"
        assert (status, answer["__type"]) == (400, code)
        assert answer["message"].startswith(
            ("Invalid login token. ", "Token is not from", "1 validation error")
        )
        assert "eyJ" not in answer["message"]


def test_every_variant_can_be_tried_somewhere(gate: Gate) -> None:
    untried = set(VARIANTS)
    for way in ACCEPTED:
        for forgery in sorted(untried):
            try:
                gate.try_in(way, forgery)
            except InvalidValue:
                continue
            untried.discard(forgery)
    assert not untried


def test_the_honest_token_is_let_in_after_all_that_but_for_one_without_rsa(gate: Gate) -> None:
    outcomes = {way: gate.try_in(way, None) for way in ACCEPTED}
    assert {way: status for way, (status, _) in outcomes.items()} == {
        "user pool": 200,
        "OIDC provider": 200,
        "OIDC provider without RSA": 400,
    }
    refusal = outcomes["OIDC provider without RSA"][1]["message"]
    assert refusal == "Invalid login token. Couldn't verify signed token."
