"""Field indexes: the index policy of a log group, and the policies of the account.

Source: CloudWatch Logs API Reference, PutIndexPolicy and PutAccountPolicy.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from harness.aws.context import Context, Operation
from harness.aws.errors import AwsError
from harness.aws.logs.groups import arn, group_name
from harness.aws.logs.pages import page

__all__ = ["OPERATIONS"]

_MOST_FIELDS = 20  # of an index policy


class _Policies:
    """The policies of one account: by region and log group, and by region, type and name."""

    def __init__(self) -> None:
        self.of_groups: dict[tuple[str, str], dict[str, Any]] = {}
        self.of_account: dict[tuple[str, str, str], dict[str, Any]] = {}


def put_index_policy(call: Context, fields: Mapping[str, Any]) -> dict[str, Any]:
    """PutIndexPolicy.

    Raises:
        AwsError: ``InvalidParameterException`` or ``ResourceNotFoundException``.
    """
    name = group_name(call, fields["logGroupIdentifier"])
    _check_index(fields["policyDocument"])
    policy = {
        "logGroupIdentifier": arn(call, name),
        "lastUpdateTime": int(1000 * call.now),
        "policyDocument": fields["policyDocument"],
        "source": "LOG_GROUP",
    }
    call.aws.state(_Policies).of_groups[call.region, name] = policy
    return {"indexPolicy": policy}


def describe_index_policies(call: Context, fields: Mapping[str, Any]) -> dict[str, Any]:
    """DescribeIndexPolicies: a group's own policy, else that of the account which selects it."""
    policies, found = call.aws.state(_Policies), []
    for identifier in fields["logGroupIdentifiers"]:
        name = group_name(call, identifier)
        policy = policies.of_groups.get((call.region, name)) or _inherited(call, policies, name)
        found += [policy] if policy else []
    return page(found, fields, "indexPolicies")


def delete_index_policy(call: Context, fields: Mapping[str, Any]) -> dict[str, Any]:
    """DeleteIndexPolicy.

    Raises:
        AwsError: ``ResourceNotFoundException``.
    """
    name = group_name(call, fields["logGroupIdentifier"])
    if call.aws.state(_Policies).of_groups.pop((call.region, name), None) is None:
        raise AwsError("ResourceNotFoundException", "The specified log group has no index policy.")
    return {}


def put_account_policy(call: Context, fields: Mapping[str, Any]) -> dict[str, Any]:
    """PutAccountPolicy.

    Raises:
        AwsError: ``InvalidParameterException``.
    """
    if fields["policyType"] == "FIELD_INDEX_POLICY":
        _check_index(fields["policyDocument"])
    policy = {
        "policyName": fields["policyName"],
        "policyDocument": fields["policyDocument"],
        "lastUpdatedTime": int(1000 * call.now),
        "policyType": fields["policyType"],
        "scope": fields.get("scope", "ALL"),
        "selectionCriteria": fields.get("selectionCriteria"),
        "accountId": call.aws.account_id,
    }
    key = (call.region, fields["policyType"], fields["policyName"])
    call.aws.state(_Policies).of_account[key] = policy
    return {"accountPolicy": policy}


def describe_account_policies(call: Context, fields: Mapping[str, Any]) -> dict[str, Any]:
    """DescribeAccountPolicies, of one type."""
    found = [
        policy
        for (region, kind, name), policy in list(call.aws.state(_Policies).of_account.items())
        if region == call.region and kind == fields["policyType"] and fields.get("policyName") in {None, name}
    ]
    return page(found, fields, "accountPolicies")


def delete_account_policy(call: Context, fields: Mapping[str, Any]) -> dict[str, Any]:
    """DeleteAccountPolicy.

    Raises:
        AwsError: ``ResourceNotFoundException``.
    """
    key = (call.region, fields["policyType"], fields["policyName"])
    if call.aws.state(_Policies).of_account.pop(key, None) is None:
        raise AwsError("ResourceNotFoundException", "The specified account policy does not exist.")
    return {}


def _inherited(call: Context, policies: _Policies, name: str) -> dict[str, Any] | None:
    """Return the index policy of the account that covers a group.

    Its selection is ``LogGroupNamePrefix`` and text in quotes, or absent for every group.
    """
    for (region, kind, _), policy in list(policies.of_account.items()):
        if region != call.region or kind != "FIELD_INDEX_POLICY":
            continue
        _, _, prefix = (policy["selectionCriteria"] or "").partition("LogGroupNamePrefix")
        if name.startswith(prefix.strip(" =:[]\"'")):
            return {
                "logGroupIdentifier": arn(call, name),
                "lastUpdateTime": policy["lastUpdatedTime"],
                "policyDocument": policy["policyDocument"],
                "policyName": policy["policyName"],
                "source": "ACCOUNT",
            }
    return None


def _check_index(text: str) -> None:
    try:
        names = json.loads(text)["Fields"]
    except (ValueError, KeyError, TypeError, RecursionError):
        names = None
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise AwsError("InvalidParameterException", "The policy document needs Fields, a list of names.")
    if len(names) > _MOST_FIELDS:
        raise AwsError("InvalidParameterException", f"A policy may index {_MOST_FIELDS} fields at most.")


OPERATIONS: Mapping[str, Operation] = {
    "DeleteAccountPolicy": delete_account_policy,
    "DeleteIndexPolicy": delete_index_policy,
    "DescribeAccountPolicies": describe_account_policies,
    "DescribeIndexPolicies": describe_index_policies,
    "PutAccountPolicy": put_account_policy,
    "PutIndexPolicy": put_index_policy,
}
