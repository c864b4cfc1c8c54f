"""Updates of stacks, change sets, and what stacks give one another."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import WaiterError

from tests.aws_cloudformation import CAPABLE, GROUP, ROLE, Account, refused, text

BASE: dict[str, Any] = {"Resources": {"Group": GROUP}}
TWO: dict[str, Any] = {"Resources": {"Group": GROUP, "Other": GROUP}}


@pytest.fixture
def account() -> Iterator[Account]:
    account = Account()
    yield account
    account.aws.close()


def groups(account: Account) -> set[str]:
    return {one["logGroupName"] for one in account.aws.call("logs", "describe_log_groups")["logGroups"]}


def named(name: str, **more: Any) -> dict[str, Any]:
    return {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": name, **more}}


def test_an_update_adds_changes_and_removes(account: Account) -> None:
    account.create({"Resources": {"Kept": named("kept"), "Gone": named("gone"), "Moved": named("old")}})
    template = {
        "Resources": {"Kept": named("kept", RetentionInDays=7), "New": named("added"), "Moved": named("new")}
    }
    stack = account.update(template)
    account.cfn.get_waiter("stack_update_complete").wait(StackName="stack")
    assert stack["StackStatus"] == "UPDATE_COMPLETE"
    assert "LastUpdatedTime" in stack
    assert groups(account) == {"kept", "added", "new"}
    statuses = [status for who, status, _ in account.events() if who == "stack"]
    assert statuses[2:] == ["UPDATE_IN_PROGRESS", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "UPDATE_COMPLETE"]
    account.cfn.delete_stack(StackName="stack")
    assert groups(account) == set()


def test_an_update_that_changes_nothing_is_refused(account: Account) -> None:
    account.create(BASE)
    for more in ({"TemplateBody": text(BASE)}, {"UsePreviousTemplate": True}):
        code, message = refused(account.cfn.update_stack, StackName="stack", **more)
        assert (code, message) == ("ValidationError", "No updates are to be performed.")
    described = {**BASE, "Outputs": {"Name": {"Value": {"Ref": "Group"}}}}
    assert account.update(described)["Outputs"]  # outputs alone are a change


def test_an_update_that_fails_is_undone(account: Account) -> None:
    account.aws.call("logs", "create_log_group", logGroupName="taken")
    before = {"Resources": {"A": named("a", RetentionInDays=7), "B": named("b")}}
    account.create(before)
    after = {
        "Resources": {
            "A": named("a", RetentionInDays=14),
            "B": {**named("c"), "DependsOn": "A"},
            "New": {**named("d"), "DependsOn": "B"},
            "Taken": {**named("taken"), "DependsOn": "New"},
        }
    }
    stack = account.update(after)
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert groups(account) == {"a", "b", "taken"}
    found = account.aws.call("logs", "describe_log_groups", logGroupNamePrefix="a")["logGroups"]
    assert found[0]["retentionInDays"] == 7
    assert account.physical("B") == "b"
    reason = "The following resource(s) failed to create: [Taken]. "
    assert ("stack", "UPDATE_ROLLBACK_IN_PROGRESS", reason) in account.events()
    assert refused(account.update, template=before)[1] == "No updates are to be performed."


def test_what_is_deleted_in_an_update_may_be_retained(account: Account) -> None:
    account.create({"Resources": {"A": named("a"), "B": {**named("b"), "DeletionPolicy": "Retain"}}})
    moved = {**named("moved"), "UpdateReplacePolicy": "Retain"}
    account.update({"Resources": {"A": moved}})
    assert groups(account) == {"a", "b", "moved"}


def test_another_one_may_have_the_same_name_elsewhere(account: Account) -> None:
    template: dict[str, Any] = {
        "Resources": {
            "A": named("a"),
            "B": named("b"),
            "S": {"Type": "AWS::Logs::LogStream", "Properties": {"LogGroupName": "a", "LogStreamName": "s"}},
        }
    }
    template["Resources"]["S"]["DependsOn"] = ["A", "B"]
    account.create(template)
    template["Resources"]["S"]["Properties"]["LogGroupName"] = "b"
    assert account.update(template)["StackStatus"] == "UPDATE_COMPLETE"
    for group, streams in (("a", 0), ("b", 1)):
        found = account.aws.call("logs", "describe_log_streams", logGroupName=group)["logStreams"]
        assert len(found) == streams


def test_resources_are_deleted_in_the_order_of_the_last_template(account: Account) -> None:
    account.create({"Resources": {"A": named("a")}})
    stream = {"Type": "AWS::Logs::LogStream", "Properties": {"LogGroupName": {"Ref": "New"}}}
    account.update({"Resources": {"A": {**named("a"), "DependsOn": "S"}, "S": stream, "New": named("new")}})
    stack_id = account.describe()["StackId"]
    account.cfn.delete_stack(StackName="stack")
    deleted = [who for who, status, _ in account.events(stack_id) if status == "DELETE_COMPLETE"]
    assert deleted == ["A", "S", "New", "stack"]


def test_a_change_set_creates_a_stack_when_it_is_executed(account: Account) -> None:
    cfn = account.cfn
    made = cfn.create_change_set(
        StackName="stack", ChangeSetName="first", ChangeSetType="CREATE", TemplateBody=text(BASE)
    )
    assert account.describe()["StackStatus"] == "REVIEW_IN_PROGRESS"
    assert groups(account) == set()
    cfn.get_waiter("change_set_create_complete").wait(ChangeSetName=made["Id"])
    found = cfn.describe_change_set(StackName="stack", ChangeSetName="first")
    assert (found["Status"], found["ExecutionStatus"]) == ("CREATE_COMPLETE", "AVAILABLE")
    [change] = found["Changes"]
    assert change["ResourceChange"]["Action"] == "Add"
    assert change["ResourceChange"]["LogicalResourceId"] == "Group"
    assert cfn.get_template(ChangeSetName=made["Id"])["TemplateBody"] == BASE
    cfn.execute_change_set(ChangeSetName=made["Id"])
    cfn.get_waiter("stack_create_complete").wait(StackName="stack")
    assert account.describe()["ChangeSetId"] == made["Id"]
    assert groups(account) == {account.physical("Group")}
    assert cfn.list_change_sets(StackName="stack")["Summaries"] == []


def test_a_change_set_tells_what_an_update_would_do(account: Account) -> None:
    account.create({"Resources": {"A": named("a"), "B": named("b"), "C": named("c")}})
    stream = {"Type": "AWS::Logs::LogStream", "Properties": {"LogGroupName": {"Ref": "B"}}}
    template = {"Resources": {"A": named("a", RetentionInDays=7), "B": named("x"), "S": stream}}
    account.cfn.create_change_set(StackName="stack", ChangeSetName="next", TemplateBody=text(template))
    found = account.cfn.describe_change_set(StackName="stack", ChangeSetName="next")["Changes"]
    said = {
        one["ResourceChange"]["LogicalResourceId"]: (
            one["ResourceChange"]["Action"],
            one["ResourceChange"].get("Replacement"),
        )
        for one in found
    }
    assert said == {
        "A": ("Modify", "False"),
        "B": ("Modify", "True"),
        "S": ("Add", None),
        "C": ("Remove", None),
    }
    assert groups(account) == {"a", "b", "c"}
    account.cfn.execute_change_set(StackName="stack", ChangeSetName="next")
    assert groups(account) == {"a", "x"}


def test_a_change_set_without_changes_fails(account: Account) -> None:
    account.create(BASE)
    account.cfn.create_change_set(StackName="stack", ChangeSetName="none", TemplateBody=text(BASE))
    with pytest.raises(WaiterError):
        account.cfn.get_waiter("change_set_create_complete").wait(StackName="stack", ChangeSetName="none")
    found = account.cfn.describe_change_set(StackName="stack", ChangeSetName="none")
    assert found["Status"] == "FAILED"
    assert found["StatusReason"].startswith("The submitted information didn't contain changes.")
    code, message = refused(account.cfn.execute_change_set, StackName="stack", ChangeSetName="none")
    assert code == "InvalidChangeSetStatus"
    assert "cannot be executed in its current status of [FAILED]" in message
    account.cfn.delete_change_set(StackName="stack", ChangeSetName="none")
    assert account.cfn.list_change_sets(StackName="stack")["Summaries"] == []


def test_change_sets_are_refused_where_stacks_would_be(account: Account) -> None:
    def said(**more: Any) -> tuple[str, str]:
        fields = {"StackName": "stack", "ChangeSetName": "a", "TemplateBody": text(TWO), **more}
        return refused(account.cfn.create_change_set, **fields)

    assert said() == ("ValidationError", "Stack [stack] does not exist")
    role = text({"Resources": {"Role": ROLE}})
    assert said(ChangeSetType="CREATE", TemplateBody=role)[0] == "InsufficientCapabilitiesException"
    account.create(BASE)
    assert "already exists and cannot be created again" in said(ChangeSetType="CREATE")[1]
    assert said(ChangeSetType="IMPORT")[0] == "NotImplemented"
    code, message = refused(account.cfn.describe_change_set, StackName="stack", ChangeSetName="no")
    assert (code, message) == ("ChangeSetNotFound", "ChangeSet [no] does not exist")


def test_the_caller_of_execute_change_set_makes_the_resources(account: Account) -> None:
    limited = account.as_user("cloudformation:*")
    fields = {"StackName": "stack", "ChangeSetName": "a", "TemplateBody": text(BASE), **CAPABLE}
    limited.cfn.create_change_set(ChangeSetType="CREATE", **fields)
    limited.cfn.execute_change_set(StackName="stack", ChangeSetName="a")
    assert account.describe()["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "logs:CreateLogGroup" in account.reasons()["Group CREATE_FAILED"]


def test_a_change_set_is_permitted_by_its_own_stack(account: Account) -> None:
    fields = {"ChangeSetName": "a", "ChangeSetType": "CREATE", "TemplateBody": text(BASE)}
    made = account.cfn.create_change_set(StackName="stack", **fields)
    other = account.create(BASE, name="other")
    statement = [{"Effect": "Allow", "Action": "cloudformation:*", "Resource": other["StackId"]}]
    key = account.aws.iam.create_user("limited", {"Version": "2012-10-17", "Statement": statement})
    limited = Account(account.aws, credentials=key)
    assert limited.describe("other")["StackName"] == "other"
    for more in ({}, {"StackName": "other"}):
        code, message = refused(limited.cfn.execute_change_set, ChangeSetName=made["Id"], **more)
        assert code == "AccessDenied"
        assert made["StackId"] in message


EXPORTING = {**BASE, "Outputs": {"Name": {"Value": {"Ref": "Group"}, "Export": {"Name": "group-name"}}}}
IMPORTING = {
    "Resources": {
        "Stream": {
            "Type": "AWS::Logs::LogStream",
            "Properties": {"LogGroupName": {"Fn::ImportValue": "group-name"}},
        }
    }
}


def test_exports_are_imported_by_other_stacks(account: Account) -> None:
    account.create(EXPORTING, name="giver")
    [export] = account.cfn.list_exports()["Exports"]
    assert (export["Name"], export["Value"]) == ("group-name", account.physical("Group", "giver"))
    assert "is not imported by any stack" in refused(account.cfn.list_imports, ExportName="group-name")[1]
    account.create(IMPORTING, name="taker")
    assert account.cfn.list_imports(ExportName="group-name")["Imports"] == ["taker"]
    streams = account.aws.call("logs", "describe_log_streams", logGroupName=export["Value"])["logStreams"]
    assert len(streams) == 1


def test_an_export_in_use_neither_goes_nor_changes(account: Account) -> None:
    account.create(EXPORTING, name="giver")
    account.create(IMPORTING, name="taker")
    account.cfn.delete_stack(StackName="giver")
    reason = "Export group-name cannot be deleted as it is in use by taker"
    assert account.events("giver")[-1] == ("giver", "CREATE_COMPLETE", reason)
    stack = account.update({**TWO}, name="giver")
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert reason in [why.strip() for _, _, why in account.events("giver")]
    assert len(groups(account)) == 1
    account.cfn.delete_stack(StackName="taker")
    account.cfn.delete_stack(StackName="giver")
    assert groups(account) == set()


def test_an_export_is_made_once(account: Account) -> None:
    account.create(EXPORTING, name="first")
    stack = account.create(EXPORTING, name="second")
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    reasons = [why for _, status, why in account.events("second") if status == "ROLLBACK_IN_PROGRESS"]
    assert "Export with name group-name is already exported by stack first." in reasons[0]
