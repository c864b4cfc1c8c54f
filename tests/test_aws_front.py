"""The front of AWS: what is not there, and accounts that do not see each other."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import ClientError

from harness.aws import Aws, Credentials
from harness.aws.wire import Request
from tests.aws_account import ALARM, HOSTS, refused, user

ACCOUNT = "310987654321"


@pytest.fixture
def aws() -> Iterator[Aws]:
    aws = Aws(account_id=ACCOUNT)
    yield aws
    aws.close()


class TestGaps:
    def test_what_is_not_implemented_names_the_operation(self, aws: Aws) -> None:
        for service, operation, fields in (
            ("cloudwatch", "list_metric_streams", {}),
            ("logs", "list_integrations", {}),
            ("iam", "list_service_specific_credentials", {"AllUsers": True}),
            ("cloudwatch", "list_managed_insight_rules", {"ResourceARN": "arn:aws:ec2:::x"}),
        ):
            call = getattr(aws.client(service), operation)
            name = "".join(word.title() for word in operation.split("_"))
            assert name in refused("NotImplemented", call, **fields)

    def test_a_service_that_is_not_there_is_named(self, aws: Aws) -> None:
        message = refused("UnknownEndpoint", aws.client("dynamodb").list_tables)
        assert "dynamodb.us-east-1.amazonaws.com" in message

    @pytest.mark.parametrize("path", ["/moto-api/reset", "/us-east-1_x/.well-known/jwks.json", "/a%00b"])
    def test_moto_s_own_pages_are_out_of_reach(self, aws: Aws, path: str) -> None:
        for host in HOSTS:
            for method in ("GET", "POST"):
                assert aws.handle(Request(method=method, host=host, path=path)).status == 404
        assert aws.client("iam").list_users()["Users"]

    def test_a_missing_field_is_a_validation_error(self, aws: Aws) -> None:
        body = b"Action=AssumeRoleWithWebIdentity&RoleSessionName=abc"
        response = aws.handle(Request(host="sts.amazonaws.com", body=body))
        assert (response.status, aws.journal[-1].error) == (400, "ValidationError")
        assert b"Value null at 'roleArn'" in response.body

    @pytest.mark.parametrize("region", ["cn-north-1", "us-isob-east-1", "us-gov-west-1", "eu-isoe-west-1"])
    def test_a_region_of_another_partition_is_refused_by_its_name(self, aws: Aws, region: str) -> None:
        for service in ("sts", "cloudwatch", "iam"):
            client = aws.client(service, region=region)
            call = {"sts": "get_caller_identity", "cloudwatch": "list_metrics", "iam": "list_users"}[service]
            message = refused("UnknownEndpoint", getattr(client, call))
            assert region in message or client.meta.endpoint_url.removeprefix("https://") in message


class TestModels:
    """What only the models of AWS tell: by which code and in which members a refusal comes."""

    def test_an_operation_of_logs_refuses_by_a_code_that_it_has(self, aws: Aws) -> None:
        logs = aws.client("logs")
        refused("InvalidParameterException", logs.create_log_group, logGroupName="a b")
        destination = {"destinationResourceArn": "arn:aws:s3:::bucket"}
        refused(
            "ValidationException",
            logs.put_delivery_destination,
            name="d",
            outputFormat="foobar",
            deliveryDestinationConfiguration=destination,
        )

    def test_logs_does_not_repeat_what_breaks_a_pattern(self, aws: Aws) -> None:
        logs = aws.client("logs")
        message = refused(
            "InvalidParameterException", logs.describe_log_streams, logGroupIdentifier="arn:aws:logs:*"
        )
        pattern = r"[\w#+=/:,.@-]*"
        assert message == (
            "1 validation error detected: Value at 'logGroupIdentifier' failed to satisfy constraint:"
            f" Member must satisfy regular expression pattern: {pattern}"
        )
        message = refused("InvalidParameterException", logs.describe_log_groups, limit=51)
        assert "Value '51' at 'limit'" in message

    def test_an_error_has_the_members_of_its_model(self, aws: Aws) -> None:
        """Another service beside the identity store, whose tests have more of it."""
        absent = "arn:aws:sso:::instance/ssoins-0123456789abcdef"
        with pytest.raises(ClientError) as caught:
            aws.client("sso-admin").list_permission_sets(InstanceArn=absent)
        response = caught.value.response
        assert response["Message"] == response["Error"]["Message"]
        assert response["Error"]["Code"] == "AccessDeniedException"

    def test_live_tail_on_its_own_host_is_not_implemented(self, aws: Aws) -> None:
        group = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/app"
        tail = aws.client("logs").start_live_tail
        assert "StartLiveTail" in refused("NotImplemented", tail, logGroupIdentifiers=[group])


class TestIsolation:
    def test_two_accounts_do_not_see_each_other(self, aws: Aws) -> None:
        other = Aws(account_id="510987654321")
        aws.client("cloudwatch").put_metric_alarm(**ALARM)
        aws.client("iam").create_user(UserName="alice")
        assert other.client("cloudwatch").describe_alarms()["MetricAlarms"] == []
        assert [each["UserName"] for each in other.client("iam").list_users()["Users"]] == ["administrator"]
        crossed = other.client("sts", credentials=aws.administrator)
        refused("InvalidClientTokenId", crossed.get_caller_identity)
        other.close()

    def test_a_header_cannot_choose_the_account(self, aws: Aws) -> None:
        sts = aws.client("iam")
        sts.meta.events.register(
            "before-sign", lambda request, **_: request.headers.add_header("x-moto-account-id", "9" * 12)
        )
        assert sts.create_user(UserName="bob")["User"]["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/bob"

    def test_an_account_starts_empty(self, aws: Aws) -> None:
        aws.client("iam").create_user(UserName="alice")
        again = Aws(account_id=ACCOUNT)
        assert [each["UserName"] for each in again.client("iam").list_users()["Users"]] == ["administrator"]

    @pytest.mark.parametrize("account_id", ["", "12345678901", "ACCOUNT-ID", "1" * 13])
    def test_an_account_id_is_twelve_digits(self, account_id: str) -> None:
        with pytest.raises(ValueError, match="12 digits"):
            Aws(account_id=account_id)

    def test_calls_at_the_same_time_are_kept_apart(self, aws: Aws) -> None:
        names = [f"user-{number}" for number in range(12)]
        people = [user(aws, name=name) for name in names]

        def arn(who: Credentials) -> str:
            answer: str = aws.client("sts", credentials=who).get_caller_identity()["Arn"]
            return answer

        with ThreadPoolExecutor(8) as pool:
            arns = list(pool.map(arn, people))
        assert arns == [f"arn:aws:iam::{ACCOUNT}:user/{name}" for name in names]

    def test_a_fresh_account_costs_little(self, aws: Aws) -> None:
        """A bound far above the 15 ms that it takes, for a loaded machine."""
        before = time.perf_counter()
        user(Aws(account_id="610987654321"), {"Effect": "Allow", "Action": "*", "Resource": "*"})
        assert time.perf_counter() - before < 1


def test_a_call_is_signed_for_the_region_that_the_service_has() -> None:
    aws = Aws(account_id="330987654322", region="eu-central-1")
    assert [each["UserName"] for each in aws.call("iam", "list_users")["Users"]] == ["administrator"]
    assert aws.journal[-1].region == "us-east-1"
    assert aws.call("logs", "describe_log_groups")["logGroups"] == []
    assert aws.journal[-1].region == "eu-central-1"
    aws.close()
