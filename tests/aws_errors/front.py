"""What every service has: the form of a request."""

from __future__ import annotations

from functools import partial
from typing import Any

import boto3
from botocore import UNSIGNED
from botocore.config import Config

from fake_idp.server import LoopbackServer
from tests.aws_errors.account import Account
from tests.aws_errors.row import Row

__all__ = ["ROWS"]


_QUERY = partial(Row, "any", "query")
_JSON = partial(Row, "any", "JSON")


def _body(service: str, operation: str, body: bytes, **headers: str) -> Any:
    """Call an operation with another body."""

    def provoke(a: Account) -> None:
        def change(params: dict[str, Any]) -> None:
            params["body"] = body
            params["headers"].update(headers)

        getattr(a.altered(service, change), operation)()

    return provoke


def _unknown(a: Account) -> None:
    def change(params: dict[str, Any]) -> None:
        params["body"] = {"Action": "MakeCoffee", "Version": "2011-06-15"}

    a.altered("sts", change).get_caller_identity()


def _other_path(a: Account) -> None:
    def change(params: dict[str, Any]) -> None:
        params["url"] += "/nowhere"

    a.altered("sso", change, signature_version=UNSIGNED).list_accounts(accessToken="x")


def _with_endpoint(a: Account, endpoint: str) -> None:
    a.aws.boto3().client("sts", endpoint_url=endpoint, config=_ONCE).get_caller_identity()


def _too_large(a: Account) -> None:
    with LoopbackServer() as server:
        server.start(a.aws.app)
        key = a.aws.administrator
        client = boto3.client(
            "logs",
            endpoint_url=server.url,
            region_name="us-east-1",
            config=_ONCE,
            aws_access_key_id=key.access_key_id,
            aws_secret_access_key=key.secret_access_key,
        )
        client.describe_log_groups(logGroupNamePrefix="x" * 11_000_000)


_MOST = "Member must have length less than or equal to"
_ONCE = Config(retries={"total_max_attempts": 1}, parameter_validation=False, proxies={})
ROWS = (
    _QUERY(
        "InvalidAction",
        "Could not find operation MakeCoffee for sts",
        "An action that the service does not have.",
        _unknown,
        ours=True,
    ),
    _JSON(
        "UnknownOperationException",
        "Could not find operation … for logs",
        "The same.",
        _body("logs", "describe_log_groups", b"{}", **{"X-Amz-Target": "Logs_20140328.MakeCoffee"}),
        ours=True,
    ),
    _JSON(
        "UnknownOperationException",
        "This AWS has nothing at …",
        "A path that the service does not have.",
        _other_path,
        404,
        ours=True,
    ),
    _QUERY(
        "UnknownEndpoint",
        "This AWS has no service at ec2.us-east-1.amazonaws.com.",
        "A service that is not here.",
        lambda a: _with_endpoint(a, "https://ec2.us-east-1.amazonaws.com"),
        404,
        ours=True,
    ),
    _QUERY(
        "UnknownEndpoint",
        "This AWS is the partition aws, which has no region us-gov-west-1.",
        "A region of another partition.",
        lambda a: _with_endpoint(a, "https://sts.us-gov-west-1.amazonaws.com"),
        404,
        ours=True,
    ),
    _QUERY(
        "MalformedQueryString",
        "The query string contains a syntax error.",
        "A form that cannot be read.",
        _body("sts", "get_caller_identity", b"Action=GetCallerIdentity&a=1&a.b=2"),
    ),
    _QUERY(
        "MalformedInput",
        "DurationSeconds cannot be read",
        "A number, a date or a blob that is none.",
        lambda a: a.careless("sts").assume_role(
            RoleArn=a.reader, RoleSessionName="s", DurationSeconds="long"
        ),
        ours=True,
    ),
    _JSON(
        "SerializationException",
        "The request body is not a JSON object.",
        "A body that is not JSON.",
        _body("logs", "describe_log_groups", b"{"),
        ours=True,
    ),
    _JSON(
        "SerializationException",
        "logGroupName has the wrong type",
        "A field of another type.",
        _body("logs", "create_log_group", b'{"logGroupName": 1}'),
        ours=True,
    ),
    _JSON(
        "RequestEntityTooLarge",
        "The request is too large.",
        "A body of more than 10 MB.",
        _too_large,
        413,
        ours=True,
    ),
    _QUERY(
        "ValidationError",
        f"1 validation error detected: Value '…' at 'roleName' failed to satisfy constraint: {_MOST} 64",
        "A field that breaks a bound, a pattern or an enumeration of AWS's model.",
        lambda a: a.iam.get_role(RoleName="n" * 65),
    ),
    _QUERY(
        "ValidationError",
        "1 validation error detected: Value null at 'roleName' failed to satisfy constraint: "
        "Member must not be null",
        "A required field that is left out.",
        lambda a: a.careless("iam").get_role(),
    ),
    _JSON(
        "InvalidParameterException",
        f"1 validation error detected: Value '…' at 'logGroupName' failed to satisfy constraint: {_MOST} 512",
        "The same, of CloudWatch Logs and of user pools.",
        lambda a: a.logs.create_log_group(logGroupName="n" * 513),
    ),
    _JSON(
        "ValidationException",
        f"1 validation error detected: Value '…' at 'identityPoolName' failed to satisfy "
        f"constraint: {_MOST} 128",
        "The same, of the other JSON services.",
        lambda a: a.pools.create_identity_pool(
            IdentityPoolName="n" * 129, AllowUnauthenticatedIdentities=False
        ),
    ),
    _QUERY(
        "NotImplemented",
        "This AWS does not implement GetOrganizationsAccessReport of iam.",
        "An operation that AWS has and this AWS has not.",
        lambda a: a.iam.get_organizations_access_report(JobId="1" * 36),
        ours=True,
    ),
)
