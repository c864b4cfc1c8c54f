"""PromQL on CloudWatch's metrics: a query and a source of series in, vectors and matrices out.

Source: the Prometheus documentation, "Querying Prometheus" (basics, operators, functions). The grammar is
read by promql-parser, the library of the GreptimeDB project; what cannot be evaluated is refused by name.
"""

from __future__ import annotations

from harness.aws.cloudwatch.promql.engine import Engine
from harness.aws.cloudwatch.promql.values import Element, Labels, Matcher, Point, QueryError, Series, Source

__all__ = ["Element", "Engine", "Labels", "Matcher", "Point", "QueryError", "Series", "Source"]
