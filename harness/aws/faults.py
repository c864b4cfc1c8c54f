"""Faults of AWS: an error in place of an answer, a late answer, or none.

>>> aws.faults.add("sts:AssumeRoleWithWebIdentity", "throttling", times=2)
>>> aws.faults.add("logs:*", "service-unavailable", region="eu-west-1", seconds=60)
>>> aws.faults.add("cloudwatch:GetMetricData", "drop[after]", times=1)
>>> aws.faults.add("iam:GetRole", code="LimitExceeded", status=409)

The catalogue is ``FAULTS``.
"""

from __future__ import annotations

import math
import re
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import Any

from harness.aws.errors import AwsError
from harness.aws.models import operation_model, service_model
from harness.aws.services import SERVICES
from harness.aws.wire import Response

__all__ = ["FAULTS", "LONGEST_DELAY", "Fault", "FaultError", "Faults", "Kind", "Late"]

LONGEST_DELAY = 300.0
"""Seconds. SDKs give up after 60."""


class FaultError(ValueError):
    """A fault that cannot be; the message names the nearest that can.

    Attributes:
        nearest: the known name that looks most like the one that was given, or None.
    """

    def __init__(self, message: str, *, nearest: str | None = None) -> None:
        super().__init__(message)
        self.nearest = nearest


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of fault.

    Attributes:
        id: its name.
        title: what goes wrong.
        source: where it is described.
        code: AWS's error code, in its query form; empty when no error is answered.
        status: HTTP status of the error.
        message: its text; ``{account}`` stands for the account id.
        is_modelled: whether only those operations have it whose model in AWS's SDKs names the error.
        drop: hang up without an answer: ``before`` the operation is done, or ``after``.
    """

    id: str
    title: str
    source: str
    code: str = ""
    status: int = 400
    message: str = ""
    is_modelled: bool = False
    drop: str = ""


_COMMON = 'IAM API Reference, "Common Errors"'
_STS = "STS API Reference, AssumeRoleWithWebIdentity"

FAULTS: Mapping[str, Kind] = {
    kind.id: kind
    for kind in (
        Kind(id="error", title="any error, by its code, status and message", source=_COMMON, code="-"),
        Kind(
            id="throttling",
            title="too many calls",
            source=_COMMON,
            code="Throttling",
            message="Rate exceeded",
        ),
        Kind(
            id="internal-failure",
            title="AWS fails",
            source=_COMMON,
            code="InternalFailure",
            status=500,
            message="The request processing has failed because of an unknown error, exception or failure.",
        ),
        Kind(
            id="service-unavailable",
            title="AWS is overloaded",
            source=_COMMON,
            code="ServiceUnavailable",
            status=503,
            message="The request has failed due to a temporary failure of the server.",
        ),
        Kind(
            id="region-disabled",
            title="STS is not activated in the region",
            source="steampipe-plugin-aws#1510",
            code="RegionDisabledException",
            status=403,
            message=(
                "STS is not activated in this region for account:{account}. Your account administrator can "
                "activate STS in this region using the IAM Console."
            ),
            is_modelled=True,
        ),
        Kind(
            id="idp-rejected-claim",
            title="the identity provider rejects the token",
            source=_STS,
            code="IDPRejectedClaim",
            status=403,
            message="The identity provider rejected the token.",  # the text is ours
            is_modelled=True,
        ),
        Kind(
            id="idp-communication-error",
            title="the identity provider cannot be asked",
            source=_STS,
            code="IDPCommunicationError",
            message="The identity provider could not be reached; try again.",  # the text is ours
            is_modelled=True,
        ),
        Kind(
            id="packed-policy-too-large",
            title="session policies and tags are too large when packed",
            source=_STS,
            code="PackedPolicyTooLarge",
            message="Packed policy consumes 101% of allotted space, please use smaller policy.",
            is_modelled=True,
        ),
        Kind(
            id="drop[before]",
            title="the connection ends before the operation is done",
            source="RFC 9110 section 9.2.2",
            drop="before",
        ),
        Kind(
            id="drop[after]",
            title="the operation is done, and the connection ends without an answer",
            source="RFC 9110 section 9.2.2",
            drop="after",
        ),
        Kind(id="delay", title="a late answer", source="RFC 9110 section 9.2.2"),
    )
}
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9.]{0,99}")


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One fault.

    Attributes:
        number: of this fault among those of its AWS.
        where: ``service:Operation``, ``service:*`` or ``*``.
        kind: what goes wrong.
        region: only there; None for everywhere.
        access_key_id: only for this caller; None for all.
        code, status, message: of the error that is answered, if one is.
        delay: seconds until anything is answered.
        times: how many calls it is (still) for; None for any number.
        until: when it is over, in seconds since the epoch by the clock of its AWS; infinite for never.
    """

    number: int
    where: str
    kind: Kind = field(repr=False)
    region: str | None
    access_key_id: str | None
    code: str
    status: int
    message: str = field(repr=False)
    delay: float
    times: int | None
    until: float

    @property
    def name(self) -> str:
        """The kind's id."""
        return self.kind.id

    def meets(self, service: str, operation: str, region: str, access_key_id: str | None) -> bool:
        """Tell whether a call is one that the fault is for."""
        return (
            self.where in {"*", f"{service}:*", f"{service}:{operation}"}
            and self.region in (None, region)
            and self.access_key_id in (None, access_key_id)
            and (not self.kind.is_modelled or self.code in _codes(service, operation))
        )

    def check(self) -> None:
        """Raise the error that is answered in place of the operation, if one is.

        Raises:
            AwsError: it.
        """
        if self.code:
            raise AwsError(self.code, self.message, status=self.status)

    def deliver(self, response: Response) -> Response:
        """Return an answer as the fault has it."""
        if not self.delay and not self.kind.drop:
            return response
        return Late(
            status=response.status,
            headers=response.headers,
            body=response.body,
            delay=self.delay,
            is_lost=bool(self.kind.drop),
        )


