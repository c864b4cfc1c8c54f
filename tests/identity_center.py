"""An Identity Center for tests: an account with an instance, people, and a permission set."""

from __future__ import annotations

import functools
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.exceptions import ClientError

from fake_idp import Issuer
from harness.aws import Aws

CUSTOM = "arn:aws:sso::aws:applicationProvider/custom"
READ_ONLY = "arn:aws:iam::aws:policy/CloudWatchReadOnlyAccess"
DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"


class Center:
    """An account with an instance whose permission sets are enabled.

    Attributes:
        aws: the account; ``now`` is its clock, and may be moved.
        admin, store, oidc, portal: boto3's clients.
        instance: the ARN of the instance.
        store_id: of its identity store.
    """

    def __init__(self, *, region: str = "us-east-1", **options: Any) -> None:
        self.now = float(int(time.time()))
        self.aws = Aws(
            account_id="310987654321",
            region=region,
            now=lambda: self.now,
            new_issuer=functools.partial(Issuer, clock=_Clock(self)),
            **options,
        )
        self.admin = self.aws.client("sso-admin")
        self.store = self.aws.client("identitystore")
        self.oidc = self.aws.client("sso-oidc")
        self.portal = self.aws.client("sso")
        self.instance = self.admin.create_instance(Name="people")["InstanceArn"]
        self.admin.update_instance(InstanceArn=self.instance, PermissionSetsEnabled=True)
        described = self.admin.describe_instance(InstanceArn=self.instance)
        self.store_id = described["IdentityStoreId"]

    @property
    def start_url(self) -> str:
        return f"https://{self.store_id}.awsapps.com/start"

    def user(self, name: str = "alice", **members: Any) -> str:
        """Create a user; return the id."""
        made = self.store.create_user(
            IdentityStoreId=self.store_id,
            UserName=name,
            DisplayName=name.title(),
            Name={"GivenName": name.title(), "FamilyName": "Jones"},
            **members,
        )
        return str(made["UserId"])

    def group(self, name: str, *users: str) -> str:
        """Create a group with members; return the id."""
        made = self.store.create_group(IdentityStoreId=self.store_id, DisplayName=name)
        for user in users:
            self.store.create_group_membership(
                IdentityStoreId=self.store_id, GroupId=made["GroupId"], MemberId={"UserId": user}
            )
        return str(made["GroupId"])

    def permission_set(self, name: str = "Readers", *, policy: str = READ_ONLY, **members: Any) -> str:
        """Create a permission set with an AWS managed policy; return the ARN."""
        made = self.admin.create_permission_set(InstanceArn=self.instance, Name=name, **members)
        arn = str(made["PermissionSet"]["PermissionSetArn"])
        self.admin.attach_managed_policy_to_permission_set(
            InstanceArn=self.instance, PermissionSetArn=arn, ManagedPolicyArn=policy
        )
        return arn

    def assignment(self, permission_set: str, principal: str, kind: str = "USER") -> dict[str, Any]:
        """What says who gets which permission set in this account."""
        return {
            "InstanceArn": self.instance,
            "PermissionSetArn": permission_set,
            "TargetId": self.aws.account_id,
            "TargetType": "AWS_ACCOUNT",
            "PrincipalType": kind,
            "PrincipalId": principal,
        }

    def assign(self, permission_set: str, principal: str, kind: str = "USER") -> dict[str, Any]:
        """Give a permission set to somebody; return the status."""
        made = self.admin.create_account_assignment(**self.assignment(permission_set, principal, kind))
        status: dict[str, Any] = made["AccountAssignmentCreationStatus"]
        return status

    def application(self, name: str = "cloudwatch-mcp-server") -> str:
        """Create an application; return the ARN."""
        made = self.admin.create_application(
            InstanceArn=self.instance, Name=name, ApplicationProviderArn=CUSTOM
        )
        return str(made["ApplicationArn"])

    def roles(self) -> list[dict[str, Any]]:
        """The account's roles of permission sets."""
        found: list[dict[str, Any]] = self.aws.client("iam").list_roles(
            PathPrefix="/aws-reserved/sso.amazonaws.com/"
        )["Roles"]
        return found

    def client(self, **options: Any) -> dict[str, str]:
        """Register a client; return its id and secret."""
        made = self.oidc.register_client(clientName="cli", clientType="public", **options)
        return {"clientId": made["clientId"], "clientSecret": made["clientSecret"]}

    def sign_in(self, user: str = "alice", *, scopes: tuple[str, ...] = ("sso:account:access",)) -> str:
        """Sign somebody in with a device code; return the access token."""
        from harness.aws.identity_center.sign_in import Devices

        client = self.client(scopes=list(scopes)) if scopes else self.client()
        device = self.oidc.start_device_authorization(**client, startUrl=self.start_url)
        self.aws.state(Devices).approve(device["userCode"], user=user)
        made = self.oidc.create_token(**client, grantType=DEVICE_CODE, deviceCode=device["deviceCode"])
        return str(made["accessToken"])


class _Clock:
    """The clock of issuers: that of the account."""

    def __init__(self, center: Center) -> None:
        self._center = center

    def now(self) -> float:
        return self._center.now

    def reset(self) -> None:
        """Nothing to be undone."""


@contextmanager
def new_center(**options: Any) -> Iterator[Center]:
    """An Identity Center that ends with the test."""
    center = Center(**options)
    yield center
    center.aws.close()


@contextmanager
def refused(code: str, match: str | None = None, *, status: int = 400) -> Iterator[Any]:
    """Expect a refusal of AWS."""
    with pytest.raises(ClientError, match=match) as caught:
        yield caught
    response = caught.value.response
    assert (response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]) == (code, status)
