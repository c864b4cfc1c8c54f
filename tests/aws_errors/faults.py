"""Errors that come when they are asked for: the faults."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from tests.aws_errors.account import Account
from tests.aws_errors.row import Row

__all__ = ["ROWS"]

_fault = partial(Row, "fault")


def _broken(fault: str, where: str = "sts:AssumeRoleWithWebIdentity") -> Callable[[Account], Any]:
    """Break an operation once, and call it."""

    def provoke(a: Account) -> None:
        a.aws.faults.add(where, fault, times=1)
        try:
            if where.startswith("logs"):
                a.logs.describe_log_groups()
            else:
                a.exchange(a.okta.mint())
        finally:
            a.aws.faults.clear()

    return provoke


_CASE = "The fault `{}`."
_STS = "AssumeRoleWithWebIdentity"

ROWS = (
    _fault("any", "Throttling", "Rate exceeded", _CASE.format("throttling"), _broken("throttling")),
    _fault(
        "any",
        "ThrottlingException",
        "Rate exceeded",
        "The same, of a service that speaks JSON.",
        _broken("throttling", "logs:DescribeLogGroups"),
    ),
    _fault(
        "any",
        "InternalFailure",
        "The request processing has failed because of an unknown error, exception or failure.",
        _CASE.format("internal-failure"),
        _broken("internal-failure"),
        500,
    ),
    _fault(
        "any",
        "ServiceUnavailable",
        "The request has failed due to a temporary failure of the server.",
        _CASE.format("service-unavailable"),
        _broken("service-unavailable"),
        503,
    ),
    _fault(
        _STS,
        "RegionDisabledException",
        "STS is not activated in this region for account:{account}. Your account "
        "administrator can activate STS in this region using the IAM Console.",
        _CASE.format("region-disabled"),
        _broken("region-disabled"),
        403,
        source="steampipe-plugin-aws#1510",
    ),
    _fault(
        _STS,
        "IDPRejectedClaim",
        "The identity provider rejected the token.",
        _CASE.format("idp-rejected-claim"),
        _broken("idp-rejected-claim"),
        403,
        ours=True,
    ),
    _fault(
        _STS,
        "IDPCommunicationError",
        "The identity provider could not be reached; try again.",
        _CASE.format("idp-communication-error"),
        _broken("idp-communication-error"),
        ours=True,
    ),
    _fault(
        _STS,
        "PackedPolicyTooLarge",
        "Packed policy consumes 101% of allotted space, please use smaller policy.",
        _CASE.format("packed-policy-too-large"),
        _broken("packed-policy-too-large"),
    ),
)
