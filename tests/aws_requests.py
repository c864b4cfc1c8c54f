"""Requests to AWS that no SDK would make, and what every answer must look like."""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote, urlencode

import cbor2
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotocoreCredentials
from hypothesis import strategies as st

from harness.aws import Aws
from harness.aws.models import operation_model, service_model
from harness.aws.services import SERVICES, Service
from harness.aws.wire import Protocol, Request, Response

__all__ = ["any_json", "assert_aws_shaped", "call", "calls", "furnish", "renamed", "signed", "texts"]

REGION = "us-east-1"

texts = st.text(max_size=20)
scalars = st.none() | st.booleans() | st.integers() | st.floats() | texts
any_json = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)


def host_of(service: Service) -> str:
    return f"{service.host}.{REGION}.amazonaws.com"


def call(service: Service, protocol: Protocol, operation: str, fields: Any, body: bytes | None) -> Request:
    """A call as the protocol has it, with these fields; ``body`` is sent in their place."""
    host, path, method = host_of(service), "/", "POST"
    headers = {"host": host, "content-type": protocol.value}
    match protocol:
        case Protocol.QUERY:
            headers["content-type"] = "application/x-www-form-urlencoded"
            pairs = (
                {"Action": operation, **_flat(fields)} if isinstance(fields, dict) else {"Action": operation}
            )
            encoded = urlencode(pairs, errors="replace").encode()
        case Protocol.CBOR:
            headers["smithy-protocol"] = "rpc-v2-cbor"
            path = f"/service/{service.target}/operation/{operation}"
            encoded = cbor2.dumps(fields)
        case Protocol.REST_JSON:
            model = service_model(service.name)
            if operation in model.operation_names:
                http = operation_model(service.name, operation).http
                path, method = http["requestUri"].partition("?")[0], http["method"]
            encoded = json.dumps(fields).encode()
        case _:
            headers["x-amz-target"] = f"{service.target}.{operation}"
            encoded = json.dumps(fields).encode()
    return Request(
        method=method, host=host, path=path, headers=headers, body=encoded if body is None else body
    )


def _flat(fields: Mapping[str, Any]) -> dict[str, str]:
    flat: dict[str, str] = {}
    for name, value in fields.items():
        if isinstance(value, list):
            flat |= {f"{name}.member.{number}": str(each) for number, each in enumerate(value, 1)}
        elif isinstance(value, dict):
            flat |= {f"{name}.{inner}": str(each) for inner, each in value.items()}
        else:
            flat[name] = str(value)
    return flat


def signed(aws: Aws, service: Service, request: Request) -> Request:
    """The same request, signed by the administrator."""
    prepared = AWSRequest(
        method=request.method,
        url=f"https://{request.host}{request.path}" + (f"?{request.query}" if request.query else ""),
        headers=dict(request.headers),
        data=request.body,
    )
    key = aws.administrator
    SigV4Auth(
        BotocoreCredentials(key.access_key_id, key.secret_access_key), service.signing_name, REGION
    ).add_auth(prepared)
    headers = {name.lower(): value for name, value in prepared.headers.items()}
    return replace(request, headers=headers)


def of_shape(shape: Any, depth: int = 0) -> st.SearchStrategy[Any]:
    """Values that are of a shape of AWS's model, or nearly."""
    if depth > 2:
        return scalars
    match shape.type_name:
        case "structure":
            some = {name: of_shape(member, depth + 1) for name, member in list(shape.members.items())[:12]}
            needed = {name: some.pop(name) for name in shape.required_members if name in some}
            right: st.SearchStrategy[Any] = st.fixed_dictionaries(needed, optional=some)
        case "list":
            right = st.lists(of_shape(shape.member, depth + 1), max_size=2)
        case "map":
            right = st.dictionaries(texts, of_shape(shape.value, depth + 1), max_size=2)
        case "boolean":
            right = st.booleans()
        case "integer" | "long":
            right = st.integers(-1, 1000) | st.integers()
        case "float" | "double":
            right = st.floats()
        case "timestamp":
            right = st.integers(0, 2 * 10**9) | st.just(time.time()) | st.floats()
        case "blob":
            right = st.binary(max_size=10).map(lambda raw: base64.b64encode(raw).decode())
        case _:
            right = st.sampled_from(shape.enum) if shape.enum else _text(shape.metadata)
    return right if depth == 0 else mostly(right, scalars)


