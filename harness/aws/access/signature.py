"""Check AWS Signature Version 4, carried in the Authorization header or in the query string.

Source: IAM User Guide, "Create a signed AWS API request" and "Troubleshoot Signature Version 4". The
canonical request is built again from what arrived, so a changed header, body or query shows. A body that was
left out of the signature (UNSIGNED-PAYLOAD) is a thing of S3 alone; here such a signature does not match.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import parse_qsl, quote

from harness.aws.errors import AwsError
from harness.aws.wire import Request

__all__ = ["Claim", "check", "read"]

_ALGORITHM = "AWS4-HMAC-SHA256"
_ALGORITHM_A = "AWS4-ECDSA-P256-SHA256"  # Signature Version 4A
_TERMINATOR = "aws4_request"
_STAMP = "%Y%m%dT%H%M%SZ"
_STAMP_FORM = re.compile(r"\d{8}T\d{6}Z", re.ASCII)
_SHOWN = 64  # characters of a value that a message repeats
_PARAMETERS = ("X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Signature", "X-Amz-SignedHeaders", "X-Amz-Date")
_SIGNS = frozenset(_PARAMETERS[:3])


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
        stamp: when it was signed, ``YYYYMMDDThhmmssZ``.
        is_presigned: whether all this stands in the query string.
    """

    access_key_id: str
    date: str
    region: str
    service: str
    signed_headers: tuple[str, ...]
    signature: str
    session_token: str | None
    stamp: str
    is_presigned: bool = False


def read(request: Request) -> Claim | None:
    """Read who signed; None for an unsigned request. The header counts before the query string.

    Raises:
        AwsError: ``IncompleteSignature``, when it is no signature of version 4; ``SignatureDoesNotMatch``,
            when its credential scope is none.
    """
    header = request.headers.get("authorization")
    if header is not None:
        return _from_header(request, header)
    query = _query(request)
    names = {name for name, _ in query}
    return _from_query(dict(query)) if names & _SIGNS else None


def check(request: Request, claim: Claim, *, secret: str, now: float, skew: float) -> None:
    """Check a signature.

    A presigned request lives as long as any other: only S3 heeds ``X-Amz-Expires`` (aws-sdk-go#2224).

    Args:
        request: as it arrived.
        claim: from ``read``.
        secret: the secret access key of the claimed key.
        now: seconds since the epoch.
        skew: seconds by which the signer's clock may differ.

    Raises:
        AwsError: ``SignatureDoesNotMatch``.
    """
    _check_time(claim, now=now, skew=skew)
    if "host" not in claim.signed_headers:
        raise _mismatch("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.")
    digest = hashlib.sha256(request.body).hexdigest()
    headers = {**request.headers, "host": request.host}
    is_whole = all(name in headers for name in claim.signed_headers)
    if not is_whole or headers.get("x-amz-content-sha256", digest) != digest:
        raise _wrong()
    scope = f"{claim.date}/{claim.region}/{claim.service}/{_TERMINATOR}"
    canonical = hashlib.sha256(_canonical(request, claim, headers, digest)).hexdigest()
    key = f"AWS4{secret}".encode()
    for part in (claim.date, claim.region, claim.service, _TERMINATOR):
        key = hmac.digest(key, part.encode("utf-8", "surrogatepass"), "sha256")
    text = "\n".join((_ALGORITHM, claim.stamp, scope, canonical))
    expected = hmac.digest(key, text.encode("utf-8", "surrogatepass"), "sha256").hex()
    if not hmac.compare_digest(expected.encode(), claim.signature.encode("utf-8", "surrogatepass")):
        raise _wrong()


def _from_header(request: Request, header: str) -> Claim:
    algorithm, _, rest = header.strip().partition(" ")
    if algorithm == _ALGORITHM_A:
        raise _unsupported(algorithm)
    fields: dict[str, str] = {}
    for part in rest.split(",") if algorithm == _ALGORITHM else ():
        name, equals, value = part.strip().partition("=")
        if not equals or name in fields:
            raise _incomplete("Authorization header has what is not a valid key=value pair.")
        fields[name] = value.strip()
    missing = [name for name in ("Credential", "Signature", "SignedHeaders") if not fields.get(name)]
    sentences = [f"Authorization header requires '{name}' parameter." for name in missing]
    headers = request.headers
    stamp = headers.get("x-amz-date") or headers.get("date")
    if stamp is None:
        sentences.append(
            "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."
        )
    if sentences or stamp is None:
        raise _incomplete(" ".join(sentences))
    return _claim(
        credential=fields["Credential"],
        signed_headers=fields["SignedHeaders"],
        signature=fields["Signature"],
        session_token=headers.get("x-amz-security-token"),
        stamp=_stamp(stamp, is_header="x-amz-date" not in headers),
        is_presigned=False,
    )


