"""Option 2 of the guide: a Cognito user pool, and an identity pool that gives the credentials.

An identity pool takes the **ID token** of the user pool and nothing else (it answers
``NotAuthorizedException`` to an access token: amazon-cognito-identity-js#12), so that is the token that
clients of this path send. An access token of the same client proves who calls just as well and passes
the checks here; a tool call with it then fails with the identity pool's own error.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from harness.reference_server.aws import Aws, AwsCredentials
from harness.reference_server.caller import Caller
from harness.reference_server.errors import ConfigurationError, InvalidToken
from harness.reference_server.providers.base import Provider, is_for
from harness.reference_server.settings import Settings, Variables

__all__ = ["Cognito"]

_USER_POOL = re.compile(r"[a-z0-9-]+_[A-Za-z0-9]+")
_IDENTITY_POOL = re.compile(r"[a-z0-9-]+:[0-9a-f-]{36}")


@dataclass(frozen=True, kw_only=True)
class Cognito(Provider):
    """The path of Cognito.

    Attributes:
        region: the region of both pools.
        login: the user pool's name as a provider of the identity pool: its issuer without the scheme.
        identity_pool_id: the identity pool.
        resource_url: the audience of an access token that is bound to a resource.
    """

    issuer: str
    client_id: str
    region: str
    login: str
    identity_pool_id: str
    resource_url: str

    @classmethod
    def from_variables(cls, variables: Variables, settings: Settings) -> Self:
        """Read ``AWS_COGNITO_*``; the issuer follows from the region and the user pool."""
        region = variables.region("AWS_COGNITO_REGION")
        user_pool = variables.matching(
            "AWS_COGNITO_USER_POOL_ID", pattern=_USER_POOL, example="us-east-1_Abc123xyz"
        )
        identity_pool = variables.matching(
            "AWS_COGNITO_IDENTITY_POOL_ID",
            pattern=_IDENTITY_POOL,
            example="us-east-1:6f1c2e9a-0d3b-4a77-9c1e-2b8f5d4e3a21",
        )
        for name, pool in (
            ("AWS_COGNITO_USER_POOL_ID", user_pool.rpartition("_")[0]),
            ("AWS_COGNITO_IDENTITY_POOL_ID", identity_pool.partition(":")[0]),
        ):
            if pool != region:
                raise ConfigurationError(name, f"is of {pool}, and AWS_COGNITO_REGION is {region}")
        login = f"cognito-idp.{region}.amazonaws.com/{user_pool}"
        return cls(
            issuer=f"https://{login}",
            client_id=variables.required("AWS_COGNITO_CLIENT_ID"),
            region=region,
            login=login,
            identity_pool_id=identity_pool,
            resource_url=settings.resource_url,
        )

    def check_audience(self, claims: Mapping[str, Any]) -> None:
        """An ID token has the client in ``aud``, an access token in ``client_id``.

        Amazon Cognito developer guide, "Verifying JSON web tokens". An access token has ``aud`` only
        where it was asked for with a resource, and that must be this server then (RFC 8707).
        """
        match claims.get("token_use"):
            case "id":
                good = is_for(claims, self.client_id)
            case "access":
                good = claims.get("client_id") == self.client_id
                good = good and ("aud" not in claims or is_for(claims, self.resource_url))
            case _:
                raise InvalidToken("the token is neither an ID token nor an access token")
        if not good:
            raise InvalidToken("the audience is another")

    def role(self, claims: Mapping[str, Any]) -> str:
        """The identity pool chooses the role, not this server."""
        return ""

    def exchange(self, caller: Caller, aws: Aws) -> AwsCredentials:
        """``GetId`` and ``GetCredentialsForIdentity``, which nobody signs: the token is the proof."""
        logins = {self.login: caller.token}
        identity = aws.call(
            "cognito-identity",
            "get_id",
            region=self.region,
            credentials=None,
            IdentityPoolId=self.identity_pool_id,
            Logins=logins,
        )
        found = aws.call(
            "cognito-identity",
            "get_credentials_for_identity",
            region=self.region,
            credentials=None,
            IdentityId=identity["IdentityId"],
            Logins=logins,
        )["Credentials"]
        return AwsCredentials(
            access_key_id=found["AccessKeyId"],
            secret_access_key=found["SecretKey"],  # not SecretAccessKey, as in STS
            session_token=found["SessionToken"],
            expires_at=found["Expiration"].timestamp(),
        )

    def describe(self) -> dict[str, str]:
        """The audience and the pool."""
        return {"audience": self.client_id, "identity pool": self.identity_pool_id}
