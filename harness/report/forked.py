"""Share the cases of a run out among processes that are forked when everything has been imported.

pytest-xdist starts each worker from nothing, and importing moto and the MCP SDK takes longer than a
third of the catalogue. A fork has them already, and, as a world that travels in time needs, a clock of
its own. It is made before any thread is started, where the system has ``fork`` (not on Windows; on macOS
system libraries do not survive it, so there is one process there).
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from typing import NoReturn

import pytest

from harness.report.reporter import Reporter

__all__ = ["Forked", "usual_jobs"]

_INDEX_BYTES = 4


def usual_jobs() -> int:
    """How many processes a run takes: one a core, four at most."""
    return min(len(os.sched_getaffinity(0)), 4) if sys.platform == "linux" else 1


class Forked:
    """A pytest plugin that runs the items in ``jobs`` processes; the reports come in as if from one."""

    def __init__(self, jobs: int, reporter: Reporter) -> None:
        self._jobs = jobs
        self._reporter = reporter
        self._config: pytest.Config

    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        """Run the items, unless there are so few that one process is as quick."""
        if session.testsfailed or len(session.items) < 2 * self._jobs:
            return None
        self._config = session.config
        children: dict[int, Connection] = {}
        try:
            with _interruptions_deferred() as usual:
                self._start(session.items, children, usual)
            self._collect(children)
        finally:
            self._end(children)
        return True

    def _start(self, items: list[pytest.Item], children: dict[int, Connection], usual: set[int]) -> None:
        """Fork the processes, and write down their ids and where each one's reports come from."""
        tasks, give = os.pipe()
        # The pipe is the queue: each process takes the next index when it has time. It holds 16,000 of them.
        os.write(give, b"".join(index.to_bytes(_INDEX_BYTES, "big") for index in range(len(items))))
        os.close(give)
        sys.stdout.flush()
        for _ in range(self._jobs):
            results, report = Pipe(duplex=False)
            pid = os.fork()
            if pid == 0:
                self._work(items, tasks, report, usual)
            report.close()
            children[pid] = results
        os.close(tasks)

    def _work(self, items: list[pytest.Item], tasks: int, report: Connection, usual: set[int]) -> NoReturn:
        """Be a process: take items and run them until there is none left."""
        code = 1
        with contextlib.suppress(KeyboardInterrupt, BrokenPipeError):
            signal.pthread_sigmask(signal.SIG_SETMASK, usual)
            manager = self._config.pluginmanager
            manager.unregister(self._reporter)
            manager.register(_Sender(self._config, report))
            item = _next(items, tasks)
            while item is not None:
                following = _next(items, tasks)
                self._config.hook.pytest_runtest_protocol(item=item, nextitem=following)
                item = following
            code = 0
        os._exit(code)  # not sys.exit: what the parent was in the middle of is not for a copy to finish

    def _collect(self, children: dict[int, Connection]) -> None:
        """Publish the reports as they come, until every process has closed its end."""
        hook = self._config.hook
        rest = list(children.values())
        while rest:
            for ready in wait(rest):
                assert isinstance(ready, Connection)  # noqa: S101 - what was given to it
                try:
                    data = ready.recv()
                except EOFError:
                    rest.remove(ready)
                    continue
                report = hook.pytest_report_from_serializable(config=self._config, data=data)
                hook.pytest_runtest_logreport(report=report)

    def _end(self, children: dict[int, Connection]) -> None:
        """Wait for the processes; those that are still at work, since the run is interrupted, are told."""
        interrupted = sys.exc_info()[0] is not None
        for pid, results in children.items():
            results.close()
            if interrupted:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGTERM)
        for pid in children:
            _, status = os.waitpid(pid, 0)
            if status and not interrupted:
                ended = os.waitstatus_to_exitcode(status)
                self._reporter.broken.append(f"process {pid} ended with {ended} and took its case with it")


class _Sender:
    """Sends every report to the parent."""

    def __init__(self, config: pytest.Config, pipe: Connection) -> None:
        self._config = config
        self._pipe = pipe

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._pipe.send(self._config.hook.pytest_report_to_serializable(config=self._config, report=report))


@contextlib.contextmanager
def _interruptions_deferred() -> Iterator[set[int]]:
    """Let Ctrl-C wait; yields the signals that were blocked before.

    What is raised in a callback of ``os.fork`` (logging has one) is printed and forgotten, and with it the
    person's wish to stop.
    """
    usual = {int(each) for each in signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})}
    try:
        yield usual
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, usual)


def _next(items: list[pytest.Item], tasks: int) -> pytest.Item | None:
    index = os.read(tasks, _INDEX_BYTES)
    return items[int.from_bytes(index, "big")] if index else None
