"""Parameters as the members of answers have them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.aws.cloudformation.parameters import is_secret
from harness.aws.cloudformation.template import Template

__all__ = ["shown_parameters"]


def shown_parameters(template: Template | None, values: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return parameters as descriptions have them; ``NoEcho`` hides a value."""
    declared = template.parameters if template is not None else {}
    return [
        {"ParameterKey": name, "ParameterValue": "****" if is_secret(declared[name]) else value}
        for name, value in values.items()
    ]