def _from_query(query: dict[str, str]) -> Claim:
    algorithm = query.get("X-Amz-Algorithm")
    if algorithm is not None and algorithm != _ALGORITHM:
        raise _unsupported(algorithm)
    missing = [name for name in _PARAMETERS if not query.get(name)]
    if missing:
        sentences = [f"AWS query-string parameters must include '{name}'." for name in missing]
        raise _incomplete(" ".join([*sentences, "Re-examine the query-string parameters."]))
    return _claim(
        credential=query["X-Amz-Credential"],
        signed_headers=query["X-Amz-SignedHeaders"],
        signature=query["X-Amz-Signature"],
        session_token=query.get("X-Amz-Security-Token"),
        stamp=_stamp(query["X-Amz-Date"], is_header=False),
        is_presigned=True,
    )


def _claim(
    *,
    credential: str,
    signed_headers: str,
    signature: str,
    session_token: str | None,
    stamp: str,
    is_presigned: bool,
) -> Claim:
    parts = credential.split("/")
    if len(parts) != 5:
        raise _incomplete(
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term."
        )
    key, date, region, service, terminator = parts
    if terminator != _TERMINATOR:
        shown = terminator[:_SHOWN]
        raise _mismatch(
            f"Credential should be scoped with a valid terminator: '{_TERMINATOR}', not '{shown}'."
        )
    if date != stamp[:8]:
        raise _mismatch(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP:"
            f" '{date[:_SHOWN]}' != '{stamp[:8]}', from '{stamp}'."
        )
    return Claim(
        access_key_id=key,
        date=date,
        region=region,
        service=service,
        signed_headers=tuple(signed_headers.split(";")),
        signature=signature,
        session_token=session_token,
        stamp=stamp,
        is_presigned=is_presigned,
    )


def _stamp(text: str, *, is_header: bool) -> str:
    """Return a time of signing in ISO 8601's basic form; the Date header may have HTTP's own form."""
    try:
        if is_header and not _STAMP_FORM.fullmatch(text):
            text = parsedate_to_datetime(text).astimezone(UTC).strftime(_STAMP)
        if _STAMP_FORM.fullmatch(text):
            datetime.strptime(text, _STAMP)  # noqa: DTZ007 - only whether there is such a time
            return text
    except (ValueError, OverflowError):
        pass
    raise _incomplete(
        f"Date must be in ISO-8601 'basic format'. Got '{text[:_SHOWN]}'."
        " See http://en.wikipedia.org/wiki/ISO_8601"
    )


def _check_time(claim: Claim, *, now: float, skew: float) -> None:
    signed = datetime.strptime(claim.stamp, _STAMP).replace(tzinfo=UTC).timestamp()
    here, minutes = _time(now), int(skew // 60)
    if signed < now - skew:
        edge = _time(now - skew)
        raise _mismatch(
            f"Signature expired: {claim.stamp} is now earlier than {edge} ({here} - {minutes} min.)"
        )
    if signed > now + skew:
        edge = _time(now + skew)
        raise _mismatch(
            f"Signature not yet current: {claim.stamp} is still later than {edge} ({here} + {minutes} min.)"
        )


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime(_STAMP)


def _query(request: Request) -> list[tuple[str, str]]:
    return parse_qsl(request.query, keep_blank_values=True, errors="surrogateescape") if request.query else []


def _canonical(request: Request, claim: Claim, headers: dict[str, str], digest: str) -> bytes:
    lines = "".join(f"{name}:{' '.join(headers[name].split())}\n" for name in claim.signed_headers)
    pairs = sorted(
        (_quoted(name), _quoted(value))
        for name, value in _query(request)
        if not (claim.is_presigned and name == "X-Amz-Signature")
    )
    text = "\n".join(
        (
            request.method,
            quote(request.path, safe="/-_.~"),  # once more than it was sent: twice in all, but for S3
            "&".join(f"{name}={value}" for name, value in pairs),
            lines,
            ";".join(claim.signed_headers),
            digest,
        )
    )
    return text.encode("utf-8", "surrogatepass")


def _quoted(text: str) -> str:
    return quote(text, safe="-_.~", errors="surrogateescape")


def _unsupported(algorithm: str) -> AwsError:
    # Text ours: what AWS answers to another algorithm is not public for these services.
    return _incomplete(f"Unsupported AWS 'algorithm': '{algorithm[:_SHOWN]}'; {_ALGORITHM} is accepted.")


def _incomplete(message: str) -> AwsError:
    return AwsError("IncompleteSignature", message, status=403)


def _mismatch(message: str) -> AwsError:
    return AwsError("SignatureDoesNotMatch", message, status=403)


def _wrong() -> AwsError:
    return _mismatch(
        "The request signature we calculated does not match the signature you provided. Check your AWS"
        " Secret Access Key and signing method. Consult the service documentation for details."
    )
