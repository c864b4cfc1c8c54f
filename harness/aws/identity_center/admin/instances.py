"""Instances of Identity Center: one in an account, with its pages on the hosts of AWS."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.aws.backend import not_implemented
from harness.aws.context import Context, Operation
from harness.aws.identity_center.admin.lookup import conflict, instance_of, invalid
from harness.aws.identity_center.center import center
from harness.aws.identity_center.directory.store import IdentityStore
from harness.aws.identity_center.paging import page
from harness.aws.identity_center.records import Instance, new_id
from harness.aws.identity_center.sign_in.pages import publish, withdraw
from harness.aws.identity_center.sign_in.tokens import Tokens
from harness.aws.tags import by_key
from harness.aws.times import moment

__all__ = ["OPERATIONS"]


def create_instance(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Create the account's instance, an account instance: ``UpdateInstance`` enables its permission sets.

    Raises:
        AwsError: ``ConflictException``: an account has one instance in all regions together.
    """
    instances = center(call).instances
    if instances:
        raise conflict("An instance of IAM Identity Center already exists in this account.")
    account = call.aws.account_id
    instance = Instance(
        id=f"ssoins-{new_id()}",
        account=account,
        region=call.region,
        created=moment(call.now),
        store=IdentityStore(account=account),
        name=fields.get("Name", ""),
    )
    instance.tags[instance.arn] = by_key(fields.get("Tags"))
    instances[instance.arn] = instance
    publish(call.aws, instance)
    return {"InstanceArn": instance.arn}


def list_instances(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the account's instance, in its region or, with ``ALL_REGIONS``, in any."""
    everywhere = fields.get("RegionScope") == "ALL_REGIONS"
    found = [each for each in center(call).instances.values() if everywhere or each.region == call.region]
    return page(map(_summary, found), fields, "Instances")


def describe_instance(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the instance with all that is to be known of it."""
    instance = instance_of(call, fields)
    return {
        **_summary(instance),
        "EncryptionConfigurationDetails": {"KeyType": "AWS_OWNED_KMS_KEY", "EncryptionStatus": "ENABLED"},
        "PermissionSetsEnabled": instance.has_permission_sets,
    }


def update_instance(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Rename the instance, or enable its permission sets, for good.

    Raises:
        AwsError: ``ValidationException``, for ``PermissionSetsEnabled`` with another value than true or with
            another setting beside it; ``NotImplemented``, for keys and networks.
    """
    instance = instance_of(call, fields)
    settings = fields.keys() & {"EncryptionConfiguration", "PermissionSetsEnabled", "NetworkConfiguration"}
    if len(settings) > 1:
        raise invalid(f"Only one of {', '.join(sorted(settings))} can be specified.")
    if settings - {"PermissionSetsEnabled"}:
        raise not_implemented(call)
    if fields.get("PermissionSetsEnabled") is False:
        raise invalid("The only accepted value of PermissionSetsEnabled is true.")
    instance.has_permission_sets |= bool(settings)
    instance.name = fields.get("Name", instance.name)
    return {}


def delete_instance(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Delete the instance with all that is in it; who is signed in is signed out.

    Raises:
        AwsError: ``ConflictException``, while roles of permission sets are still in the account.
    """
    instance = instance_of(call, fields)
    if instance.assignments:
        raise conflict("The instance still has account assignments.")
    del center(call).instances[instance.arn]
    call.aws.state(Tokens).forget(instance)
    withdraw(call.aws, instance)
    return {}


def _summary(instance: Instance) -> dict[str, Any]:
    region = {
        "RegionName": instance.region,
        "Status": "ACTIVE",
        "AddedDate": instance.created,
        "IsPrimaryRegion": True,
    }
    return {
        "InstanceArn": instance.arn,
        "IdentityStoreId": instance.store.id,
        "IdentityStoreArn": instance.store.arn,
        "OwnerAccountId": instance.account,
        "Name": instance.name or None,
        "CreatedDate": instance.created,
        "Status": "ACTIVE",
        "PrimaryRegion": instance.region,
        "Regions": [region],
    }


OPERATIONS: Mapping[str, Operation] = {
    "CreateInstance": create_instance,
    "DeleteInstance": delete_instance,
    "DescribeInstance": describe_instance,
    "ListInstances": list_instances,
    "UpdateInstance": update_instance,
}
