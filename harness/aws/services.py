"""The services of this AWS: their hosts, signing names, IAM prefixes and protocols."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from harness.aws.wire import Protocol, Request

__all__ = ["SERVICES", "Service", "by_host", "by_request"]

_REGION = r"(?P<region>[a-z]{2}(?:-[a-z]+)+-\d)"


@dataclass(frozen=True, kw_only=True)
class Service:
    """One service.

    Attributes:
        name: botocore's.
        module: where its operations are: a module with ``OPERATIONS`` and ``resources``.
        host: what its host names begin with, before the region.
        protocols: what it speaks; the first one where a request does not tell.
        signing: its name in a credential scope; ``host`` when empty.
        prefix: of its IAM actions; ``name`` when empty.
        target: prefix of its ``X-Amz-Target``.
        namespace: XML namespace of its query protocol.
        is_global: whether it also answers on a host without a region.
        skew: seconds by which a signer's clock may differ: 5 minutes are reported for Logs
            (logspout-cloudwatch#24), 15 for STS (aws-sdk-js#401).
        invalid: the code by which it refuses a field that breaks AWS's model, if an operation has no other.
        repeats: whether it then repeats a value that breaks a pattern; Logs does not (moto#10104).
        moto: the package of moto that keeps its state; empty where none does.
        web: the module of what it answers beside its operations, by paths; empty where there is nothing.
        paths: of its unsigned requests, where it is a REST service.
    """

    name: str
    module: str
    host: str
    protocols: tuple[Protocol, ...]
    signing: str = ""
    prefix: str = ""
    target: str = ""
    namespace: str = ""
    is_global: bool = False
    skew: float = 900
    invalid: str = "ValidationException"
    repeats: bool = True
    moto: str = ""
    web: str = ""
    paths: tuple[str, ...] = ()

    @property
    def signing_name(self) -> str:
        """Its name in a credential scope."""
        return self.signing or self.host

    @property
    def iam_prefix(self) -> str:
        """What its IAM actions begin with."""
        return self.prefix or self.name


_JSON = (Protocol.JSON_1_1,)
_QUERY = (Protocol.QUERY,)
_REST = (Protocol.REST_JSON,)

SERVICES: Mapping[str, Service] = {
    service.name: service
    for service in (
        Service(
            name="sts",
            module="harness.aws.sts.operations",
            host="sts",
            protocols=_QUERY,
            namespace="https://sts.amazonaws.com/doc/2011-06-15/",
            is_global=True,
            invalid="ValidationError",
        ),
        Service(
            name="iam",
            module="harness.aws.iam.operations",
            host="iam",
            protocols=_QUERY,
            namespace="https://iam.amazonaws.com/doc/2010-05-08/",
            is_global=True,
            invalid="ValidationError",
            moto="iam",
        ),
        Service(
            name="cloudwatch",
            module="harness.aws.cloudwatch.operations",
            host="monitoring",
            protocols=(Protocol.QUERY, Protocol.JSON_1_0, Protocol.CBOR),
            target="GraniteServiceVersion20100801",
            namespace="http://monitoring.amazonaws.com/doc/2010-08-01/",
            invalid="ValidationError",
            moto="cloudwatch",
            web="harness.aws.cloudwatch.promql.api",
        ),
        Service(
            name="logs",
            module="harness.aws.logs.operations",
            host="logs",
            protocols=_JSON,
            target="Logs_20140328",
            skew=300,
            invalid="InvalidParameterException",
            repeats=False,
            moto="logs",
        ),
        Service(
            name="cognito-idp",
            module="harness.aws.cognito_idp.operations",
            host="cognito-idp",
            protocols=_JSON,
            target="AWSCognitoIdentityProviderService",
            invalid="InvalidParameterException",
            moto="cognitoidp",
        ),
        Service(
            name="cognito-identity",
            module="harness.aws.cognito_identity.operations",
            host="cognito-identity",
            protocols=_JSON,
            target="AWSCognitoIdentityService",
        ),
        Service(
            name="sso-admin",
            module="harness.aws.identity_center.sso_admin",
            host="sso",
            protocols=_JSON,
            prefix="sso",
            target="SWBExternalService",
        ),
        Service(
            name="identitystore",
            module="harness.aws.identity_center.identitystore",
            host="identitystore",
            protocols=_JSON,
            target="AWSIdentityStore",
        ),
        Service(
            name="sso-oidc",
            module="harness.aws.identity_center.sso_oidc",
            host="oidc",
            protocols=_REST,
            signing="sso-oauth",
            prefix="sso-oauth",
            invalid="InvalidRequestException",
            paths=("/client/register", "/device_authorization", "/token"),
        ),
        Service(
            name="sso",
            module="harness.aws.identity_center.portal",
            host="portal.sso",
            protocols=_REST,
            signing="awsssoportal",
            prefix="awsssoportal",
            invalid="InvalidRequestException",
            paths=("/assignment/accounts", "/assignment/roles", "/federation/credentials", "/logout"),
        ),
        Service(
            name="cloudformation",
            module="harness.aws.cloudformation.operations",
            host="cloudformation",
            protocols=_QUERY,
            namespace="http://cloudformation.amazonaws.com/doc/2010-05-15/",
            invalid="ValidationError",
        ),
    )
}
_BY_HOST = {service.host: service for service in SERVICES.values()}
_BY_HOST |= {"stream-logs": SERVICES["logs"]}  # of its operations that answer by streams of events
_BY_SIGNING = {service.signing_name: service for service in SERVICES.values()}
_BY_TARGET = {service.target: service for service in SERVICES.values() if service.target}
_BY_PATH = {path: service for service in SERVICES.values() for path in service.paths}
_HOST = re.compile(rf"(?P<service>[a-z.-]+?)(?:\.{_REGION})?\.amazonaws\.com")
_SCOPE = re.compile(
    rf"Credential=[^/%]+(?:/|%2F)\d{{8}}(?:/|%2F){_REGION}(?:/|%2F)(?P<service>[a-z-]+)(?:/|%2F)aws4_request",
    re.IGNORECASE,
)
_RPC = re.compile(r"/service/(?P<target>\w+)/", re.ASCII)


def by_host(host: str) -> tuple[Service, str] | None:
    """Return the service and the region of a host name, us-east-1 of a global one; None for another host."""
    match = _HOST.fullmatch(host.lower().partition(":")[0])
    service = _BY_HOST.get(match["service"]) if match else None
    if match is None or service is None or not (match["region"] or service.is_global):
        return None
    return service, match["region"] or "us-east-1"


def by_request(request: Request) -> tuple[Service, str | None] | None:
    """Return the service that a request means whose host tells nothing, as under ``AWS_ENDPOINT_URL``.

    The credential scope tells; of an unsigned request its target or its path; else only STS is called so.
    """
    match = _SCOPE.search(request.headers.get("authorization") or request.query)  # or a presigned URL
    if match is not None:
        service = _BY_SIGNING.get(match["service"])
        return (service, match["region"]) if service is not None else None
    rpc = _RPC.match(request.path)
    if "x-amz-target" in request.headers or rpc is not None:
        target = rpc["target"] if rpc else request.headers["x-amz-target"].partition(".")[0]
        service = _BY_TARGET.get(target)
        return (service, None) if service is not None else None
    if request.path in _BY_PATH:
        return _BY_PATH[request.path], None
    is_form = b"Action=" in request.body or "Action=" in request.query
    return (SERVICES["sts"], None) if is_form else None
