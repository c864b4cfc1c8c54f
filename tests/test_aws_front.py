"""The front of AWS: protocols, signatures, permissions, isolation, and answers to whatever comes in."""

from __future__ import annotations

import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request as UrlRequest
from urllib.request import urlopen

import boto3
import pytest
import time_machine
import uvicorn
from botocore.config import Config
from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.aws import Aws, Credentials
from harness.aws.wire import Request, Response

ACCOUNT = "310987654321"
READ_ONLY = "arn:aws:iam::aws:policy/CloudWatchReadOnlyAccess"
HOSTS = {
    "sts.amazonaws.com": "",
    "iam.amazonaws.com": "",
    "monitoring.us-east-1.amazonaws.com": "GraniteServiceVersion20100801",
    "logs.us-east-1.amazonaws.com": "Logs_20140328",
    "cognito-idp.us-east-1.amazonaws.com": "AWSCognitoIdentityProviderService",
    "cognito-identity.us-east-1.amazonaws.com": "AWSCognitoIdentityService",
}
ALARM = {
    "AlarmName": "high-cpu",
    "MetricName": "CPU",
    "Namespace": "App",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 1,
    "Statistic": "Sum",
    "ComparisonOperator": "GreaterThanThreshold",
}


@pytest.fixture
def aws() -> Iterator[Aws]:
    aws = Aws(account_id=ACCOUNT)
    yield aws
    aws.close()


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Aws, str]]:
    """An AWS behind a real server on a loopback port."""
    aws = Aws(account_id="410987654321")

    async def well_known(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": f"keys at {scope['path']}".encode()})

    aws.publish("cognito-idp.us-east-1.amazonaws.com", "/us-east-1_Abc123/", well_known)
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(aws.app, log_level="warning", ws="none"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    yield aws, f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join(timeout=5)
    listener.close()
    aws.close()


def user(aws: Aws, *statements: dict[str, Any], name: str = "alice") -> Credentials:
    iam = aws.client("iam")
    iam.create_user(UserName=name)
    if statements:
        policy = {"Version": "2012-10-17", "Statement": list(statements)}
        iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=json.dumps(policy))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return Credentials(access_key_id=key["AccessKeyId"], secret_access_key=key["SecretAccessKey"])


def refused(code: str, call: Callable[..., Any], *args: Any, **options: Any) -> str:
    """Return the message of the refusal that a call must end in."""
    with pytest.raises(ClientError) as caught:
        call(*args, **options)
    assert caught.value.response["Error"]["Code"] == code, caught.value
    message: str = caught.value.response["Error"]["Message"]
    return message


def over_http(url: str, service: str, credentials: Credentials) -> Any:
    return boto3.client(
        service,
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id=credentials.access_key_id,
        aws_secret_access_key=credentials.secret_access_key,
        aws_session_token=credentials.session_token,
        config=Config(retries={"total_max_attempts": 1}, proxies={}),
    )


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
        put(Namespace="App", MetricData=[])
        refused("AccessDenied", put, Namespace="Other", MetricData=[])

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


class TestSignatures:
    @pytest.mark.parametrize(
        ("service", "call", "unknown", "mismatch"),
        [
            ("sts", "get_caller_identity", "InvalidClientTokenId", "SignatureDoesNotMatch"),
            ("iam", "list_users", "InvalidClientTokenId", "SignatureDoesNotMatch"),
            ("cloudwatch", "list_metrics", "InvalidClientTokenId", "SignatureDoesNotMatch"),
            ("logs", "describe_log_groups", "UnrecognizedClientException", "InvalidSignatureException"),
        ],
    )
    def test_each_protocol_has_its_own_codes(
        self, aws: Aws, service: str, call: str, unknown: str, mismatch: str
    ) -> None:
        stranger = Credentials(access_key_id="AKIAIOSFODNN7EXAMPLE", secret_access_key="x")
        refused(unknown, getattr(aws.client(service, credentials=stranger), call))
        wrong = Credentials(access_key_id=aws.administrator.access_key_id, secret_access_key="x")
        refused(mismatch, getattr(aws.client(service, credentials=wrong), call))
        assert (aws.journal[-1].decision, aws.journal[-1].principal) == ("deny", None)

    def test_an_inactive_key_is_unknown(self, aws: Aws) -> None:
        alice = user(aws)
        aws.client("iam").update_access_key(
            UserName="alice", AccessKeyId=alice.access_key_id, Status="Inactive"
        )
        refused("InvalidClientTokenId", aws.client("sts", credentials=alice).get_caller_identity)

    def test_a_clock_that_is_off_is_refused_sooner_by_logs(self, aws: Aws) -> None:
        true = time.time()
        aws.now = lambda: true
        with time_machine.travel(true - 400):
            assert aws.client("sts").get_caller_identity()
            message = refused("InvalidSignatureException", aws.client("logs").describe_log_groups)
            assert re.fullmatch(r"Signature expired: \S+ is now earlier than \S+ \(\S+ - 5 min\.\)", message)
        with time_machine.travel(true + 1000):
            message = refused("SignatureDoesNotMatch", aws.client("sts").get_caller_identity)
            assert message.startswith("Signature not yet current: ")

    def test_a_request_changed_on_its_way_is_refused(self, aws: Aws) -> None:
        sent: list[Request] = []
        handle = aws.handle
        aws.handle = lambda request: sent.append(request) or handle(request)  # type: ignore[method-assign,func-returns-value]
        aws.client("logs").describe_log_groups(logGroupNamePrefix="/a")
        [honest] = sent
        assert handle(honest).status == 200
        for change in (
            {"body": honest.body.replace(b"/a", b"/b")},
            {"query": "x=1"},
            {"host": "logs.eu-west-1.amazonaws.com"},
            {"headers": {**honest.headers, "x-amz-target": "Logs_20140328.DescribeDestinations"}},
        ):
            assert handle(Request(**{**vars(honest), **change})).status == 400
            assert aws.journal[-1].error == "SignatureDoesNotMatch"

    @pytest.mark.parametrize("host", list(HOSTS))
    def test_an_unsigned_call_is_refused(self, aws: Aws, host: str) -> None:
        operation = {
            "sts.amazonaws.com": "GetCallerIdentity",
            "iam.amazonaws.com": "ListUsers",
            "monitoring.us-east-1.amazonaws.com": "ListMetrics",
            "logs.us-east-1.amazonaws.com": "DescribeLogGroups",
            "cognito-idp.us-east-1.amazonaws.com": "ListUserPools",
            "cognito-identity.us-east-1.amazonaws.com": "ListIdentityPools",
        }[host]
        target = HOSTS[host]
        headers = {"x-amz-target": f"{target}.{operation}"} if target else {}
        body = b"{}" if target else f"Action={operation}".encode()
        response = aws.handle(Request(host=host, headers=headers, body=body))
        assert response.status == (400 if target else 403)
        assert b"MissingAuthenticationToken" in response.body
        assert aws.journal[-1].decision == "deny"


class TestGaps:
    def test_what_is_not_implemented_names_the_operation(self, aws: Aws) -> None:
        for service, operation, fields in (
            ("cloudwatch", "describe_alarm_history", {}),
            ("logs", "stop_query", {"queryId": "q"}),
            ("sts", "assume_root", {"TargetPrincipal": "1" * 12, "TaskPolicyArn": {"arn": "a" * 20}}),
            ("cognito-idp", "initiate_auth", {"ClientId": "c", "AuthFlow": "USER_SRP_AUTH"}),
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


class TestOverHttp:
    def test_a_real_client_is_served_by_its_endpoint_url(self, served: tuple[Aws, str]) -> None:
        aws, url = served
        assert over_http(url, "sts", aws.administrator).get_caller_identity()["Account"] == aws.account_id
        over_http(url, "cloudwatch", aws.administrator).put_metric_alarm(**ALARM)
        over_http(url, "logs", aws.administrator).create_log_group(logGroupName="/app")
        alarms = over_http(url, "cloudwatch", aws.administrator).describe_alarms()
        assert alarms["MetricAlarms"][0]["AlarmName"] == "high-cpu"

    def test_refusals_raise_the_same_exceptions_there(self, served: tuple[Aws, str]) -> None:
        aws, url = served
        alice = user(aws)
        refused("AccessDenied", over_http(url, "cloudwatch", alice).list_metrics)
        refused("AccessDeniedException", over_http(url, "logs", alice).describe_log_groups)
        refused("AccessDenied", over_http(url, "iam", alice).list_users)
        sts = over_http(url, "sts", alice)
        with pytest.raises(sts.exceptions.InvalidIdentityTokenException):
            sts.assume_role_with_web_identity(
                RoleArn=f"arn:aws:iam::{aws.account_id}:role/absent",
                RoleSessionName="alice",
                WebIdentityToken="garbage",
            )

    def get(self, url: str, host: str, body: bytes | None = None) -> tuple[int, bytes]:
        try:
            with urlopen(UrlRequest(url, data=body, headers={"Host": host}), timeout=5) as answer:
                return answer.status, answer.read()
        except HTTPError as error:
            with error:
                return error.code, error.read()

    def test_a_published_user_pool_shows_its_keys(self, served: tuple[Aws, str]) -> None:
        path = "/us-east-1_Abc123/.well-known/jwks.json"
        host = "cognito-idp.us-east-1.amazonaws.com"
        assert self.get(served[1] + path, host) == (200, f"keys at {path}".encode())
        assert self.get(served[1] + path.replace("Abc", "Xyz"), host)[0] == 404
        assert self.get(served[1] + path, "sts.amazonaws.com")[0] == 404

    def test_too_large_a_body_is_refused(self, served: tuple[Aws, str]) -> None:
        status, body = self.get(served[1], "logs.us-east-1.amazonaws.com", b"x" * (2 * 1024 * 1024 + 1))
        assert (status, json.loads(body)["__type"]) == (413, "RequestEntityTooLarge")


class TestJournal:
    def test_every_call_is_written_down_in_order(self, aws: Aws) -> None:
        start = len(aws.journal)
        aws.client("sts").get_caller_identity()
        aws.client("logs").describe_log_groups()
        refused("NoSuchEntity", aws.client("iam").get_role, RoleName="absent")
        calls = aws.journal[start:]
        assert [(call.service, call.operation, call.decision, call.error) for call in calls] == [
            ("sts", "GetCallerIdentity", "allow", None),
            ("logs", "DescribeLogGroups", "allow", None),
            ("iam", "GetRole", "allow", "NoSuchEntity"),
        ]
        assert {call.principal for call in calls} == {f"arn:aws:iam::{ACCOUNT}:user/administrator"}
        assert {call.access_key_id for call in calls} == {aws.administrator.access_key_id}


def is_aws_shaped(response: Response) -> bool:
    """Tell whether an answer is a refusal in one of AWS's forms."""
    if not 400 <= response.status < 500:
        return False
    if response.headers["content-type"] == "text/xml":
        return response.body.startswith(b"<ErrorResponse")
    return set(json.loads(response.body)) == {"__type", "message"}


texts = st.text(max_size=40)
names = st.sampled_from(
    ["authorization", "x-amz-target", "x-amz-date", "x-amz-security-token", "content-type", "host"]
)
values = texts | st.sampled_from(
    [
        "AWS4-HMAC-SHA256 Credential=A/20260101/us-east-1/sts/aws4_request, SignedHeaders=host, Signature=0",
        "application/x-amz-json-1.0",
        "Logs_20140328.DescribeLogGroups",
        "Bearer abc",
    ]
)
bodies = (
    st.binary(max_size=60)
    | st.sampled_from([b"Action=AssumeRole", b"Action=AssumeRoleWithWebIdentity&RoleArn.x=1&RoleArn=2"])
    | st.recursive(
        st.none() | st.booleans() | st.floats() | texts,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
        max_leaves=6,
    ).map(lambda value: json.dumps(value).encode())
)
operations = (
    st.sampled_from(["GetId", "GetCredentialsForIdentity", "InitiateAuth", "ListMetrics", "\x00"]) | texts
)


@settings(max_examples=150, deadline=None)
@given(
    host=st.sampled_from([*HOSTS, "", "s3.amazonaws.com", "127.0.0.1:80"]) | texts,
    method=st.sampled_from(["GET", "POST", "PUT", "OPTIONS"]),
    path=st.just("/") | texts,
    query=texts,
    headers=st.dictionaries(names, values, max_size=3),
    operation=operations,
    body=bodies,
)
def test_garbage_gets_a_refusal_in_aws_s_form(
    host: str, method: str, path: str, query: str, headers: dict[str, str], operation: str, body: bytes
) -> None:
    aws = Aws(account_id="710987654321")
    if HOSTS.get(host):
        headers = {"x-amz-target": f"{HOSTS[host]}.{operation}", **headers}
    request = Request(method=method, host=host, path=path, query=query, headers=headers, body=body)
    response = aws.handle(request)
    assert is_aws_shaped(response), response


@settings(max_examples=60, deadline=None)
@given(
    operation=st.sampled_from(["DescribeLogGroups", "FilterLogEvents", "PutLogEvents", "StartQuery"]),
    fields=st.dictionaries(
        st.sampled_from(["logGroupName", "logStreamName", "logEvents", "limit", "queryString", "startTime"]),
        st.none() | st.integers() | texts | st.lists(texts, max_size=2),
    ),
)
def test_signed_garbage_is_answered_too(operation: str, fields: dict[str, Any]) -> None:
    aws = Aws(account_id="710987654321")
    logs = aws.client("logs")

    def swap(params: dict[str, Any], **_: Any) -> None:
        params["body"] = json.dumps(fields).encode()

    logs.meta.events.register("before-call", swap)
    event = {"timestamp": 1, "message": "m"}
    calls: dict[str, Callable[[], Any]] = {
        "DescribeLogGroups": logs.describe_log_groups,
        "FilterLogEvents": lambda: logs.filter_log_events(logGroupName="a"),
        "PutLogEvents": lambda: logs.put_log_events(logGroupName="a", logStreamName="b", logEvents=[event]),
        "StartQuery": lambda: logs.start_query(startTime=1, endTime=2, queryString="x"),
    }
    with suppress(ClientError):
        calls[operation]()
    call = aws.journal[-1]
    assert (call.operation, call.status < 500) == (operation, True)
    assert call.error is None or call.error.isidentifier()
