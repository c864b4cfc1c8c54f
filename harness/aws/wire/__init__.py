"""What goes over the wire: plain records of a request and a response, and AWS's protocols.

*query*: a form in, XML out (STS, IAM, CloudFormation, older CloudWatch clients). *json 1.0* and *json 1.1*:
an ``X-Amz-Target`` header and a JSON object in, a JSON object out (Logs, Cognito, CloudWatch). *rest-json*:
methods and paths (the OIDC service and the portal of IAM Identity Center). *CBOR*: Smithy RPC v2 (CloudWatch
of newer SDKs). Members, their types and their names on the wire are those of AWS's own models. An error has
the form of the protocol in which the call came, because an SDK reads no other. A body may
come packed by gzip.
"""

from __future__ import annotations

from harness.aws.wire.messages import Protocol, Request, Response
from harness.aws.wire.reading import guess_protocol, identify, protocol_of, read
from harness.aws.wire.rendering import error_code, render, render_error

__all__ = [
    "Protocol",
    "Request",
    "Response",
    "error_code",
    "guess_protocol",
    "identify",
    "protocol_of",
    "read",
    "render",
    "render_error",
]
