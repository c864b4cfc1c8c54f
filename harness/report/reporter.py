"""pytest's terminal, showing verdicts: the rows of the matrix as they come, then failures, then the sum."""

from __future__ import annotations

import json
import os
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from harness.report.matrix import Matrix, failure_block, summary_line
from harness.scenario import find, load
from harness.verdict import Result

__all__ = ["Reporter"]


class Reporter:
    """Collects the results of a run, from this process or from the workers of pytest-xdist.

    It takes the place of pytest's own terminal reporter.

    Attributes:
        results: one for each case, in the order in which they ended.
        broken: what went wrong with the run itself: collection errors, crashed workers.
    """

    def __init__(self) -> None:
        self.results: list[Result] = []
        self.broken: list[str] = []
        self._matrix: Matrix | None = None
        self._start = time.perf_counter()

    @pytest.hookimpl(trylast=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        """Take the terminal over."""
        own = config.pluginmanager.get_plugin("terminalreporter")
        if own is not None:
            config.pluginmanager.unregister(own)
            # Others ask it for options, so it stays; what it says goes nowhere.
            nowhere = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - closed with the configuration
            config.add_cleanup(nowhere.close)
            silent = pytest.TerminalReporter(config, nowhere)
            # It would crash on showing where certain interruptions came: CPython gives them no line.
            for hook in ("pytest_keyboard_interrupt", "pytest_sessionfinish"):
                vars(silent)[hook] = _nothing
            config.pluginmanager.register(silent, "terminalreporter")

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Learn which cases there will be."""
        planned: Counter[tuple[str, str]] = Counter()
        for item in items:
            case = item.callspec.params["case"]  # type: ignore[attr-defined]  # pytest does not type it
            planned[case.scenario.id, case.provider] += 1
        titles = {entry.id: entry.title for entry in load()}
        self._matrix = Matrix(planned, titles, colour=sys.stdout.isatty())
        if not planned:
            return
        for line in self._matrix.heading():
            self._say(line)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take a case's result in, when it is whole."""
        found = dict(report.user_properties).get("result")
        if report.when == "teardown" and isinstance(found, str):
            result = Result(**json.loads(found))
            self.results.append(result)
            row = self._matrix.add(result) if self._matrix else None
            if row is not None:
                self._say(row)
        elif report.failed and found is None:
            self.broken.append(f"{report.nodeid}: {report.longreprtext}")

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A catalogue that cannot be imported is the harness's fault."""
        if report.failed:
            self.broken.append(f"{report.nodeid}: {report.longreprtext}")

    def pytest_internalerror(self, excrepr: Any) -> None:
        """So is a crash of pytest."""
        self.broken.append(str(excrepr))

    def conclude(self) -> None:
        """Print the failures and the sum."""
        for result in self.results:
            if result.verdict in {"fail", "error"}:
                self._say("")
                for line in failure_block(result, find(result.id).source):
                    self._say(line)
        self._say("\n✓ pass  ✗ fail  ! error of the harness  - skip  · not for this path")
        skipped = {
            (result.id, result.provider): result.observed
            for result in self.results
            if result.verdict == "skip"
        }
        for (name, provider), reason in sorted(skipped.items()):
            self._say(f"skip  {name} on {provider}: {reason}")
        for trouble in self.broken:
            sys.stderr.write(f"harness: {trouble}\n")
        self._say(f"\n{summary_line(self.results, time.perf_counter() - self._start)}")

    def _say(self, line: str) -> None:
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()


def _nothing() -> None:
    """A hook that does nothing."""
