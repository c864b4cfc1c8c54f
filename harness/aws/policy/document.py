"""The grammar of IAM policies: reads a document into records, or refuses it as IAM does.

Source: IAM User Guide, "Grammar of the IAM JSON policy language" and "IAM JSON policy elements reference".
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from harness.aws.errors import AwsError
from harness.aws.policy.conditions import Condition, is_operator

__all__ = ["Document", "PolicyError", "Statement", "is_account_id", "parse"]

Kind = Literal["identity", "trust"]
VERSION_WITH_VARIABLES = "2012-10-17"
VERSION_BY_DEFAULT = "2008-10-17"
PRINCIPAL_KINDS = ("AWS", "Federated", "Service", "CanonicalUser")
ACCOUNT_ID_DIGITS = 12
EVERYBODY: Mapping[str, tuple[str, ...]] = {"AWS": ("*",)}
VENDOR = re.compile(r"[a-zA-Z0-9.-]+", re.ASCII)
ELEMENTS = frozenset(
    {
        *("Sid", "Effect", "Principal", "NotPrincipal"),
        *("Action", "NotAction", "Resource", "NotResource", "Condition"),
    }
)


class PolicyError(AwsError):
    """A policy document that IAM refuses: ``MalformedPolicyDocument``, 400."""

    def __init__(self, message: str) -> None:
        super().__init__("MalformedPolicyDocument", message)


@dataclass(frozen=True, kw_only=True)
class Statement:
    """One statement of a policy; an element that is absent is None.

    Attributes:
        effect: ``Allow`` or ``Deny``.
        actions: patterns of ``Action``, or of ``NotAction`` if ``not_action``.
        resources: patterns of ``Resource``, or of ``NotResource`` if ``not_resource``.
        principals: names by kind (``AWS``, ``Federated``, ``Service``, ``CanonicalUser``), of ``Principal``,
            or of ``NotPrincipal`` if ``not_principal``.
        conditions: every one must hold.
        unknown: names of the elements and operators in it that the evaluator cannot read.
    """

    effect: Literal["Allow", "Deny"]
    actions: tuple[str, ...]
    not_action: bool = False
    resources: tuple[str, ...] | None = None
    not_resource: bool = False
    principals: Mapping[str, tuple[str, ...]] | None = None
    not_principal: bool = False
    conditions: tuple[Condition, ...] = ()
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Document:
    """A policy document as read by ``parse``; only version 2012-10-17 has policy variables."""

    statements: tuple[Statement, ...]
    version: str = VERSION_BY_DEFAULT

    @property
    def has_variables(self) -> bool:
        """Whether ``${...}`` is a variable in this document, and not plain text."""
        return self.version == VERSION_WITH_VARIABLES


def parse(text: str | Mapping[str, Any], *, kind: Kind | None = None) -> Document:
    """Read a policy document.

    Args:
        text: JSON text, or the same already decoded.
        kind: ``identity`` or ``trust`` to refuse what IAM refuses when such a policy is saved, unknown
            elements included; None to read one that is stored already, whose unknown elements then deny.

    Raises:
        PolicyError: the document does not follow the grammar of the IAM JSON policy language.
    """
    source = _decode(text)
    unknown = sorted(set(source) - {"Version", "Id", "Statement"})
    version = source.get("Version", VERSION_BY_DEFAULT)
    if version not in (VERSION_WITH_VARIABLES, VERSION_BY_DEFAULT):
        raise PolicyError("The policy must contain a valid version string")
    body = source.get("Statement")
    items = body if isinstance(body, list) else [body]
    if not items:
        raise PolicyError("Syntax errors in policy.")
    document = Document(version=version, statements=tuple(_statement(item, unknown) for item in items))
    if kind is not None:
        for statement in document.statements:
            _check(statement, kind)
    return document


def _decode(text: str | Mapping[str, Any]) -> Mapping[str, Any]:
    if isinstance(text, Mapping):
        return text
    try:
        source = json.loads(text, object_pairs_hook=_unique)
    except (ValueError, TypeError, RecursionError):
        raise PolicyError("This policy contains invalid Json") from None
    if not isinstance(source, dict):
        raise PolicyError("Syntax errors in policy.")
    return source


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a name given twice: one of the two would silently be left out."""
    members = dict(pairs)
    if len(members) != len(pairs):
        raise PolicyError("Syntax errors in policy.")
    return members


