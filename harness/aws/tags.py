"""Tags: a list of keys and values in AWS's models, a mapping here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

__all__ = ["as_list", "by_key"]


def by_key(tags: Iterable[Mapping[str, str]] | None) -> dict[str, str]:
    """Return the tags of a list by their keys; None is none."""
    return {tag["Key"]: tag["Value"] for tag in tags or ()}


def as_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Return tags as the members of a call or an answer have them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]
