"""Anomaly detectors: they are kept and described; the band itself is a function of metric math."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Mapping
from typing import Any

from harness.aws.cloudwatch.metrics import Metric, Metrics, dimensions_of
from harness.aws.cloudwatch.pages import page_of_detectors
from harness.aws.context import Context
from harness.aws.errors import AwsError

__all__ = [
    "AnomalyDetectors",
    "delete_anomaly_detector",
    "describe_anomaly_detectors",
    "put_anomaly_detector",
]

_SINGLE = ("Namespace", "MetricName", "Dimensions", "Stat")
_KEPT = ("Configuration", "MetricCharacteristics", "MetricMathAnomalyDetector")


class AnomalyDetectors:
    """The detectors of an account, by region and by what they look at."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._regions: dict[str, dict[str, dict[str, Any]]] = {}

    def of(self, region: str) -> dict[str, dict[str, Any]]:
        """Return the detectors of a region."""
        return self._regions.setdefault(region, {})


def put_anomaly_detector(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Create a detector, or give the one that looks at the same thing another configuration.

    Raises:
        AwsError: ``InvalidParameterCombination``, ``MissingParameter``; the texts are ours.
    """
    key, subject = _subject(call, fields)
    detectors = call.aws.state(AnomalyDetectors)
    with detectors.lock:
        known = detectors.of(call.region)
        identifier = known[key]["AnomalyDetectorId"] if key in known else str(uuid.uuid4())
        kept = {name: fields[name] for name in _KEPT if name in fields}
        known[key] = {"AnomalyDetectorId": identifier, "Configuration": {}, **subject, **kept}
    return {"AnomalyDetectorId": identifier}


def delete_anomaly_detector(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Delete a detector.

    Raises:
        AwsError: ``ResourceNotFoundException`` (404); as ``put_anomaly_detector``.
    """
    detectors = call.aws.state(AnomalyDetectors)
    with detectors.lock:
        known = detectors.of(call.region)
        if "AnomalyDetectorId" in fields:
            wanted = fields["AnomalyDetectorId"]
            key = next((key for key, each in known.items() if each["AnomalyDetectorId"] == wanted), "")
        else:
            key, _ = _subject(call, fields)
        if known.pop(key, None) is None:
            raise AwsError("ResourceNotFoundException", "There is no such anomaly detector.", status=404)
    return {}


def describe_anomaly_detectors(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Answer with detectors, those of single metrics unless ``AnomalyDetectorTypes`` asks for others.

    Raises:
        AwsError: ``InvalidNextToken``.
    """
    detectors = call.aws.state(AnomalyDetectors)
    with detectors.lock:
        found = [
            {**each, "StateValue": _state(call, each)}
            for _, each in sorted(detectors.of(call.region).items())
            if _is_asked_for(each, fields)
        ]
    return page_of_detectors(found, fields, "AnomalyDetectors")


def _subject(call: Context, fields: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return what a detector looks at: a key, and the members that describe it.

    A single metric may be given in its own structure or, as before 2021, member by member.
    """
    is_flat = any(name in fields for name in _SINGLE)
    given = [name for name in ("SingleMetricAnomalyDetector", "MetricMathAnomalyDetector") if name in fields]
    if is_flat + len(given) != 1:
        raise AwsError(
            "InvalidParameterCombination",
            "Specify one of SingleMetricAnomalyDetector and MetricMathAnomalyDetector.",
        )
    if given == ["MetricMathAnomalyDetector"]:
        return f"math {fields['MetricMathAnomalyDetector']!r}", {}
    single = fields if is_flat else fields["SingleMetricAnomalyDetector"]
    for name in ("Namespace", "MetricName", "Stat"):
        if name not in single:
            raise AwsError("MissingParameter", f"The parameter {name} is required.")
    chosen = {name: single[name] for name in _SINGLE if name in single}
    chosen.setdefault("Dimensions", [])
    identity = (
        chosen["Namespace"],
        chosen["MetricName"],
        dimensions_of(chosen["Dimensions"]),
        chosen["Stat"],
    )
    nested = {**chosen, "AccountId": single.get("AccountId", call.aws.account_id)}
    return f"single {identity!r}", {**chosen, "SingleMetricAnomalyDetector": nested}


def _is_asked_for(detector: Mapping[str, Any], fields: Mapping[str, Any]) -> bool:
    kind = "SINGLE_METRIC" if "SingleMetricAnomalyDetector" in detector else "METRIC_MATH"
    identifiers = fields.get("AnomalyDetectorIds")
    return (
        kind in (fields.get("AnomalyDetectorTypes") or ["SINGLE_METRIC"])
        and (not identifiers or detector["AnomalyDetectorId"] in identifiers)
        and all(fields[name] == detector.get(name) for name in ("Namespace", "MetricName") if name in fields)
        and (
            "Dimensions" not in fields
            or dimensions_of(fields["Dimensions"]) == dimensions_of(detector.get("Dimensions"))
        )
    )


def _state(call: Context, detector: Mapping[str, Any]) -> str:
    """Tell whether there are data to learn from; nothing more is learned here than their spread."""
    if "SingleMetricAnomalyDetector" not in detector:
        return "PENDING_TRAINING"
    metric = Metric(detector["Namespace"], detector["MetricName"], dimensions_of(detector["Dimensions"]))
    metrics = call.aws.state(Metrics)
    with metrics.lock:
        return "TRAINED" if metrics.find(call.region, metric) is not None else "TRAINED_INSUFFICIENT_DATA"
