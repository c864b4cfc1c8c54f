"""The alarms of an account and their history."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

__all__ = ["Alarm", "Alarms", "HistoryItem", "is_composite"]

_KEPT = 30 * 86_400  # seconds that history is kept (CloudWatch User Guide, "Alarms")

Alarm = dict[str, Any]
"""An alarm: the members that DescribeAlarms answers with."""


def is_composite(alarm: Mapping[str, Any]) -> bool:
    """Tell an alarm on other alarms from one on a metric."""
    return "AlarmRule" in alarm


@dataclass(frozen=True, kw_only=True)
class HistoryItem:
    """Something that happened to an alarm; it stays when the alarm is deleted.

    Attributes:
        alarm: name.
        alarm_type: ``MetricAlarm`` or ``CompositeAlarm``.
        time: seconds since the epoch.
        kind: ``ConfigurationUpdate`` or ``StateUpdate``.
        summary: one sentence.
        data: JSON.
    """

    alarm: str
    alarm_type: str
    time: float
    kind: str
    summary: str
    data: str


@dataclass
class _Region:
    alarms: dict[str, Alarm] = field(default_factory=dict)
    history: list[HistoryItem] = field(default_factory=list)


class Alarms:
    """The alarms of an account, by region.

    Attributes:
        lock: to hold while they are read or changed.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._regions: dict[str, _Region] = {}

    def of(self, region: str) -> dict[str, Alarm]:
        """Return the alarms of a region by name."""
        return self._regions.setdefault(region, _Region()).alarms

    def history(self, region: str, now: float) -> list[HistoryItem]:
        """Return what happened in the last 30 days, oldest first."""
        items = self._regions.setdefault(region, _Region()).history
        return [item for item in items if item.time >= now - _KEPT]

    def configured(self, region: str, alarm: Alarm, change: str, now: float) -> None:
        """Record that an alarm was created, updated or deleted."""
        name = alarm["AlarmName"]
        data = {"version": "1.0", "type": change, f"{change.lower()}dAlarm": _camel(alarm)}
        summary = f'Alarm "{name}" {change.lower()}d'
        self._record(region, alarm, kind="ConfigurationUpdate", summary=summary, data=data, now=now)

    def set_state(
        self,
        region: str,
        alarm: Alarm,
        *,
        value: str,
        reason: str,
        reason_data: str | None = None,
        now: float,
    ) -> None:
        """Give an alarm a state; that it is another one than before is recorded."""
        old = _state(alarm)
        moment = datetime.fromtimestamp(now, UTC)
        is_new = alarm["StateValue"] != value
        alarm |= {"StateValue": value, "StateReason": reason, "StateUpdatedTimestamp": moment}
        alarm.pop("StateReasonData", None)
        if reason_data is not None:
            alarm["StateReasonData"] = reason_data
        if is_new:
            alarm["StateTransitionedTimestamp"] = moment
            data = {"version": "1.0", "oldState": old, "newState": _state(alarm)}
            summary = f"Alarm updated from {old['stateValue']} to {value}"
            self._record(region, alarm, kind="StateUpdate", summary=summary, data=data, now=now)

    def _record(
        self, region: str, alarm: Alarm, *, kind: str, summary: str, data: Mapping[str, Any], now: float
    ) -> None:
        self._regions.setdefault(region, _Region()).history.append(
            HistoryItem(
                alarm=alarm["AlarmName"],
                alarm_type="CompositeAlarm" if is_composite(alarm) else "MetricAlarm",
                time=now,
                kind=kind,
                summary=summary,
                data=json.dumps(data, separators=(",", ":")),
            )
        )


def _state(alarm: Alarm) -> dict[str, Any]:
    state = {"stateValue": alarm["StateValue"], "stateReason": alarm["StateReason"]}
    data = alarm.get("StateReasonData")
    return state if data is None else {**state, "stateReasonData": json.loads(data)}


def _camel(value: Any) -> Any:
    """Write an alarm as its history does: names in camel case, but for ``okactions``."""
    match value:
        case dict():
            return dict(_members(value))
        case list():
            return [_camel(item) for item in value]
        case datetime():
            return f"{value:%Y-%m-%dT%H:%M:%S}.{value.microsecond // 1000:03d}+0000"
        case _:
            return value


def _members(value: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, inner in value.items():
        yield "okactions" if name == "OKActions" else name[0].lower() + name[1:], _camel(inner)
