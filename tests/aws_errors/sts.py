"""STS: becoming a role by a token."""

from __future__ import annotations

from functools import partial
from hashlib import sha256
from typing import Any

from fake_idp import Issuer
from tests.aws_errors.account import Account, policy
from tests.aws_errors.row import Row

__all__ = ["ROWS"]

_web = partial(Row, "sts", "AssumeRoleWithWebIdentity")
_AMAZON = "www.amazon.com"
_TAGS = "https://aws.amazon.com/tags"


def _unknown_issuer(a: Account) -> None:
    a.exchange(Issuer("auth0").mint())


def _unreachable(a: Account) -> None:
    issuer = Issuer("okta", url="https://down.okta.com/oauth2/default", audience="x")  # nobody serves it
    a.iam.create_open_id_connect_provider(Url=issuer.url, ClientIDList=["x"])
    a.exchange(issuer.mint())


def _thumbprint(a: Account) -> None:
    a.aws.thumbprint = lambda host: "b" * 40
    try:
        a.exchange(a.okta.mint())
    finally:
        a.aws.thumbprint = None


def _tags(a: Account, role: str | None = None, **tags: Any) -> None:
    a.exchange(a.okta.mint(claims={_TAGS: {"principal_tags": tags}}), role)


def _rejected(a: Account) -> None:
    fetch, a.aws.fetch = a.aws.fetch, lambda url: (400, b"{}")
    try:
        a.exchange("token", ProviderId=_AMAZON)
    finally:
        a.aws.fetch = fetch


