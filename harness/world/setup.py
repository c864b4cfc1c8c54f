"""What a provider path needs in a world, and the steps that all three paths share."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fake_idp import Issuer
from harness.aws import Aws
from harness.internet import Internet

__all__ = ["READ_ONLY", "SERVER_NAME", "SERVER_POLICY", "Setup", "Site", "create_role", "trust"]

#: The managed policy that the guide attaches to every role.
READ_ONLY = "arn:aws:iam::aws:policy/CloudWatchReadOnlyAccess"
ROLE_NAME = "CloudWatchMCPRole"

#: What the server's own AWS identity may: assume roles, and read and write CloudWatch. Every world gives
#: the server such an identity, on every path, as a host in production has one. A server that falls back
#: to it in a caller's request is thus answered by AWS, and seen in the journal.
SERVER_POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": ["sts:AssumeRole", "cloudwatch:*"], "Resource": "*"}],
}
SERVER_NAME = "cloudwatch-mcp-server"


@dataclass(frozen=True, kw_only=True)
class Site:
    """What a path is set up on.

    Attributes:
        internet: where the issuer gets its name.
        aws: the account.
        resource: the production URL of the server under test, its audience where issuers have such.
        server_arn: the server's own AWS identity.
    """

    internet: Internet
    aws: Aws
    resource: str
    server_arn: str
    new_issuer: Callable[..., Issuer]


@dataclass(frozen=True, kw_only=True)
class Setup:
    """A provider path that stands.

    Attributes:
        issuer: who signs the tokens of this path.
        role_arn: the role whose credentials a caller gets.
        trust: the trust policy of that role.
        environ: the variables by which a server is configured for the path.
        claims: the claims that a person's honest token must have besides the preset's own.
        scope_claim: the claim that carries scopes, ``None`` where the path's tokens have none.
        assume: the AWS operation that gives credentials on this path.
        distrusted: AWS's error code when the role does not trust who comes.
    """

    issuer: Issuer
    role_arn: str
    trust: Mapping[str, Any]
    environ: Mapping[str, str]
    claims: Mapping[str, Any]
    scope_claim: str | None = None
    assume: str
    distrusted: str


def trust(action: str, principal: Mapping[str, str], **condition: Mapping[str, str]) -> dict[str, Any]:
    """A trust policy with one statement."""
    statement: dict[str, Any] = {"Effect": "Allow", "Principal": dict(principal), "Action": action}
    if condition:
        statement["Condition"] = {operator: dict(keys) for operator, keys in condition.items()}
    return {"Version": "2012-10-17", "Statement": [statement]}


def create_role(aws: Aws, document: Mapping[str, Any], *, name: str = ROLE_NAME) -> str:
    """Create a role that may read CloudWatch, as the guide does, and return its ARN."""
    made = aws.call("iam", "create_role", RoleName=name, AssumeRolePolicyDocument=json.dumps(document))
    aws.call("iam", "attach_role_policy", RoleName=name, PolicyArn=READ_ONLY)
    arn: str = made["Role"]["Arn"]
    return arn
