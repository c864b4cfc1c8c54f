"""What tests of the emulated AWS share: people with policies, refusals, clients over HTTP."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from harness.aws import Aws, Credentials

__all__ = ["ALARM", "HOSTS", "READ_ONLY", "over_http", "refused", "user"]

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
