"""A code of an MFA device that comes with a call: RFC 6238, thirty seconds and six digits."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Mapping
from typing import Any

from harness.aws.context import Caller, Context
from harness.aws.errors import AwsError

__all__ = ["check_mfa"]

_STEP = 30  # seconds
_DRIFT = (-1, 0, 1)  # steps by which a device's clock may be off


def check_mfa(call: Context, caller: Caller, fields: Mapping[str, Any]) -> bool:
    """Tell whether the call gives a code of the caller's device; False where it gives neither part.

    Raises:
        AwsError: ``AccessDenied``, when only one part is there, when the user has no such device, or when
            the code is not the device's.
    """
    serial, code = fields.get("SerialNumber"), fields.get("TokenCode")
    if serial is None and code is None:
        return False
    if serial is None or code is None:  # text: sgviz#9
        raise _failed("must provide both MFA serial number and one time pass code.")
    # A session's key has no device of its own.
    seed = call.aws.iam.mfa_seed(caller.user_name, serial) if caller.session is None else None
    if seed is None:  # text, its two spaces included: aws-cli#6325
        raise _failed(
            "unable to validate MFA code.  Please verify your MFA serial number is valid and associated with"
            " this user."
        )
    if not any(hmac.compare_digest(_code(seed, call.now, drift), code) for drift in _DRIFT):
        raise AwsError(  # text: aws-cli#2279
            "AccessDenied",
            "MultiFactorAuthentication failed with invalid MFA one time pass code.",
            status=403,
        )
    return True


def _code(seed: str, now: float, drift: int) -> str:
    """Return the code that a device shows (RFC 4226 section 5.3, RFC 6238 section 4)."""
    try:
        key = base64.b32decode(seed + "=" * (-len(seed) % 8))
    except binascii.Error:
        return ""
    counter = max(0, int(now // _STEP) + drift)
    digest = hmac.digest(key, counter.to_bytes(8, "big"), "sha1")
    at = digest[-1] & 0x0F
    return f"{(int.from_bytes(digest[at : at + 4], 'big') & 0x7FFFFFFF) % 10**6:06d}"


def _failed(why: str) -> AwsError:
    return AwsError("AccessDenied", f"MultiFactorAuthentication failed, {why}", status=403)
