"""Stacks: they come to be, fail, are undone and deleted, with the permissions of whoever asks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.aws_cloudformation import GROUP, ROLE, Account, refused, text


@pytest.fixture
def account() -> Iterator[Account]:
    account = Account()
    yield account
    account.aws.close()


STREAM = {"Type": "AWS::Logs::LogStream", "Properties": {"LogGroupName": {"Ref": "Group"}}}
DOUBLE = {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "taken"}}


def groups(account: Account) -> list[str]:
    return [one["logGroupName"] for one in account.aws.call("logs", "describe_log_groups")["logGroups"]]


def test_a_stack_creates_each_resource_after_those_it_needs(account: Account) -> None:
    made = account.cfn.create_stack(
        StackName="stack",
        TemplateBody=text({"Resources": {"Stream": STREAM, "Group": GROUP}}),
        Tags=[{"Key": "team", "Value": "a"}],
        ClientRequestToken="token",
    )
    account.cfn.get_waiter("stack_create_complete").wait(StackName="stack")
    stack = account.describe()
    assert stack["StackId"] == made["StackId"]
    assert stack["Tags"] == [{"Key": "team", "Value": "a"}]
    group = account.physical("Group")
    assert groups(account) == [group]
    assert group.startswith("stack-Group-")
    who = [(name, status) for name, status, _ in account.events()]
    assert who == [
        ("stack", "CREATE_IN_PROGRESS"),
        ("Group", "CREATE_IN_PROGRESS"),
        ("Group", "CREATE_IN_PROGRESS"),
        ("Group", "CREATE_COMPLETE"),
        ("Stream", "CREATE_IN_PROGRESS"),
        ("Stream", "CREATE_IN_PROGRESS"),
        ("Stream", "CREATE_COMPLETE"),
        ("stack", "CREATE_COMPLETE"),
    ]
    tags = account.aws.call("logs", "list_tags_log_group", logGroupName=group)["tags"]
    assert tags == {"team": "a"}
    events = account.cfn.describe_stack_events(StackName="stack")["StackEvents"]
    assert {one["ClientRequestToken"] for one in events} == {"token"}


def test_what_a_service_refuses_fails_the_stack_in_the_services_words(account: Account) -> None:
    account.aws.call("logs", "create_log_group", logGroupName="taken")
    stack = account.create({"Resources": {"Group": GROUP, "Double": {**DOUBLE, "DependsOn": "Group"}}})
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    events = account.events()
    assert ("stack", "ROLLBACK_IN_PROGRESS") in [(who, status) for who, status, _ in events]
    reason = account.reasons()["Double CREATE_FAILED"]
    assert 'Resource handler returned message: "The specified log group already exists' in reason
    assert "HandlerErrorCode: AlreadyExists" in reason
    why = "The following resource(s) failed to create: [Double]. Rollback requested by user."
    assert ("stack", "ROLLBACK_IN_PROGRESS", why) in events
    assert groups(account) == ["taken"]  # what was there before stays
    refusal = refused(
        account.cfn.update_stack, StackName="stack", TemplateBody=text({"Resources": {"A": GROUP}})
    )
    assert refusal[1] == f"Stack:{stack['StackId']} is in ROLLBACK_COMPLETE state and can not be updated."


@pytest.mark.parametrize(
    ("on_failure", "status"), [("DO_NOTHING", "CREATE_FAILED"), ("DELETE", "DELETE_COMPLETE")]
)
def test_a_failure_is_kept_or_deleted_as_asked(account: Account, on_failure: str, status: str) -> None:
    account.aws.call("logs", "create_log_group", logGroupName="taken")
    template = {"Resources": {"Group": GROUP, "Double": {**DOUBLE, "DependsOn": "Group"}}}
    stack = account.create(template, OnFailure=on_failure)
    assert stack["StackStatus"] == status
    assert len(groups(account)) == (2 if on_failure == "DO_NOTHING" else 1)


def test_a_resource_type_that_is_not_supported_fails_the_stack_by_name(account: Account) -> None:
    bucket = {"Type": "AWS::S3::Bucket", "DependsOn": "Group"}
    stack = account.create({"Resources": {"Bucket": bucket, "Group": GROUP}})
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    reason = "This AWS does not support the resource type AWS::S3::Bucket."
    assert account.reasons() == {"Bucket CREATE_FAILED": reason}
    assert groups(account) == []


def test_a_property_that_is_not_supported_fails_the_stack_by_name(account: Account) -> None:
    for properties, reason in (
        (
            {"ResourcePolicyDocument": {}},
            "This AWS does not support the property ResourcePolicyDocument of AWS::Logs::LogGroup.",
        ),
        (
            {"Foo": 1},
            "for resource A with message:\n#: extraneous key [Foo] is not permitted",
        ),
        (
            {"RetentionInDays": "x"},
            "Properties validation failed for resource A with message:\n#/RetentionInDays",
        ),
        ({"LogGroupName": {"a": 1}}, "#/LogGroupName: expected type: String, found: JSONObject"),
        ({"Tags": {"a": "b"}, "RetentionInDays": []}, "expected type: Integer, found: JSONArray"),
    ):
        account.create({"Resources": {"A": {**GROUP, "Properties": properties}}})
        assert reason in account.reasons()["A CREATE_FAILED"].replace("#/Item", "#/")
        account.cfn.delete_stack(StackName="stack")
    pool = {"Type": "AWS::Cognito::UserPool", "Properties": {"MfaConfiguration": ["ON"]}}
    account.create({"Resources": {"A": pool}})
    assert "#/MfaConfiguration: expected type: String" in account.reasons()["A CREATE_FAILED"]
    account.cfn.delete_stack(StackName="stack")
    policies = {**ROLE["Properties"], "Policies": [{"PolicyDocument": {}}]}  # type: ignore[dict-item]
    account.create({"Resources": {"A": {**ROLE, "Properties": policies}}})
    assert "#/Policies: required key [PolicyName] not found" in account.reasons()["A CREATE_FAILED"]
    assert account.describe()["StackStatus"] == "ROLLBACK_COMPLETE"
    account.cfn.delete_stack(StackName="stack")
    account.create({"Resources": {"A": {"Type": "AWS::Logs::LogStream"}}})
    assert "#: required key [LogGroupName] not found" in account.reasons()["A CREATE_FAILED"]
    assert groups(account) == []


def test_resources_are_made_with_the_callers_own_permissions(account: Account) -> None:
    limited = account.as_user("cloudformation:*", "logs:CreateLogGroup", "logs:DeleteLogGroup")
    stack = limited.create({"Resources": {"Group": GROUP, "Role": {**ROLE, "DependsOn": "Group"}}})
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    reason = account.reasons()["Role CREATE_FAILED"]
    assert "is not authorized to perform: iam:CreateRole" in reason
    assert "HandlerErrorCode: AccessDenied" in reason
    assert groups(account) == []


def test_cloudformation_itself_needs_permission(account: Account) -> None:
    limited = account.as_user("cloudformation:DescribeStacks")
    code, message = refused(limited.cfn.create_stack, StackName="stack", TemplateBody="{}")
    assert code == "AccessDenied"
    arn = "arn:aws:cloudformation:us-east-1:111122223333:stack/stack/*"
    assert f"is not authorized to perform: cloudformation:CreateStack on resource: {arn}" in message
    assert limited.cfn.describe_stacks()["Stacks"] == []


def test_identities_need_a_capability(account: Account) -> None:
    named = {**ROLE, "Properties": {**ROLE["Properties"], "RoleName": "name"}}  # type: ignore[dict-item]
    for resource, given, required in (
        (ROLE, [], "CAPABILITY_IAM"),
        (named, ["CAPABILITY_IAM"], "CAPABILITY_NAMED_IAM"),
    ):
        code, message = refused(
            account.cfn.create_stack,
            StackName="stack",
            TemplateBody=text({"Resources": {"Role": resource}}),
            Capabilities=given,
        )
        assert code == "InsufficientCapabilitiesException"
        assert message == f"Requires capabilities : [{required}]"
    assert account.create({"Resources": {"Role": named}})["StackStatus"] == "CREATE_COMPLETE"
    assert account.physical("Role") == "name"


def test_names_are_checked_and_taken_once(account: Account) -> None:
    template = text({"Resources": {"Group": GROUP}})
    for name in ("1st", "a_b", "a" * 129):
        code, message = refused(account.cfn.create_stack, StackName=name, TemplateBody=template)
        assert code == "ValidationError"
        assert "at 'stackName' failed to satisfy constraint" in message
    account.create(template)
    code, message = refused(account.cfn.create_stack, StackName="stack", TemplateBody=template)
    assert (code, message) == ("AlreadyExistsException", "Stack [stack] already exists")


def test_a_stack_that_is_not_there(account: Account) -> None:
    cfn = account.cfn
    assert refused(cfn.describe_stacks, StackName="no") == (
        "ValidationError",
        "Stack with id no does not exist",
    )
    assert refused(cfn.describe_stack_events, StackName="no")[1] == "Stack [no] does not exist"
    assert refused(cfn.update_stack, StackName="no", TemplateBody="{}")[1] == "Stack [no] does not exist"
    assert refused(cfn.get_template, StackName="no")[1] == "Stack with id no does not exist"
    assert cfn.delete_stack(StackName="no")["ResponseMetadata"]["HTTPStatusCode"] == 200
    account.create({"Resources": {"Group": GROUP}})
    message = refused(cfn.describe_stack_resource, StackName="stack", LogicalResourceId="X")[1]
    assert message == "Resource X does not exist for stack stack"


def test_a_deleted_stack_is_known_by_its_id(account: Account) -> None:
    stack_id = account.create({"Resources": {"Stream": STREAM, "Group": GROUP}})["StackId"]
    account.cfn.delete_stack(StackName="stack")
    account.cfn.get_waiter("stack_delete_complete").wait(StackName="stack")
    assert groups(account) == []
    assert account.describe(stack_id)["StackStatus"] == "DELETE_COMPLETE"
    deleted = [who for who, status, _ in account.events(stack_id) if status == "DELETE_COMPLETE"]
    assert deleted == ["Stream", "Group", "stack"]
    assert account.cfn.describe_stacks()["Stacks"] == []
    statuses = account.cfn.list_stacks(StackStatusFilter=["DELETE_COMPLETE"])["StackSummaries"]
    assert [one["StackId"] for one in statuses] == [stack_id]
    assert account.create({"Resources": {"Group": GROUP}})["StackId"] != stack_id


def test_the_deletion_policy_retains(account: Account) -> None:
    account.create({"Resources": {"Group": {**GROUP, "DeletionPolicy": "Retain"}, "Other": GROUP}})
    kept = account.physical("Group")
    account.cfn.delete_stack(StackName="stack")
    assert groups(account) == [kept]


def test_a_stack_that_cannot_be_deleted_may_retain_what_is_in_the_way(account: Account) -> None:
    account.create({"Resources": {"Group": GROUP}})
    limited = account.as_user("cloudformation:*")
    limited.cfn.delete_stack(StackName="stack")
    assert account.describe()["StackStatus"] == "DELETE_FAILED"
    assert "logs:DeleteLogGroup" in account.reasons()["Group DELETE_FAILED"]
    limited.cfn.delete_stack(StackName="stack", RetainResources=["Group"])
    assert account.cfn.describe_stacks()["Stacks"] == []
    assert len(groups(account)) == 1


def test_what_is_gone_already_is_no_hindrance(account: Account) -> None:
    account.create({"Resources": {"Group": GROUP, "Role": ROLE}})
    account.aws.call("logs", "delete_log_group", logGroupName=account.physical("Group"))
    account.aws.call("iam", "delete_role", RoleName=account.physical("Role"))
    account.cfn.delete_stack(StackName="stack")
    assert account.cfn.describe_stacks()["Stacks"] == []


def test_termination_protection_protects(account: Account) -> None:
    account.create({"Resources": {"Group": GROUP}}, EnableTerminationProtection=True)
    message = refused(account.cfn.delete_stack, StackName="stack")[1]
    assert "cannot be deleted while TerminationProtection is enabled" in message
    account.cfn.update_termination_protection(StackName="stack", EnableTerminationProtection=False)
    account.cfn.delete_stack(StackName="stack")
    assert account.cfn.describe_stacks()["Stacks"] == []


def test_what_is_not_acted_by_is_refused_by_name(account: Account) -> None:
    template = text({"Resources": {"Group": GROUP}})
    role = "arn:aws:iam::111122223333:role/deployer"
    code, message = refused(account.cfn.create_stack, StackName="stack", TemplateBody=template, RoleARN=role)
    assert (code, message) == ("NotImplemented", "This AWS does not implement RoleARN of CloudFormation.")
    assert refused(account.cfn.detect_stack_drift, StackName="stack")[0] == "NotImplemented"


def test_stacks_are_of_one_region_and_come_in_pages(account: Account) -> None:
    template = text({"Resources": {f"Group{number}": GROUP for number in range(40)}})
    account.create(template)
    elsewhere = account.aws.client("cloudformation", region="eu-west-1")
    assert elsewhere.describe_stacks()["Stacks"] == []
    pages = list(account.cfn.get_paginator("describe_stack_events").paginate(StackName="stack"))
    assert [len(one["StackEvents"]) for one in pages] == [100, 22]
    assert (
        refused(account.cfn.describe_stack_events, StackName="stack", NextToken="x")[1] == "Invalid NextToken"
    )
