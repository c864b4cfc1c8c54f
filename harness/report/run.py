"""``harness run``: pytest, with the catalogue and a reporter."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.report.files import write_json
from harness.report.forked import Forked, usual_jobs
from harness.report.reporter import Reporter
from harness.scenario import CATALOGUE, Case, cases, find
from harness.target import REFERENCE_SERVER, Target

__all__ = ["run"]

#: Exit codes of the command.
PASSED, TARGET_FAILED, HARNESS_FAILED, INTERRUPTED = 0, 1, 3, 130

#: After how many new objects garbage is looked for: about once a world, not hundreds of times.
_GARBAGE = 100_000


def run(
    *,
    names: Sequence[str] = (),
    provider: str | None = None,
    wire: str | None = None,
    target: str = REFERENCE_SERVER,
    report: Path | None = None,
    jobs: int | None = None,
    extra: Sequence[str] = (),
) -> int:
    """Run scenarios against a target, print the matrix, write the reports, and return the exit code.

    Args:
        names: scenario ids, with a parameter in brackets or without; all where none is given.
        provider: only this provider path.
        wire: only this MCP revision.
        target: the server under test, ``module:factory``.
        report: the folder for ``report.json`` and ``junit.xml``; nothing is written where it is ``None``.
        jobs: how many processes; what suits the machine where it is ``None``.
        extra: further arguments for pytest: ``-x``, ``-k time``.

    Raises:
        UsageError: if a name does not exist or the choice is empty.
    """
    Target(target)
    gc.freeze()  # what was imported is never garbage: no process need look through it again
    gc.set_threshold(_GARBAGE)
    gc.enable()
    chosen = _choose(names, provider, wire)
    module = f"{CATALOGUE}.test_catalogue"
    arguments = [
        "--pyargs",
        *([f"{module}::test[{case.node}]" for case in chosen] if names else [module]),
        # The run must not depend on the folder it is started in, nor on its pytest settings.
        *("-c", os.devnull, "--rootdir", str(Path.cwd()), "--import-mode=importlib"),
        *("--disable-plugin-autoload", "-p", "harness.pytest_plugin", "-p", "pytest_timeout"),
        *("--assert=plain", "--timeout", "60", "-p", "no:cacheprovider"),
        f"--mcp-target={target}",
        *([f"--mcp-provider={provider}"] if provider else []),
        *([f"--mcp-wire={wire}"] if wire else []),
        *([f"--junitxml={report / 'junit.xml'}"] if report else []),
        *extra,
    ]
    if report:
        _make(report)
    reporter = Reporter()
    forked = Forked(usual_jobs() if jobs is None else jobs, reporter)
    code = pytest.main(arguments, plugins=[reporter, forked])
    reporter.conclude()
    if report:
        written = write_json(report, reporter.results, target=target)
        sys.stdout.write(f"report: {written}, {written.with_name('junit.xml')}\n")
    if code == pytest.ExitCode.INTERRUPTED:
        sys.stderr.write("interrupted\n")
        return INTERRUPTED
    verdicts = {result.verdict for result in reporter.results}
    if reporter.broken or "error" in verdicts or not reporter.results:
        return HARNESS_FAILED
    return TARGET_FAILED if "fail" in verdicts else PASSED


def _choose(names: Sequence[str], provider: str | None, wire: str | None) -> list[Case]:
    for name in names:
        find(name.partition("[")[0])
    chosen = [
        case
        for case in cases()
        if (not names or case.scenario.id in names or case.name in names)
        and provider in {None, case.provider}
        and wire in {None, case.wire}
    ]
    for name in names:
        if not any(name in {case.scenario.id, case.name} for case in chosen):
            where = " ".join(filter(None, [provider and f"on {provider}", wire and f"with MCP {wire}"]))
            raise UsageError(f"{name} is not run {where}; see: harness show {name.partition('[')[0]}")
    return chosen


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"--report {folder}: {error.strerror}") from None
