"""The actions that a call needs beside its own: a role that is handed on, tags on what is made.

Source: the Service Authorization Reference, column "Dependent actions", and the API references where they
say which permission a member needs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Needed", "dependent_actions"]


@dataclass(frozen=True, kw_only=True)
class Needed:
    """An action that a call needs.

    Attributes:
        action: for example ``iam:PassRole``.
        resource: an ARN; None for the resources of the call itself.
        keys: condition keys of this action.
    """

    action: str
    resource: str | None = None
    keys: Mapping[str, str | Sequence[str]] = field(default_factory=dict)


# Where an operation is given a role, as a path through its members (``*`` is every value of a map), and to
# which service the role goes.
_ROLES: Mapping[tuple[str, str], tuple[tuple[str, ...], str]] = {
    ("cloudformation", "CreateStack"): (("RoleARN",), "cloudformation.amazonaws.com"),
    ("cloudformation", "UpdateStack"): (("RoleARN",), "cloudformation.amazonaws.com"),
    ("cloudformation", "DeleteStack"): (("RoleARN",), "cloudformation.amazonaws.com"),
    ("cloudformation", "CreateChangeSet"): (("RoleARN",), "cloudformation.amazonaws.com"),
    ("cloudwatch", "PutMetricStream"): (("RoleArn",), "streams.metrics.cloudwatch.amazonaws.com"),
    ("cognito-identity", "SetIdentityPoolRoles"): (
        ("Roles.*", "RoleMappings.*.RulesConfiguration.Rules.RoleARN"),
        "cognito-identity.amazonaws.com",
    ),
    ("cognito-idp", "CreateGroup"): (("RoleArn",), "cognito-idp.amazonaws.com"),
    ("cognito-idp", "UpdateGroup"): (("RoleArn",), "cognito-idp.amazonaws.com"),
    ("cognito-idp", "CreateUserPool"): (("SmsConfiguration.SnsCallerArn",), "cognito-idp.amazonaws.com"),
    ("cognito-idp", "UpdateUserPool"): (("SmsConfiguration.SnsCallerArn",), "cognito-idp.amazonaws.com"),
    ("cognito-idp", "SetUserPoolMfaConfig"): (
        ("SmsMfaConfiguration.SmsConfiguration.SnsCallerArn",),
        "cognito-idp.amazonaws.com",
    ),
    ("logs", "PutDestination"): (("roleArn",), "logs.amazonaws.com"),
    ("logs", "PutSubscriptionFilter"): (("roleArn",), "logs.amazonaws.com"),
}

# What tags in a call that makes something need, by the member that has the tags.
_TAGGING: Mapping[tuple[str, str], tuple[str, str]] = {
    ("cloudwatch", "PutCompositeAlarm"): ("Tags", "cloudwatch:TagResource"),
    ("cloudwatch", "PutMetricAlarm"): ("Tags", "cloudwatch:TagResource"),
    ("iam", "CreateOpenIDConnectProvider"): ("Tags", "iam:TagOpenIDConnectProvider"),
    ("iam", "CreatePolicy"): ("Tags", "iam:TagPolicy"),
    ("iam", "CreateRole"): ("Tags", "iam:TagRole"),
    ("iam", "CreateUser"): ("Tags", "iam:TagUser"),
    ("logs", "CreateLogGroup"): ("tags", "logs:TagResource"),
}


def dependent_actions(service: str, operation: str, fields: Mapping[str, Any]) -> Iterator[Needed]:
    """Yield what a call needs beside its own action.

    Args:
        service: botocore's name of the service.
        operation: its name in AWS's model.
        fields: of the operation.
    """
    paths, passed_to = _ROLES.get((service, operation), ((), ""))
    for path in paths:
        for arn in _values(fields, path.split(".")):
            if isinstance(arn, str) and arn:
                yield Needed(action="iam:PassRole", resource=arn, keys={"iam:PassedToService": passed_to})
    member, action = _TAGGING.get((service, operation), ("", ""))
    if fields.get(member):
        yield Needed(action=action)


def _values(found: Any, path: Sequence[str]) -> Iterator[Any]:
    if isinstance(found, list):
        for item in found:
            yield from _values(item, path)
    elif not path:
        yield found
    elif isinstance(found, Mapping):
        for item in found.values() if path[0] == "*" else (found.get(path[0]),):
            yield from _values(item, path[1:])
