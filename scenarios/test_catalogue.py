"""The catalogue as pytest runs it: a test for each case, on each provider path and wire that it names."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from harness.scenario import Case, cases
from harness.target import Target
from harness.verdict import judge


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test a case; --mcp-provider and --mcp-wire narrow the choice."""
    option = metafunc.config.getoption
    chosen = [
        case
        for case in cases()
        if option("--mcp-provider") in {None, case.provider} and option("--mcp-wire") in {None, case.wire}
    ]
    metafunc.parametrize("case", chosen, ids=[case.node for case in chosen])


def test(case: Case, target: Target, record_property: Callable[[str, object], None]) -> None:
    """The case holds, and so does every invariant."""
    result = judge(case, target)
    for name, value in result.as_dict().items():
        record_property(name, value)
    record_property("source", case.scenario.source)
    record_property("result", json.dumps(result.as_dict()))
    if result.verdict == "skip":
        pytest.skip(result.observed)
    if result.verdict != "pass":
        pytest.fail(
            f"{result.verdict}: {case.scenario.title}\n  expected: {result.expected}\n"
            f"  observed: {result.observed}\n  source:   {case.scenario.source}\n  again:    {result.replay}",
            pytrace=False,
        )
