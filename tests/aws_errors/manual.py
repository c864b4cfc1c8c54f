"""The generated parts of the manual: each stands between two markers."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path

from moto.core.utils import camelcase_to_underscores

from harness.aws.backend import _USER_TOKENS
from harness.aws.cloudformation.types import TYPES
from harness.aws.context import implementation
from harness.aws.faults import FAULTS
from harness.aws.models import is_unsigned, service_model
from harness.aws.services import SERVICES, Service
from tests.aws_errors.catalogue import table
from tests.clients.guide_commands import COMMANDS

__all__ = ["MANUAL", "PARTS", "renewed", "shares_of"]

MANUAL = Path(__file__).parents[2] / "harness" / "aws" / "README.md"
_KEPT = re.compile(r"{(\w+)}")
_DOCUMENT = re.compile(r"'\{.*\}'")


def shares_of(service: Service) -> tuple[list[str], list[str], list[str]]:
    """Return the operations of a service: this AWS's own, moto's, and those that neither has."""
    own = implementation(service).OPERATIONS
    rest = [name for name in service_model(service.name).operation_names if name not in own]
    by_moto = [name for name in rest if _is_moto_s(service, name)]
    return sorted(own), by_moto, [name for name in rest if name not in by_moto]


def _is_moto_s(service: Service, operation: str) -> bool:
    if not service.moto:
        return False
    if service.name == "cognito-idp" and (operation in _USER_TOKENS or is_unsigned(service.name, operation)):
        return False
    responses = import_module(f"moto.{service.moto}.responses")
    methods = {
        name
        for made in vars(responses).values()
        if isinstance(made, type) and made.__module__ == responses.__name__
        for name in vars(made)
    }
    return camelcase_to_underscores(operation) in methods


def _services() -> str:
    """Who answers which operations: how many, and below their names."""
    lines = ["| service | by this AWS | by moto, after the same checks | refused |", "|---|---|---|---|"]
    names = []
    for service in SERVICES.values():
        shares = shares_of(service)
        lines.append(f"| `{service.name}` | {' | '.join(str(len(share)) for share in shares)} |")
        parts = [
            f"{title}: {', '.join(f'`{name}`' for name in share)}."
            for title, share in zip(("By this AWS", "By moto", "Refused"), shares, strict=True)
            if share
        ]
        names.append(
            f"<details><summary>{service.name}</summary>\n\n" + "\n\n".join(parts) + "\n\n</details>"
        )
    return "\n".join([*lines, "", *names])


def _resources() -> str:
    """The resource types of CloudFormation."""
    return ", ".join(f"`{name}`" for name in sorted(TYPES))


def _faults() -> str:
    lines = ["| fault | what goes wrong | code | status | source |", "|---|---|---|---|---|"]
    for kind in FAULTS.values():
        code = f"`{kind.code}`" if kind.code not in {"", "-"} else "any" if kind.code else "-"
        status = str(kind.status) if kind.code else "-"
        lines.append(f"| `{kind.id}` | {kind.title} | {code} | {status} | {kind.source} |")
    return "\n".join(lines)


def _shown(command: str) -> str:
    """A command as somebody types it: names of earlier answers as variables, documents as files."""
    command = _DOCUMENT.sub("file://trust-policy.json", command.replace("{{", "{").replace("}}", "}"))
    command = _KEPT.sub(lambda name: f"${name[1].upper()}", command)
    return f"`aws {command}`"


def _guide() -> str:
    lines = ["| the guide's command | what it gets | what works | why |", "|---|---|---|---|"]
    for command in COMMANDS:
        guide = _shown(command.guide) if command.guide else "(missing)"
        by = "" if command.is_sent else " (the AWS CLI itself)"
        gets = f"`{command.refused}`{by}" if command.refused else "works" if command.guide else "-"
        right = "<br>".join(map(_shown, command.right)) if command.right else "as it is"
        lines.append(f"| {guide} | {gets} | {right} | {command.source} |")
    return "\n".join(lines)


PARTS: Mapping[str, Callable[[], str]] = {
    "services": _services,
    "guide": _guide,
    "resources": _resources,
    "faults": _faults,
    "errors": table,
}


def renewed(text: str) -> str:
    """Return the manual with every part as it is now.

    Raises:
        ValueError: a marker is missing.
    """
    for name, make in PARTS.items():
        begin, end = f"<!-- {name}: by python -m tests.aws_errors -->\n", f"<!-- end of {name} -->"
        before, rest = text.split(begin)
        _, after = rest.split(end)
        text = f"{before}{begin}\n{make().strip()}\n\n{end}{after}"
    return text
