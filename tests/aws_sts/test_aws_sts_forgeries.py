"""Every forgery of the catalogue goes through AssumeRoleWithWebIdentity.

What AWS accepts is listed with the reason; everything else must be refused. A careful server refuses some of
what AWS accepts, since AWS looks at less: who signed, for whom and when, and nothing of an API's own rules.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

import pytest

from fake_idp import FORGERIES, InvalidValue, Issuer
from fake_idp.forgeries import publish
from harness.aws import Aws
from harness.aws.wire import Request
from tests.aws_sts.party import ACCOUNT, AUDIENCE, Web, exchange, make_role, register, trust

TOLERANCE = "within five minutes, which the IAM User Guide grants (OIDC federation, Note)"
WHOLE = "an honest token: the catalogue says so itself"
NO_CLAIM = "a claim of the API's own; AWS reads no scope, client or token type"
ACCEPTED = {
    **dict.fromkeys(
        ("enc.surrogate[surrogate]", "enc.surrogate[bidi]", "enc.surrogate[nul]"),
        "any JSON string is a subject (RFC 7519 section 4.1.2)",
    ),
    "sig.alg-not-listed[ES384]": "AWS takes ES384, whatever the API behind it has listed",
    "sig.ecdsa-high-s": WHOLE,
    "sig.weak-key[roca]": "only factoring the key shows it; the key itself is of the right form",
    "hdr.typ-id-token": "an ID token is what AWS asks for",
    **dict.fromkeys(
        ("hdr.typ-forms[upper-case]", "hdr.typ-forms[media-type]", "hdr.typ-forms[absent]"), WHOLE
    ),
    **dict.fromkeys(
        (
            "time.exp-past[1s]",
            "time.exp-past[60s]",
            "time.exp-edge[now]",
            "time.exp-edge[inside-leeway]",
            "time.exp-edge[at-leeway]",
            "time.exp-edge[beyond-leeway]",
            "time.nbf[future]",
            "time.skew[fast]",
        ),
        TOLERANCE,
    ),
    **dict.fromkeys(("time.exp-edge[one-second-left]", "time.mid-session", "time.skew[slow]"), WHOLE),
    "clm.aud-list[mixed]": "one of the audiences is registered, and AWS asks for one",
    **dict.fromkeys(("clm.aud-list[one]", "clm.aud-list[several]"), WHOLE),
    **dict.fromkeys(
        (
            "clm.client-id[other]",
            *(f"clm.scope[{name}]" for name in ("missing", "empty", "prefix", "case")),
            *(f"clm.scope-type[{name}]" for name in ("other-type", "other-name", "nested", "int")),
        ),
        NO_CLAIM,
    ),
    **dict.fromkeys(
        (
            f"clm.sub-session-name[{name}]"
            for name in ("one-character", "long", "spaces", "slash", "non-ascii")
        ),
        "the session name is the caller's to choose; it need not be the subject",
    ),
}
EXPIRED = {"time.exp-past[1h]", "time.exp-past[1y]", "time.leeway-cap", "time.iat[week-old]"}
# Shorter than 4 or longer than 20,000 characters, which is no WebIdentityToken at all.
BY_LENGTH = {
    *("enc.oversize[payload]", "enc.oversize[header]", "enc.deep-nesting", "enc.jwe[zip-bomb]"),
    *("enc.segments[empty]", "enc.segments[dot]", "enc.segments[two-dots]"),
}
NAMES = [
    f"{forgery.id}[{variant}]" if variant else forgery.id
    for forgery in FORGERIES.values()
    for variant in forgery.variants
]


@dataclass
class Side:
    """An issuer and a role that trusts it."""

    issuer: Issuer
    role: str


@pytest.fixture(scope="module")
def account() -> Iterator[tuple[Aws, list[Side]]]:
    """An account with a role for each of three issuers: by RSA, by a curve, and a user pool."""
    web, sides = Web(), []
    aws = Aws(account_id=ACCOUNT, fetch=web)
    for number, issuer in enumerate(
        (
            Issuer("plain", audience=AUDIENCE, url="https://rsa.example"),
            Issuer("plain", audience=AUDIENCE, url="https://ec.example", algorithm="ES256"),
            Issuer("cognito"),
        )
    ):
        web.publish(issuer)
        issuer.keys.rotate()  # two keys, so that a token has to say which is its own
        name = issuer.url.removeprefix("https://")
        audiences = [AUDIENCE, issuer.client_id]
        register(aws, issuer, *audiences)
        document = trust(
            {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{name}"},
            "sts:AssumeRoleWithWebIdentity",
            Condition={"StringEquals": {f"{name}:aud": audiences}},
        )
        sides.append(Side(issuer, make_role(aws, document, f"role-{number}")))
        assert exchange(aws, sides[-1].role, issuer.mint(**mint_options(issuer)))
    yield aws, sides
    aws.close()


def mint_options(issuer: Issuer) -> dict[str, str]:
    return {"token_use": "id"} if issuer.preset.name == "cognito" else {}


def forged(name: str, sides: list[Side]) -> tuple[Side, str]:
    """Return the forgery, and the first side of which it can be one."""
    for side in sides:
        try:
            token = side.issuer.forge(name)
            publish(name, side.issuer.keys)
        except InvalidValue:
            continue
        return side, token
    raise AssertionError(f"{name} is a forgery of none of the issuers")


@pytest.mark.parametrize("name", NAMES)
def test_each_forgery_is_refused_unless_there_is_a_reason(account: tuple[Aws, list[Side]], name: str) -> None:
    aws, sides = account
    side, token = forged(name, sides)
    if name in ACCEPTED:
        assert exchange(aws, side.role, token)["AssumedRoleUser"]
        return
    status, body = send(aws, side, token)
    code = "ExpiredTokenException" if name in EXPIRED else "InvalidIdentityToken"
    assert f"<Code>{'ValidationError' if name in BY_LENGTH else code}</Code>" in body
    assert status == 400
    assert len(token) < 40 or token[-40:] not in body


def send(aws: Aws, side: Side, token: str) -> tuple[int, str]:
    """Send a token past boto3, which would not send one that is too short."""
    fields = {"RoleArn": side.role, "RoleSessionName": "alice", "WebIdentityToken": token}
    body = urlencode({"Action": "AssumeRoleWithWebIdentity", "Version": "2011-06-15", **fields})
    response = aws.handle(Request(host="sts.amazonaws.com", body=body.encode()))
    return response.status, response.body.decode()


def test_what_is_accepted_is_in_the_catalogue() -> None:
    assert set(ACCEPTED) <= set(NAMES)
    assert set(NAMES) >= EXPIRED | BY_LENGTH
    assert all(ACCEPTED.values())
