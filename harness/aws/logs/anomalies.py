"""Anomaly detectors of log groups, and the anomalies that they found.

The detectors are kept as AWS keeps them. They learn nothing here: an anomaly is there when somebody has put
one (``aws.state(Anomalies).add(...)``), so that a client's handling of it can be tried.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from harness.aws.context import Context, Operation
from harness.aws.errors import AwsError
from harness.aws.logs.groups import arn, group_name
from harness.aws.logs.pages import page

__all__ = ["OPERATIONS", "Anomalies"]

_WEEK = 7  # days in which an anomaly is visible, by default


class Anomalies:
    """The anomaly detectors of one account, and what they found."""

    def __init__(self) -> None:
        self.detectors: dict[str, dict[str, Any]] = {}
        self.found: list[dict[str, Any]] = []

    def add(self, detector: str, **members: Any) -> str:
        """Put an anomaly that a detector found, and return its id.

        Args:
            detector: ARN of a detector that exists.
            members: of ``Anomaly`` in AWS's model, in place of the usual ones: ``patternString``,
                ``firstSeen`` and ``lastSeen`` (milliseconds since the epoch), ``priority``, ``state``, ...

        Raises:
            KeyError: there is no such detector.
        """
        groups = self.detectors[detector]["logGroupArnList"]
        usual = {
            "anomalyId": str(uuid.uuid4()),
            "patternId": uuid.uuid4().hex,
            "anomalyDetectorArn": detector,
            "patternString": "",
            "patternRegex": "",
            "priority": "HIGH",
            "firstSeen": 0,
            "lastSeen": 0,
            "description": "",
            "active": True,
            "state": "Active",
            "histogram": {},
            "logSamples": [],
            "patternTokens": [],
            "logGroupArnList": groups,
        }
        self.found.append({**usual, **members})
        return str(self.found[-1]["anomalyId"])

    def detector(self, detector_arn: str) -> dict[str, Any]:
        """Return a detector.

        Raises:
            AwsError: ``ResourceNotFoundException``.
        """
        found = self.detectors.get(detector_arn)
        if found is None:
            raise AwsError("ResourceNotFoundException", "The specified anomaly detector does not exist.")
        return found


def create_log_anomaly_detector(call: Context, fields: Mapping[str, Any]) -> dict[str, Any]:
    """CreateLogAnomalyDetector.

    Raises:
        AwsError: ``ResourceNotFoundException``, for a log group that does not exist.
    """
    groups = [arn(call, group_name(call, each)) for each in fields["logGroupArnList"]]
    made = call.arn(f"anomaly-detector:{uuid.uuid4()}")
    kept = ("detectorName", "evaluationFrequency", "filterPattern", "kmsKeyId")
    call.aws.state(Anomalies).detectors[made] = {
        "anomalyDetectorArn": made,
        "logGroupArnList": groups,
        "anomalyDetectorStatus": "INITIALIZING",
        "creationTimeStamp": int(1000 * call.now),
        "lastModifiedTimeStamp": int(1000 * call.now),
        "anomalyVisibilityTime": fields.get("anomalyVisibilityTime", _WEEK),
        **{name: fields[name] for name in kept if name in fields},
    }
    return {"anomalyDetectorArn": made}


def get_log_anomaly_detector(call: Context, fields: Mapping[str, Any]) -> dict[str, Any]:
    """GetLogAnomalyDetector."""
    found = call.aws.state(Anomalies).detector(fields["anomalyDetectorArn"])
    return {name: value for name, value in found.items() if name != "anomalyDetectorArn"}


def update_log_anomaly_detector(call: Context, fields: Mapping[str, Any]) -> dict[str, Any]:
    """UpdateLogAnomalyDetector; one that is switched off is ``PAUSED``."""
    found = call.aws.state(Anomalies).detector(fields["anomalyDetectorArn"])
    kept = ("evaluationFrequency", "filterPattern", "anomalyVisibilityTime")
    found |= {name: fields[name] for name in kept if name in fields}
    found["anomalyDetectorStatus"] = "ANALYZING" if fields["enabled"] else "PAUSED"
    found["lastModifiedTimeStamp"] = int(1000 * call.now)
    return {}


def delete_log_anomaly_detector(call: Context, fields: Mapping[str, Any]) -> dict[str, Any]:
    """DeleteLogAnomalyDetector, with what it found."""
    kept = call.aws.state(Anomalies)
    gone = kept.detector(fields["anomalyDetectorArn"])["anomalyDetectorArn"]
    kept.detectors.pop(gone, None)
    kept.found = [anomaly for anomaly in kept.found if anomaly["anomalyDetectorArn"] != gone]
    return {}


def list_log_anomaly_detectors(call: Context, fields: Mapping[str, Any]) -> dict[str, Any]:
    """ListLogAnomalyDetectors, of the region, or of one log group."""
    here, group = f"arn:aws:logs:{call.region}:", fields.get("filterLogGroupArn", "").removesuffix(":*")
    found = [
        detector
        for detector in list(call.aws.state(Anomalies).detectors.values())
        if detector["anomalyDetectorArn"].startswith(here)
        and (not group or group in detector["logGroupArnList"])
    ]
    return page(found, fields, "anomalyDetectors")


def list_anomalies(call: Context, fields: Mapping[str, Any]) -> dict[str, Any]:
    """ListAnomalies, of one detector or of the region; suppressed ones only where they are asked for."""
    kept = call.aws.state(Anomalies)
    if "anomalyDetectorArn" in fields:
        kept.detector(fields["anomalyDetectorArn"])
    here, state = f"arn:aws:logs:{call.region}:", fields.get("suppressionState")
    found = [
        anomaly
        for anomaly in kept.found
        if anomaly["anomalyDetectorArn"].startswith(here)
        and fields.get("anomalyDetectorArn") in {None, anomaly["anomalyDetectorArn"]}
        and (state is None or (state == "SUPPRESSED") is bool(anomaly.get("suppressed")))
    ]
    return page(found, fields, "anomalies")


OPERATIONS: Mapping[str, Operation] = {
    "CreateLogAnomalyDetector": create_log_anomaly_detector,
    "DeleteLogAnomalyDetector": delete_log_anomaly_detector,
    "GetLogAnomalyDetector": get_log_anomaly_detector,
    "ListAnomalies": list_anomalies,
    "ListLogAnomalyDetectors": list_log_anomaly_detectors,
    "UpdateLogAnomalyDetector": update_log_anomaly_detector,
}
