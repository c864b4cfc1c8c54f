"""The front of AWS: what a caller's policies allow, and what cannot be set up."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest

from harness.aws import Aws, Credentials
from tests.aws_account import ALARM, READ_ONLY, refused, user

ACCOUNT = "320987654321"


@pytest.fixture
def aws() -> Iterator[Aws]:
    aws = Aws(account_id=ACCOUNT)
    yield aws
    aws.close()


class TestPermissions:
    def test_read_only_access_reads_and_does_not_write(self, aws: Aws) -> None:
        alice = user(aws)
        cloudwatch, logs = (aws.client(name, credentials=alice) for name in ("cloudwatch", "logs"))
        assert "no identity-based policy" in refused("AccessDenied", cloudwatch.list_metrics)
        aws.client("iam").attach_user_policy(UserName="alice", PolicyArn=READ_ONLY)
        assert cloudwatch.list_metrics()["Metrics"] == []
        assert logs.describe_log_groups()["logGroups"] == []
        message = refused("AccessDenied", cloudwatch.put_metric_alarm, **ALARM)
        assert message == (
            f"User: arn:aws:iam::{ACCOUNT}:user/alice is not authorized to perform: cloudwatch:PutMetricAlarm"
            f" on resource: arn:aws:cloudwatch:us-east-1:{ACCOUNT}:alarm:high-cpu because no identity-based"
            " policy allows the cloudwatch:PutMetricAlarm action"
        )
        refused("AccessDeniedException", logs.create_log_group, logGroupName="/app")

    def test_boto3_raises_the_exception_of_the_service(self, aws: Aws) -> None:
        logs = aws.client("logs", credentials=user(aws))
        with pytest.raises(logs.exceptions.ClientError) as caught:
            logs.describe_log_groups()
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
        iam = aws.client("iam")
        with pytest.raises(iam.exceptions.NoSuchEntityException):
            iam.get_role(RoleName="absent")

    def test_what_is_written_is_read_again(self, aws: Aws) -> None:
        cloudwatch, logs = aws.client("cloudwatch"), aws.client("logs")
        cloudwatch.put_metric_data(Namespace="App", MetricData=[{"MetricName": "CPU", "Value": 1.5}])
        cloudwatch.put_metric_alarm(**ALARM)
        assert cloudwatch.list_metrics()["Metrics"][0]["MetricName"] == "CPU"
        assert cloudwatch.describe_alarms()["MetricAlarms"][0]["AlarmName"] == "high-cpu"
        query = {
            "Id": "m1",
            "MetricStat": {
                "Metric": {"Namespace": "App", "MetricName": "CPU"},
                "Period": 60,
                "Stat": "Sum",
            },
        }
        now = time.time()
        found = cloudwatch.get_metric_data(MetricDataQueries=[query], StartTime=now - 300, EndTime=now + 60)
        assert found["MetricDataResults"][0]["Values"] == [1.5]
        logs.create_log_group(logGroupName="/app")
        assert logs.describe_log_groups()["logGroups"][0]["logGroupName"] == "/app"

    def test_a_log_group_arn_covers_its_group_alone_and_only_with_a_star(self, aws: Aws) -> None:
        aws.client("logs").create_log_group(logGroupName="/app")
        arn = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/app"
        right = user(aws, {"Effect": "Allow", "Action": "logs:*", "Resource": f"{arn}:*"}, name="right")
        bare = user(aws, {"Effect": "Allow", "Action": "logs:*", "Resource": arn}, name="bare")
        logs = aws.client("logs", credentials=right)
        assert logs.filter_log_events(logGroupName="/app")["events"] == []
        refused("AccessDeniedException", logs.filter_log_events, logGroupName="/apple")
        message = refused(
            "AccessDeniedException",
            aws.client("logs", credentials=bare).filter_log_events,
            logGroupName="/app",
        )
        assert f"on resource: {arn}:log-stream: because" in message

    def test_a_metric_action_is_allowed_on_all_resources_or_none(self, aws: Aws) -> None:
        metric = {"Effect": "Allow", "Action": "cloudwatch:*", "Resource": "arn:aws:cloudwatch:*:*:metric/*"}
        message = refused(
            "AccessDenied", aws.client("cloudwatch", credentials=user(aws, metric)).list_metrics
        )
        assert "on resource" not in message

    def test_a_condition_on_the_namespace_counts(self, aws: Aws) -> None:
        statement = {
            "Effect": "Allow",
            "Action": "cloudwatch:PutMetricData",
            "Resource": "*",
            "Condition": {"StringEquals": {"cloudwatch:namespace": "App"}},
        }
        put = aws.client("cloudwatch", credentials=user(aws, statement)).put_metric_data
        data = [{"MetricName": "CPU", "Value": 1}]
        put(Namespace="App", MetricData=data)
        refused("AccessDenied", put, Namespace="Other", MetricData=data)

    def test_a_changed_policy_counts_at_the_next_call(self, aws: Aws) -> None:
        alice = user(aws, {"Effect": "Allow", "Action": "cloudwatch:List*", "Resource": "*"})
        cloudwatch = aws.client("cloudwatch", credentials=alice)
        assert cloudwatch.list_metrics()
        aws.client("iam").delete_user_policy(UserName="alice", PolicyName="p")
        refused("AccessDenied", cloudwatch.list_metrics)

    def test_a_permissions_boundary_cuts_a_role(self, aws: Aws) -> None:
        iam, sts = aws.client("iam"), aws.client("sts")
        statement = {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}
        role = iam.create_role(
            RoleName="bounded",
            AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
            PermissionsBoundary="arn:aws:iam::aws:policy/CloudWatchReadOnlyAccess",
        )["Role"]
        iam.attach_role_policy(RoleName="bounded", PolicyArn="arn:aws:iam::aws:policy/CloudWatchFullAccess")
        found = sts.assume_role(RoleArn=role["Arn"], RoleSessionName="s1")["Credentials"]
        mine = Credentials(
            access_key_id=found["AccessKeyId"],
            secret_access_key=found["SecretAccessKey"],
            session_token=found["SessionToken"],
        )
        cloudwatch = aws.client("cloudwatch", credentials=mine)
        assert cloudwatch.list_metrics()
        refused("AccessDenied", cloudwatch.put_metric_alarm, **ALARM)

    def test_the_administrator_is_judged_by_a_policy_like_everybody(self, aws: Aws) -> None:
        aws.client("iam").delete_user_policy(UserName="administrator", PolicyName="AdministratorAccess")
        refused("AccessDenied", aws.client("iam").list_users)
        assert aws.client("sts").get_caller_identity()["UserId"].startswith("AIDA")


class TestSetUp:
    @pytest.mark.parametrize(
        "document",
        [
            "no json",
            "[]",
            "{}",
            '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",'
            ' "Principal": {"Federated": "arn:aws:iam::ACCOUNT-ID:oidc-provider/acme.okta.com"}}]}',
            '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",'
            ' "Principal": {"AWS": "arn:aws:iam::ACCOUNT-ID:root"}}]}',
        ],
    )
    def test_a_malformed_trust_policy_is_refused(self, aws: Aws, document: str) -> None:
        create = aws.client("iam").create_role
        refused("MalformedPolicyDocument", create, RoleName="r", AssumeRolePolicyDocument=document)

    @pytest.mark.parametrize("url", ["http://acme.okta.com", "https://acme.okta.com:8443", "https://a/?b"])
    def test_a_provider_is_an_https_url_without_port_and_query(self, aws: Aws, url: str) -> None:
        create = aws.client("iam").create_open_id_connect_provider
        refused("ValidationError", create, Url=url, ClientIDList=["a"])

    def test_a_managed_policy_that_aws_has_not_cannot_be_attached(self, aws: Aws) -> None:
        iam = aws.client("iam")
        iam.create_user(UserName="alice")
        arn = "arn:aws:iam::aws:policy/NoSuchPolicyAccess"
        refused("NoSuchEntity", iam.attach_user_policy, UserName="alice", PolicyArn=arn)