@dataclass(frozen=True, kw_only=True)
class Late(Response):
    """An answer that does not go out as it is.

    Attributes:
        delay: seconds until it goes out.
        is_lost: whether the connection ends in its place.
    """

    delay: float
    is_lost: bool


class Faults:
    """The faults of one AWS; of those that a call meets, the oldest counts. Safe to use from several threads.

    Args:
        account_id: whose AWS.
        now: its clock, in seconds since the epoch.
    """

    def __init__(self, account_id: str, now: Callable[[], float]) -> None:
        self._account_id = account_id
        self._now = now
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self._total = 0

    def __bool__(self) -> bool:
        """Whether there may be one; the way of every call, so it takes no lock."""
        return bool(self._faults)

    def __repr__(self) -> str:
        return f"<Faults: {', '.join(f'{each.where} {each.name}' for each in self.active) or 'none'}>"

    def add(
        self,
        where: str,
        fault: str | None = None,
        *,
        region: str | None = None,
        access_key_id: str | None = None,
        times: int | None = None,
        seconds: float | None = None,
        delay: float = 0.0,
        code: str | None = None,
        status: int | None = None,
        message: str | None = None,
    ) -> Fault:
        """Break an operation: for so many calls, for a time, or until cleared.

        Args:
            where: ``service:Operation`` by botocore's name of the service, ``service:*``, or ``*`` for all.
            fault: an id of ``FAULTS``; left out, it is ``error`` when there is a code, else ``delay``.
            region: only there.
            access_key_id: only for the caller who signs with this key, or claims to.
            times: for the next so many calls.
            seconds: for so long by the clock of this AWS.
            delay: answer after so many seconds, at most ``LONGEST_DELAY``; with any fault.
            code: AWS's error code, for ``error``.
            status: the HTTP status, 400 to 599; with any fault that is an error.
            message: its text; with any fault that is an error.

        Raises:
            FaultError: there is no such service, operation or fault, or a value is out of range.
        """
        kind = _find(fault or ("delay" if code is None else "error"))
        _check_where(where, kind)
        if times is not None and times < 1:
            raise FaultError("times: must be 1 or more")
        if seconds is not None and not (math.isfinite(seconds) and seconds > 0):
            raise FaultError("seconds: must be a number of seconds, more than 0")
        if not 0 <= delay <= LONGEST_DELAY:
            raise FaultError(f"delay: must be 0 to {LONGEST_DELAY:.0f} seconds")
        if kind.id == "delay" and not delay:
            raise FaultError("delay: give a number of seconds, or name a fault")
        if (kind.id == "error") != (code is not None):
            raise FaultError("code: goes with the fault 'error', and with no other")
        if code is not None and not _CODE.fullmatch(code):
            raise FaultError("code: must be letters, digits and dots")
        if not kind.code and (status is not None or message is not None):
            raise FaultError(f"status and message: {kind.id!r} is no error")
        if status is not None and not 400 <= status <= 599:
            raise FaultError("status: must be 400 to 599")
        with self._lock:
            self._total += 1
            made = Fault(
                number=self._total,
                where=where,
                kind=kind,
                region=region,
                access_key_id=access_key_id,
                code=code or kind.code,
                status=status or kind.status,
                message=message if message is not None else kind.message.format(account=self._account_id),
                delay=delay,
                times=times,
                until=math.inf if seconds is None else self._now() + seconds,
            )
            self._faults = [*self._faults, made]
        return made

    def clear(self, where: str | None = None) -> None:
        """End the faults that were added with this ``where``, or all of them.

        Raises:
            FaultError: there is no such service or operation.
        """
        if where is not None:
            _check_where(where)
        with self._lock:
            self._faults = [each for each in self._faults if where not in (None, each.where)]

    @property
    def active(self) -> tuple[Fault, ...]:
        """The faults that are not over, each with the ``times`` that are left, oldest first."""
        now = self._now()
        return tuple(each for each in self._faults if now < each.until)

    def take(self, service: str, operation: str, region: str, access_key_id: str | None) -> Fault | None:
        """Use up one call's worth of the fault that a call meets; None when it meets none."""
        now = self._now()
        with self._lock:
            self._faults = [each for each in self._faults if now < each.until]
            met = next(
                (each for each in self._faults if each.meets(service, operation, region, access_key_id)), None
            )
            if met is not None and met.times is not None:
                left = [] if met.times == 1 else [replace(met, times=met.times - 1)]
                at = self._faults.index(met)
                self._faults = [*self._faults[:at], *left, *self._faults[at + 1 :]]
        return met


