"""The services of this AWS: their hosts, signing names, IAM prefixes and protocols, and AWS's own models."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import botocore.session

from harness.aws.errors import AwsError
from harness.aws.wire import Protocol, Request

__all__ = [
    "SERVICES",
    "Service",
    "by_host",
    "by_request",
    "check_fields",
    "is_known",
    "is_unsigned",
    "session",
]

_REGION = r"(?P<region>[a-z]{2}(?:-[a-z]+)+-\d)"


@dataclass(frozen=True, kw_only=True)
class Service:
    """One service.

    Attributes:
        name: as the IAM prefix and botocore have it.
        host: first label of its host name, which is also its signing name.
        json: its JSON protocol; None for a service that has none.
        target: prefix of its ``X-Amz-Target``.
        namespace: XML namespace of its query protocol; empty for a service that has none.
        is_global: whether it also answers on a host without a region.
        skew: seconds by which a signer's clock may differ: 5 minutes are reported for Logs
            (logspout-cloudwatch#24), 15 for STS (aws-sdk-js#401).
    """

    name: str
    host: str
    json: Protocol | None = None
    target: str = ""
    namespace: str = ""
    is_global: bool = False
    skew: float = 900


SERVICES: Mapping[str, Service] = {
    service.name: service
    for service in (
        Service(
            name="sts", host="sts", namespace="https://sts.amazonaws.com/doc/2011-06-15/", is_global=True
        ),
        Service(
            name="iam", host="iam", namespace="https://iam.amazonaws.com/doc/2010-05-08/", is_global=True
        ),
        Service(
            name="cloudwatch",
            host="monitoring",
            json=Protocol.JSON_1_0,
            target="GraniteServiceVersion20100801",
            namespace="http://monitoring.amazonaws.com/doc/2010-08-01/",
        ),
        Service(name="logs", host="logs", json=Protocol.JSON_1_1, target="Logs_20140328", skew=300),
        Service(
            name="cognito-idp",
            host="cognito-idp",
            json=Protocol.JSON_1_1,
            target="AWSCognitoIdentityProviderService",
        ),
        Service(
            name="cognito-identity",
            host="cognito-identity",
            json=Protocol.JSON_1_1,
            target="AWSCognitoIdentityService",
        ),
    )
}
_BY_HOST = {service.host: service for service in SERVICES.values()}
_BY_TARGET = {service.target: service for service in SERVICES.values() if service.target}
_HOST = re.compile(rf"(?P<service>[a-z-]+)(?:\.{_REGION})?\.amazonaws\.com")
_SCOPE = re.compile(rf"Credential=[^/]+/\d{{8}}/{_REGION}/(?P<service>[a-z-]+)/aws4_request")


def by_host(host: str) -> tuple[Service, str] | None:
    """Return the service and the region of a host name, us-east-1 of a global one; None for another host."""
    match = _HOST.fullmatch(host.lower().partition(":")[0])
    service = _BY_HOST.get(match["service"]) if match else None
    if match is None or service is None or not (match["region"] or service.is_global):
        return None
    return service, match["region"] or "us-east-1"


def by_request(request: Request) -> tuple[Service, str | None] | None:
    """Return the service that a request means whose host tells nothing, as under ``AWS_ENDPOINT_URL``.

    The credential scope tells; of an unsigned request, its target, and else only STS is called so.
    """
    match = _SCOPE.search(request.headers.get("authorization", ""))
    if match is not None:
        service = _BY_HOST.get(match["service"])
        return (service, match["region"]) if service is not None else None
    if "x-amz-target" in request.headers:
        service = _BY_TARGET.get(request.headers["x-amz-target"].partition(".")[0])
        return (service, None) if service is not None else None
    is_form = b"Action=" in request.body or "Action=" in request.query
    return (SERVICES["sts"], None) if is_form else None


def is_known(service: Service, operation: str) -> bool:
    """Tell whether AWS has such an operation."""
    return operation in _model(service.name).operation_names


def is_unsigned(service: Service, operation: str) -> bool:
    """Tell whether AWS takes an operation without a signature."""
    model = _model(service.name).operation_model(operation)
    return model.auth_type == "none" or bool(model.auth and "smithy.api#noAuth" in model.auth)


def check_fields(service: Service, operation: str, fields: Mapping[str, Any], *, typed: bool) -> None:
    """Check the fields of a call against AWS's model: what is required, and the types.

    Args:
        service: whose call.
        operation: which call.
        fields: as parsed. Fields that the model does not have are no error, as at AWS.
        typed: whether types count too; in a form everything is text.

    Raises:
        AwsError: ``ValidationError`` for a field that is missing, ``SerializationException`` for one of the
            wrong type.
    """
    shape = _model(service.name).operation_model(operation).input_shape
    if shape is None:
        return
    missing = [name for name in shape.required_members if fields.get(name) is None]
    if missing:
        each = (
            f"Value null at '{name[0].lower()}{name[1:]}' failed to satisfy constraint:"
            " Member must not be null"
            for name in missing
        )
        errors = f"{len(missing)} validation error{'s' if len(missing) > 1 else ''} detected"
        raise AwsError("ValidationError", f"{errors}: {'; '.join(each)}")
    wrong = _wrong_type(shape, fields, "") if typed else None
    if wrong:
        raise AwsError("SerializationException", f"{wrong} has the wrong type")


_TYPES: Mapping[str, tuple[type, ...]] = {
    "blob": (str,),
    "boolean": (bool,),
    "double": (int, float),
    "float": (int, float),
    "integer": (int,),
    "list": (list,),
    "long": (int,),
    "map": (dict,),
    "string": (str,),
    "structure": (dict,),
    "timestamp": (int, float, str),
}


def _wrong_type(shape: Any, value: Any, name: str) -> str | None:
    """Return the name of the first field that is not of its type, dotted; None when all are."""
    if value is None:
        return None
    is_right = isinstance(value, _TYPES.get(shape.type_name, (object,)))
    if not is_right or (isinstance(value, bool) and shape.type_name != "boolean"):
        return name or "The request"
    inner: list[tuple[Any, Any, str]] = []
    if shape.type_name == "structure":
        inner = [
            (shape.members[key], item, f"{name}.{key}".lstrip("."))
            for key, item in value.items()
            if key in shape.members
        ]
    elif shape.type_name == "list":
        inner = [(shape.member, item, name) for item in value]
    elif shape.type_name == "map":
        inner = [(shape.value, item, name) for item in value.values()]
    return next(filter(None, (_wrong_type(*each) for each in inner)), None)


_session_lock = threading.Lock()


@lru_cache(maxsize=1)
def session() -> Any:
    """Return the one botocore session of this process, blind to its environment and configuration files.

    Making one parses models for some 40 ms, so it is shared; a client of it costs about 2 ms.
    """
    blind = {
        "profile": (None, None, None, None),
        "config_file": (None, None, "/dev/null", None),
        "credentials_file": (None, None, "/dev/null", None),
    }
    return botocore.session.Session(session_vars=blind)


def _model(name: str) -> Any:
    with _session_lock:
        return _load_model(name)


@lru_cache(maxsize=len(SERVICES))
def _load_model(name: str) -> Any:
    return session().get_service_model(name)
