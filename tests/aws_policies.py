"""Policies to test with: an account, its principals, and statements in few words."""

from __future__ import annotations

from typing import Any

from harness.aws.policy import Document, Request, evaluate, parse

__all__ = [
    "ACCOUNT",
    "LOG_GROUP",
    "PROVIDER",
    "ROLE",
    "ROOT",
    "SESSION",
    "allow",
    "allowed",
    "deny",
    "policy",
    "trust",
]

ACCOUNT = "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/Reader"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/Reader/alice"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
PROVIDER = f"arn:aws:iam::{ACCOUNT}:oidc-provider/acme.okta.com/oauth2/default"
LOG_GROUP = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/app:*"


def policy(*statements: dict[str, Any], version: str = "2012-10-17") -> Document:
    """Return a policy of these statements."""
    return parse({"Version": version, "Statement": list(statements)})


def allow(action: Any = "*", resource: Any = "*", **more: Any) -> dict[str, Any]:
    """Return a statement that allows."""
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: Any = "*", resource: Any = "*", **more: Any) -> dict[str, Any]:
    """Return a statement that denies."""
    return {"Effect": "Deny", "Action": action, "Resource": resource, **more}


def trust(principal: Any, *, effect: str = "Allow", **more: Any) -> dict[str, Any]:
    """Return a statement of a trust policy."""
    return {"Effect": effect, "Action": "sts:*", "Principal": principal, **more}


def allowed(statements: list[dict[str, Any]], action: str, resource: str = "*", **context: Any) -> bool:
    """Tell whether an identity policy of these statements allows."""
    return evaluate([policy(*statements)], Request(action=action, resource=resource, context=context)).allowed
