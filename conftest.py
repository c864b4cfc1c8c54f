"""What holds for every test of the project: where the tools are missing, CI does not look away."""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest

#: How the reason of a skip begins that is for want of a tool.
NEEDS = "needs "


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI a test that is skipped for want of a tool fails: nobody would notice otherwise."""
    report = yield
    if (
        report.skipped
        and os.environ.get("CI") == "true"
        and NEEDS in str(call.excinfo and call.excinfo.value)
    ):
        report.outcome = "failed"
        report.longrepr = f"skipped in CI: {call.excinfo and call.excinfo.value}"
    return report
