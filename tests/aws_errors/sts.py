"""STS: the errors of becoming a role by a token, and of becoming one by a signature."""

from __future__ import annotations

from functools import partial
from hashlib import sha256, sha512
from typing import Any

from fake_idp import Issuer
from harness.aws import Credentials
from tests.aws_errors.account import ALLOW, Account, policy
from tests.aws_errors.row import Row

__all__ = ["ROWS"]

_web = partial(Row, "sts", "AssumeRoleWithWebIdentity")
_role = partial(Row, "sts", "AssumeRole")
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


def _powerful(a: Account) -> Credentials:
    """A session that may do everything."""
    role = a.role(a.federated())
    a.iam.put_role_policy(RoleName=role.rpartition("/")[2], PolicyName="p", PolicyDocument=ALLOW)
    return a.session(RoleArn=role)


def _chained(a: Account) -> None:
    a.assume(a.role(MaxSessionDuration=7200), _powerful(a), DurationSeconds=3601)


def _foreign_context(a: Account) -> None:
    provider = "arn:aws:iam::aws:contextProvider/IdentityCenter"
    a.assume(a.role(), ProvidedContexts=[{"ProviderArn": provider, "ContextAssertion": "forged"}])


def _many_tags(number: int) -> list[dict[str, str]]:
    return [
        {"Key": sha256(bytes([n])).hexdigest(), "Value": sha512(bytes([n])).hexdigest()}
        for n in range(number)
    ]


def _tagged_role(a: Account) -> str:
    trust = policy(Principal={"AWS": a.aws.account_id}, Action=["sts:AssumeRole", "sts:TagSession"])
    return a.role(trust)


def _overridden(a: Account) -> None:
    red = [{"Key": "team", "Value": "red"}]
    made = a.assume(_tagged_role(a), Tags=red, TransitiveTagKeys=["team"])["Credentials"]
    session = Credentials(
        access_key_id=made["AccessKeyId"],
        secret_access_key=made["SecretAccessKey"],
        session_token=made["SessionToken"],
    )
    a.assume(_tagged_role(a), session, Tags=[{"Key": "team", "Value": "blue"}])


def _wrong_code(a: Account) -> None:
    device = a.iam.create_virtual_mfa_device(VirtualMFADeviceName=a.name("mfa"))["VirtualMFADevice"]
    serial = device["SerialNumber"]
    user = a.name("mfauser")
    a.iam.create_user(UserName=user)
    a.iam.enable_mfa_device(
        UserName=user, SerialNumber=serial, AuthenticationCode1="123456", AuthenticationCode2="654321"
    )
    key = a.iam.create_access_key(UserName=user)["AccessKey"]
    who = Credentials(access_key_id=key["AccessKeyId"], secret_access_key=key["SecretAccessKey"])
    a.assume(a.role(), who, SerialNumber=serial, TokenCode="000000")


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
        "A token of a registered issuer whose keys cannot be had: it is down, or its metadata names another issuer.",
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
_ASSUME_ROLE = (
    _role(
        "AccessDenied",
        "User: arn:aws:iam::{account}:user/… is not authorized to perform: sts:AssumeRole on resource: …",
        "The caller's policies, or the role's trust policy, do not allow it; also where there is no "
        "such role.",
        lambda a: a.assume(a.role(), a.nobody),
        403,
        source="security_monkey#77",
    ),
    _role(
        "AccessDenied",
        "User: … is not authorized to perform: sts:TagSession on resource: …",
        "Session tags, and the trust policy does not allow `sts:TagSession`.",
        lambda a: a.assume(a.role(), Tags=[{"Key": "team", "Value": "red"}]),
        403,
    ),
    _role(
        "AccessDenied",
        "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code.",
        "`SerialNumber` without `TokenCode`, or the other way round.",
        lambda a: a.assume(a.role(), TokenCode="123456"),
        403,
        source="sgviz#9",
    ),
    _role(
        "AccessDenied",
        "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA "
        "serial number is valid and associated with this user.",
        "The caller has no such MFA device.",
        lambda a: a.assume(a.role(), TokenCode="123456", SerialNumber="arn:aws:iam::123456789012:mfa/x"),
        403,
        source="aws-cli#6325",
    ),
    _role(
        "AccessDenied",
        "MultiFactorAuthentication failed with invalid MFA one time pass code.",
        "A code that the caller's device does not show.",
        _wrong_code,
        403,
        source="aws-cli#2279",
    ),
    _role(
        "ValidationError",
        "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
        "A role session assumes another role for more than an hour.",
        _chained,
        source="eks-anywhere#9485",
    ),
    _role(
        "InvalidParameterValue",
        "One of the specified transitive tag keys can't be set because it conflicts with "
        "a transitive tag key from the calling session.",
        "A tag that the calling session passes on, with another value.",
        _overridden,
        source="LocalStack's snapshots of AWS",
    ),
    _role(
        "InvalidParameterValue",
        "The specified transitive tag key must be included in the requested tags.",
        "A transitive tag key that is no key of a tag.",
        lambda a: a.assume(a.role(), TransitiveTagKeys=["team"]),
        source="LocalStack's snapshots of AWS",
    ),
    _role(
        "InvalidParameter",
        "ContextAssertion is invalid or has expired.",
        "`ProvidedContexts` with an assertion that IAM Identity Center did not make.",
        _foreign_context,
        ours=True,
    ),
    _role(
        "PackedPolicyTooLarge",
        "Packed size of session tags consumes …% of allotted space.",
        "Session tags that are too large when packed.",
        lambda a: a.assume(_tagged_role(a), Tags=_many_tags(50)),
        source='re:Post, "PackedPolicyTooLarge"',
    ),
)
_REST = (
    Row(
        "sts",
        "GetFederationToken",
        "AccessDenied",
        "Cannot call GetFederationToken with session credentials",
        "A session asks for what only a user's own key may have; likewise `GetSessionToken`.",
        lambda a: a.client("sts", _powerful(a)).get_federation_token(Name="bob"),
        403,
        source="aws-sdk-net#1704",
    ),
    Row(
        "sts",
        "GetAccessKeyInfo",
        "ValidationError",
        "The specified value for accessKeyId is invalid.",
        "A key that no account of this AWS has.",
        lambda a: a.sts.get_access_key_info(AccessKeyId="AKIAIOSFODNN7EXAMPLE"),
        ours=True,
    ),
    Row(
        "sts",
        "DecodeAuthorizationMessage",
        "InvalidAuthorizationMessageException",
        "Message is not valid",
        "Every message: no service here encodes one.",
        lambda a: a.sts.decode_authorization_message(EncodedMessage="x"),
        ours=True,
    ),
    Row(
        "sts",
        "GetWebIdentityToken",
        "OutboundWebIdentityFederationDisabledException",
        "Outbound web identity federation is not enabled for this account",
        "Always: outbound web identity federation is not here.",
        lambda a: a.sts.get_web_identity_token(Audience=["x"], SigningAlgorithm="RS256"),
        403,
        ours=True,
    ),
    Row(
        "sts",
        "GetCallerIdentity",
        "MissingAuthenticationToken",
        "Request is missing Authentication Token",
        "An unsigned call.",
        lambda a: a.unsigned("sts").get_caller_identity(),
        403,
    ),
)

ROWS = (*_TOKENS, *_WEB_IDENTITY, *_ASSUME_ROLE, *_REST)
