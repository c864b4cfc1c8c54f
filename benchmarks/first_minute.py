"""The first minute: how long until the matrix stands, and until a world is up.

    python benchmarks/first_minute.py [RUNS]

Each figure is a whole process, from its start: the median of some runs, beside its limit and beside the
floor, which is the time that a bare interpreter takes to import what the command stands on (pytest, moto,
boto3, the MCP SDK and FastAPI). The ratio to the floor is what can be compared between machines.
"""

from __future__ import annotations

import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

FLOOR = "import pytest, boto3, moto.iam.models, moto.moto_server.werkzeug_app, mcp.server, fastapi"
HARNESS = [sys.executable, "-m", "harness"]


def floor() -> float:
    """Import what everything stands on."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", FLOOR], check=True)
    return time.perf_counter() - start


def run() -> float:
    """The whole catalogue, from the prompt to the summary."""
    start = time.perf_counter()
    subprocess.run([*HARNESS, "run"], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def up() -> float:
    """A world, from the prompt to what can be pasted."""
    start = time.perf_counter()
    with subprocess.Popen(
        [*HARNESS, "up"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("aws "):
                break
        took = time.perf_counter() - start
        process.send_signal(signal.SIGINT)
    return took


def main() -> None:
    """Measure, and print a table."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    times: dict[Callable[[], float], list[float]] = {floor: [], up: [], run: []}
    for _ in range(runs + 1):  # in turn, so that a slower minute of the machine is everybody's
        for measure, seen in times.items():
            seen.append(measure())
    base, *_ = medians = [statistics.median(seen[1:]) for seen in times.values()]
    print(f"{'':<16}{'median':>9}{'limit':>9}{'of limit':>10}{'of floor':>10}")
    print(f"{'imports, bare':<16}{base:>8.2f}s")
    for name, took, limit in zip(("harness up", "harness run"), medians[1:], (3.0, 10.0), strict=True):
        print(f"{name:<16}{took:>8.2f}s{limit:>8.1f}s{took / limit:>10.2f}{took / base:>10.2f}")


if __name__ == "__main__":
    main()
