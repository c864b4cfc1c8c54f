"""Option 1 of the guide: IAM Identity Center, a role claim, and ``sts:AssumeRole``.

The token says which role the person's permission set has, in the claim ``custom:role_arn``; the server
assumes that role with its own AWS identity. The server's identity is thus able to assume what others
may not, so the claim alone decides nothing: only roles that the configuration allows are assumed.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from harness.reference_server.aws import Aws, AwsCredentials
from harness.reference_server.caller import Caller
from harness.reference_server.errors import ConfigurationError, InvalidToken, RoleRefused
from harness.reference_server.providers.base import ROLE_ARN, Provider, credentials_of_role, is_for
from harness.reference_server.role_sessions import session_duration, session_name
from harness.reference_server.settings import Settings, Variables

__all__ = ["IdentityCenter"]

_ROLE_CLAIM = "custom:role_arn"
#: A role ARN in which account and name may have the wildcards ``*`` and ``?``.
_ROLE_PATTERN = re.compile(r"arn:aws(-cn|-us-gov)?:iam::[\d*?]{1,12}:role/[\w+=,.@/*?-]{1,512}", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class IdentityCenter(Provider):
    """The path of IAM Identity Center.

    Attributes:
        region: the region of STS.
        allowed_roles: ARNs, or patterns of ARNs, of the roles that may be assumed for a caller.
        server: the server's own credentials, which sign ``AssumeRole`` and nothing else.
    """

    issuer: str
    client_id: str
    region: str
    allowed_roles: tuple[str, ...]
    server: AwsCredentials

    @classmethod
    def from_variables(cls, variables: Variables, settings: Settings) -> Self:
        """Read ``AWS_IDENTITY_CENTER_*`` and the server's own AWS credentials."""
        return cls(
            issuer=variables.url("AWS_IDENTITY_CENTER_ISSUER"),
            client_id=variables.required("AWS_IDENTITY_CENTER_CLIENT_ID"),
            region=variables.region("AWS_IDENTITY_CENTER_REGION"),
            allowed_roles=_allowed_roles(variables),
            server=AwsCredentials(
                access_key_id=variables.required("AWS_ACCESS_KEY_ID"),
                secret_access_key=variables.required("AWS_SECRET_ACCESS_KEY"),
                session_token=variables.optional("AWS_SESSION_TOKEN"),
            ),
        )

    def check_audience(self, claims: Mapping[str, Any]) -> None:
        """``aud`` is the application that was registered for this server."""
        if not is_for(claims, self.client_id):
            raise InvalidToken("the audience is another")

    def role(self, claims: Mapping[str, Any]) -> str:
        """The role in the claim, if it is one role, well-formed, and allowed."""
        role = claims.get(_ROLE_CLAIM)
        if not role:
            raise RoleRefused("the token has no role claim")
        if not isinstance(role, str) or not ROLE_ARN.fullmatch(role):
            raise RoleRefused("the role claim is not the ARN of a role")
        if not any(fnmatch.fnmatchcase(role, pattern) for pattern in self.allowed_roles):
            raise RoleRefused("the role in the token is not in AWS_IDENTITY_CENTER_ALLOWED_ROLES")
        return role

    def exchange(self, caller: Caller, aws: Aws) -> AwsCredentials:
        """``sts:AssumeRole``, as the server, in the person's name."""
        return credentials_of_role(
            aws.call(
                "sts",
                "assume_role",
                region=self.region,
                credentials=self.server,
                RoleArn=caller.role,
                RoleSessionName=session_name(caller.subject),
                DurationSeconds=session_duration(caller.expires_at),
            )
        )

    def describe(self) -> dict[str, str]:
        """The audience and the roles."""
        return {"audience": self.client_id, "roles": ", ".join(self.allowed_roles)}


def _allowed_roles(variables: Variables) -> tuple[str, ...]:
    name = "AWS_IDENTITY_CENTER_ALLOWED_ROLES"
    patterns = tuple(part.strip() for part in variables.required(name).split(",") if part.strip())
    for pattern in patterns:
        if not _ROLE_PATTERN.fullmatch(pattern):
            raise ConfigurationError(
                name, f"has {pattern!r}, which is not the ARN of a role or a pattern of one"
            )
    if not patterns:
        raise ConfigurationError(name, "allows no role")
    return patterns