_LARGE = policy(Action=[f"s3:{sha256(bytes([n])).hexdigest()[:40]}" for n in range(40)], Resource="*")
_INVALID = "InvalidIdentityToken"
_TOKENS = (
    _web(
        _INVALID,
        "No OpenIDConnect provider found in your account for …",
        "A token of an issuer that is not registered in the account.",
        _unknown_issuer,
        source="mozilla-aws-cli#127",
    ),
    _web(
        _INVALID,
        "Incorrect token audience",
        "A token for another client id than the provider's.",
        lambda a: a.exchange(a.okta.mint(aud="other")),
        source="amazon-eks-irsa-cfn#18",
    ),
    _web(
        _INVALID,
        "Missing a required claim: aud",
        "A token that lacks `aud`; likewise `sub`, `iat` and `exp`.",
        lambda a: a.exchange(a.okta.mint(without=("aud",))),
        source="aws-sdk-ruby#2698",
    ),
    _web(
        _INVALID,
        "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)",
        "What is no JWT: an opaque access token, garbage.",
        lambda a: a.exchange("garbage"),
    ),
    _web(
        _INVALID,
        "The ID Token provided is refused: signature does not verify",
        "A forged token: another key under the right `kid`, or a payload changed after signing.",
        lambda a: a.exchange(a.okta.forge("sig.wrong-key")),
        ours=True,
    ),
    _web(
        _INVALID,
        "The ID Token provided is refused: signature algorithm not accepted",
        "A token without a signature, or with HS256.",
        lambda a: a.exchange(a.okta.forge("sig.none")),
        ours=True,
    ),
    _web(
        _INVALID,
        "The ID Token provided is refused: not yet valid",
        "A token whose `nbf` or `iat` is more than five minutes ahead.",
        lambda a: a.exchange(a.okta.mint(claims={"nbf": int(a.aws.now()) + 3600})),
        ours=True,
    ),
    _web(
        _INVALID,
        "Couldn't retrieve verification key from your identity provider,  please reference "
        "AssumeRoleWithWebIdentity documentation for requirements",
        "A token of a registered issuer whose keys cannot be had: it is down, or its metadata names "
        "another issuer.",
        _unreachable,
        source="aws-sdk-rust#827",
    ),
    _web(
        _INVALID,
        "OpenIDConnect provider's HTTPS certificate doesn't match configured thumbprint",
        "The issuer's certificate is not the one that was registered.",
        _thumbprint,
        source="configure-aws-credentials#357",
    ),
    _web(
        _INVALID,
        "The source identity in the ID Token is not one that a session may have",
        "A token whose `https://aws.amazon.com/source_identity` is a number, or has a space in it.",
        lambda a: a.exchange(a.okta.mint(claims={"https://aws.amazon.com/source_identity": "a b"})),
        ours=True,
    ),
    _web(
        _INVALID,
        "The session tags in the ID Token …",
        "A token whose `https://aws.amazon.com/tags` are no tags.",
        lambda a: a.exchange(a.okta.mint(claims={_TAGS: "team"})),
        ours=True,
    ),
    _web(
        "ExpiredTokenException",
        "Token expired: current date/time … must be before the expiration date/time …",
        "A token that expired more than five minutes ago.",
        lambda a: a.exchange(a.okta.mint(expires_in=-301)),
        source="aws-sdk-java-v2#5709",
    ),
    _web(
        "ExpiredTokenException",
        "Token too old: …",
        "A token that was issued more than a day ago.",
        lambda a: a.exchange(a.okta.mint(claims={"iat": int(a.aws.now()) - 100_000})),
        source="mozilla-aws-cli#146",
    ),
    _web(
        "IDPRejectedClaim",
        "www.amazon.com: www.amazon.com responded with HTTP/1.1 400 Bad Request",
        "Login with Amazon, or Facebook, does not know the access token.",
        _rejected,
        403,
        source="aws-sdk-js#198",
    ),
    _web(
        "IDPCommunicationError",
        "www.amazon.com could not be reached",
        "Login with Amazon, or Facebook, cannot be reached. The SDKs try again.",
        lambda a: a.exchange("token", ProviderId=_AMAZON),
        ours=True,
    ),
    _web(
        "InvalidParameterValue",
        "ProviderId must be www.amazon.com or graph.facebook.com",
        "`ProviderId` names an OpenID Connect provider.",
        lambda a: a.exchange(a.okta.mint(), ProviderId="okta.com"),
        ours=True,
    ),
)
_WEB_IDENTITY = (
    _web(
        "AccessDenied",
        "Not authorized to perform sts:AssumeRoleWithWebIdentity",
        "The role's trust policy does not allow the token's issuer, audience or subject.",
        lambda a: a.exchange(a.okta.mint(), a.role()),
        403,
        source="charts#514",
    ),
    _web(
        "AccessDenied",
        "Not authorized to perform sts:AssumeRoleWithWebIdentity",
        "There is no such role.",
        lambda a: a.exchange(a.okta.mint(), "arn:aws:iam::123456789012:role/absent"),
        403,
    ),
    _web(
        "AccessDenied",
        "Not authorized to perform sts:TagSession",
        "The token has session tags, and the trust policy does not allow `sts:TagSession`.",
        lambda a: _tags(a, team=["red"]),
        403,
    ),
    _web(
        "AccessDenied",
        "Not authorized to perform sts:SetSourceIdentity",
        "The token has a source identity, and the trust policy does not allow `sts:SetSourceIdentity`.",
        lambda a: a.exchange(a.okta.mint(claims={"https://aws.amazon.com/source_identity": "alice"})),
        403,
    ),
    _web(
        "ValidationError",
        "1 validation error detected: Value 'auth0|6543' at 'roleSessionName' failed to satisfy "
        "constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]*",
        "A session name with a character that it may not have, such as the `|` of an Auth0 `sub`.",
        lambda a: a.exchange(a.okta.mint(), RoleSessionName="auth0|6543"),
        source="AWSCore.jl#38",
    ),
    _web(
        "ValidationError",
        "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        "`DurationSeconds` above the role's `MaxSessionDuration`.",
        lambda a: a.exchange(a.okta.mint(), DurationSeconds=3601),
        source="awsu#27",
    ),
    _web(
        "ValidationError",
        "arn:aws:iam::123456789012:user/alice is invalid",
        "`RoleArn` is the ARN of no role.",
        lambda a: a.exchange(a.okta.mint(), "arn:aws:iam::123456789012:user/alice"),
    ),
    _web(
        "ValidationError",
        "arn:aws:iam::123456789012:policy/absent is not a managed policy of this account",
        "`PolicyArns` has a policy that is not there.",
        lambda a: a.exchange(a.okta.mint(), PolicyArns=[{"arn": "arn:aws:iam::123456789012:policy/absent"}]),
        ours=True,
    ),
    _web(
        "MalformedPolicyDocument",
        "This policy contains invalid Json",
        "`Policy` is not JSON.",
        lambda a: a.exchange(a.okta.mint(), Policy="{"),
    ),
    _web(
        "PackedPolicyTooLarge",
        "Packed policy consumes …% of allotted space, please use smaller policy.",
        "Session policies and tags that are too large when packed.",
        lambda a: a.exchange(a.okta.mint(), Policy=_LARGE),
        source='re:Post, "PackedPolicyTooLarge"',
    ),
    Row(
        "sts",
        "AssumeRoleWithSAML",
        "NotImplemented",
        "This AWS does not implement AssumeRoleWithSAML of sts.",
        "SAML is not here.",
        lambda a: a.sts.assume_role_with_saml(
            RoleArn=a.reader, PrincipalArn="arn:aws:iam::123456789012:saml-provider/idp", SAMLAssertion="aaaa"
        ),
        ours=True,
    ),
)
ROWS = (*_TOKENS, *_WEB_IDENTITY)
