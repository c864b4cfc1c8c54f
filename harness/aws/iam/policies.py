"""Managed and inline policies: moto's, once what AWS refuses and moto takes has been refused.

What moto refuses itself it words as AWS does.

Source of the quotas: IAM User Guide, "IAM and AWS STS quotas"; white space does not count.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moto.iam.exceptions import MalformedPolicyDocument
from moto.iam.policy_validation import IAMPolicyDocumentValidator

from harness.aws.backend import ask, pass_on
from harness.aws.context import Context, Operation
from harness.aws.iam.errors import conflict, limit_exceeded, no_such_entity
from harness.aws.iam.names import found
from harness.aws.iam.records import attached_to, backend, give_id, size
from harness.aws.policy import PolicyError, parse
from harness.aws.wire import Response

__all__ = ["OPERATIONS"]

_MAX_MANAGED = 6144  # characters
_MAX_INLINE = {"role": 10240, "user": 2048, "group": 5120}  # characters of all inline policies together
_MAX_ATTACHED = 10  # managed policies of a role, a user or a group


def create_policy(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """CreatePolicy.

    Raises:
        AwsError: ``MalformedPolicyDocument``, ``LimitExceeded``, ``EntityAlreadyExists``.
    """
    _check_managed(fields["PolicyDocument"])
    answer = ask(call, fields)
    policy = backend(call).managed_policies[answer["Policy"]["Arn"]]
    answer["Policy"]["PolicyId"] = give_id(policy, "policy", call.aws.account_id)
    return answer


def create_policy_version(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any] | Response:
    """CreatePolicyVersion.

    Raises:
        AwsError: ``MalformedPolicyDocument``, ``LimitExceeded``, ``NoSuchEntity``.
    """
    _check_managed(fields["PolicyDocument"])
    return pass_on(call, fields)


def delete_policy(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any] | Response:
    """DeletePolicy.

    Raises:
        AwsError: ``NoSuchEntity``; ``DeleteConflict`` while it is attached or has more than one version.
    """
    policy = backend(call).managed_policies.get(fields["PolicyArn"])
    if policy is None:
        raise no_such_entity(f"Policy {fields['PolicyArn']} was not found.")
    if any(attached_to(call, fields["PolicyArn"])):
        raise conflict("Cannot delete a policy attached to entities.")
    if len(policy.versions) > 1:
        raise conflict(
            "This policy has more than one version. Before you delete a policy, you must delete the policy's"
            " versions. The default version is deleted with the policy."
        )
    return pass_on(call, fields)


def _check(text: str) -> None:
    """Refuse a document that IAM does not save.

    Raises:
        PolicyError: moto's text first, since it knows which of several faults AWS names.
    """
    try:
        IAMPolicyDocumentValidator(text).validate()
    except MalformedPolicyDocument as error:
        raise PolicyError(error.message) from None
    except AttributeError:  # null among the actions; refused below
        pass
    parse(text, kind="identity")


def _check_managed(text: str) -> None:
    _check(text)
    if size(text) > _MAX_MANAGED:
        raise limit_exceeded(f"Cannot exceed quota for PolicySize: {_MAX_MANAGED}")


def _putting(kind: str) -> Operation:
    """Return the operation that sets an inline policy of a role, a user or a group."""
    member, most = f"{kind.title()}Name", _MAX_INLINE[kind]

    def put_policy(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any] | Response:
        text, name = fields["PolicyDocument"], fields["PolicyName"]
        _check(text)
        others = list(found(call, kind, fields).policies.items())
        total = size(text) + sum(size(each) for other, each in others if other != name)
        if total > most:  # text: amplify-cli#1699
            raise limit_exceeded(f"Maximum policy size of {most} bytes exceeded for {kind} {fields[member]}")
        return pass_on(call, fields)

    return put_policy


def _attaching(kind: str) -> Operation:
    """Return the operation that attaches a managed policy to a role, a user or a group."""

    def attach_policy(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any] | Response:
        call.aws.iam.load(fields["PolicyArn"])
        attached = found(call, kind, fields).managed_policies
        if len(attached) >= _MAX_ATTACHED and fields["PolicyArn"] not in attached:
            quota = f"PoliciesPer{kind.title()}"  # the role's: spectrocloud/librarium
            raise limit_exceeded(f"Cannot exceed quota for {quota}: {_MAX_ATTACHED}")
        return pass_on(call, fields)

    return attach_policy


def _loaded(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any] | Response:
    """Let moto answer when it has the AWS managed policy that the call names.

    They are loaded when they are named: all 1,400 would take half a second.
    """
    arn = fields["PolicyArn"]
    call.aws.iam.load(arn)
    if arn not in backend(call).managed_policies:
        raise no_such_entity(f"Policy {arn} was not found.")
    return pass_on(call, fields)


OPERATIONS: Mapping[str, Operation] = {
    **{f"Attach{kind.title()}Policy": _attaching(kind) for kind in _MAX_INLINE},
    **{f"Put{kind.title()}Policy": _putting(kind) for kind in _MAX_INLINE},
    **dict.fromkeys(
        ("GetPolicy", "GetPolicyVersion", "ListEntitiesForPolicy", "ListPolicyVersions"), _loaded
    ),
    "CreatePolicy": create_policy,
    "CreatePolicyVersion": create_policy_version,
    "DeletePolicy": delete_policy,
}
