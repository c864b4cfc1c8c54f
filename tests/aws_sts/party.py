"""Who takes part in the tests of STS: issuers on a small web, an account, its roles and its users."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from fake_idp import Issuer
from harness.aws import Aws, Credentials

ACCOUNT = "210987654321"
AUDIENCE = "https://mcp.example.com/mcp"
READ_ONLY = "arn:aws:iam::aws:policy/CloudWatchReadOnlyAccess"
WEB_IDENTITY = "sts:AssumeRoleWithWebIdentity"


@dataclass
class Web:
    """What AWS reaches over the network: documents by their URLs."""

    pages: dict[str, Callable[[], tuple[int, bytes]]] = field(default_factory=dict)
    seen: list[str] = field(default_factory=list)

    def publish(self, issuer: Issuer) -> None:
        self.pages[issuer.discovery_url] = lambda: (200, json.dumps(issuer.discovery()).encode())
        self.pages[issuer.jwks_url] = lambda: (200, json.dumps(issuer.keys.jwks()).encode())

    def __call__(self, url: str) -> tuple[int, bytes]:
        self.seen.append(url)
        if url not in self.pages:
            raise OSError(url)
        return self.pages[url]()


def policy(**statement: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})


def trust(principal: dict[str, Any], action: Any = "sts:AssumeRole", **more: Any) -> str:
    return policy(Principal=principal, Action=action, **more)


def federated(issuer: Issuer, action: Any = WEB_IDENTITY, **condition: Any) -> str:
    name = issuer.url.removeprefix("https://")
    where = condition or {"StringEquals": {f"{name}:aud": AUDIENCE}}
    provider = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{name}"
    return trust({"Federated": provider}, action, Condition=where)


def register(aws: Aws, issuer: Issuer, *audiences: str, **more: Any) -> None:
    aws.call(
        "iam",
        "create_open_id_connect_provider",
        Url=issuer.url,
        ClientIDList=list(audiences or (AUDIENCE,)),
        **more,
    )


def make_role(aws: Aws, document: str, name: str = "reader", **more: Any) -> str:
    made = aws.call("iam", "create_role", RoleName=name, AssumeRolePolicyDocument=document, **more)
    aws.call("iam", "attach_role_policy", RoleName=name, PolicyArn=READ_ONLY)
    arn: str = made["Role"]["Arn"]
    return arn


def make_user(aws: Aws, name: str = "server", **statement: Any) -> Credentials:
    aws.call("iam", "create_user", UserName=name)
    if statement:
        aws.call("iam", "put_user_policy", UserName=name, PolicyName="p", PolicyDocument=policy(**statement))
    key = aws.call("iam", "create_access_key", UserName=name)["AccessKey"]
    return Credentials(access_key_id=key["AccessKeyId"], secret_access_key=key["SecretAccessKey"])


def exchange(aws: Aws, role: str, token: str, **more: Any) -> dict[str, Any]:
    fields = {"RoleArn": role, "RoleSessionName": "alice", "WebIdentityToken": token, **more}
    answer: dict[str, Any] = aws.client("sts").assume_role_with_web_identity(**fields)
    return answer


def assume(aws: Aws, who: Credentials, role: str, **more: Any) -> dict[str, Any]:
    fields = {"RoleArn": role, "RoleSessionName": "s1", **more}
    answer: dict[str, Any] = aws.client("sts", credentials=who).assume_role(**fields)
    return answer


def credentials(answer: dict[str, Any]) -> Credentials:
    found = answer["Credentials"]
    return Credentials(
        access_key_id=found["AccessKeyId"],
        secret_access_key=found["SecretAccessKey"],
        session_token=found["SessionToken"],
        expiration=found["Expiration"],
    )
