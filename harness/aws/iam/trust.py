"""Trust policies: whom they may name, and who that is once it has been deleted.

Source: IAM User Guide, "AWS JSON policy elements: Principal". When a trust policy is saved, IAM turns the
ARN of a user or a role into its unique id; it shows the ARN for as long as the principal is there, and the id
once it is gone. A principal that is made again under the same name has another id and is not trusted.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from harness.aws.context import Context
from harness.aws.iam.errors import limit_exceeded
from harness.aws.iam.records import backend, ids_by_arn, size
from harness.aws.policy import PolicyError, Statement, parse

__all__ = ["checked", "forget"]

_MAX_SIZE = 2048  # characters, by default; IAM User Guide, "IAM and AWS STS quotas"
_IDENTITY_POOLS = "cognito-identity.amazonaws.com"
_UNIQUE_ID = re.compile(r"A(?:ID|RO)A[A-Z0-9]{16,}", re.ASCII)
_PRINCIPALS = {
    "AWS": re.compile(
        r"\*|\d{12}|A(?:ID|RO)A[A-Z0-9]{16,}"
        r"|arn:aws:(?:iam::\d{12}:(?:root|(?:user|role)/.+)|sts::\d{12}:(?:assumed-role|federated-user)/.+)",
        re.ASCII,
    ),
    "Federated": re.compile(
        r"arn:aws:iam::\d{12}:(?:oidc|saml)-provider/.+|[a-z0-9-]+(?:\.[a-z0-9-]+)+", re.ASCII
    ),
    "Service": re.compile(
        r"[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:amazonaws\.com|amazon\.com|aws\.internal)", re.ASCII
    ),
}


def checked(call: Context, text: str) -> str:
    """Return a trust policy as IAM keeps it, unique ids turned into ARNs.

    Raises:
        AwsError: ``MalformedPolicyDocument`` for what breaks the grammar, for principals that cannot be, and
            for users and roles that this account has not; ``LimitExceeded``.
    """
    document = parse(text, kind="trust")
    if size(text) > _MAX_SIZE:  # text: cloudposse/terraform-aws-components, README of aws-teams
        raise limit_exceeded(f"Cannot exceed quota for ACLSizePerRole: {_MAX_SIZE}")
    ids = ids_by_arn(call)
    arns = {unique: arn for arn, unique in ids.items()}
    mine = f"arn:aws:iam::{call.aws.account_id}:"
    renamed = {}
    for statement in document.statements:
        _check_identity_pool(statement)
        for kind, names in (statement.principals or {}).items():
            for name in names:
                pattern = _PRINCIPALS.get(kind)
                is_local = name.startswith((f"{mine}user/", f"{mine}role/"))
                if (
                    (pattern is not None and not pattern.fullmatch(name))
                    or (kind == "AWS" and is_local and name not in ids)
                    or (_UNIQUE_ID.fullmatch(name) and name not in arns)
                ):
                    raise PolicyError(f'Invalid principal in policy: "{kind.upper()}":"{name}"')
                if name in arns:
                    renamed[name] = arns[name]
    return _renamed(text, renamed) if renamed else text


def _check_identity_pool(statement: Statement) -> None:
    """Refuse to trust every identity pool there is; the text is ours.

    Source: Cognito Developer Guide, "Use trust policy conditions in IAM roles".
    """
    federated = (statement.principals or {}).get("Federated", ())
    if statement.effect == "Allow" and _IDENTITY_POOLS in federated and not statement.conditions:
        raise PolicyError("A role for identity pools must have at least one trust policy condition")


def forget(call: Context, arn: str, unique_id: str) -> None:
    """Let the trust policies that named a user or a role name its unique id, since it is gone."""
    for role in list(backend(call).roles.values()):
        if arn in role.assume_role_policy_document:
            role.assume_role_policy_document = _renamed(role.assume_role_policy_document, {arn: unique_id})


def _renamed(text: str, names: Mapping[str, str]) -> str:
    """Return a trust policy with other names of AWS principals."""
    document: dict[str, Any] = json.loads(text)
    found = document.get("Statement", [])
    for statement in found if isinstance(found, list) else [found]:
        principal = statement.get("Principal")
        if isinstance(principal, dict) and "AWS" in principal:
            given = principal["AWS"]
            principal["AWS"] = (
                [names.get(name, name) for name in given]
                if isinstance(given, list)
                else names.get(given, given)
            )
    return json.dumps(document)