def mostly(usual: st.SearchStrategy[Any], rare: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.integers(0, 11).flatmap(lambda number: usual if number else rare)


def _text(metadata: Mapping[str, Any]) -> st.SearchStrategy[str]:
    """A word, or a text that the model's pattern and lengths allow."""
    least, most = metadata.get("min", 0), metadata.get("max", 64)
    fitting = [word for word in _WORDS if least <= len(word) <= most]
    try:
        pattern = re.compile(metadata.get("pattern", ".*"))
    except re.error:  # Java's patterns are not all Python's
        pattern = re.compile(".*")
    fitting = [word for word in fitting if pattern.fullmatch(word)]
    made = st.from_regex(pattern, fullmatch=True).filter(lambda text: least <= len(text) <= most)
    return mostly(st.sampled_from(fitting) if fitting else made, texts)


POOL, IDENTITY_POOL = "us-east-1_Abc123", "us-east-1:00000000-0000-4000-8000-000000000000"
INSTANCE = "arn:aws:sso:::instance/ssoins-0123456789abcdef"
NAME = "abc"

_WORDS = (
    "a", NAME, "x" * 40, POOL, IDENTITY_POOL, INSTANCE, "https://acme.okta.com", "{}", "1", "Sum",
    "arn:aws:iam::350987654321:role/abc", "fields @message | filter @message like /a/", "SUM(METRICS())",
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}',
)  # fmt: skip


@st.composite
def calls(draw: st.DrawFn) -> tuple[Service, Request]:
    """Any call of any service in any of its protocols, its fields right, nearly right or wrong."""
    service = SERVICES[draw(st.sampled_from(sorted(SERVICES)))]
    protocol = draw(st.sampled_from(service.protocols))
    operation = draw(st.sampled_from(sorted(service_model(service.name).operation_names)))
    shape = operation_model(service.name, operation).input_shape
    fields = draw(mostly(of_shape(shape), any_json) if shape is not None else any_json)
    body = draw(mostly(st.none(), st.binary(max_size=40)))
    return service, call(service, protocol, operation, fields, body)


def furnish(aws: Aws) -> dict[str, str]:
    """Put one of each thing into an account, named ``abc``; return the ids that AWS chose, by those above."""
    document = '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}'
    anybody = '"Action":"sts:AssumeRole","Principal":{"AWS":"*"}'
    trust = document.replace('"Action":"*","Resource":"*"', anybody)
    now = int(time.time() * 1000)
    aws.call("iam", "create_user", UserName=NAME)
    aws.call("iam", "create_group", GroupName=NAME)
    aws.call("iam", "create_role", RoleName=NAME, AssumeRolePolicyDocument=trust)
    aws.call("iam", "put_role_policy", RoleName=NAME, PolicyName=NAME, PolicyDocument=document)
    aws.call("logs", "create_log_group", logGroupName=NAME)
    aws.call("logs", "create_log_stream", logGroupName=NAME, logStreamName=NAME)
    event = {"timestamp": now, "message": "a"}
    aws.call("logs", "put_log_events", logGroupName=NAME, logStreamName=NAME, logEvents=[event])
    aws.call("cloudwatch", "put_metric_data", Namespace=NAME, MetricData=[{"MetricName": NAME, "Value": 1}])
    pool = aws.call("cognito-idp", "create_user_pool", PoolName=NAME)["UserPool"]["Id"]
    aws.call("cognito-idp", "admin_create_user", UserPoolId=pool, Username=NAME)
    identity_pool = aws.call(
        "cognito-identity",
        "create_identity_pool",
        IdentityPoolName=NAME,
        AllowUnauthenticatedIdentities=True,
    )["IdentityPoolId"]
    return {POOL: pool, IDENTITY_POOL: identity_pool}


def renamed(request: Request, names: Mapping[str, str]) -> Request:
    """The same request about what ``furnish`` has made."""
    body = request.body
    if request.headers["content-type"] != Protocol.CBOR.value:  # its strings are preceded by their lengths
        for name, chosen in names.items():
            body = body.replace(name.encode(), chosen.encode())
            body = body.replace(quote(name, safe="").encode(), quote(chosen, safe="").encode())
    return replace(request, body=body)


def assert_aws_shaped(response: Response) -> None:
    """An answer is of AWS's form, and no failure of the server."""
    content = response.headers.get("content-type", "")
    assert 200 <= response.status < 500, response
    if response.status < 400:
        assert "html" not in content, response
        return
    if content == "text/xml":
        assert response.body.startswith((b"<ErrorResponse", b"<?xml")), response
        assert b"<Code>" in response.body
        assert b"html" not in response.body[:200].lower()
    elif content == Protocol.CBOR.value:
        assert {"__type", "message"} <= set(cbor2.loads(response.body)), response
    else:
        said = json.loads(response.body)
        assert "__type" in said, response
        assert isinstance(said["__type"], str)
