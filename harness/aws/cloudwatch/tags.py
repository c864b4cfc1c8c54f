"""Tags of alarms and of rules of Contributor Insights."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from typing import Any

from harness.aws.backend import ask
from harness.aws.cloudwatch.alarm_records import Alarms
from harness.aws.context import Context
from harness.aws.errors import AwsError
from harness.aws.tags import as_list, by_key

__all__ = [
    "Tags",
    "delete_insight_rules",
    "list_tags_for_resource",
    "put_insight_rule",
    "tag_resource",
    "untag_resource",
]

_TAGS = 50  # of a resource


class Tags:
    """The tags of an account's resources, by ARN."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tags: dict[str, dict[str, str]] = {}

    def of(self, arn: str) -> dict[str, str]:
        """Return the tags of a resource."""
        with self._lock:
            return dict(self._tags.get(arn, {}))

    def add(self, arn: str, tags: Iterable[Mapping[str, str]]) -> None:
        """Add tags, or give them other values.

        Raises:
            AwsError: ``InvalidParameterValue``, when they would be more than 50.
        """
        with self._lock:
            merged = {**self._tags.get(arn, {}), **by_key(tags)}
            if len(merged) > _TAGS:
                raise AwsError("InvalidParameterValue", f"A resource has at most {_TAGS} tags.")
            self._tags[arn] = merged

    def remove(self, arn: str, keys: Iterable[str]) -> None:
        """Remove the tags that are there."""
        with self._lock:
            for key in keys:
                self._tags.get(arn, {}).pop(key, None)

    def forget(self, arn: str) -> None:
        """Remove all tags of a resource that is no more."""
        with self._lock:
            self._tags.pop(arn, None)


def list_tags_for_resource(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Answer with the tags of a resource.

    Raises:
        AwsError: ``ResourceNotFoundException`` (404).
    """
    tags = call.aws.state(Tags).of(_existing(call, fields))
    return {"Tags": as_list(tags)}


def tag_resource(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Add tags.

    Raises:
        AwsError: ``ResourceNotFoundException`` (404), ``InvalidParameterValue``.
    """
    call.aws.state(Tags).add(_existing(call, fields), fields["Tags"])
    return {}


def untag_resource(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Remove tags.

    Raises:
        AwsError: ``ResourceNotFoundException`` (404).
    """
    call.aws.state(Tags).remove(_existing(call, fields), fields["TagKeys"])
    return {}


def put_insight_rule(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Let moto keep a rule, enabled by default; not its tags, since moto takes those of alarms only."""
    kept = {name: value for name, value in fields.items() if name != "Tags"}
    ask(call, {"RuleState": "ENABLED", **kept})
    call.aws.state(Tags).add(_rule_arn(call, fields["RuleName"]), fields.get("Tags", []))
    return {}


def delete_insight_rules(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Let moto delete rules, and forget their tags."""
    for name in fields["RuleNames"]:
        call.aws.state(Tags).forget(_rule_arn(call, name))
    return ask(call, fields)


def _rule_arn(call: Context, name: str) -> str:
    return call.arn(f"insight-rule/{name}")


def _existing(call: Context, fields: Mapping[str, Any]) -> str:
    """Return the ARN of a call if there is such an alarm or rule; the text of the refusal is ours."""
    arn: str = fields["ResourceARN"]
    alarms = call.aws.state(Alarms)
    with alarms.lock:
        is_known = any(alarm["AlarmArn"] == arn for alarm in alarms.of(call.region).values())
    if not is_known and ":insight-rule/" in arn:
        rules = ask(call, {}, operation="DescribeInsightRules").get("InsightRules", [])
        is_known = any(_rule_arn(call, rule["Name"]) == arn for rule in rules)
    if not is_known:
        raise AwsError("ResourceNotFoundException", f"There is no resource {arn}.", status=404)
    return arn
