"""The pages of CloudWatch's answers."""

from __future__ import annotations

from dataclasses import replace

from harness.aws.paging import Paging

__all__ = ["page_of_alarms", "page_of_datapoints", "page_of_detectors", "page_of_history", "page_of_metrics"]

page_of_detectors = Paging(
    size=100, code="InvalidNextToken", message="Request parameter NextToken is invalid"
)
page_of_alarms = replace(page_of_detectors, size=50, limit="MaxRecords")
page_of_history = replace(page_of_detectors, limit="MaxRecords")
page_of_datapoints = replace(page_of_detectors, size=100_800, limit="MaxDatapoints")
page_of_metrics = replace(page_of_detectors, size=500, code="InvalidParameterValue")  # always of that size
