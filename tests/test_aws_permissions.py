"""What a caller may: boundaries, groups, versions, session policies, and the keys that conditions ask for."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from harness.aws import Aws, Credentials, clients
from harness.aws.access.condition_keys import global_keys, tag_keys
from harness.aws.context import Caller, Context
from harness.aws.wire import Protocol, Request, Response
from tests.aws_account import ALARM, READ_ONLY, refused, user

ACCOUNT = "350987654321"
HERE = f"arn:aws:iam::{ACCOUNT}"
TEAM_READER = f"{HERE}:role/team/Reader"
PROVIDER = f"{HERE}:oidc-provider/a.example/b"


class Clock:
    """Ahead of this machine's, with which clients sign, by less than what a signature bears."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def aws(clock: Clock) -> Iterator[Aws]:
    aws = Aws(account_id=ACCOUNT, now=clock)
    yield aws
    aws.close()


def allow(action: Any = "*", resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: Any = "*", resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {**allow(action, resource, **more), "Effect": "Deny"}


def text(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def role(aws: Aws, *statements: dict[str, Any], name: str = "Reader", **more: Any) -> str:
    """Make a role that the account may assume, and return its ARN."""
    trust = {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": ["sts:AssumeRole", "sts:TagSession"]}
    made = aws.call("iam", "create_role", RoleName=name, AssumeRolePolicyDocument=text(trust), **more)["Role"]
    if statements:
        aws.call("iam", "put_role_policy", RoleName=name, PolicyName="p", PolicyDocument=text(*statements))
    arn: str = made["Arn"]
    return arn


def assume(aws: Aws, arn: str, **more: Any) -> Credentials:
    key = aws.call("sts", "assume_role", RoleArn=arn, RoleSessionName="session", **more)["Credentials"]
    return Credentials(
        access_key_id=key["AccessKeyId"],
        secret_access_key=key["SecretAccessKey"],
        session_token=key["SessionToken"],
    )


def reason(message: str) -> str:
    """Return the end of a refusal: why."""
    for word in (" because ", " with an explicit deny "):
        if word in message:
            return word.strip() + " " + message.partition(word)[2]
    return ""


class TestWhosePoliciesCount:
    def test_a_users_boundary_cuts(self, aws: Aws) -> None:
        alice = user(aws, allow())
        aws.call("iam", "put_user_permissions_boundary", UserName="alice", PermissionsBoundary=READ_ONLY)
        cloudwatch = aws.client("cloudwatch", credentials=alice)
        assert cloudwatch.list_metrics()["Metrics"] == []
        message = refused("AccessDenied", cloudwatch.put_metric_alarm, **ALARM)
        assert reason(message) == (
            "because no permissions boundary allows the cloudwatch:PutMetricAlarm action"
        )
        aws.call("iam", "delete_user_permissions_boundary", UserName="alice")
        cloudwatch.put_metric_alarm(**ALARM)

    def test_a_roles_boundary_cuts_and_may_deny(self, aws: Aws) -> None:
        made = aws.call(
            "iam", "create_policy", PolicyName="edge", PolicyDocument=text(allow(), deny("logs:*"))
        )
        arn = role(aws, allow(), PermissionsBoundary=made["Policy"]["Arn"])
        session = assume(aws, arn)
        logs = aws.client("logs", credentials=session)
        message = refused("AccessDeniedException", logs.describe_log_groups)
        assert reason(message) == "with an explicit deny in a permissions boundary"
        assert aws.client("cloudwatch", credentials=session).list_metrics()["Metrics"] == []

    def test_a_session_policy_cuts_and_may_deny(self, aws: Aws) -> None:
        arn = role(aws, allow())
        for policy, expected in (
            (allow("logs:*"), "because no session policy allows the cloudwatch:ListMetrics action"),
            (deny("cloudwatch:*"), "with an explicit deny in a session policy"),
        ):
            cloudwatch = aws.client("cloudwatch", credentials=assume(aws, arn, Policy=text(policy)))
            assert reason(refused("AccessDenied", cloudwatch.list_metrics)) == expected

    def test_a_groups_policies_are_its_members(self, aws: Aws) -> None:
        alice, iam = user(aws), aws.client("iam")
        cloudwatch = aws.client("cloudwatch", credentials=alice)
        iam.create_group(GroupName="readers")
        iam.attach_group_policy(GroupName="readers", PolicyArn=READ_ONLY)
        refused("AccessDenied", cloudwatch.list_metrics)
        iam.add_user_to_group(GroupName="readers", UserName="alice")
        assert cloudwatch.list_metrics()["Metrics"] == []
        iam.put_group_policy(GroupName="readers", PolicyName="p", PolicyDocument=text(deny("cloudwatch:*")))
        message = refused("AccessDenied", cloudwatch.list_metrics)
        assert reason(message) == "with an explicit deny in an identity-based policy"

    def test_the_default_version_of_a_managed_policy_counts(self, aws: Aws) -> None:
        alice, iam = user(aws), aws.client("iam")
        cloudwatch = aws.client("cloudwatch", credentials=alice)
        policy = iam.create_policy(PolicyName="read", PolicyDocument=text(allow("logs:*")))["Policy"]["Arn"]
        iam.attach_user_policy(UserName="alice", PolicyArn=policy)
        iam.create_policy_version(PolicyArn=policy, PolicyDocument=text(allow("cloudwatch:*")))
        refused("AccessDenied", cloudwatch.list_metrics)
        iam.set_default_policy_version(PolicyArn=policy, VersionId="v2")
        assert cloudwatch.list_metrics()["Metrics"] == []


class TestConditionKeys:
    def test_revoked_sessions_are_those_that_are_older(self, aws: Aws, clock: Clock) -> None:
        arn = role(aws, allow())
        old = aws.client("cloudwatch", credentials=assume(aws, arn))
        clock.ahead += 60
        now = datetime.fromtimestamp(clock(), UTC).isoformat(timespec="milliseconds")
        revoked = deny(Condition={"DateLessThan": {"aws:TokenIssueTime": now.replace("+00:00", "Z")}})
        revoke = {"PolicyName": "AWSRevokeOlderSessions", "PolicyDocument": text(revoked)}
        assert old.list_metrics()["Metrics"] == []
        aws.call("iam", "put_role_policy", RoleName="Reader", **revoke)
        message = refused("AccessDenied", old.list_metrics)
        assert reason(message) == "with an explicit deny in an identity-based policy"
        new = aws.client("cloudwatch", credentials=assume(aws, arn))
        assert new.list_metrics()["Metrics"] == []

    def test_a_session_tag_is_before_the_roles_own(self, aws: Aws) -> None:
        team = {"StringEquals": {"aws:PrincipalTag/team": "blue"}}
        arn = role(aws, allow(Condition=team), Tags=[{"Key": "Team", "Value": "blue"}])
        assert aws.client("cloudwatch", credentials=assume(aws, arn)).list_metrics()["Metrics"] == []
        red = assume(aws, arn, Tags=[{"Key": "team", "Value": "red"}])
        refused("AccessDenied", aws.client("cloudwatch", credentials=red).list_metrics)

    def test_a_user_has_its_tags(self, aws: Aws) -> None:
        alice = user(aws, allow(Condition={"StringEquals": {"aws:PrincipalTag/team": "blue"}}))
        cloudwatch = aws.client("cloudwatch", credentials=alice)
        refused("AccessDenied", cloudwatch.list_metrics)
        aws.call("iam", "tag_user", UserName="alice", Tags=[{"Key": "team", "Value": "blue"}])
        assert cloudwatch.list_metrics()["Metrics"] == []

    def test_the_tags_of_a_call_and_of_its_resource_are_asked_for(self, aws: Aws) -> None:
        only_blue = {
            "StringEquals": {"aws:RequestTag/team": "blue"},
            "ForAllValues:StringEquals": {"aws:TagKeys": "team"},
        }
        own = {"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}}
        alice = user(
            aws,
            allow(["iam:CreateRole", "iam:TagRole"], Condition=only_blue),
            allow("iam:GetRole", Condition=own),
        )
        aws.call("iam", "tag_user", UserName="alice", Tags=[{"Key": "team", "Value": "blue"}])
        iam = aws.client("iam", credentials=alice)
        trust = text({"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"})
        blue, red = ({"Key": "team", "Value": colour} for colour in ("blue", "red"))
        create = {"RoleName": "Blue", "AssumeRolePolicyDocument": trust}
        refused("AccessDenied", iam.create_role, **create)
        refused("AccessDenied", iam.create_role, **create, Tags=[red])
        refused("AccessDenied", iam.create_role, **create, Tags=[blue, {"Key": "x", "Value": "y"}])
        iam.create_role(**create, Tags=[blue])
        assert iam.get_role(RoleName="Blue")["Role"]["RoleName"] == "Blue"
        role(aws)
        refused("AccessDenied", iam.get_role, RoleName="Reader")

    def test_whoever_delegates_may_demand_a_boundary_and_a_policy(self, aws: Aws) -> None:
        alice = user(
            aws,
            allow("iam:CreateRole", Condition={"StringEquals": {"iam:PermissionsBoundary": READ_ONLY}}),
            allow("iam:AttachRolePolicy", Condition={"ArnEquals": {"iam:PolicyARN": READ_ONLY}}),
            allow("iam:PutRolePolicy", Condition={"StringEquals": {"iam:PermissionsBoundary": READ_ONLY}}),
        )
        iam = aws.client("iam", credentials=alice)
        trust = text({"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"})
        create = {"RoleName": "Bounded", "AssumeRolePolicyDocument": trust}
        refused("AccessDenied", iam.create_role, **create)
        iam.create_role(**create, PermissionsBoundary=READ_ONLY)
        iam.attach_role_policy(RoleName="Bounded", PolicyArn=READ_ONLY)
        full = "arn:aws:iam::aws:policy/CloudWatchFullAccess"
        refused("AccessDenied", iam.attach_role_policy, RoleName="Bounded", PolicyArn=full)
        put = {"PolicyName": "p", "PolicyDocument": text(allow())}
        iam.put_role_policy(RoleName="Bounded", **put)
        role(aws)
        refused("AccessDenied", iam.put_role_policy, RoleName="Reader", **put)

    def test_the_keys_of_a_users_call(self, aws: Aws) -> None:
        caller = Caller(
            arn=f"{HERE}:user/alice",
            user_id="AIDAEXAMPLE",
            account=ACCOUNT,
            access_key_id="AKIAEXAMPLE",
            user_name="alice",
        )
        request = Request(host="iam.amazonaws.com", headers={"user-agent": "me"}, address="203.0.113.7")
        call = Context(
            aws=aws,
            service="iam",
            operation="GetUser",
            region="eu-west-1",
            now=1_767_225_600.9,
            caller=caller,
            protocol=Protocol.QUERY,
            request=request,
        )
        assert global_keys(call) == {
            "aws:CurrentTime": "2026-01-01T00:00:00Z",
            "aws:EpochTime": "1767225600",
            "aws:PrincipalAccount": ACCOUNT,
            "aws:PrincipalArn": f"{HERE}:user/alice",
            "aws:PrincipalIsAWSService": "false",
            "aws:PrincipalType": "User",
            "aws:RequestedRegion": "eu-west-1",
            "aws:ResourceAccount": ACCOUNT,
            "aws:SecureTransport": "true",
            "aws:SourceIp": "203.0.113.7",
            "aws:UserAgent": "me",
            "aws:ViaAWSService": "false",
            "aws:userid": "AIDAEXAMPLE",
            "aws:username": "alice",
        }
        by_aws = global_keys(replace(call, request=None))
        assert by_aws["aws:ViaAWSService"] == "true"
        assert "aws:SourceIp" not in by_aws

    def test_only_temporary_credentials_say_whether_there_was_mfa(self, aws: Aws) -> None:
        without = {"Bool": {"aws:MultiFactorAuthPresent": "false"}}
        alice = user(aws, allow(), deny("cloudwatch:*", Condition=without))
        assert aws.client("cloudwatch", credentials=alice).list_metrics()["Metrics"] == []
        arn = role(aws, allow(), deny("cloudwatch:*", Condition=without))
        refused("AccessDenied", aws.client("cloudwatch", credentials=assume(aws, arn)).list_metrics)

    def test_a_call_comes_from_where_it_comes_from(self, aws: Aws) -> None:
        alice = user(aws, allow(Condition={"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}))
        refused("AccessDenied", aws.client("cloudwatch", credentials=alice).list_metrics)
        bob = user(aws, allow(Condition={"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}), name="bob")
        assert aws.client("cloudwatch", credentials=bob).list_metrics()["Metrics"] == []

    @pytest.mark.parametrize(("address", "status"), [("203.0.113.7", 200), ("198.51.100.7", 403)])
    def test_over_http_a_call_comes_from_the_other_end_of_the_connection(
        self, aws: Aws, address: str, status: int
    ) -> None:
        alice = user(aws, allow(Condition={"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}))
        sent: list[Request] = []

        def keep(request: Request) -> Response:
            sent.append(request)
            return aws.handle(request)

        client = clients.client("iam", credentials=alice, region="us-east-1", handle=keep)
        refused("AccessDenied", client.list_users)
        [request] = sent
        names = {**request.headers, "host": request.host, "x-forwarded-for": "203.0.113.7"}
        headers = [(name.encode(), value.encode()) for name, value in names.items()]
        scope = {
            "type": "http",
            "method": "POST",
            "path": "/",
            "query_string": b"",
            "headers": headers,
            "client": (address, 40000),
        }
        answers: list[Any] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": request.body}

        async def send(message: Any) -> None:
            answers.append(message)

        asyncio.run(aws.app(scope, receive, send))
        assert answers[0]["status"] == status

    @pytest.mark.parametrize(
        "fields",
        [
            {"Tags": [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]},
            {"tags": {"a": "1", "b": "2"}},
            {"UserPoolTags": {"a": "1", "b": "2"}},
        ],
    )
    def test_tags_are_read_in_the_shape_of_every_service(self, fields: dict[str, Any]) -> None:
        assert tag_keys(fields) == {
            "aws:RequestTag/a": "1",
            "aws:RequestTag/b": "2",
            "aws:TagKeys": ["a", "b"],
        }

    def test_taking_tags_away_names_their_keys(self) -> None:
        assert tag_keys({"TagKeys": ["a"]}) == {"aws:TagKeys": ["a"]}
        assert tag_keys({"Name": "x"}) == {}


class TestResources:
    @pytest.mark.parametrize(
        ("operation", "fields", "resource"),
        [
            ("list_roles", {}, f"{HERE}:role/"),
            ("list_roles", {"PathPrefix": "/team/"}, f"{HERE}:role/team/"),
            ("list_users", {}, f"{HERE}:user/"),
            ("list_policies", {}, "policy path /"),
            ("get_role", {"RoleName": "Reader"}, TEAM_READER),
            ("get_role", {"RoleName": "absent"}, f"{HERE}:role/absent"),
            ("get_user", {}, f"{HERE}:user/alice"),
            ("create_access_key", {}, f"{HERE}:user/alice"),
            ("create_user", {"UserName": "bob", "Path": "/team/"}, f"{HERE}:user/team/bob"),
            ("add_user_to_group", {"UserName": "alice", "GroupName": "g"}, f"{HERE}:group/g"),
            ("get_policy", {"PolicyArn": READ_ONLY}, READ_ONLY),
            (
                "create_open_id_connect_provider",
                {"Url": "https://a.example/b"},
                f"{HERE}:oidc-provider/a.example/b",
            ),
            (
                "attach_role_policy",
                {"RoleName": "Reader", "PolicyArn": READ_ONLY},
                f"{HERE}:role/team/Reader",
            ),
        ],
    )
    def test_a_refusal_names_the_resource(
        self, aws: Aws, operation: str, fields: dict[str, Any], resource: str
    ) -> None:
        role(aws, Path="/team/")
        message = refused(
            "AccessDenied", getattr(aws.client("iam", credentials=user(aws)), operation), **fields
        )
        action = "iam:" + "".join(word.title() for word in operation.split("_"))
        action = action.replace("OpenIdConnect", "OpenIDConnect")
        assert message == (
            f"User: {HERE}:user/alice is not authorized to perform: {action} on resource: {resource}"
            f" because no identity-based policy allows the {action} action"
        )

    def test_a_grant_on_a_path_is_for_that_path(self, aws: Aws) -> None:
        alice = user(aws, allow("iam:ListRoles", f"{HERE}:role/team/*"))
        iam = aws.client("iam", credentials=alice)
        assert iam.list_roles(PathPrefix="/team/")["Roles"] == []
        refused("AccessDenied", iam.list_roles)

    def test_an_action_without_resources_is_refused_without_naming_one(self, aws: Aws) -> None:
        iam = aws.client("iam", credentials=user(aws))
        assert "on resource" not in refused("AccessDenied", iam.get_account_summary)
