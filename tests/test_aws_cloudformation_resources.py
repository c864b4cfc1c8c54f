"""The resources that stacks make are the services' own, and change and go as the stack does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.aws_cloudformation import ROLE, Account, refused

READ_ONLY = "arn:aws:iam::aws:policy/CloudWatchReadOnlyAccess"


@pytest.fixture
def account() -> Iterator[Account]:
    account = Account()
    yield account
    account.aws.close()


def policy(action: str) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": action, "Resource": "*"}
    return {"Version": "2012-10-17", "Statement": [statement]}


def one(kind: str, properties: dict[str, Any], **attributes: str) -> dict[str, Any]:
    """Return a template of one resource, its attributes as outputs."""
    outputs = {name: {"Value": {"Fn::GetAtt": ["It", attribute]}} for name, attribute in attributes.items()}
    resource = {"Type": kind, "Properties": properties}
    return {"Resources": {"It": resource}, "Outputs": {"Ref": {"Value": {"Ref": "It"}}, **outputs}}


def complete(stack: dict[str, Any], account: Account) -> None:
    assert stack["StackStatus"] in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}, account.reasons()


def test_a_role_and_its_policies_change_in_place(account: Account) -> None:
    call = account.aws.call
    trust = ROLE["Properties"]
    before = {
        **trust,
        "ManagedPolicyArns": [READ_ONLY],
        "Policies": [{"PolicyName": "a", "PolicyDocument": policy("sqs:*")}],
        "MaxSessionDuration": "7200",
        "Tags": [{"Key": "x", "Value": "1"}],
    }
    complete(account.create(one("AWS::IAM::Role", before, Arn="Arn", Id="RoleId")), account)
    name = account.outputs()["Ref"]
    role = call("iam", "get_role", RoleName=name)["Role"]
    assert account.outputs() == {"Ref": name, "Arn": role["Arn"], "Id": role["RoleId"]}
    assert role["MaxSessionDuration"] == 7200
    attached = call("iam", "list_attached_role_policies", RoleName=name)["AttachedPolicies"]
    assert [policy["PolicyArn"] for policy in attached] == [READ_ONLY]
    after = {
        **trust,
        "Policies": [{"PolicyName": "b", "PolicyDocument": policy("sns:*")}],
        "MaxSessionDuration": 3600,
        "Tags": [{"Key": "y", "Value": "2"}],
    }
    complete(account.update(one("AWS::IAM::Role", after)), account)
    assert account.outputs()["Ref"] == name
    assert call("iam", "list_attached_role_policies", RoleName=name)["AttachedPolicies"] == []
    assert call("iam", "list_role_policies", RoleName=name)["PolicyNames"] == ["b"]
    role = call("iam", "get_role", RoleName=name)["Role"]
    assert (role["MaxSessionDuration"], role["Tags"]) == (3600, [{"Key": "y", "Value": "2"}])
    account.cfn.delete_stack(StackName="stack")
    assert refused(lambda: call("iam", "get_role", RoleName=name))[0] == "NoSuchEntity"


def test_a_managed_policy_gets_new_versions_and_keeps_one_old_one(account: Account) -> None:
    call = account.aws.call
    template = one("AWS::IAM::ManagedPolicy", {"PolicyDocument": policy("sqs:*")}, Version="DefaultVersionId")
    template["Resources"]["Role"] = ROLE
    template["Resources"]["It"]["Properties"]["Roles"] = [{"Ref": "Role"}]
    complete(account.create(template), account)
    arn = account.outputs()["Ref"]
    for number in range(7):
        template["Resources"]["It"]["Properties"]["PolicyDocument"] = policy(f"sqs:Get{number}*")
        complete(account.update(template), account)
    assert account.outputs()["Version"] == "v8"
    versions = call("iam", "list_policy_versions", PolicyArn=arn)["Versions"]
    assert [version["VersionId"] for version in versions if version["IsDefaultVersion"]] == ["v8"]
    attached = call("iam", "list_attached_role_policies", RoleName=account.physical("Role"))
    assert [policy["PolicyArn"] for policy in attached["AttachedPolicies"]] == [arn]
    account.cfn.delete_stack(StackName="stack")
    assert refused(lambda: call("iam", "get_policy", PolicyArn=arn))[0] == "NoSuchEntity"


def test_users_groups_and_inline_policies(account: Account) -> None:
    call = account.aws.call
    template = {
        "Resources": {
            "User": {
                "Type": "AWS::IAM::User",
                "Properties": {"Groups": [{"Ref": "Group"}], "LoginProfile": {"Password": "long-Enough-1"}},
            },
            "Group": {"Type": "AWS::IAM::Group", "Properties": {"ManagedPolicyArns": [READ_ONLY]}},
            "Policy": {
                "Type": "AWS::IAM::Policy",
                "Properties": {
                    "PolicyName": "inline",
                    "PolicyDocument": policy("sqs:*"),
                    "Users": [{"Ref": "User"}],
                    "Groups": [{"Ref": "Group"}],
                },
            },
        }
    }
    complete(account.create(template), account)
    user, group = account.physical("User"), account.physical("Group")
    assert [one["GroupName"] for one in call("iam", "list_groups_for_user", UserName=user)["Groups"]] == [
        group
    ]
    assert call("iam", "list_user_policies", UserName=user)["PolicyNames"] == ["inline"]
    template["Resources"]["Policy"]["Properties"]["Users"] = []
    complete(account.update(template), account)
    assert call("iam", "list_user_policies", UserName=user)["PolicyNames"] == []
    assert call("iam", "list_group_policies", GroupName=group)["PolicyNames"] == ["inline"]
    account.cfn.delete_stack(StackName="stack")
    assert [one["UserName"] for one in call("iam", "list_users")["Users"]] == ["administrator"]
    assert call("iam", "list_groups")["Groups"] == []


def test_a_change_of_what_is_fixed_makes_another_one(account: Account) -> None:
    complete(account.create(one("AWS::IAM::OIDCProvider", {"Url": "https://a.example"}, Arn="Arn")), account)
    arn = account.outputs()["Arn"]
    assert arn == account.outputs()["Ref"] == "arn:aws:iam::111122223333:oidc-provider/a.example"
    complete(account.update(one("AWS::IAM::OIDCProvider", {"Url": "https://b.example"})), account)
    providers = account.aws.call("iam", "list_open_id_connect_providers")["OpenIDConnectProviderList"]
    assert [one["Arn"] for one in providers] == [account.outputs()["Ref"]]
    assert ("It", "DELETE_COMPLETE", "") in account.events()
    named = {**ROLE["Properties"], "RoleName": "name"}
    account.create(one("AWS::IAM::Role", named), name="other")
    stack = account.update(one("AWS::IAM::Role", {**named, "Path": "/x/"}), name="other")
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert account.reasons("other")["It UPDATE_FAILED"] == (
        "CloudFormation cannot update a stack when a custom-named resource requires replacing. Rename name "
        "and update the stack again."
    )
    assert account.aws.call("iam", "get_role", RoleName="name")["Role"]["Path"] == "/"


def test_a_user_pool_and_what_is_in_it(account: Account) -> None:
    call = account.aws.call
    pool = {"UserPoolId": {"Ref": "It"}}
    template = one(
        "AWS::Cognito::UserPool",
        {
            "MfaConfiguration": "OPTIONAL",
            "EnabledMfas": ["SOFTWARE_TOKEN_MFA"],
            "UsernameAttributes": ["email"],
        },
        Arn="Arn",
        Provider="ProviderName",
        Url="ProviderURL",
        Id="UserPoolId",
    )
    template["Resources"] |= {
        "Client": {"Type": "AWS::Cognito::UserPoolClient", "Properties": {**pool, "GenerateSecret": True}},
        "Domain": {"Type": "AWS::Cognito::UserPoolDomain", "Properties": {**pool, "Domain": "sign-in"}},
        "Group": {"Type": "AWS::Cognito::UserPoolGroup", "Properties": {**pool, "GroupName": "readers"}},
        "Server": {
            "Type": "AWS::Cognito::UserPoolResourceServer",
            "Properties": {**pool, "Identifier": "https://mcp.example", "Name": "mcp"},
        },
        "User": {
            "Type": "AWS::Cognito::UserPoolUser",
            "Properties": {**pool, "Username": "a@example.com", "MessageAction": "SUPPRESS"},
        },
    }
    template["Outputs"]["Secret"] = {"Value": {"Fn::GetAtt": ["Client", "ClientSecret"]}}
    complete(account.create(template), account)
    outputs, pool_id = account.outputs(), account.physical("It")
    provider = f"cognito-idp.us-east-1.amazonaws.com/{pool_id}"
    secret = outputs.pop("Secret")
    assert outputs == {
        "Ref": pool_id,
        "Id": pool_id,
        "Arn": f"arn:aws:cognito-idp:us-east-1:111122223333:userpool/{pool_id}",
        "Provider": provider,
        "Url": f"https://{provider}",
    }
    client = call(
        "cognito-idp", "describe_user_pool_client", UserPoolId=pool_id, ClientId=account.physical("Client")
    )["UserPoolClient"]
    assert client["ClientSecret"] == secret
    mfa = call("cognito-idp", "get_user_pool_mfa_config", UserPoolId=pool_id)
    assert (mfa["MfaConfiguration"], mfa["SoftwareTokenMfaConfiguration"]) == ("OPTIONAL", {"Enabled": True})
    found = call("cognito-idp", "describe_user_pool_domain", Domain=account.physical("Domain"))
    assert found["DomainDescription"]["UserPoolId"] == pool_id
    assert [one["GroupName"] for one in call("cognito-idp", "list_groups", UserPoolId=pool_id)["Groups"]] == [
        "readers"
    ]
    assert account.physical("Server") == "https://mcp.example"
    assert len(call("cognito-idp", "list_users", UserPoolId=pool_id)["Users"]) == 1


def test_what_aws_lets_nobody_change_fails_the_update_and_leaves_all_as_it_was(account: Account) -> None:
    kind = "AWS::Cognito::UserPool"
    account.create(one(kind, {"UsernameAttributes": ["email"]}))
    stack = account.update(one(kind, {"UsernameAttributes": ["phone_number"]}))
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    reason = "Updates are not allowed for property - UsernameAttributes."
    assert account.reasons() == {"It UPDATE_FAILED": reason}
    assert refused(account.update, template=one(kind, {"UsernameAttributes": ["email"]}))[1] == (
        "No updates are to be performed."
    )


def test_an_identity_pool_and_its_roles(account: Account) -> None:
    role = "arn:aws:iam::111122223333:role/reader"
    template = one(
        "AWS::Cognito::IdentityPool",
        {"AllowUnauthenticatedIdentities": "false", "IdentityPoolTags": [{"Key": "a", "Value": "b"}]},
        Name="Name",
    )
    template["Resources"]["Roles"] = {
        "Type": "AWS::Cognito::IdentityPoolRoleAttachment",
        "Properties": {"IdentityPoolId": {"Ref": "It"}, "Roles": {"authenticated": role}},
    }
    complete(account.create(template), account)
    pool = account.outputs()["Ref"]
    found = account.aws.call("cognito-identity", "describe_identity_pool", IdentityPoolId=pool)
    assert found["IdentityPoolName"] == account.outputs()["Name"]
    assert found["AllowUnauthenticatedIdentities"] is False
    assert found["IdentityPoolTags"] == {"a": "b"}
    roles = account.aws.call("cognito-identity", "get_identity_pool_roles", IdentityPoolId=pool)["Roles"]
    assert roles == {"authenticated": role}
    del template["Resources"]["Roles"]
    complete(account.update(template), account)
    roles = account.aws.call("cognito-identity", "get_identity_pool_roles", IdentityPoolId=pool)
    assert roles.get("Roles", {}) == {}


def test_alarms_dashboards_and_log_groups(account: Account) -> None:
    call = account.aws.call
    alarm = {
        "AlarmName": "cpu",
        "MetricName": "CPU",
        "Namespace": "App",
        "Period": "60",
        "EvaluationPeriods": 1,
        "Threshold": "1.5",
        "Statistic": "Sum",
        "ComparisonOperator": "GreaterThanThreshold",
    }
    template = one("AWS::CloudWatch::Alarm", alarm, Arn="Arn")
    body = json.dumps({"widgets": []})
    template["Resources"] |= {
        "Board": {"Type": "AWS::CloudWatch::Dashboard", "Properties": {"DashboardBody": body}},
        "Group": {
            "Type": "AWS::Logs::LogGroup",
            "Properties": {"RetentionInDays": 7, "Tags": [{"Key": "a", "Value": "b"}]},
        },
    }
    complete(account.create(template, Tags=[{"Key": "stack", "Value": "s"}]), account)
    [found] = call("cloudwatch", "describe_alarms")["MetricAlarms"]
    assert (found["AlarmArn"], found["Threshold"]) == (account.outputs()["Arn"], 1.5)
    assert (
        call("cloudwatch", "get_dashboard", DashboardName=account.physical("Board"))["DashboardBody"] == body
    )
    group = account.physical("Group")
    tags = call("logs", "list_tags_log_group", logGroupName=group)["tags"]
    assert tags == {"a": "b", "stack": "s"}
    template["Resources"]["Group"]["Properties"] = {}
    complete(account.update(template, Tags=[{"Key": "stack", "Value": "t"}]), account)
    [found] = call("logs", "describe_log_groups")["logGroups"]
    assert "retentionInDays" not in found
    assert call("logs", "list_tags_log_group", logGroupName=group)["tags"] == {"stack": "t"}
    account.create(one("AWS::CloudWatch::Alarm", alarm), name="second")
    assert account.reasons("second")["It CREATE_FAILED"] == "cpu already exists"
    account.cfn.delete_stack(StackName="stack")
    assert call("cloudwatch", "describe_alarms")["MetricAlarms"] == []