def _statement(source: object, unknown: Sequence[str]) -> Statement:
    if not isinstance(source, Mapping):
        raise PolicyError("Syntax errors in policy.")
    effect = source.get("Effect")
    if effect not in ("Allow", "Deny"):
        raise PolicyError("Syntax errors in policy.")
    actions, not_action = _either(source, "Action", "NotAction")
    if actions is None:
        raise PolicyError("Policy statement must contain actions.")
    resources, not_resource = _either(source, "Resource", "NotResource")
    if "Principal" in source and "NotPrincipal" in source:
        raise PolicyError("Syntax errors in policy.")
    not_principal = "NotPrincipal" in source
    principals = source.get("NotPrincipal" if not_principal else "Principal")
    conditions = _conditions(source.get("Condition", {}))
    return Statement(
        effect=effect,
        actions=actions,
        not_action=not_action,
        resources=resources,
        not_resource=not_resource,
        principals=_principals(principals) if not_principal or "Principal" in source else None,
        not_principal=not_principal,
        conditions=conditions,
        unknown=(
            *unknown,
            *sorted(set(source) - ELEMENTS),
            *(condition.operator for condition in conditions if not is_operator(condition.operator)),
        ),
    )


def _either(source: Mapping[str, Any], name: str, opposite: str) -> tuple[tuple[str, ...] | None, bool]:
    """Read an element or its opposite; None if neither is there."""
    if name in source and opposite in source:
        raise PolicyError("Syntax errors in policy.")
    if opposite in source:
        return _strings(source[opposite]), True
    return (_strings(source[name]) if name in source else None), False


def _strings(value: object) -> tuple[str, ...]:
    values = value if isinstance(value, list | tuple) else [value]
    if not values or not all(isinstance(item, str) and item for item in values):
        raise PolicyError("Syntax errors in policy.")
    return tuple(values)


def _principals(value: object) -> Mapping[str, tuple[str, ...]]:
    if value == "*":
        return EVERYBODY
    if not isinstance(value, Mapping) or not value or not set(value) <= set(PRINCIPAL_KINDS):
        raise PolicyError("Invalid principal in policy.")
    return {kind: _strings(names) for kind, names in value.items()}


def _conditions(source: object) -> tuple[Condition, ...]:
    if not isinstance(source, Mapping) or not all(isinstance(tests, Mapping) for tests in source.values()):
        raise PolicyError("Syntax errors in policy.")
    return tuple(
        Condition(operator=operator, key=key, values=_scalars(values))
        for operator, tests in source.items()
        for key, values in tests.items()
    )


def _scalars(value: object) -> tuple[str, ...]:
    """Read a condition's values; IAM takes numbers and booleans for strings here."""
    values = value if isinstance(value, list | tuple) else [value]
    if not values or not all(isinstance(item, str | int | float) for item in values):
        raise PolicyError("Syntax errors in policy.")
    return tuple(str(item).lower() if isinstance(item, bool) else str(item) for item in values)


def _check(statement: Statement, kind: Kind) -> None:
    """Refuse what IAM refuses when a policy is saved."""
    if statement.unknown:
        raise PolicyError(f"Syntax errors in policy: {', '.join(statement.unknown)} is not supported.")
    if kind == "identity":
        if statement.principals is not None:
            raise PolicyError("Policy document should not specify a principal.")
        if statement.resources is None:
            raise PolicyError("Policy statement must contain resources.")
        _check_actions(statement.actions)
        for resource in statement.resources:
            if resource != "*" and not resource.startswith("arn:"):
                raise PolicyError(f'Resource {resource} must be in ARN format or "*".')
        return
    if statement.resources is not None:
        raise PolicyError("Has prohibited field Resource")
    if statement.not_principal:  # IAM User Guide, "NotPrincipal": not in a role trust policy; text ours
        raise PolicyError("Has prohibited field NotPrincipal")
    if statement.principals is None:
        raise PolicyError("Missing required field Principal")
    if statement.principals is EVERYBODY:  # text: aws-cdk, its tests of Role with AnyPrincipal
        raise PolicyError('AssumeRolepolicy contained an invalid principal: "STAR":"*".')
    for action in statement.actions:
        if not action.lower().startswith("sts:"):
            raise PolicyError("AssumeRole policy may only specify STS AssumeRole actions.")


def _check_actions(actions: Sequence[str]) -> None:
    """Refuse what is no action; the texts are AWS's, as moto's tests have them."""
    for action in actions:
        vendor, *rest = action.split(":")
        if not rest and action != "*":
            raise PolicyError("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.")
        if len(rest) > 1:
            raise PolicyError("Actions/Condition can contain only one colon.")
        if rest and not VENDOR.fullmatch(vendor):
            raise PolicyError(f"Vendor {vendor} is not valid")


def is_account_id(name: str) -> bool:
    """Tell whether ``name`` is an AWS account id: twelve digits."""
    return len(name) == ACCOUNT_ID_DIGITS and name.isdecimal() and name.isascii()
