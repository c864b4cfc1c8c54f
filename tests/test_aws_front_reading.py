"""What was judged is what is done: nobody behind the front reads a request in another way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotocoreCredentials

from harness.aws import Aws, Credentials
from harness.aws.services import SERVICES
from harness.aws.wire import Request, Response
from tests.aws_account import user


@pytest.fixture
def aws() -> Iterator[Aws]:
    aws = Aws(account_id="340987654321")
    yield aws
    aws.close()


def send(
    aws: Aws,
    credentials: Credentials,
    service: str,
    *,
    method: str = "POST",
    query: str = "",
    headers: Mapping[str, str],
    body: bytes,
) -> Response:
    """A signed request that no SDK would make."""
    here = SERVICES[service]
    host = "iam.amazonaws.com" if service == "iam" else f"{here.host}.us-east-1.amazonaws.com"
    request = AWSRequest(
        method=method, url=f"https://{host}/?{query}", headers={"host": host, **headers}, data=body
    )
    key = BotocoreCredentials(credentials.access_key_id, credentials.secret_access_key)
    SigV4Auth(key, here.signing_name, "us-east-1").add_auth(request)
    signed = {name.lower(): str(value) for name, value in request.headers.items()}
    return aws.handle(Request(method=method, host=host, query=query, headers=signed, body=body))


@pytest.mark.parametrize(
    ("service", "asked", "smuggled", "body"),
    [
        ("logs", "Logs_20140328.DescribeDestinations", "DeleteLogGroup", b'{"logGroupName": "kept"}'),
        (
            "cognito-idp",
            "AWSCognitoIdentityProviderService.ListUserPools",
            "CreateUserPool",
            b'{"PoolName": "smuggled", "MaxResults": 10}',
        ),
        (
            "cloudwatch",
            "GraniteServiceVersion20100801.DescribeInsightRules",
            "PutDashboard",
            b'{"DashboardName": "smuggled", "DashboardBody": "{}"}',
        ),
    ],
)
def test_an_action_in_the_query_string_of_a_json_call_does_nothing(
    aws: Aws, service: str, asked: str, smuggled: str, body: bytes
) -> None:
    aws.call("logs", "create_log_group", logGroupName="kept")
    prefix = SERVICES[service].iam_prefix
    alice = user(aws, {"Effect": "Allow", "Action": f"{prefix}:{asked.partition('.')[2]}", "Resource": "*"})
    headers = {"x-amz-target": asked, "content-type": SERVICES[service].protocols[-1].value}
    if service == "cloudwatch":
        headers["content-type"] = "application/x-amz-json-1.0"
    send(aws, alice, service, query=f"Action={smuggled}", headers=headers, body=body)
    assert [each["logGroupName"] for each in aws.call("logs", "describe_log_groups")["logGroups"]] == ["kept"]
    assert aws.call("cognito-idp", "list_user_pools", MaxResults=10)["UserPools"] == []
    assert aws.call("cloudwatch", "list_dashboards")["DashboardEntries"] == []


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_action_in_the_body_beside_that_of_the_query_string_does_nothing(aws: Aws, method: str) -> None:
    alice = user(aws, {"Effect": "Allow", "Action": "iam:ListAccountAliases", "Resource": "*"})
    send(
        aws,
        alice,
        "iam",
        method=method,
        query="Action=ListAccountAliases",
        headers={"content-type": "application/x-www-form-urlencoded"},
        body=b"Action=CreateAccountAlias&AccountAlias=smuggled",
    )
    assert aws.call("iam", "list_account_aliases")["AccountAliases"] == []


def test_fields_that_aws_does_not_have_reach_nobody(aws: Aws) -> None:
    aws.client("iam").create_user(UserName="bob")
    alice = user(aws, {"Effect": "Allow", "Action": "iam:ListGroupsForUser", "Resource": "*"})
    response = send(
        aws,
        alice,
        "iam",
        headers={
            "content-type": "application/x-www-form-urlencoded",
            "x-moto-account-id": "123456789012",
            "x-amz-target": "AmazonIdentity.DeleteUser",
        },
        body=b"Action=ListGroupsForUser&UserName=bob&ContentType=JSON&Version=2010-05-08",
    )
    assert response.status == 200
    assert response.body.startswith((b"<ListGroupsForUserResponse", b"<?xml"))
    assert aws.call("iam", "get_user", UserName="bob")["User"]["UserName"] == "bob"
