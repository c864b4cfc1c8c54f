"""An account whose stacks the tests of CloudFormation make, and what they ask of it."""

from __future__ import annotations

import json
from typing import Any

from botocore.exceptions import ClientError

from fake_idp import Issuer
from harness.aws import Aws, Credentials

ROLE = {
    "Type": "AWS::IAM::Role",
    "Properties": {
        "AssumeRolePolicyDocument": {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "sts:AssumeRole"}
            ],
        }
    },
}
GROUP = {"Type": "AWS::Logs::LogGroup"}


class Account:
    """An AWS, which runs issuers of ``fake_idp``, and its CloudFormation as somebody sees it."""

    def __init__(self, aws: Aws | None = None, *, credentials: Credentials | None = None) -> None:
        self.aws = aws or Aws(account_id="111122223333", new_issuer=Issuer)
        self.cfn = self.aws.client("cloudformation", credentials=credentials)

    def create(self, template: Any, name: str = "stack", **more: Any) -> dict[str, Any]:
        """Create a stack of a template, an object or a text, and describe it."""
        made = self.cfn.create_stack(StackName=name, TemplateBody=text(template), **{**CAPABLE, **more})
        return self.describe(made["StackId"])

    def update(self, template: Any, name: str = "stack", **more: Any) -> dict[str, Any]:
        self.cfn.update_stack(StackName=name, TemplateBody=text(template), **{**CAPABLE, **more})
        return self.describe(name)

    def describe(self, name: str = "stack") -> dict[str, Any]:
        stack: dict[str, Any] = self.cfn.describe_stacks(StackName=name)["Stacks"][0]
        return stack

    def outputs(self, name: str = "stack") -> dict[str, str]:
        return {one["OutputKey"]: one["OutputValue"] for one in self.describe(name)["Outputs"]}

    def physical(self, logical: str, name: str = "stack") -> str:
        detail = self.cfn.describe_stack_resource(StackName=name, LogicalResourceId=logical)
        return str(detail["StackResourceDetail"]["PhysicalResourceId"])

    def events(self, name: str = "stack") -> list[tuple[str, str, str]]:
        """Return (logical id, status, reason), the first one first."""
        events = self.cfn.describe_stack_events(StackName=name)["StackEvents"]
        return [
            (one["LogicalResourceId"], one["ResourceStatus"], one.get("ResourceStatusReason", ""))
            for one in reversed(events)
        ]

    def reasons(self, name: str = "stack") -> dict[str, str]:
        """Return why each resource failed, by its logical id and status."""
        events = self.events(name)
        return {f"{who} {status}": why for who, status, why in events if status.endswith("FAILED")}

    def as_user(self, *actions: str) -> Account:
        """Return the same account as a user sees it who may do these actions."""
        statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
        policy = {"Version": "2012-10-17", "Statement": [statement]}
        return Account(self.aws, credentials=self.aws.iam.create_user("limited", policy))


CAPABLE = {"Capabilities": ["CAPABILITY_NAMED_IAM"]}


def text(template: Any) -> str:
    return template if isinstance(template, str) else json.dumps(template)


def refused(call: Any, **fields: Any) -> tuple[str, str]:
    """Return the code and the message by which a call is refused."""
    try:
        call(**fields)
    except ClientError as error:
        return error.response["Error"]["Code"], error.response["Error"]["Message"]
    raise AssertionError("the call was not refused")