def _codes(service: str, operation: str) -> frozenset[str]:
    """Return the codes of the errors that AWS's model gives an operation."""
    shapes = operation_model(service, operation).error_shapes
    return frozenset(shape.metadata.get("error", {}).get("code", shape.name) for shape in shapes)


def _find(name: str) -> Kind:
    kind = FAULTS.get(name)
    if kind is None:
        raise _no_such("fault", name, FAULTS)
    return kind


def _check_where(where: str, kind: Kind | None = None) -> None:
    if where == "*":
        return
    service, _, operation = where.partition(":")
    if service not in SERVICES:
        raise _no_such("service", service, SERVICES)
    known: Any = service_model(service).operation_names
    if operation != "*" and operation not in known:
        raise _no_such(f"operation of {service}", operation, known)
    if kind is not None and kind.is_modelled:
        having = [each for each in known if kind.code in _codes(service, each)]
        if not having or (operation != "*" and operation not in having):
            raise FaultError(
                f"{kind.id}: {where} does not have it; of {service} {', '.join(having) or 'no operation'} has"
            )


def _no_such(kind: str, name: str, known: Iterable[str]) -> FaultError:
    names = sorted(known)
    nearest = next(iter(get_close_matches(name, names, n=1, cutoff=0.5)), None)
    hint = f"did you mean {nearest!r}?" if nearest else f"there are: {', '.join(names[:60])}"
    return FaultError(f"no {kind} {name[:60]!r}; {hint}", nearest=nearest)
