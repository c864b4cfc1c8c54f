"""What a provider path is."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Self

from harness.reference_server.aws import Aws, AwsCredentials
from harness.reference_server.caller import Caller
from harness.reference_server.settings import Settings, Variables

__all__ = ["ROLE_ARN", "Provider", "credentials_of_role", "is_for"]

#: An IAM role, as the IAM API reference has it: no wildcard, no user, no assumed-role session.
ROLE_ARN = re.compile(r"arn:aws(-cn|-us-gov)?:iam::\d{12}:role/[\w+=,.@/-]{1,512}", re.ASCII)


class Provider(ABC):
    """One way from a person's token to the person's AWS credentials.

    Attributes:
        issuer: the issuer identifier, exactly as in ``iss``.
        client_id: the application that people log in to.
        scopes_supported: the scopes that this path's tokens can carry; empty where they carry none.
    """

    issuer: str
    client_id: str
    scopes_supported: ClassVar[tuple[str, ...]] = ()

    @classmethod
    @abstractmethod
    def from_variables(cls, variables: Variables, settings: Settings) -> Self:
        """Read this path's own variables.

        Raises:
            ConfigurationError: naming the variable that is missing or wrong.
        """

    @abstractmethod
    def check_audience(self, claims: Mapping[str, Any]) -> None:
        """Raise ``InvalidToken`` unless the token was issued for this server."""

    @abstractmethod
    def role(self, claims: Mapping[str, Any]) -> str:
        """The ARN of the role that the person gets, ``""`` where AWS chooses it.

        Raises:
            RoleRefused: if there is none, or none that this server may use.
        """

    def scopes(self, claims: Mapping[str, Any]) -> frozenset[str] | None:
        """The token's scopes, ``None`` where this path's tokens have none and the role decides."""
        return None

    @abstractmethod
    def exchange(self, caller: Caller, aws: Aws) -> AwsCredentials:
        """Exchange the caller's verified token for the caller's AWS credentials. Blocking.

        Raises:
            AwsRefused: if AWS does not agree.
        """

    @abstractmethod
    def describe(self) -> dict[str, str]:
        """What follows from the settings, for the operator; no secrets."""


def is_for(claims: Mapping[str, Any], audience: str) -> bool:
    """Whether ``aud`` names this audience: a string, or a list of strings (RFC 7519 section 4.1.3)."""
    named = claims.get("aud")
    if isinstance(named, list):
        return audience in named and all(isinstance(name, str) for name in named)
    return isinstance(named, str) and named == audience


def credentials_of_role(answer: Mapping[str, Any]) -> AwsCredentials:
    """The credentials in the answer of an STS operation."""
    found = answer["Credentials"]
    return AwsCredentials(
        access_key_id=found["AccessKeyId"],
        secret_access_key=found["SecretAccessKey"],
        session_token=found["SessionToken"],
        expires_at=found["Expiration"].timestamp(),
    )
