"""What every service has: who signed, and what they may."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from typing import Any

from botocore import UNSIGNED

from harness.aws import Credentials
from tests.aws_errors.account import ALLOW, Account, policy
from tests.aws_errors.row import Row

__all__ = ["ROWS"]


_QUERY = partial(Row, "any", "query")
_CLOUDWATCH = partial(Row, "any", "CloudWatch")
_JSON = partial(Row, "any", "JSON")


def _ask(a: Account, service: str, who: Credentials | None) -> None:
    """Ask what nobody is denied to see, in every kind of protocol."""
    operation = {"sts": "get_caller_identity", "cloudwatch": "list_metrics", "logs": "describe_log_groups"}[
        service
    ]
    getattr(a.client(service, who), operation)()


def _expired(a: Account, service: str) -> None:
    session = a.session(DurationSeconds=900)
    with a.later(minutes=16):
        _ask(a, service, session)


def _role_gone(a: Account) -> None:
    role = a.role(a.federated())
    session = a.session(RoleArn=role)
    name = role.rpartition("/")[2]
    a.iam.detach_role_policy(RoleName=name, PolicyArn=_READ_ONLY)
    a.iam.delete_role(RoleName=name)
    _ask(a, "sts", session)


def _skewed(a: Account, service: str, minutes: int) -> None:
    session = a.aws.clock
    session.advance(minutes * 60)
    try:
        _ask(a, service, None)
    finally:
        session.advance(-minutes * 60)


def _other_region(a: Account) -> None:
    client = a.client("sts", region="eu-west-1")
    client.meta.events.register_first("before-send", _to_virginia)
    try:
        client.get_caller_identity()
    finally:
        client.meta.events.unregister("before-send", _to_virginia)


def _to_virginia(request: Any, **_: Any) -> None:
    request.headers["Host"] = "sts.us-east-1.amazonaws.com"
    request.url = "https://sts.us-east-1.amazonaws.com/"


def _authorization(a: Account, service: str, operation: str) -> None:
    def change(params: dict[str, Any]) -> None:
        params["headers"]["Authorization"] = "AWS4-HMAC-SHA256 nothing"

    getattr(a.altered(service, change, signature_version=UNSIGNED), operation)()


def _garbled(a: Account) -> None:
    _authorization(a, "sts", "get_caller_identity")


def _garbled_json(a: Account) -> None:
    _authorization(a, "logs", "describe_log_groups")


def _cut(a: Account) -> None:
    _ask(a, "cloudwatch", a.session(Policy=policy(Action="logs:*", Resource="*")))


def _bounded(a: Account) -> None:
    user = a.name("bounded")
    a.iam.create_user(UserName=user, PermissionsBoundary="arn:aws:iam::aws:policy/IAMReadOnlyAccess")
    a.iam.put_user_policy(UserName=user, PolicyName="p", PolicyDocument=ALLOW)
    key = a.iam.create_access_key(UserName=user)["AccessKey"]
    who = Credentials(access_key_id=key["AccessKeyId"], secret_access_key=key["SecretAccessKey"])
    _ask(a, "cloudwatch", who)


def _list_users(a: Account, who: Credentials) -> None:
    a.client("iam", who).list_users()


def _refused_by_deny(a: Account) -> None:
    user = a.name("denied")
    a.iam.create_user(UserName=user)
    deny = {"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"}}
    for name, document in (("p", ALLOW), ("q", json.dumps(deny))):
        a.iam.put_user_policy(UserName=user, PolicyName=name, PolicyDocument=document)
    key = a.iam.create_access_key(UserName=user)["AccessKey"]
    who = Credentials(access_key_id=key["AccessKeyId"], secret_access_key=key["SecretAccessKey"])
    a.client("cloudwatch", who).list_metrics()


_READ_ONLY = "arn:aws:iam::aws:policy/CloudWatchReadOnlyAccess"
_UNKNOWN_KEY = Credentials(access_key_id="AKIAIOSFODNN7EXAMPLE", secret_access_key="s" * 40)
_INVALID = "The security token included in the request is invalid."
_MISMATCH = "The request signature we calculated does not match the signature you provided. …"
_EXPIRED = "The security token included in the request is expired"
_SIGNED = (
    _QUERY(
        "MissingAuthenticationToken",
        "Request is missing Authentication Token",
        "An unsigned call of what wants a signature.",
        lambda a: a.unsigned("sts").get_caller_identity(),
        403,
    ),
    _JSON(
        "MissingAuthenticationTokenException",
        "Request is missing Authentication Token",
        "An unsigned call of what wants a signature.",
        lambda a: a.unsigned("logs").describe_log_groups(),
    ),
    _QUERY(
        "InvalidClientTokenId",
        _INVALID,
        "An access key that does not exist or is inactive, another session's token, or credentials "
        "whose role or "
        "user was deleted.",
        _role_gone,
        403,
        source="grafana#6327",
    ),
    _CLOUDWATCH("InvalidClientTokenId", _INVALID, "The same.", lambda a: _ask(a, "cloudwatch", _UNKNOWN_KEY)),
    _JSON(
        "UnrecognizedClientException",
        _INVALID,
        "The same.",
        lambda a: _ask(a, "logs", _UNKNOWN_KEY),
        source="cwh#119",
    ),
    _QUERY(
        "ExpiredToken",
        _EXPIRED,
        "Temporary credentials after their expiration.",
        lambda a: _expired(a, "sts"),
        403,
        source="k8s-cloudwatch-adapter#32",
    ),
    _CLOUDWATCH("ExpiredToken", _EXPIRED, "The same.", lambda a: _expired(a, "cloudwatch")),
    _JSON(
        "ExpiredTokenException",
        _EXPIRED,
        "The same.",
        lambda a: _expired(a, "logs"),
        source="aws-sdk-js#3022",
    ),
    _QUERY(
        "SignatureDoesNotMatch",
        _MISMATCH,
        "A wrong secret key, or a request that was changed after signing.",
        lambda a: _ask(a, "sts", replace(a.aws.administrator, secret_access_key="s" * 40)),
        403,
    ),
    _JSON(
        "InvalidSignatureException",
        _MISMATCH,
        "The same.",
        lambda a: _ask(a, "logs", replace(a.aws.administrator, secret_access_key="s" * 40)),
    ),
    _QUERY(
        "SignatureDoesNotMatch",
        "Signature expired: … is now earlier than … (… - 15 min.)",
        "The signer's clock is more than 15 minutes behind.",
        lambda a: _skewed(a, "sts", 16),
        403,
        source="aws-sdk-js#401",
    ),
    _QUERY(
        "SignatureDoesNotMatch",
        "Signature not yet current: … is still later than … (… + 15 min.)",
        "The signer's clock is more than 15 minutes ahead.",
        lambda a: _skewed(a, "sts", -16),
        403,
        source="aws-sdk-js#401",
    ),
    _JSON(
        "InvalidSignatureException",
        "Signature expired: … is now earlier than … (… - 5 min.)",
        "The clock of a caller of CloudWatch Logs is more than 5 minutes behind; of the others, 15.",
        lambda a: _skewed(a, "logs", 6),
        source="logspout-cloudwatch#24",
    ),
    _QUERY(
        "SignatureDoesNotMatch",
        "Credential should be scoped to a valid region.",
        "A request that is signed for another region.",
        _other_region,
        403,
    ),
    _QUERY(
        "IncompleteSignature",
        "Authorization header has what is not a valid key=value pair.",
        "An `Authorization` header that is no signature of version 4.",
        _garbled,
        403,
    ),
    _JSON(
        "IncompleteSignatureException",
        "Authorization header has what is not a valid key=value pair.",
        "The same.",
        _garbled_json,
    ),
)
_PERMITTED = (
    _QUERY(
        "AccessDenied",
        "User: arn:aws:iam::{account}:user/… is not authorized to perform: iam:ListUsers on "
        "resource: arn:aws:iam::{account}:user/ because no identity-based policy allows the "
        "iam:ListUsers action",
        "No policy of the caller allows it.",
        lambda a: _list_users(a, a.nobody),
        403,
    ),
    _CLOUDWATCH(
        "AccessDenied",
        "User: … is not authorized to perform: cloudwatch:ListMetrics because no "
        "identity-based policy allows the cloudwatch:ListMetrics action",
        "The same.",
        lambda a: _ask(a, "cloudwatch", a.nobody),
    ),
    _JSON(
        "AccessDeniedException",
        "User: … is not authorized to perform: logs:DescribeLogGroups on resource: "
        "arn:aws:logs:us-east-1:{account}:log-group:… because no identity-based policy allows the "
        "logs:DescribeLogGroups action",
        "The same.",
        lambda a: _ask(a, "logs", a.nobody),
        source="terraform-provision#919",
    ),
    _CLOUDWATCH(
        "AccessDenied",
        "User: … is not authorized to perform: cloudwatch:ListMetrics with an explicit deny "
        "in an identity-based policy",
        "A policy denies it, whatever the others allow.",
        _refused_by_deny,
    ),
    _CLOUDWATCH(
        "AccessDenied",
        "User: … is not authorized to perform: cloudwatch:ListMetrics because no session "
        "policy allows the cloudwatch:ListMetrics action",
        "The session's own policy does not allow it.",
        _cut,
    ),
    _CLOUDWATCH(
        "AccessDenied",
        "User: … is not authorized to perform: cloudwatch:ListMetrics because no permissions "
        "boundary allows the cloudwatch:ListMetrics action",
        "The caller's permissions boundary does not allow it.",
        _bounded,
    ),
)

ROWS = (*_SIGNED, *_PERMITTED)
