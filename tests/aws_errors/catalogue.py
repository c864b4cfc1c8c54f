"""All rows, the codes that the source of the emulated AWS has, and the table of the manual."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from harness.aws.models import service_model
from harness.aws.services import SERVICES
from tests.aws_errors import (
    cloudformation,
    cloudwatch,
    cognito_identity,
    cognito_idp,
    cognito_idp_tokens,
    faults,
    front,
    iam,
    identity_center,
    logs,
    sign_in,
    signatures,
    sts,
    sts_roles,
)
from tests.aws_errors.row import Row

__all__ = ["EXCEPTIONS", "NAMING", "ROWS", "SERVICES_OF", "codes_in_source", "table"]

ROOT = Path(__file__).parents[2] / "harness" / "aws"
ROWS: tuple[Row, ...] = (
    *signatures.ROWS,
    *front.ROWS,
    *sts.ROWS,
    *sts_roles.ROWS,
    *iam.ROWS,
    *cognito_idp.ROWS,
    *cognito_idp_tokens.ROWS,
    *cognito_identity.ROWS,
    *identity_center.ROWS,
    *sign_in.ROWS,
    *cloudwatch.ROWS,
    *logs.ROWS,
    *cloudformation.ROWS,
    *faults.ROWS,
)

#: Which services' rows speak for a package; all of them do for what belongs to no one service.
SERVICES_OF: Mapping[str, frozenset[str]] = {
    "": frozenset(row.service for row in ROWS),
    "access": frozenset({"any"}),
    "wire": frozenset({"any"}),
    "policy": frozenset({"iam", "sts"}),
    "identity_token": frozenset({"sts", "cognito-identity"}),
    "sts": frozenset({"sts"}),
    "iam": frozenset({"iam"}),
    "cognito_idp": frozenset({"cognito-idp"}),
    "cognito_identity": frozenset({"cognito-identity"}),
    "identity_center": frozenset({"sso-admin", "identitystore", "sso-oidc", "sso"}),
    "cloudwatch": frozenset({"cloudwatch", "any"}),
    "logs": frozenset({"logs", "any"}),
    "cloudformation": frozenset({"cloudformation"}),
}

#: Files that name codes and raise none of them.
NAMING: Mapping[str, str] = {
    "wire/rendering.py": "what a code is called in another protocol",
    "cloudformation/handler.py": "what another service's refusal means for a resource",
}

#: Codes in the source that have no row, with the reason.
EXCEPTIONS: Mapping[tuple[str, str], str] = {
    ("", "RequestTimeout"): "a body that never ends; held by test_aws_front_http",
    ("cognito_identity", "AccessDenied"): "called AccessDeniedException in JSON, which has a row",
    (
        "cognito_identity",
        "NotImplemented",
    ): "only in a program that gives a `fetch` of its own to Aws: a check of "
    "users whom this AWS does not keep",
    (
        "cloudformation",
        "ConflictException",
    ): "not a caller's: the reason of a failed resource, in a stack's events",
}

_Found = dict[tuple[str, str], list[str]]


def codes_in_source() -> _Found:
    """Return where the source names an error code, by package and code.

    A code is what AWS's models of the services name as one, and what stands first in an ``AwsError``.
    """
    found: _Found = defaultdict(list)
    known = _modelled() | {code for tree in _trees().values() for code in _raised(tree)}
    for path, tree in _trees().items():
        if path.as_posix() in NAMING:
            continue
        package = path.parts[0] if len(path.parts) > 1 else ""
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in known:
                found[package, node.value].append(f"{path}:{node.lineno}")
    return dict(found)


@cache
def _trees() -> Mapping[Path, ast.Module]:
    paths = sorted(ROOT.rglob("*.py"))
    return {path.relative_to(ROOT): ast.parse(path.read_text(encoding="utf-8")) for path in paths}


def _raised(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        named = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "AwsError"
        if named and isinstance(node.args[0], ast.Constant):
            yield node.args[0].value


def _modelled() -> frozenset[str]:
    shapes = [shape for name in SERVICES for shape in service_model(name).error_shapes]
    named = {shape.metadata.get("error", {}).get("code", shape.name) for shape in shapes}
    return frozenset(named | {shape.name for shape in shapes})


_BAR = "\\|"  # within a table
_TITLES = {
    "any": "Every service",
    "sts": "STS",
    "iam": "IAM",
    "cognito-idp": "Cognito user pools (`cognito-idp`)",
    "cognito-identity": "Cognito identity pools (`cognito-identity`)",
    "sso-admin": "IAM Identity Center: administration (`sso-admin`)",
    "identitystore": "IAM Identity Center: directory (`identitystore`)",
    "sso-oidc": "IAM Identity Center: sign-in (`sso-oidc`)",
    "sso": "IAM Identity Center: portal (`sso`)",
    "cloudwatch": "CloudWatch",
    "logs": "CloudWatch Logs",
    "cloudformation": "CloudFormation",
    "fault": "Faults",
}


def table() -> str:
    """Return the rows as tables of Markdown, one for each service."""
    parts = []
    for service, title in _TITLES.items():
        rows = [row for row in ROWS if row.service == service]
        lines = ["| operation | code | status | message | the case | source |", "|---|---|---|---|---|---|"]
        lines += [_line(row) for row in rows]
        parts.append(f"#### {title}\n\n" + "\n".join(lines) + "\n")
    return "\n".join(parts)


def _line(row: Row) -> str:
    operation = row.operation if row.service == "any" or row.operation == "any" else f"`{row.operation}`"
    source = "ours" if row.ours else row.source
    cells = (operation, f"`{row.code}`", str(row.status), f"`{row.message}`", row.case, source)
    return f"| {' | '.join(cell.replace('|', _BAR) for cell in cells)} |"
