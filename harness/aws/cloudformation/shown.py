"""Times, parameters and tags as the members of answers have them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from harness.aws.cloudformation.parameters import is_secret
from harness.aws.cloudformation.template import Template

__all__ = ["moment", "shown_parameters", "shown_tags"]


def moment(seconds: float | None) -> datetime | None:
    """Return a time as the members of an answer have it."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def shown_parameters(template: Template | None, values: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return parameters as descriptions have them; ``NoEcho`` hides a value."""
    declared = template.parameters if template is not None else {}
    return [
        {"ParameterKey": name, "ParameterValue": "****" if is_secret(declared[name]) else value}
        for name, value in values.items()
    ]


def shown_tags(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Return tags as descriptions have them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]
