"""What is told of a call by its request alone or by its answer alone, where nothing better is known."""

from __future__ import annotations

import json
import re

from harness.aws.wire import Protocol, Request, Response

__all__ = ["REFUSALS", "error_code", "guess_protocol"]

REFUSALS = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "ExpiredToken",
        "ExpiredTokenException",
        "ForbiddenException",
        "IDPCommunicationError",
        "IDPRejectedClaim",
        "IncompleteSignature",
        "InvalidClientTokenId",
        "InvalidGrantException",
        "InvalidIdentityPoolConfigurationException",
        "InvalidIdentityToken",
        "MissingAuthenticationToken",
        "NotAuthorizedException",
        "SignatureDoesNotMatch",
        "UnauthorizedException",
    }
)
"""The codes by which AWS refuses an identity or a permission; any other error is about the call itself."""

_XML_CODE = re.compile(rb"<Code>([\w.:-]+)</Code>")


def guess_protocol(request: Request) -> Protocol:
    """Return the protocol of a request whose service is not known yet, for the refusal that it may get."""
    content = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if request.headers.get("smithy-protocol") == "rpc-v2-cbor" or content == Protocol.CBOR.value:
        return Protocol.CBOR
    if content == Protocol.JSON_1_0.value:
        return Protocol.JSON_1_0
    return Protocol.JSON_1_1 if "x-amz-target" in request.headers or "json" in content else Protocol.QUERY


def error_code(response: Response) -> str | None:
    """Read the error code out of an answer of moto's; None when it is no error."""
    if response.status < 400:
        return None
    if "x-amzn-query-error" in response.headers:
        return response.headers["x-amzn-query-error"].partition(";")[0]
    match = _XML_CODE.search(response.body)
    if match is not None:
        return match[1].decode()
    try:
        return str(json.loads(response.body)["__type"]).rpartition("#")[2]
    except (ValueError, LookupError, TypeError):
        return str(response.status)
