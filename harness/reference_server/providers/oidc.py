"""Option 3 of the guide: any OpenID Connect issuer, and ``sts:AssumeRoleWithWebIdentity``.

The access token must be meant for this server: its ``aud`` has ``MCP_RESOURCE_URL``. IAM's OIDC
provider must list the same audience (or the client, where the issuer sets ``azp``, which AWS then
reads instead). Handing AWS a token that was issued for this very purpose is the exchange that the
person agreed to; it is shown to nobody else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from harness.reference_server.aws import Aws, AwsCredentials
from harness.reference_server.caller import Caller
from harness.reference_server.errors import InvalidToken
from harness.reference_server.providers.base import ROLE_ARN, Provider, credentials_of_role, is_for
from harness.reference_server.role_sessions import session_duration, session_name
from harness.reference_server.settings import Settings, Variables

__all__ = ["Oidc"]

#: The claims in which issuers put the client: RFC 9068 and Cognito, OpenID Connect, Okta.
_CLIENT_CLAIMS = ("client_id", "azp", "cid")


@dataclass(frozen=True, kw_only=True)
class Oidc(Provider):
    """The path of a third-party issuer.

    Attributes:
        audience: what ``aud`` must contain.
        role_arn: the role that every caller gets.
        region: the region of STS.
    """

    issuer: str
    client_id: str
    audience: str
    role_arn: str
    region: str
    scopes_supported: ClassVar[tuple[str, ...]] = ("cw:read", "cw:write")

    @classmethod
    def from_variables(cls, variables: Variables, settings: Settings) -> Self:
        """Read ``OIDC_*`` and ``AWS_CLOUDWATCH_ROLE_ARN``."""
        return cls(
            issuer=variables.url("OIDC_ISSUER"),
            client_id=variables.required("OIDC_CLIENT_ID"),
            audience=settings.resource_url,
            role_arn=variables.matching(
                "AWS_CLOUDWATCH_ROLE_ARN",
                pattern=ROLE_ARN,
                example="arn:aws:iam::123456789012:role/CloudWatchMCPOIDCRole",
            ),
            region=settings.region,
        )

    def check_audience(self, claims: Mapping[str, Any]) -> None:
        """``aud`` has this server, and the client, where the token names it, is the configured one."""
        if not is_for(claims, self.audience):
            raise InvalidToken("the audience is another")
        if any(claims[name] != self.client_id for name in _CLIENT_CLAIMS if name in claims):
            raise InvalidToken("the token was issued to another client")

    def role(self, claims: Mapping[str, Any]) -> str:
        """One role for everybody, from the configuration."""
        return self.role_arn

    def scopes(self, claims: Mapping[str, Any]) -> frozenset[str]:
        """``scope`` as a string (RFC 9068 section 2.2.3), or Okta's list ``scp``."""
        named = claims.get("scope", claims.get("scp"))
        if isinstance(named, str):
            return frozenset(named.split(" "))
        if isinstance(named, list):
            return frozenset(name for name in named if isinstance(name, str))
        return frozenset()

    def exchange(self, caller: Caller, aws: Aws) -> AwsCredentials:
        """``sts:AssumeRoleWithWebIdentity``, which nobody signs: the token is the proof."""
        return credentials_of_role(
            aws.call(
                "sts",
                "assume_role_with_web_identity",
                region=self.region,
                credentials=None,
                RoleArn=caller.role,
                RoleSessionName=session_name(caller.subject),
                WebIdentityToken=caller.token,
                DurationSeconds=session_duration(caller.expires_at),
            )
        )

    def describe(self) -> dict[str, str]:
        """The audience and the role."""
        return {"audience": self.audience, "role": self.role_arn}
