"""Check AWS Signature Version 4, as it is carried in the Authorization header.

Source: IAM User Guide, "Create a signed AWS API request". The canonical request is built again from what
arrived, so a changed header, body or query shows.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import parse_qsl, quote, unquote

from harness.aws.errors import AwsError
from harness.aws.wire import Request

__all__ = ["Claim", "check", "read"]

_ALGORITHM = "AWS4-HMAC-SHA256"
_AUTHORIZATION = re.compile(
    _ALGORITHM + r" +Credential=(?P<key>[^/,\s]+)/(?P<date>\d{8})/(?P<region>[^/,\s]+)/(?P<service>[^/,\s]+)"
    r"/aws4_request\s*,\s*SignedHeaders=(?P<headers>[^,\s]+)\s*,\s*Signature=(?P<signature>[0-9a-f]+)\s*"
)
_STAMP = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True, kw_only=True)
class Claim:
    """Who a request says has signed it; not yet believed.

    Attributes:
        access_key_id: the key.
        date: ``YYYYMMDD`` of the credential scope.
        region: of the credential scope.
        service: signing name of the credential scope, for example ``monitoring``.
        signed_headers: names in lower case, in the order in which they were signed.
        signature: hexadecimal.
        session_token: the token of a temporary key, if one was sent.
    """

    access_key_id: str
    date: str
    region: str
    service: str
    signed_headers: tuple[str, ...]
    signature: str
    session_token: str | None


def read(request: Request) -> Claim | None:
    """Read who signed; None for an unsigned request.

    Raises:
        AwsError: ``IncompleteSignature``, when the Authorization header is no signature of version 4.
    """
    header = request.headers.get("authorization")
    if header is None:
        return None
    match = _AUTHORIZATION.fullmatch(header)
    if match is None:
        raise AwsError(
            "IncompleteSignature",
            "Authorization header requires 'Credential', 'SignedHeaders' and 'Signature' parameters.",
            status=403,
        )
    return Claim(
        access_key_id=match["key"],
        date=match["date"],
        region=match["region"],
        service=match["service"],
        signed_headers=tuple(match["headers"].split(";")),
        signature=match["signature"],
        session_token=request.headers.get("x-amz-security-token"),
    )


def check(request: Request, claim: Claim, *, secret: str, now: float, skew: float) -> None:
    """Check a signature.

    Args:
        request: as it arrived.
        claim: from ``read``.
        secret: the secret access key of the claimed key.
        now: seconds since the epoch.
        skew: seconds by which the signer's clock may differ.

    Raises:
        AwsError: ``SignatureDoesNotMatch``, ``IncompleteSignature``.
    """
    stamp = request.headers.get("x-amz-date", "")
    _check_time(stamp, claim, now=now, skew=skew)
    if "host" not in claim.signed_headers or any(
        name not in _signable(request) for name in claim.signed_headers
    ):
        raise _mismatch("'Host' or 'SignedHeaders' must be a 'SignedHeader' in the AWS Authorization.")
    scope = f"{claim.date}/{claim.region}/{claim.service}/aws4_request"
    digest = hashlib.sha256(_canonical(request, claim).encode("utf-8", "surrogateescape")).hexdigest()
    key = f"AWS4{secret}".encode()
    for part in (claim.date, claim.region, claim.service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    text = "\n".join((_ALGORITHM, stamp, scope, digest))
    expected = hmac.new(key, text.encode(), "sha256").hexdigest()
    if not hmac.compare_digest(expected, claim.signature):
        raise _mismatch(
            "The request signature we calculated does not match the signature you provided. Check your AWS"
            " Secret Access Key and signing method. Consult the service documentation for details."
        )


def _check_time(stamp: str, claim: Claim, *, now: float, skew: float) -> None:
    try:
        signed = datetime.strptime(stamp, _STAMP).replace(tzinfo=UTC)
    except ValueError:
        raise AwsError(
            "IncompleteSignature", "Date must be in ISO-8601 'basic format' in X-Amz-Date.", status=403
        ) from None
    if stamp[:8] != claim.date:
        raise _mismatch(
            f"Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date: {stamp}"
        )
    here, minutes = datetime.fromtimestamp(now, UTC).strftime(_STAMP), int(skew // 60)
    if signed.timestamp() < now - skew:
        edge = datetime.fromtimestamp(now - skew, UTC).strftime(_STAMP)
        raise _mismatch(f"Signature expired: {stamp} is now earlier than {edge} ({here} - {minutes} min.)")
    if signed.timestamp() > now + skew:
        edge = datetime.fromtimestamp(now + skew, UTC).strftime(_STAMP)
        raise _mismatch(
            f"Signature not yet current: {stamp} is still later than {edge} ({here} + {minutes} min.)"
        )


def _mismatch(message: str) -> AwsError:
    return AwsError("SignatureDoesNotMatch", message, status=403)


def _signable(request: Request) -> dict[str, str]:
    return {**request.headers, "host": request.host}


def _canonical(request: Request, claim: Claim) -> str:
    headers = _signable(request)
    lines = "".join(f"{name}:{' '.join(headers[name].split())}\n" for name in claim.signed_headers)
    pairs = sorted(
        (quote(name, safe="-_.~"), quote(value, safe="-_.~"))
        for name, value in parse_qsl(request.query, keep_blank_values=True)
    )
    return "\n".join(
        (
            request.method,
            quote(quote(unquote(request.path), safe="/-_.~"), safe="/-_.~"),  # encoded twice, but for S3
            "&".join(f"{name}={value}" for name, value in pairs),
            lines,
            ";".join(claim.signed_headers),
            hashlib.sha256(request.body).hexdigest(),
        )
    )
