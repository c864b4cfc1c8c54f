"""STS: becoming a role by a signature, and the rest."""

from __future__ import annotations

from functools import partial
from hashlib import sha256, sha512

from harness.aws import Credentials
from tests.aws_errors.account import ALLOW, Account, policy
from tests.aws_errors.row import Row

__all__ = ["ROWS"]

_role = partial(Row, "sts", "AssumeRole")


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

ROWS = (*_ASSUME_ROLE, *_REST)
