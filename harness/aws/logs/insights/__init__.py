"""The query language of CloudWatch Logs Insights: a query and log events in, rows out.

Source: CloudWatch Logs User Guide, "CloudWatch Logs Insights language query syntax".
"""

from __future__ import annotations

from harness.aws.logs.insights.events import Event
from harness.aws.logs.insights.query import Query, Results
from harness.aws.logs.insights.syntax import QuerySyntaxError

__all__ = ["Event", "Query", "QuerySyntaxError", "Results"]
