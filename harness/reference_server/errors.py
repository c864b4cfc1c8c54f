"""The errors of the reference server.

    ReferenceServerError
    ├── ConfigurationError      the server does not start
    ├── Refused                 the request is answered with an HTTP error
    │   ├── MissingCredential       401, no error code
    │   ├── MalformedRequest        400 invalid_request
    │   ├── InvalidToken            401 invalid_token
    │   ├── InsufficientScope       403 insufficient_scope
    │   ├── RoleRefused             403 access_denied
    │   └── IssuerUnavailable       503 temporarily_unavailable
    └── AwsRefused              the tool call fails, with AWS's own code
        └── ExchangeRefused         ... because the caller got no credentials

A ``Refused`` has two voices: ``description`` is for the caller and the same for every refusal of its
kind, so that nobody learns how to forge the next token; ``reason`` is for the operator's log. Neither
ever contains a token or the value of a claim.
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = [
    "AwsRefused",
    "ConfigurationError",
    "ExchangeRefused",
    "InsufficientScope",
    "InvalidToken",
    "IssuerUnavailable",
    "MalformedRequest",
    "MissingCredential",
    "ReferenceServerError",
    "Refused",
    "RoleRefused",
]


class ReferenceServerError(Exception):
    """The root of everything that this package raises on purpose."""


class ConfigurationError(ReferenceServerError):
    """A setting is missing or wrong.

    Attributes:
        variable: the name of the environment variable.
        problem: what is wrong with it, and what would be right.
    """

    def __init__(self, variable: str, problem: str) -> None:
        super().__init__(f"{variable} {problem}")
        self.variable = variable
        self.problem = problem


class Refused(ReferenceServerError):
    """A request that is answered with an HTTP error instead of being served.

    Attributes:
        status: the HTTP status.
        error: the error code of RFC 6750 section 3.1 (or RFC 6749), ``None`` where there is none.
        description: what the caller is told.
        reason: what the operator is told.
    """

    status: int
    error: str | None
    description: str

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class MissingCredential(Refused):
    """No bearer token came. RFC 6750 section 3.1: the answer should carry no error code then."""

    status = 401
    error = None
    description = "This server needs an access token in the Authorization header."


class MalformedRequest(Refused):
    """The request has more than one credential (RFC 6750 section 3.1, ``invalid_request``)."""

    status = 400
    error = "invalid_request"
    description = "The request must carry exactly one credential."


class InvalidToken(Refused):
    """A token came, and it is malformed, forged, expired, or meant for somebody else."""

    status = 401
    error = "invalid_token"
    description = "The access token is not acceptable."


class InsufficientScope(Refused):
    """The token is good and does not carry the scope of the operation.

    Attributes:
        scopes: every scope that the operation needs.
    """

    status = 403
    error = "insufficient_scope"
    description = "The access token lacks a scope that this operation needs."

    def __init__(self, scopes: Sequence[str]) -> None:
        super().__init__(f"the token lacks the scope {' '.join(scopes)}")
        self.scopes = tuple(scopes)


class RoleRefused(Refused):
    """The token is good and gives no role that this server may use."""

    status = 403
    error = "access_denied"
    description = "This identity has no role on this server."


class IssuerUnavailable(Refused):
    """The issuer's keys cannot be had, so nobody can be told from anybody.

    Attributes:
        retry_after: after how many seconds it is worth asking again.
    """

    status = 503
    error = "temporarily_unavailable"
    description = "The identity provider cannot be reached."

    def __init__(self, reason: str, *, retry_after: int = 10) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class AwsRefused(ReferenceServerError):
    """AWS answered a call with an error, or could not be reached.

    Attributes:
        operation: such as ``sts:AssumeRole``.
        code: AWS's error code, such as ``AccessDenied``.
        message: AWS's message. It may name other principals: it is not for the caller as it is.
    """

    def __init__(self, operation: str, code: str, message: str) -> None:
        super().__init__(f"{operation}: {code}")
        self.operation = operation
        self.code = code
        self.message = message


class ExchangeRefused(AwsRefused):
    """AWS did not give credentials for the caller's token."""
